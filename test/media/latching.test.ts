import { describe, expect, it } from 'vitest';
import { ULAW_SILENCE } from '../../src/audio/g711.js';
import type { Latching, MediaReport } from '../../src/media/link/messages.js';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../../src/rtp/packet.js';
import { ADDRESS, remoteAt, TwoPlanes } from './two-planes.js';

/** The port that the far end's description names: nobody is there, a NAT sends from another one. */
const DESCRIBED_PORT = 9000;
const STRANGER = '10.0.0.9';
const STRANGER_SSRC = 99;

function packet(sequence: number, ssrc = STRANGER_SSRC): Uint8Array {
  const bytes = new Uint8Array(RTP_HEADER_BYTES + 160).fill(ULAW_SILENCE, RTP_HEADER_BYTES);
  writeRtpHeader(bytes, 0, false, 0, sequence & 0xffff, sequence * 160, ssrc);
  return bytes;
}

/** A call whose far end sends from another port than the near side was told. */
class NatCall {
  readonly planes = new TwoPlanes();
  readonly nearPort: number;
  readonly farPort: number;

  constructor(latch?: Latching, describedPort = DESCRIBED_PORT) {
    const { near, far } = this.planes.open(1, { latch });
    this.nearPort = near.rtpPort;
    this.farPort = far.rtpPort;
    this.describe(describedPort);
    this.planes.far.plane.connect(1, remoteAt(near.rtpPort), true, this.planes.clock.now());
  }

  /** A description of the far end reaches the near side. */
  describe(port: number, answered = true): void {
    this.planes.near.plane.connect(1, remoteAt(port), answered, this.planes.clock.now());
  }

  /** A stranger sends a packet every 20 ms for a time. */
  intrude(packets: number, ssrc = STRANGER_SSRC, first = 1000): void {
    for (let i = 0; i < packets; i++) {
      this.planes.net.inject(packet(first + i, ssrc), STRANGER, 4000, ADDRESS, this.nearPort);
      this.planes.run(20);
    }
  }

  close(): { near: MediaReport; far: MediaReport } {
    return this.planes.close(1);
  }
}

describe('a far end that sends from another port than its description says', () => {
  it('is a wrong source without latching, and hears nothing: that is the fault that one looks for', () => {
    const call = new NatCall();
    call.planes.run(3000);
    const { near, far } = call.close();
    expect(near.heard.verdict).toEqual({ state: 'fault', cause: 'wrong-source' });
    expect(near.heard.packetsReceived).toBe(0);
    expect(near.heard.wrongSource).toBeGreaterThan(140);
    expect(far.heard.verdict).toEqual({ state: 'fault', cause: 'no-rtp' });
    expect(near).toMatchObject({ remoteAddress: ADDRESS, remotePort: DESCRIBED_PORT, latched: null });
  });

  it.each(['first', 'follow'] as const)(
    'is heard and hears us with latching %s, and the report says where it was',
    (latch) => {
      const call = new NatCall(latch);
      call.planes.run(3000);
      const { near, far } = call.close();
      expect(near.heard).toMatchObject({ wrongSource: 0, packetsLost: 0, verdict: { state: 'ok' } });
      expect(near.heard.packetsReceived).toBeGreaterThan(140);
      expect(far.heard).toMatchObject({ wrongSource: 0, packetsLost: 0, verdict: { state: 'ok' } });
      expect(near).toMatchObject({
        remotePort: DESCRIBED_PORT,
        latched: { address: ADDRESS, port: call.farPort },
      });
    },
  );

  it('is where it was heard before its description came, and is not heard anew', () => {
    const call = new NatCall('first', 0);
    call.planes.run(200);
    call.describe(DESCRIBED_PORT);
    call.planes.run(1000);
    const { near, far } = call.close();
    expect(near.heard).toMatchObject({ wrongSource: 0, packetsLost: 0 });
    expect(near.latched).toEqual({ address: ADDRESS, port: call.farPort });
    expect(far.heard.packetsReceived).toBeGreaterThan(45);
  });
});

describe('latching', () => {
  it('stays at the described address where the packets come from there', () => {
    const call = new NatCall('first', 30_000);
    expect(call.farPort).toBe(30_000);
    call.planes.run(100);
    call.intrude(50);
    const { near } = call.close();
    expect(near.latched).toBeNull();
    expect(near.heard).toMatchObject({ wrongSource: 50, packetsLost: 0 });
    expect(near.heard.ssrc).not.toBe(STRANGER_SSRC);
  });

  it.each(['first', 'follow'] as const)('%s mixes nothing of another source in while the far end is heard', (latch) => {
    const call = new NatCall(latch);
    call.planes.run(100);
    call.intrude(100);
    const { near } = call.close();
    expect(near.latched).toEqual({ address: ADDRESS, port: call.farPort });
    expect(near.heard).toMatchObject({ wrongSource: 100, packetsLost: 0, duplicates: 0 });
    expect(near.truth.downlink.packets).toBe(near.heard.packetsReceived);
  });

  it('first keeps to its source when that falls silent; follow goes on after half a second', () => {
    for (const latch of ['first', 'follow'] as const) {
      const call = new NatCall(latch);
      call.planes.run(1000);
      call.planes.far.plane.hush(1);
      call.planes.run(20);
      call.intrude(100);
      const { near } = call.close();
      if (latch === 'first') {
        expect(near.heard.wrongSource).toBe(100);
        expect(near.latched?.port).toBe(call.farPort);
      } else {
        // 500 ms less those in which the last packet of the far end came.
        expect(near.heard.wrongSource).toBeGreaterThanOrEqual(23);
        expect(near.heard.wrongSource).toBeLessThanOrEqual(25);
        expect(near.latched).toEqual({ address: STRANGER, port: 4000 });
        expect(near.heard.ssrc).toBe(STRANGER_SSRC);
      }
    }
  });

  it('follow goes with the SSRC that is heard at once when a NAT gives it another port: not one packet is missed', () => {
    const sequences = (latch: Latching): MediaReport => {
      const planes = new TwoPlanes();
      const { near } = planes.open(1, { latch });
      planes.near.plane.connect(1, remoteAt(DESCRIBED_PORT), true, planes.clock.now());
      for (let i = 0; i < 200; i++) {
        planes.net.inject(packet(i), STRANGER, i < 100 ? 4000 : 4002, ADDRESS, near.rtpPort);
        planes.run(20);
      }
      return planes.close(1).near;
    };
    const followed = sequences('follow');
    expect(followed.heard).toMatchObject({ packetsReceived: 200, packetsLost: 0, wrongSource: 0 });
    expect(followed.latched).toEqual({ address: STRANGER, port: 4002 });
    const kept = sequences('first');
    expect(kept.heard).toMatchObject({ packetsReceived: 100, wrongSource: 100 });
    expect(kept.latched).toEqual({ address: STRANGER, port: 4000 });
  });

  it('learns anew with each description after the answer, the same one too', () => {
    const call = new NatCall('first');
    call.planes.run(200);
    call.planes.far.plane.hush(1);
    call.planes.run(20);
    call.describe(DESCRIBED_PORT);
    call.intrude(100);
    const { near } = call.close();
    expect(near.latched).toEqual({ address: STRANGER, port: 4000 });
    expect(near.heard).toMatchObject({ wrongSource: 0, ssrc: STRANGER_SSRC });
  });

  it('does not begin again with the answer after early media', () => {
    const planes = new TwoPlanes();
    const { near, far } = planes.open(1, { latch: 'first' });
    planes.near.plane.connect(1, remoteAt(DESCRIBED_PORT), false, planes.clock.now());
    planes.far.plane.connect(1, remoteAt(near.rtpPort), true, planes.clock.now());
    planes.run(1000);
    planes.net.inject(packet(1), STRANGER, 4000, ADDRESS, near.rtpPort);
    planes.near.plane.connect(1, remoteAt(DESCRIBED_PORT), true, planes.clock.now());
    planes.run(1000);
    const report = planes.close(1).near;
    expect(report.latched).toEqual({ address: ADDRESS, port: far.rtpPort });
    expect(report.heard.wrongSource).toBe(1);
  });
});

describe('RTCP of a far end behind a NAT', () => {
  /** Both ends send RTCP; the near one is told ports at which nobody is. */
  function natCall(latch: Latching, mux: boolean): { near: MediaReport; far: MediaReport } {
    const planes = new TwoPlanes();
    const { near, far } = planes.open(1, { latch, rtcp: { xr: false } });
    const rtcp = (port: number) => ({ rtcp: { address: ADDRESS, port, mux } });
    planes.near.plane.connect(1, remoteAt(DESCRIBED_PORT, rtcp(DESCRIBED_PORT + 1)), true, planes.clock.now());
    planes.far.plane.connect(1, remoteAt(near.rtpPort, rtcp(near.rtcpPort)), true, planes.clock.now());
    // From a stranger, and no report for all that it looks like one at first.
    const nonsense = Uint8Array.of(0x80, 200, 0, 200, 0, 0, 0, 1);
    planes.net.inject(nonsense, STRANGER, 4001, ADDRESS, mux ? near.rtpPort : near.rtcpPort);
    expect(far.rtcpPort).toBe(far.rtpPort + 1);
    planes.run(60_000);
    return planes.close(1);
  }

  it.each([false, true])('is heard from nowhere without latching (over the port of RTP: %s)', (mux) => {
    const { near, far } = natCall('off', mux);
    expect(near.rtcp).toMatchObject({ received: 0, farEnd: null });
    expect(near.rtcp!.wrongSource).toBeGreaterThanOrEqual(far.rtcp!.sent - 1);
    expect(far.rtcp!.received).toBe(0);
  });

  it.each([
    ['first', false],
    ['follow', false],
    ['first', true],
    ['follow', true],
  ] as const)('is found with latching %s (over the port of RTP: %s), and gets ours', (latch, mux) => {
    const { near, far } = natCall(latch, mux);
    expect(near.rtcp!.received).toBeGreaterThan(5);
    expect(near.rtcp!.roundTripMs).not.toBeNull();
    // Those that left before anything had come from there.
    expect(far.rtcp!.received).toBeGreaterThanOrEqual(near.rtcp!.sent - 2);
    expect(far.rtcp!.received).toBeGreaterThan(5);
    expect(far.rtcp!.roundTripMs).not.toBeNull();
  });
});
