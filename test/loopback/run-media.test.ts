import { describe, expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';

/** What agrees in every run with a trunk of its own, whatever was injected: the books balance to the packet. */
function expectBalancedBooks({ summary, records }: Awaited<ReturnType<typeof runProfile>>): void {
  const { calls } = summary;
  expect(calls.attempted).toBe(calls.answered + calls.failed + calls.cancelled);
  expect(calls.answered).toBe(calls.completed + calls.dropped + calls.stillUp);
  expect(records.length).toBe(calls.attempted);
  for (const record of records) {
    if (record.answeredMs === null) continue;
    for (const way of ['uplink', 'downlink'] as const) {
      const direction = record[way]!;
      const truth = record.impairment![way];
      expect(direction.heard!.packetsLost, `call ${record.id} ${way}: what was lost is what was dropped`).toBe(
        truth.droppedWithin,
      );
      // A packet may come before the answer that it crossed was read: heard, and kept apart as early media.
      const heard = direction.heard!.packetsReceived + direction.heard!.earlyMedia;
      // A packet that was under way when its receiver hung up is in no receiver's books.
      const sent = direction.packetsSent!;
      const underWay = way === 'uplink' ? truth.delivered + truth.duplicated - heard : sent - truth.packets;
      expect(underWay).toBeGreaterThanOrEqual(0);
      expect(underWay).toBeLessThanOrEqual(2);
      if (way === 'uplink') expect(sent).toBe(truth.packets);
      else expect(heard).toBe(truth.delivered + truth.duplicated);
      expect(direction.edgeLost! - truth.droppedBefore - truth.droppedAfter).toBeLessThanOrEqual(2);
    }
  }
}

const base = `
name: test
load: [{ shape: constant, cps: 10, for: 2s }]
calls: { hold: 7s, dtmf: { digits: "1234#", after: 1s } }
media: { rtpPorts: 31000-31999 }
trunk: { channels: 50, ringAfter: 20ms, answerAfter: 50ms }
`;

describe('a run with its own trunk', () => {
  it('without any fault hears every packet and digit both ways', async () => {
    const run = await runProfile(base);
    expectBalancedBooks(run);
    const { summary } = run;
    expect(summary.calls).toMatchObject({
      attempted: 20,
      answered: 20,
      completed: 20,
      notStarted: 0,
      peakInProgress: 20,
    });
    expect(summary.responses).toEqual({ '200': 20 });
    for (const way of [summary.media.uplink, summary.media.downlink]) {
      expect(way).toMatchObject({
        streams: 20,
        measured: 20,
        unmeasured: 0,
        packetsLost: 0,
        edgeLost: 0,
        lossRatio: 0,
        mosModel: { model: 'G.107', scale: 'CQEN', codec: 'PCMU', ie: 0, bpl: 25.1, delaySource: 'path' },
      });
      expect(way.packetsReceived).toBeGreaterThan(20 * 340);
      expect(way.mosLq!.min).toBeCloseTo(4.409, 2);
      // Both ends are ours: 60 ms of jitter buffer and 20 ms of packet impair no conversation (Idd is 0 up to 100 ms).
      expect(way.mosCq!.min).toBeCloseTo(4.409, 2);
    }
    expect(summary.media.oneWay).toEqual({ calls: 0, byCause: {}, byDirection: { uplink: 0, downlink: 0 } });
    expect(summary.dtmf.uplink).toMatchObject({
      sent: 100,
      received: 100,
      lost: 0,
      duplicated: 0,
      wrong: 0,
      callsAffected: 0,
    });
    expect(summary.sip.retransmissionsSent).toBe(0);
    // 180 after 20 ms, 200 after 50 ms more: the delays that the trunk was told to take.
    expect(summary.sip.srdMs.success!.p50).toBeGreaterThanOrEqual(19);
    expect(summary.sip.setupMs!.p50).toBeGreaterThanOrEqual(69);
    expect(summary.verdict).toBe('pass');
  });

  it('keeps the directions apart, and what it observes is what was injected', async () => {
    const run = await runProfile(`${base}
impairment:
  uplink: [{ kind: loss, ratio: 5% }, { kind: duplicate, ratio: 2% }]
  downlink: [{ kind: loss, ratio: 2%, burst: 3 }, { kind: delay, base: 120ms, jitter: { distribution: normal, spread: 15ms } }]
`);
    expectBalancedBooks(run);
    const { media, impairment } = run.summary;
    expect(media.uplink.packetsLost).toBe(impairment.uplink.droppedWithin);
    expect(media.downlink.packetsLost).toBe(impairment.downlink.droppedWithin);
    expect(media.uplink.lossRatio).toBeGreaterThan(0.035);
    expect(media.uplink.lossRatio).toBeLessThan(0.065);
    expect(media.downlink.lossRatio).toBeLessThan(0.035);
    expect(impairment.uplink.duplicated).toBeGreaterThan(0);
    expect(impairment.downlink.duplicated).toBe(0);
    // Normal delay of σ = 15 ms: J = 15 · 2/√π.
    expect(media.downlink.jitterMs!.p50).toBeGreaterThan(15.5);
    expect(media.downlink.jitterMs!.p50).toBeLessThan(18.5);
    expect(media.uplink.jitterMs!.p50).toBeLessThan(3);
    expect(media.downlink.lateDiscarded).toBeGreaterThan(0);
    // 120 ms of network, 60 of jitter buffer and 20 of packet: beyond the 100 ms at which delay begins to count.
    expect(media.downlink.mosCq!.p50).toBeLessThan(media.downlink.mosLq!.p50);
  });

  it('names one-way audio by its cause, lost digits by their calls, and dropped calls', async () => {
    const run = await runProfile(
      `${base}
  faults: { noRtp: 10%, silence: 10%, wrongCodec: 10%, ignoreDtmf: 10%, drop: 10% }
`.replace('trunk: { channels: 50, ringAfter: 20ms, answerAfter: 50ms }', 'trunk:\n  channels: 50'),
    );
    expectBalancedBooks(run);
    const { summary, records } = run;
    expect(summary.media.oneWay).toMatchObject({
      calls: 4,
      byCause: { 'no-rtp': 2, silence: 2 },
      byDirection: { uplink: 0, downlink: 4 },
    });
    const mismatched = records.filter((r) => r.cause === 'codec');
    expect(mismatched).toHaveLength(2);
    for (const record of mismatched) {
      expect(record).toMatchObject({ outcome: 'dropped', status: 200, hangupBy: 'local', byeStatus: 200 });
      expect(record.reason).toBe('answered with G722/8000, none of which was offered');
    }
    expect(summary.calls).toMatchObject({ dropped: 4, completed: 16 });
    const dropped = records.filter((r) => r.cause === 'dropped');
    expect(dropped).toHaveLength(2);
    expect(dropped.every((r) => r.hangupBy === 'remote' && r.timings.byeMs! - r.answeredMs! < 4000)).toBe(true);
    expect(summary.media.downlink).toMatchObject({ streams: 20, unmeasured: 4 });
    // Two calls were not heard at all; two more had no telephone-event in their answer and sent no digit.
    expect(summary.dtmf.uplink).toMatchObject({ sent: 90, received: 80, lost: 10, callsAffected: 2 });
  });

  it('garbles both laws when a path recodes, and says undecodable when it relabels', async () => {
    const relabelled = await runProfile(`${base}
impairment: { downlink: [{ kind: relabel, payloadType: 18 }] }
`);
    expect(relabelled.summary.media.oneWay.byCause).toEqual({ undecodable: 20 });
    expect(relabelled.summary.impairment.downlink.recoded).toBeGreaterThan(20 * 300);
    expect(relabelled.summary.impairment.uplink.recoded).toBe(0);
  });
});
