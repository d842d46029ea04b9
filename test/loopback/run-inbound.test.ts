import { describe, expect, it } from 'vitest';
import { LOG_FATE_BYTES } from '../../src/media/link/packet-log.js';
import { answering } from '../support/answering.js';
import { runProfile } from '../support/run-profile.js';

const ADDRESS = '127.0.41.1';

describe('a run whose load is what comes in', () => {
  it('tells of every call what the run that dialled tells of it', async () => {
    let logged = 0;
    const population = answering(
      `
name: population
inbound: { for: 20s, calls: 30 }
media: { rtpPorts: 21600-21799 }
impairment: { uplink: [{ kind: loss, ratio: 5% }] }
trunk:
  ringAfter: 20ms
  answerAfter: 100ms
  turns: { speaksFirst: true, length: 500ms, count: 1, wait: 1s }
  machine: { after: 200ms, length: 1s, beepFor: 100ms }
  outcomes: { busy: 10%, noAnswer: 20%, reject: 10%, unallocated: 10%, machine: 10% }
gates:
  - { expression: inbound.received < 1000, window: 2s }
  - { expression: inbound.dealt.answered < 1000, window: 2s }
`,
      ADDRESS,
      21_590,
      ({ batch }) => {
        logged += batch.length / LOG_FATE_BYTES;
      },
    );
    await population.listening;
    const dialer = await runProfile(
      `
name: dialer
target: sip:${ADDRESS}:21590
load: [{ shape: constant, cps: 15, for: 2s }]
calls: { hold: 3s, giveUpAfter: 3500ms, turns: { length: 1200ms, count: 2, wait: 1s, pause: 300ms } }
media: { rtpPorts: 21400-21599 }
impairment: { uplink: [{ kind: loss, ratio: 5% }] }
`,
      { local: '127.0.41.2' },
    );
    const { summary, failure, records } = await population.finished;
    expect(failure).toBeNull();
    for (const { pass, observed } of summary.gates) {
      expect(pass).toBe(true);
      expect(observed).toBeGreaterThan(0);
    }
    // A machine that is held up does not start every attempt.
    const placed = dialer.summary.calls;
    const heard = new Map(records.map((record) => [record.sipCallIds[0], record]));
    expect([summary.calls.attempted, heard.size]).toEqual([placed.attempted, placed.attempted]);
    expect(placed.attempted).toBeGreaterThan(10);
    let lost = 0;
    let dropped = 0;
    const toDialer = { lost: 0, dropped: 0 };
    for (const call of dialer.records) {
      const came = heard.get(call.sipCallIds[0])!;
      expect(came).toMatchObject({ direction: 'inbound', outcome: call.outcome, from: call.from });
      if (call.outcome === 'failed') expect([came.status, came.q850]).toEqual([call.status, call.q850]);
      if (call.answeredMs === null) continue;
      expect(came.hangupBy).toBe('remote');
      expect(came.timings.ackMs).not.toBeNull();
      // What the dialer's path dropped within the stream is what was missing here, but for what came after the BYE.
      expect(came.downlink!.heard!.packetsReceived).toBeGreaterThan(50);
      expect(came.downlink!.heard!.packetsLost).toBeLessThanOrEqual(call.impairment!.uplink.droppedWithin);
      lost += came.downlink!.heard!.packetsLost;
      dropped += call.impairment!.uplink.droppedWithin;
      // So it is with what our own path dropped: the dialer misses no more.
      const missed = call.downlink!.heard!.packetsLost;
      expect(missed).toBeLessThanOrEqual(came.impairment!.uplink.droppedWithin);
      toDialer.lost += missed;
      toDialer.dropped += came.impairment!.uplink.droppedWithin;
    }
    // The packet log has every packet of either direction.
    const { uplink, downlink } = summary.impairment;
    expect(logged).toBe(uplink.packets + downlink.packets);
    expect(toDialer.dropped).toBeGreaterThan(20);
    expect(toDialer.lost).toBeGreaterThan(0.9 * toDialer.dropped);
    expect(summary.media.downlink.packetsLost).toBe(lost);
    expect(lost).toBeGreaterThan(0.9 * dropped);
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
    // This dialer waits for a word and responds to it: to a person's, and to the greeting of a machine before its beep.
    expect(summary.voice).toMatchObject({ calls: answered - machine });
    expect(summary.inbound).toMatchObject({ heard: answered, silentCalls: 0, machine: { calls: machine, hungUp: 0 } });
    for (const { caller, dealt, turns } of records) {
      if (!caller) continue;
      expect(caller.firstWordMs).toBeGreaterThan(500);
      expect(caller.machine === null).toBe(dealt === 'answered');
      if (dealt === 'answered') expect(turns!.responses[0].ms).not.toBeNull();
    }
    expect(summary.media.downlink.streams).toBe(answered);
  });

  it('that nothing comes to measured nothing, and does not pass', async () => {
    const { finished } = answering(
      'name: idle\ninbound: { for: 300ms }\nmedia: { rtpPorts: 21800-21899 }\n',
      ADDRESS,
      21_592,
    );
    const { summary, failure } = await finished;
    expect(failure).toMatchObject({ code: 'NO_CALL', exitCode: 3 });
    expect(summary.verdict).toBe('fail');
    expect(summary.inbound).toMatchObject({ received: 0, abandonedRatio: null });
  });
});
