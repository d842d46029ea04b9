import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { type FinishedRun, runProfile } from '../support/run-profile.js';

const CALLS = 4;

function profile(impairment: string, hold = '6s', more = ''): string {
  return `
name: faults
load: [{ shape: constant, cps: 8, for: 500ms }]
calls: { hold: ${hold}${more} }
media: { rtpPorts: 43000-43199, timeout: 3s }
trunk: { channels: 20, answerAfter: 20ms }
impairment: ${impairment}
`;
}

function answered({ records }: FinishedRun): CallRecord[] {
  expect(records).toHaveLength(CALLS);
  for (const record of records) expect(record.answeredMs, `call ${record.id} was answered`).not.toBeNull();
  return records;
}

/** Packets of some time, give or take what a busy machine leaves out. */
function expectAbout(packets: number, expected: number): void {
  expect(packets).toBeLessThanOrEqual(expected + 1);
  expect(packets).toBeGreaterThan(expected * 0.7);
}

describe('a run with injected faults', () => {
  it('finds media that stopped and silence as what they are, in the direction and the calls that have them', async () => {
    const run = await runProfile(
      profile('{ downlink: [{ kind: one-way, after: 2s }], uplink: [{ kind: silence }], select: { every: 2 } }'),
    );
    for (const record of answered(run)) {
      const { uplink, downlink } = record.impairment!;
      const isChosen = record.id % 2 === 0;
      expect(record.uplink!.heard!.verdict.cause).toBe(isChosen ? 'silence' : null);
      expect(record.downlink!.heard!.verdict.cause).toBe(isChosen ? 'stopped' : null);
      expect(record.noMedia).toBe(isChosen);
      expect(uplink.faults).toEqual(isChosen ? { silence: uplink.packets } : {});
      expect(downlink.faults).toEqual(isChosen ? { 'one-way': downlink.dropped } : {});
      if (!isChosen) continue;
      expectAbout(downlink.delivered, 100);
      expect(record.downlink!.heard!.packetsReceived + record.downlink!.heard!.earlyMedia).toBe(downlink.delivered);
    }
    const { summary } = run;
    expect(summary.impairment.uplink.faults.silence).toBe(
      run.records.reduce((sum, { impairment }) => sum + (impairment!.uplink.faults.silence ?? 0), 0),
    );
    expect(summary.media.noMedia.calls).toBe(CALLS / 2);
  });

  it('finds no RTP and what cannot be decoded, and loses digits as injected', async () => {
    const run = await runProfile(
      profile(
        '{ downlink: [{ kind: one-way, rtcp: drop }], uplink: [{ kind: codec-change, to: PCMA, after: 100ms }, { kind: drop-events }] }',
        '5s',
        ', dtmf: { digits: "12", after: 1s }',
      ),
    );
    for (const record of answered(run)) {
      expect(record.downlink!.heard!.verdict.cause).toBe('no-rtp');
      expect(record.uplink!.heard!.verdict.cause).toBe('undecodable');
      const { faults, eventsDropped } = record.impairment!.uplink;
      const heard = record.uplink!.heard!;
      // What was on its way when the far end hung up, or came before its answer, is in no verdict.
      expect(faults['codec-change'] - heard.undecodable).toBeGreaterThanOrEqual(0);
      expect(faults['codec-change'] - heard.undecodable).toBeLessThanOrEqual(4);
      expect(faults['drop-events']).toBe(eventsDropped);
      expect(record.dtmf!.uplink).toMatchObject({ sent: '12', heard: '' });
      expect(heard.packetsLost).toBe(record.impairment!.uplink.droppedWithin);
      expect(record.rtcp?.received ?? 0).toBe(0);
    }
  });

  it('goes through a timeline, and loses in each phase what that has', async () => {
    const run = await runProfile(
      profile(
        `
  timeline:
    - { for: 1s, network: clean }
    - { for: 2s, name: lossy, downlink: [{ kind: loss, ratio: 30% }] }
    - { for: 1s, outage }
    - { for: 500ms, network: clean }`,
        '5s',
      ),
    );
    for (const record of answered(run)) {
      const { downlink, uplink } = record.impairment!;
      expect(downlink.periods.map(({ name }) => name)).toEqual([
        'clean',
        'lossy',
        'outage',
        'clean',
        'after the timeline',
      ]);
      const [clean, lossy, outage, again, after] = downlink.periods;
      expectAbout(clean.packets, 50);
      expectAbout(lossy.packets, 100);
      expectAbout(outage.packets, 50);
      expect([clean.dropped, outage.dropped, again.dropped, after.dropped]).toEqual([0, outage.packets, 0, 0]);
      expect(lossy.dropped).toBeGreaterThan(10);
      expect(lossy.fromMs - clean.fromMs).toBeCloseTo(1000, 6);
      expect(uplink.periods.map(({ dropped }) => dropped)).toEqual([0, 0, uplink.periods[2].packets, 0, 0]);
      expect(record.downlink!.heard!.packetsLost).toBe(downlink.droppedWithin);
      expect(record.uplink!.heard!.packetsLost).toBe(uplink.droppedWithin);
      expect(downlink.droppedWithin).toBe(lossy.dropped + outage.dropped);
    }
    const { periods } = run.summary.impairment.downlink;
    expect(periods.outage).toMatchObject({ times: CALLS, dropped: periods.outage.packets });
    expect(periods.clean.times).toBe(2 * CALLS);
  });

  it('is changed by whoever knows the token while calls are up, and the ground truth says since when', async () => {
    const token = 'a-token-for-this-run';
    let put: Promise<unknown> = Promise.resolve();
    let asked = false;
    const run = await runProfile(
      `${profile('{ downlink: [{ kind: loss, ratio: 10% }] }', '4s')}control: { port: 43999, token: ${token} }\n`,
      {
        onSnapshot: ({ calls, atMs }) => {
          if (asked || calls.established < CALLS || atMs < 2000) return;
          asked = true;
          const headers = { authorization: `Bearer ${token}` };
          const body = JSON.stringify({ network: 'clean', uplink: [{ kind: 'one-way' }], select: { every: 2 } });
          put = fetch('http://127.0.0.1:43999/impairment', { method: 'PUT', headers, body }).then((r) => r.json());
        },
      },
      () => {
        asked = false;
      },
    );
    expect(await put).toMatchObject({ impairment: { network: 'clean' }, changes: [{ name: 'change 1 (clean)' }] });
    for (const record of answered(run)) {
      const { uplink, downlink } = record.impairment!;
      for (const { periods } of [uplink, downlink])
        expect(periods.map(({ name }) => name)).toEqual(['at first', 'change 1 (clean)']);
      expect(downlink.periods[0].dropped).toBe(downlink.dropped);
      expect(downlink.periods[1]).toMatchObject({ dropped: 0 });
      expect(downlink.periods[1].packets).toBeGreaterThan(20);
      const isChosen = record.id % 2 === 0;
      expect(uplink.periods[1].dropped).toBe(isChosen ? uplink.periods[1].packets : 0);
      expect(record.downlink!.heard!.packetsLost).toBe(downlink.droppedWithin);
      // On the run's clock.
      expect(uplink.periods[1].fromMs).toBeGreaterThan(1900);
      expect(uplink.periods[1].fromMs).toBeLessThan(record.endedMs!);
    }
    expect(run.timeline.flatMap(({ log }) => log).map(({ text }) => text)).toContain('impairments: change 1 (clean)');
    // The port is free again.
    await expect(fetch('http://127.0.0.1:43999/impairment')).rejects.toThrow();
  });

  it('tells a NAT that rebinds by the wrong source at a far end that does not follow it', async () => {
    const run = await runProfile(profile('{ uplink: [{ kind: port-change, after: 1s }], select: { every: 2 } }', '5s'));
    for (const record of answered(run)) {
      const isChosen = record.id % 2 === 0;
      const heard = record.uplink!.heard!;
      expect(record.impairment!.uplink.faults).toEqual(isChosen ? { 'port-change': 1 } : {});
      expect(heard.verdict.cause).toBe(isChosen ? 'wrong-source' : null);
      // The trunk sends to where it was told: nobody is there any more.
      expect(record.downlink!.heard!.verdict.cause).toBe(isChosen ? 'stopped' : null);
      if (!isChosen) {
        expect(heard.wrongSource).toBe(0);
        continue;
      }
      const all = heard.packetsReceived + heard.earlyMedia + heard.wrongSource;
      expect(record.uplink!.packetsSent! - all).toBeGreaterThanOrEqual(0);
      // What was under way when the trunk hung up is in nobody's books.
      expect(record.uplink!.packetsSent! - all).toBeLessThanOrEqual(2);
      expectAbout(heard.packetsReceived + heard.earlyMedia, 50);
    }
  });
});
