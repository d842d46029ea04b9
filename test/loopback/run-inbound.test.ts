import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { parseProfile } from '../../src/profile/read.js';
import { InboundRun } from '../../src/run/inbound-run.js';
import { planOf } from '../../src/run/plan.js';
import { runProfile } from '../support/run-profile.js';

const ADDRESS = '127.0.41.1';

/** Answers as the profile says; `listening` resolves with the SIP URI. */
function answering(yaml: string, port: number) {
  const profile = parseProfile(yaml, 'inbound.yaml');
  const records: CallRecord[] = [];
  let isUp!: () => void;
  const listening = new Promise<void>((resolve) => {
    isUp = resolve;
  });
  const run = new InboundRun({
    profile,
    plan: planOf(profile),
    rows: [],
    shards: 1,
    id: 'inbound',
    version: '0.0.0',
    startedAt: new Date(),
    local: ADDRESS,
    sipPort: port,
    onTimeline: () => {},
    onRecord: (record) => records.push(record),
    onSnapshot: ({ phase }) => phase === 'running' && isUp(),
  });
  return { run, records, listening, target: `sip:${ADDRESS}:${port}`, finished: run.execute() };
}

describe('a run whose load is what comes in', () => {
  it('tells of every call what the run that dialled tells of it', async () => {
    const population = answering(
      `
name: population
inbound: { for: 20s, calls: 30 }
media: { rtpPorts: 21600-21799 }
trunk:
  ringAfter: 20ms
  answerAfter: 100ms
  outcomes: { busy: 10%, noAnswer: 20%, reject: 10%, unallocated: 10%, machine: 10% }
`,
      21_590,
    );
    await population.listening;
    const dialer = await runProfile(
      `
name: dialer
target: ${population.target}
load: [{ shape: constant, cps: 15, for: 2s }]
calls: { hold: 1s, giveUpAfter: 1500ms }
media: { rtpPorts: 21400-21599 }
`,
      { local: '127.0.41.2' },
    );
    const { summary, failure } = await population.finished;
    expect(failure).toBeNull();
    // A machine that is held up does not start every attempt.
    const placed = dialer.summary.calls;
    const heard = new Map(population.records.map((record) => [record.sipCallIds[0], record]));
    expect([summary.calls.attempted, heard.size]).toEqual([placed.attempted, placed.attempted]);
    expect(placed.attempted).toBeGreaterThan(20);
    for (const call of dialer.records) {
      const came = heard.get(call.sipCallIds[0])!;
      expect(came).toMatchObject({ direction: 'inbound', outcome: call.outcome, from: call.from });
      if (call.outcome === 'failed') expect([came.status, came.q850]).toEqual([call.status, call.q850]);
      if (call.answeredMs === null) continue;
      expect(came.hangupBy).toBe('remote');
      expect(came.timings.ackMs).not.toBeNull();
      // What one side sent is all that the other can have received.
      expect(came.downlink!.heard!.packetsReceived).toBeGreaterThan(0);
      expect(came.downlink!.heard!.packetsReceived).toBeLessThanOrEqual(call.uplink!.packetsSent!);
    }
    const { answered, failed, cancelled } = placed;
    expect(summary.calls).toMatchObject({ answered, completed: answered, failed, cancelled });
    expect(summary.inbound).toMatchObject({
      received: placed.attempted,
      refused: 0,
      cancelled,
      abandoned: 0,
      abandonedRatio: 0,
      notAcknowledged: 0,
      endedByCaller: answered,
      endedByUs: 0,
    });
    const { busy, reject, unallocated, noAnswer, machine } = summary.inbound!.dealt;
    expect([busy + reject + unallocated, noAnswer]).toEqual([failed, cancelled]);
    expect(machine).toBeGreaterThan(0);
    expect(summary.media.downlink.streams).toBe(answered);
  });

  it('that nothing comes to measured nothing, and does not pass', async () => {
    const { finished } = answering('name: idle\ninbound: { for: 300ms }\nmedia: { rtpPorts: 21800-21899 }\n', 21_592);
    const { summary, failure } = await finished;
    expect(failure).toMatchObject({ code: 'NO_CALL', exitCode: 3 });
    expect(summary.verdict).toBe('fail');
    expect(summary.inbound).toMatchObject({ received: 0, abandonedRatio: null });
  });
});
