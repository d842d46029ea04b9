import { describe, expect, it } from 'vitest';
import { markerOf, payloadTypeOf, sequenceOf, timestampOf } from '../../src/rtp/packet.js';
import { ADDRESS, remoteAt, TwoPlanes } from './two-planes.js';

const ACCEPTED = { 0: 'PCMU', 13: 'CN', 101: 'telephone-event' } as const;

/** A call whose near side may send comfort noise: every packet of it, and both reports. */
function call(audio: string, ms: number, comfortPayloadType: number | undefined, during: (p: TwoPlanes) => void) {
  const planes = new TwoPlanes();
  const { near, far } = planes.open(1, { audio });
  const sent: Uint8Array[] = [];
  planes.net.port(ADDRESS, far.rtpPort).onQueued = (bytes) => sent.push(bytes);
  const [toFar, toNear] = [far, near].map(({ rtpPort }) => remoteAt(rtpPort, { acceptPayloadTypes: ACCEPTED }));
  planes.near.plane.connect(1, { ...toFar, comfortPayloadType }, true, planes.clock.now());
  planes.far.plane.connect(1, toNear, true, planes.clock.now());
  during(planes);
  planes.run(ms);
  const packets = sent.map((bytes) => ({
    type: payloadTypeOf(bytes, 0),
    marker: markerOf(bytes, 0),
    sequence: sequenceOf(bytes, 0),
    timestamp: timestampOf(bytes, 0),
    payload: bytes.subarray(12),
  }));
  return { packets, ...planes.close(1) };
}

/** From each packet to the next. */
function steps(values: number[], modulus: number): number[] {
  return values.slice(1).map((value, i) => (value - values[i] + modulus) % modulus);
}

describe('comfort noise', () => {
  it('stands for silence, five packets a second, and says how loud it is', () => {
    const { packets, far } = call('hum', 10_000, 13, () => {});
    expect(packets.length).toBe(50);
    for (const { type, marker, payload } of packets) expect([type, marker, [...payload]]).toEqual([13, false, [60]]);
    expect(
      new Set(
        steps(
          packets.map((p) => p.sequence),
          2 ** 16,
        ),
      ),
    ).toEqual(new Set([1]));
    expect(
      new Set(
        steps(
          packets.map((p) => p.timestamp),
          2 ** 32,
        ),
      ),
    ).toEqual(new Set([1600]));
    expect(far.heard).toMatchObject({ comfortNoise: 50, comfortNoiseDbov: -60, packetsLost: 0, undecodable: 0 });
    expect(far.heard).toMatchObject({ silentRatio: 1, verdict: { state: 'fault', cause: 'silence' }, mos: null });
  });

  it('fills the pauses of speech; what is said then begins with a marker, at the time that it has', () => {
    const { packets, near, far } = call('speech', 30_000, 13, () => {});
    const comfort = packets.filter(({ type }) => type === 13);
    expect(comfort.length).toBeGreaterThan(20);
    expect(packets.length).toBeLessThan(1350);
    for (const [i, packet] of packets.entries())
      expect(packet.marker).toBe(packet.type === 0 && packets[i - 1]?.type !== 0);
    expect(
      new Set(
        steps(
          packets.map((p) => p.sequence),
          2 ** 16,
        ),
      ),
    ).toEqual(new Set([1]));
    const gaps = steps(
      packets.map((p) => p.timestamp),
      2 ** 32,
    );
    expect(gaps.every((gap) => gap % 160 === 0 && gap <= 1600)).toBe(true);
    expect(near.sent.packetsSent).toBe(packets.length);
    expect(far.heard).toMatchObject({ comfortNoise: comfort.length, comfortNoiseDbov: -127, packetsLost: 0 });
    expect(far.heard).toMatchObject({ lateDiscarded: 0, verdict: { state: 'ok', cause: null } });
    expect(far.heard.jitterMs).toBeLessThan(0.05);
    expect(far.heard.mos).toMatchObject({ ptimeMs: 20, pplPercent: 0 });
  });

  it('is not sent where it was not agreed on, nor where there is no silence', () => {
    for (const [audio, type] of [
      ['hum', undefined],
      ['tone', 13],
    ] as const) {
      const { packets, far } = call(audio, 2000, type, () => {});
      expect([packets.length, far.heard.comfortNoise]).toEqual([100, 0]);
    }
  });

  it('leaves the digits their packets', () => {
    const { packets, far } = call('hum', 2000, 13, ({ near }) => near.plane.sendDigits(1, '42', 100, 100));
    expect(far.heard).toMatchObject({ digits: '42', packetsLost: 0 });
    expect(packets.filter(({ type }) => type === 101).length).toBeGreaterThan(10);
    expect(packets.filter(({ type }) => type === 0)).toEqual([]);
  });
});
