import { describe, expect, it } from 'vitest';
import { CODECS } from '../../src/core/codecs.js';
import { type Pipeline, pipeline } from '../../src/impair/spec.js';
import { TwoPlanes } from './two-planes.js';

const stages = (...list: object[]): Pipeline => pipeline.parse(list);

describe('the losses of a path', () => {
  for (const spec of [
    { kind: 'exact-loss', lose: 3, of: 50 },
    { kind: 'periodic-loss', lose: 2, every: 40 },
    { kind: 'outage', from: '1s', for: '300ms', every: '3s' },
    { kind: 'loss-trace', bits: '0000001000010' },
    { kind: 'queue', rate: '70kbit/s', buffer: '200ms' },
  ])
    it(`are what each side hears as lost: ${spec.kind}`, () => {
      const planes = new TwoPlanes();
      planes.call(1, {}, stages(spec), stages(spec));
      planes.run(20_000);
      const { near, far } = planes.close(1);
      expect(near.truth.uplink.droppedWithin).toBeGreaterThan(40);
      expect(far.heard.packetsLost).toBe(near.truth.uplink.droppedWithin);
      expect(near.heard.packetsLost).toBe(near.truth.downlink.droppedWithin);
      expect(near.truth.uplink.packets).toBe(near.sent.packetsSent);
    });
});

describe('a queue that calls share', () => {
  /** Loss and mean delay of the uplink, with so many calls over one link of 512 kbit/s and 300 ms. */
  function uplinkOf(calls: number): { lossRatio: number; delayMs: number } {
    const planes = new TwoPlanes();
    const uplink = stages({ kind: 'queue', rate: '512kbit/s', buffer: '300ms', group: 'office' });
    for (let call = 1; call <= calls; call++) planes.call(call, {}, uplink);
    planes.run(10_000);
    let packets = 0;
    let dropped = 0;
    let delaySumMs = 0;
    for (let call = 1; call <= calls; call++) planes.near.plane.close(call, planes.clock.now());
    planes.run(1500);
    for (const { truth: path } of planes.near.told.reports.values()) {
      const truth = path.uplink;
      packets += truth.packets;
      dropped += truth.dropped;
      delaySumMs += truth.delivered * (truth.delayMeanMs ?? 0);
    }
    return { lossRatio: dropped / packets, delayMs: delaySumMs / (packets - dropped) };
  }

  it('fills as calls are added', () => {
    // A call of G.711 takes 80 kbit/s with its IPv4 and UDP headers.
    const six = uplinkOf(6);
    expect(six.lossRatio).toBe(0);
    expect(six.delayMs).toBeLessThan(15);
    const eight = uplinkOf(8);
    // 640 kbit/s are offered; the link carries 512 and, once, what the buffer holds.
    expect(eight.lossRatio).toBeCloseTo(1 - (512 * (1 + 0.3 / 10)) / 640, 2);
    expect(eight.delayMs).toBeGreaterThan(200);
    expect(eight.delayMs).toBeLessThanOrEqual(300);
  });
});

describe('corruption', () => {
  it('of payloads loses nothing and is told by the truth', () => {
    const planes = new TwoPlanes();
    const spec = stages({ kind: 'corrupt', bitErrorRatio: 1e-3 });
    planes.call(1, {}, spec, spec);
    planes.run(10_000);
    const { near, far } = planes.close(1);
    expect(near.truth.uplink.corrupted).toBeGreaterThan(300);
    expect(near.truth.downlink.corrupted).toBeGreaterThan(300);
    expect(far.heard.packetsLost).toBe(0);
    expect(near.heard.packetsLost).toBe(0);
    expect(far.heard.packetsReceived).toBe(near.truth.uplink.delivered);
  });

  it('of headers makes some packets malformed for who hears them, in both directions', () => {
    const planes = new TwoPlanes();
    const spec = stages({ kind: 'corrupt', part: 'header', ratio: 0.5 });
    planes.call(1, {}, spec, spec);
    planes.run(20_000);
    const { near, far } = planes.close(1);
    // 2 of 96 bits are the version, 5 more make CSRC lists and extensions that do not fit.
    expect(near.heard.malformed).toBeGreaterThan(10);
    expect(far.heard.malformed).toBeGreaterThan(10);
    expect(near.heard.malformed + near.heard.packetsReceived).toBeGreaterThan(800);
  });

  it('of a call rewrites nothing of what calls share', () => {
    const planes = new TwoPlanes();
    planes.call(1, {}, stages({ kind: 'corrupt', part: 'packet', ratio: 1, bits: 8 }));
    planes.call(2);
    planes.run(5000);
    const first = planes.close(1);
    expect(first.near.truth.uplink.corrupted).toBe(first.near.truth.uplink.packets);
    const { far } = planes.close(2);
    expect(far.heard.verdict).toEqual({ state: 'ok', cause: null });
    expect(far.heard.malformed).toBe(0);
  });
});

describe('delays of a path', () => {
  it('are those of the longest packets, too: 60 ms of L16 at 16 kHz', () => {
    const planes = new TwoPlanes();
    const { payloadType } = CODECS['L16/16000'];
    const remote = {
      codec: 'L16/16000',
      sendPayloadType: payloadType,
      acceptPayloadTypes: { [payloadType]: 'L16/16000' },
    } as const;
    planes.call(1, { ptimeMs: 60 }, stages({ kind: 'delay', base: '600ms' }), [], remote);
    planes.run(1200);
    const { sessions, packetsReceived } = planes.far.plane.snapshot(planes.clock.now());
    expect(sessions).toBe(1);
    // Of the 20 that were sent those of the second half are under way.
    expect(Math.abs(packetsReceived - 10)).toBeLessThanOrEqual(1);
    expect(planes.close(1).near.truth.uplink.delayMeanMs).toBe(600);
  });

  it('are heard as they were injected: a trace, spikes and a slow clock', () => {
    const planes = new TwoPlanes();
    planes.call(1, {}, [], stages({ kind: 'delay-trace', values: [30, 60, 45] }, { kind: 'clock-skew', ppm: -1000 }));
    planes.run(20_000);
    const { near } = planes.close(1);
    // 20 s at 1,000 ppm are 20 ms, 10 on average.
    expect(near.truth.downlink.delayMeanMs).toBeCloseTo(45 + 10, 0);
    expect(near.truth.downlink.delayMaxMs).toBeGreaterThan(78);
    expect(near.heard.packetsLost).toBe(0);
    const spiky = new TwoPlanes();
    spiky.call(1, {}, [], stages({ kind: 'spike', ratio: 0.01, height: '200ms' }));
    spiky.run(20_000);
    const { near: heard } = spiky.close(1);
    expect(heard.truth.downlink.delayMaxMs).toBeCloseTo(200, 5);
    expect(heard.heard.reordered).toBe(0);
    expect(heard.heard.packetsReceived).toBe(heard.truth.downlink.delivered);
  });
});
