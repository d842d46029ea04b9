import { describe, expect, it } from 'vitest';
import { CODECS } from '../../src/core/codecs.js';
import type { Pipeline } from '../../src/impair/spec.js';
import type { MediaRemote, MediaReport } from '../../src/media/link/messages.js';
import { ADDRESS, remoteAt, TwoPlanes } from './two-planes.js';

/** A call of 12 s with a fault on its uplink, and what the far end heard. */
function callWith(
  uplink: Pipeline,
  digits?: string,
  remote: Partial<MediaRemote> = {},
): { near: MediaReport; far: MediaReport } {
  const planes = new TwoPlanes();
  planes.call(1, { rtcp: { xr: false } }, uplink, [], remote);
  planes.run(2000);
  if (digits !== undefined) planes.near.plane.sendDigits(1, digits, 100, 100);
  planes.run(10_000);
  return planes.close(1);
}

describe('what a far end makes of injected faults', () => {
  it('one-way from the start is no RTP, and RTCP tells of it only where it still gets through', () => {
    const kept = callWith([{ kind: 'one-way', rtcp: 'keep' }]);
    expect(kept.far.heard.verdict).toEqual({ state: 'fault', cause: 'no-rtp' });
    expect(kept.near.truth.uplink.faults).toEqual({ 'one-way': kept.near.sent.packetsSent });
    expect(kept.far.rtcp!.received).toBeGreaterThan(0);
    expect(callWith([{ kind: 'one-way', rtcp: 'drop' }]).far.rtcp!.received).toBe(0);
  });

  it('one-way from a moment on is media that stopped, the other direction being untouched', () => {
    const { near, far } = callWith([{ kind: 'one-way', after: 5000, rtcp: 'keep' }]);
    expect(far.heard.verdict).toEqual({ state: 'fault', cause: 'stopped' });
    expect(far.heard.packetsReceived).toBe(250);
    expect(near.heard.verdict.state).toBe('ok');
    expect(near.truth.uplink).toMatchObject({ droppedAfter: near.truth.uplink.faults['one-way'], droppedWithin: 0 });
  });

  it('silence is silence', () => {
    const { near, far } = callWith([{ kind: 'silence' }]);
    expect(far.heard.verdict).toEqual({ state: 'fault', cause: 'silence' });
    expect(near.truth.uplink.faults.silence).toBe(far.heard.packetsReceived);
  });

  it.each(['G722', 'opus'] as const)('silence is silence with %s', (codec) => {
    const { payloadType } = CODECS[codec];
    const remote = { codec, sendPayloadType: payloadType, acceptPayloadTypes: { [payloadType]: codec } };
    expect(callWith([{ kind: 'silence' }], undefined, remote).far.heard.verdict).toMatchObject({ cause: 'silence' });
    expect(callWith([], undefined, remote).far.heard.verdict.state).toBe('ok');
  });

  it('a payload type or codec that was not agreed on cannot be decoded', () => {
    for (const stage of [
      { kind: 'relabel', payloadType: 18 },
      { kind: 'codec-change', to: 'PCMA', payloadType: 17 },
    ] as const) {
      const { near, far } = callWith([stage]);
      expect(far.heard.verdict).toEqual({ state: 'fault', cause: 'undecodable' });
      expect(near.truth.uplink.faults[stage.kind]).toBe(far.heard.undecodable);
    }
  });

  it('a codec that was agreed on, though another one was spoken, is heard', () => {
    const { far } = callWith([{ kind: 'codec-change', to: 'PCMA', after: 3000 }]);
    expect(far.heard).toMatchObject({ undecodable: 0, verdict: { state: 'ok' } });
  });

  it('a garbled call is loud where it was not, and known as garbled', () => {
    const clean = callWith([]).far.heard;
    const { far } = callWith([{ kind: 'recode', to: 'PCMA' }]);
    expect(far.heard.verdict).toMatchObject({ state: 'fault', cause: 'garbled' });
    expect(Math.abs(far.heard.levelDbov! - clean.levelDbov!)).toBeGreaterThan(3);
  });

  it('media that starts late is lost before the first packet, or comes all at once', () => {
    const dropped = callWith([{ kind: 'late-media', by: 1500, packets: 'dropped' }]);
    expect(dropped.near.truth.uplink.droppedBefore).toBe(75);
    expect(dropped.far.heard.packetsLost).toBe(0);
    expect(dropped.far.heard.firstArrivalMs! - dropped.near.sent.firstSentMs!).toBeCloseTo(1500, -1);
    const held = callWith([{ kind: 'late-media', by: 1500, packets: 'held' }]);
    expect(held.far.heard.packetsReceived).toBe(held.near.sent.packetsSent);
    expect(held.near.truth.uplink.delayMaxMs).toBe(1500);
    expect(held.far.heard.firstArrivalMs! - held.near.sent.firstSentMs!).toBeCloseTo(1500, -1);
  });

  it('packets of another length are heard as such, none of them lost', () => {
    for (const to of [10, 60] as const) {
      const { near, far } = callWith([{ kind: 'ptime', to }]);
      expect(far.heard.mos!.ptimeMs).toBe(to);
      expect(far.heard.packetsLost).toBe(0);
      expect(far.heard.packetsReceived).toBe(near.truth.uplink.delivered);
      expect(near.truth.uplink.delivered).toBe(Math.floor((near.sent.packetsSent * 20) / to));
      expect(far.heard.jitterMs).toBeLessThan(1.5);
    }
  });

  it('a change of SSRC is counted as one, and no packet as lost', () => {
    const { near, far } = callWith([{ kind: 'ssrc-change', after: 4000 }]);
    expect(far.heard).toMatchObject({ ssrcChanges: 1, packetsLost: 0, packetsReceived: near.sent.packetsSent });
    expect(far.heard.ssrc).not.toBe(near.sent.ssrc);
  });

  it('a small jump of the sequence reads as loss of its size, a large one as a new start', () => {
    expect(callWith([{ kind: 'sequence-jump', by: 30, after: 4000 }]).far.heard.packetsLost).toBe(30);
    expect(callWith([{ kind: 'sequence-jump', by: 20_000, after: 4000 }]).far.heard.packetsLost).toBeLessThan(5);
  });

  it('a jump of the timestamps raises the jitter for a while and loses nothing', () => {
    const { far } = callWith([{ kind: 'timestamp-jump', by: 8000, after: 4000 }]);
    expect(far.heard.packetsLost).toBe(0);
    expect(far.heard.jitterMaxMs!).toBeGreaterThan(30);
  });

  it('a NAT that rebinds is a wrong source, and the way back is dead, unless the far end follows', () => {
    const rebound = (latch: 'off' | 'follow', mux: boolean): ReturnType<TwoPlanes['close']> => {
      const planes = new TwoPlanes();
      const leases = planes.open(1, { latch, rtcp: { xr: false } }, [{ kind: 'port-change', after: 3000 }]);
      const at = (port: number) => remoteAt(port, { rtcp: { address: ADDRESS, port: port + 1, mux } });
      planes.near.plane.connect(1, at(leases.far.rtpPort), true, planes.clock.now());
      planes.far.plane.connect(1, at(leases.near.rtpPort), true, planes.clock.now());
      planes.run(12_000);
      return planes.close(1);
    };
    const lost = rebound('off', false);
    expect(lost.near.truth.uplink).toMatchObject({ dropped: 0, faults: { 'port-change': 1 } });
    expect(lost.far.heard).toMatchObject({ packetsReceived: 150, verdict: { cause: 'wrong-source' } });
    expect(lost.far.heard.wrongSource).toBe(lost.near.sent.packetsSent - 150);
    // Nobody told the far end: it goes on sending to the port that is dead now.
    expect(lost.near.heard.verdict.cause).toBe('stopped');
    for (const mux of [false, true]) {
      const followed = rebound('follow', mux);
      expect(followed.far.heard).toMatchObject({ verdict: { state: 'ok' }, wrongSource: 0, packetsLost: 0 });
      expect(followed.far.latched!.port).not.toBe(followed.near.localPort);
      expect(followed.near.heard).toMatchObject({ verdict: { state: 'ok' } });
      expect(followed.far.rtcp!.received).toBeGreaterThan(1);
    }
  });

  it('digits vanish, cannot be told, or lose their ends', () => {
    expect(callWith([{ kind: 'drop-events', ratio: 1 }], '123').far.heard.digits).toBe('');
    const relabelled = callWith([{ kind: 'relabel-events', payloadType: 96 }], '123');
    expect(relabelled.far.heard).toMatchObject({
      digits: '',
      undecodable: relabelled.near.truth.uplink.faults['relabel-events'],
    });
    const endless = callWith([{ kind: 'drop-event-ends' }], '123');
    expect(endless.near.truth.uplink.faults['drop-event-ends']).toBe(9);
    expect(endless.far.heard.packetsLost).toBe(9);
    expect(callWith([{ kind: 'cut-events', to: 30 }], '123').near.truth.uplink.faults['cut-events']).toBeGreaterThan(9);
  });

  it('echo lets a caller hear what he said', () => {
    const planes = new TwoPlanes();
    planes.call(1, {}, [{ kind: 'silence' }], [{ kind: 'silence' }, { kind: 'echo', delay: 100, returnLoss: 10 }]);
    planes.call(2, {}, [], [{ kind: 'silence' }, { kind: 'echo', delay: 100, returnLoss: 10 }]);
    planes.run(8000);
    // What the far end was sent is silence in the first call: nothing comes back of it.
    expect(planes.close(1).near.heard.verdict.cause).toBe('silence');
    const { near, far } = planes.close(2);
    expect(near.heard.verdict.state).toBe('ok');
    expect(Math.abs(near.heard.levelDbov! - (far.heard.levelDbov! - 10))).toBeLessThan(0.5);
  });
});

describe('impairments that change while a call is up', () => {
  it('take effect at once, both ways, and the truth says what was in force when', () => {
    const planes = new TwoPlanes();
    planes.call(1, {}, [{ kind: 'loss', ratio: 0.1, burst: 1 }]);
    planes.run(10_000);
    const changedMs = planes.clock.now();
    planes.near.plane.impair([1], [], [{ kind: 'loss', ratio: 0.3, burst: 1 }], 'worse', changedMs);
    planes.run(10_000);
    const { near, far } = planes.close(1);
    const { uplink, downlink } = near.truth;
    expect(uplink.periods.map(({ name }) => name)).toEqual(['at first', 'worse']);
    expect(uplink.periods[1]).toMatchObject({ fromMs: changedMs, dropped: 0 });
    expect(downlink.periods[0].dropped).toBe(0);
    expect(downlink.periods[1].dropped).toBe(downlink.dropped);
    expect(Math.abs(downlink.dropped / 500 - 0.3)).toBeLessThan(0.07);
    expect(far.heard.packetsLost).toBe(uplink.droppedWithin);
    expect(near.heard.packetsLost).toBe(downlink.droppedWithin);
  });

  it('let an echo begin where the other direction was not looked at before', () => {
    const planes = new TwoPlanes();
    planes.call(1, {}, [], [{ kind: 'silence' }]);
    planes.run(3000);
    planes.near.plane.impair(
      [1],
      [],
      [{ kind: 'silence' }, { kind: 'echo', delay: 100, returnLoss: 6 }],
      'echo',
      planes.clock.now(),
    );
    planes.run(9000);
    expect(planes.close(1).near.heard.secondsHeard).toBeGreaterThan(6);
  });
});
