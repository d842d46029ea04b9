import { describe, expect, it } from 'vitest';
import type { Pipeline } from '../../src/impair/spec.js';
import type { MediaRemote, SessionSpec } from '../../src/media/link/messages.js';
import { parseIpv4 } from '../../src/media/udp.js';
import { payloadTypeOf, ssrcOf, writeRtpHeader } from '../../src/rtp/packet.js';
import { SrtpContext } from '../../src/rtp/srtp.js';
import { SRTP_KEY_BYTES, SRTP_SUITES, type SrtpSuite } from '../../src/rtp/srtp-keys.js';
import type { SrtpKeys } from '../../src/rtp/srtp-session.js';
import { ADDRESS, remoteAt, TwoPlanes } from './two-planes.js';

const SUITES = Object.keys(SRTP_SUITES) as SrtpSuite[];
const SUITE: SrtpSuite = 'AES_CM_128_HMAC_SHA1_80';

/** A master key and salt that are told by a number. */
function key(suite: SrtpSuite, number: number): string {
  return Buffer.alloc(SRTP_KEY_BYTES + SRTP_SUITES[suite].saltBytes, number).toString('base64');
}

function keys(suite: SrtpSuite = SUITE, send = 1, receive = 2): SrtpKeys {
  return { suite, send: key(suite, send), receive: key(suite, receive) };
}

class ProtectedPlanes extends TwoPlanes {
  /** Opens a call on both sides and connects it with these keys of the near side, and of the far side. */
  secure(
    near: SrtpKeys,
    far: SrtpKeys,
    how: Partial<MediaRemote> = {},
    session: Partial<SessionSpec> = {},
    up: Pipeline = [],
  ) {
    const leases = this.open(1, { ...session, srtp: true }, up);
    this.connect(leases, near, far, how);
    return leases;
  }

  connect(
    leases: { near: { rtpPort: number }; far: { rtpPort: number } },
    near: SrtpKeys,
    far: SrtpKeys,
    how: Partial<MediaRemote> = {},
  ): void {
    const now = this.clock.now();
    this.near.plane.connect(1, remoteAt(leases.far.rtpPort, { ...how, srtp: near }), true, now);
    this.far.plane.connect(1, remoteAt(leases.near.rtpPort, { ...how, srtp: far }), true, now);
  }

  /** What waits in the queue of a port after the near side has moved on by `ms`, the far side standing still. */
  wire(port: number, ms: number): Uint8Array[] {
    for (let i = 0; i < ms; i++) {
      this.clock.advance(1);
      this.near.plane.tick(this.clock.now());
    }
    return this.net.ports.get(`${parseIpv4(ADDRESS)}:${port}`)!.queue.map(({ bytes }) => bytes);
  }
}

describe('a call over SRTP between two planes', () => {
  it.each(SUITES)('is heard in full with %s, at the level and with the MOS that it has without', (suite) => {
    const clear = new TwoPlanes();
    clear.call(1);
    clear.run(10_000);
    const expected = clear.close(1);

    const planes = new ProtectedPlanes();
    planes.secure(keys(suite), keys(suite, 2, 1));
    planes.run(10_000);
    const { near, far } = planes.close(1);
    expect(near.srtp).toBe(suite);
    expect(near.sent.packetsSent).toBe(500);
    for (const [side, without] of [
      [near, expected.near],
      [far, expected.far],
    ] as const) {
      expect(side.heard).toEqual(without.heard);
      expect(side.heard).toMatchObject({ packetsLost: 0, unauthenticated: 0, replayed: 0, malformed: 0 });
    }
  });

  it.each(SUITES)('leaves the shared frames of other calls as they are with %s', (suite) => {
    const planes = new ProtectedPlanes();
    planes.secure(keys(suite), keys(suite, 2, 1));
    planes.call(2);
    planes.run(5000);
    const secure = planes.close(1).far.heard;
    const clear = planes.close(2).far.heard;
    expect(clear.levelDbov).toBeGreaterThan(-27);
    expect(clear.levelDbov).toBe(secure.levelDbov);
  });

  it.each(SUITES)('carries the longest packets with %s: L16 at 16 kHz, 60 ms', (suite) => {
    const planes = new ProtectedPlanes();
    const how = { codec: 'L16/16000', sendPayloadType: 97, acceptPayloadTypes: { 97: 'L16/16000' } } as const;
    const { far } = planes.secure(keys(suite), keys(suite, 2, 1), { ...how, eventPayloadType: null }, { ptimeMs: 60 });
    const lengths = planes.wire(far.rtpPort, 61).map((bytes) => bytes.length);
    expect(lengths[0]).toBe(12 + 1920 + SRTP_SUITES[suite].tagBytes);
    planes.run(3000);
    const heard = planes.close(1).far.heard;
    expect(heard).toMatchObject({ packetsLost: 0, undecodable: 0, malformed: 0, verdict: { state: 'ok' } });
  });

  it('shows its header on the wire and nothing of its payload', () => {
    const planes = new ProtectedPlanes();
    const { far } = planes.secure(keys(), keys(SUITE, 2, 1));
    const packets = planes.wire(far.rtpPort, 500);
    expect(packets.length).toBeGreaterThan(20);
    for (const bytes of packets) {
      expect(bytes.length).toBe(12 + 160 + 10);
      expect(payloadTypeOf(bytes, 0)).toBe(0);
    }
    // A tone repeats itself, a cipher does not.
    expect(new Set(packets.map((bytes) => Buffer.from(bytes.subarray(12, 20)).toString('hex'))).size).toBe(
      packets.length,
    );
  });

  it.each(SUITES)('goes on with %s when the far end has drawn our SSRC and we take another one', (suite) => {
    const planes = new ProtectedPlanes();
    const { near, far } = planes.secure(keys(suite), keys(suite, 2, 1), {}, { rtcp: { xr: true } });
    const ssrcs = new Set<number>();
    planes.net.port(ADDRESS, far.rtpPort).onQueued = (bytes) => ssrcs.add(ssrcOf(bytes, 0));
    planes.run(8000);
    const theirs = new Uint8Array(200);
    writeRtpHeader(theirs, 0, false, 0, 7, 77, [...ssrcs][0]);
    const length = new SrtpContext(suite, Buffer.from(key(suite, 2), 'base64')).protectRtp(theirs, 0, 172);
    planes.net.inject(theirs.subarray(0, length), ADDRESS, far.rtpPort, ADDRESS, near.rtpPort);
    planes.run(8000);
    const { near: us, far: them } = planes.close(1);
    expect([...ssrcs]).toEqual([expect.any(Number), us.sent.ssrc]);
    expect(us.heard).toMatchObject({ ssrcCollision: true, unauthenticated: 0 });
    expect(them.heard).toMatchObject({ ssrcChanges: 1, packetsLost: 0, unauthenticated: 0, replayed: 0 });
    expect(them.heard.packetsReceived).toBe(us.sent.packetsSent);
    expect(them.rtcp).toMatchObject({ unauthenticated: 0, malformed: 0, bye: true });
  });

  it('carries digits', () => {
    const planes = new ProtectedPlanes();
    planes.secure(keys(), keys(SUITE, 2, 1));
    planes.run(500);
    planes.near.plane.sendDigits(1, '15#', 100, 100);
    planes.run(2000);
    expect(planes.close(1).far.heard).toMatchObject({ digits: '15#', packetsLost: 0 });
  });

  it('loses what the path drops, and counts what the path sends twice as replayed', () => {
    const planes = new ProtectedPlanes();
    planes.secure(keys(), keys(SUITE, 2, 1), {}, {}, [
      { kind: 'loss', ratio: 0.05, burst: 2 },
      { kind: 'duplicate', ratio: 0.1 },
    ]);
    planes.run(30_000);
    const { near, far } = planes.close(1);
    expect(near.truth.uplink.droppedWithin).toBeGreaterThan(20);
    expect(far.heard.packetsLost).toBe(near.truth.uplink.droppedWithin);
    expect(near.truth.uplink.duplicated).toBeGreaterThan(50);
    expect(far.heard).toMatchObject({ replayed: near.truth.uplink.duplicated, duplicates: 0, unauthenticated: 0 });
  });

  it('hears packets that overtook each other', () => {
    const planes = new ProtectedPlanes();
    const jitter = { distribution: 'uniform', spread: 40 } as const;
    planes.secure(keys(), keys(SUITE, 2, 1), {}, {}, [{ kind: 'delay', base: 50, jitter, keepOrder: false }]);
    planes.run(20_000);
    const heard = planes.close(1).far.heard;
    expect(heard.reordered).toBeGreaterThan(20);
    expect(heard).toMatchObject({ packetsLost: 0, replayed: 0, unauthenticated: 0 });
  });

  it('loses packets with wrong bits, which would not authenticate', () => {
    const planes = new ProtectedPlanes();
    const corrupt = { kind: 'corrupt', part: 'packet', ratio: 0.2, bits: 1 } as const;
    planes.secure(keys(), keys(SUITE, 2, 1), {}, {}, [corrupt]);
    planes.run(20_000);
    const { near, far } = planes.close(1);
    const { corrupted, dropped, droppedWithin, faults } = near.truth.uplink;
    expect(corrupted).toBe(0);
    expect(dropped).toBeGreaterThan(150);
    expect(faults.corrupt).toBe(dropped);
    expect(far.heard).toMatchObject({ packetsLost: droppedWithin, unauthenticated: 0, replayed: 0 });
  });

  it('is at fault for it where the keys differ: every packet is counted, and none is heard', () => {
    const planes = new ProtectedPlanes();
    planes.secure(keys(), keys(SUITE, 2, 3));
    planes.run(5000);
    expect(planes.far.plane.snapshot(planes.clock.now()).faults).toEqual({ unauthenticated: 1 });
    const { near, far } = planes.close(1);
    expect(far.heard).toMatchObject({
      unauthenticated: near.sent.packetsSent,
      packetsReceived: 0,
      malformed: 0,
      mos: null,
      verdict: { state: 'fault', cause: 'unauthenticated' },
    });
    expect(near.heard.verdict.state).toBe('ok');
  });

  it('is at fault for it where RTP comes in clear', () => {
    const planes = new ProtectedPlanes();
    const { near } = planes.secure(keys(), keys(SUITE, 2, 1), { sends: false });
    for (let sequence = 0; sequence < 200; sequence++) {
      const bytes = new Uint8Array(172).fill(0xff);
      writeRtpHeader(bytes, 0, false, 0, sequence, sequence * 160, 99);
      planes.net.inject(bytes, ADDRESS, 30000, ADDRESS, near.rtpPort);
      planes.run(20);
    }
    expect(planes.close(1).near.heard).toMatchObject({
      unauthenticated: 200,
      verdict: { state: 'fault', cause: 'unauthenticated' },
    });
  });

  it('hears nothing before the key is known, not even digits, and counts it as early media', () => {
    const planes = new ProtectedPlanes();
    const leases = planes.open(1, { srtp: true });
    const remote = remoteAt(leases.near.rtpPort, { srtp: keys(SUITE, 2, 1) });
    planes.far.plane.connect(1, remote, true, planes.clock.now());
    planes.far.plane.sendDigits(1, '42', 100, 100);
    planes.run(1000);
    planes.connect(leases, keys(), keys(SUITE, 2, 1));
    planes.run(1000);
    const heard = planes.close(1).near.heard;
    expect(heard).toMatchObject({ earlyMedia: 50, digits: '', unauthenticated: 0, malformed: 0, packetsLost: 0 });
    expect(heard.packetsReceived).toBeGreaterThan(49);
  });

  it('goes on with new keys after a re-INVITE, without a packet lost', () => {
    const planes = new ProtectedPlanes();
    const leases = planes.secure(keys(), keys(SUITE, 2, 1));
    planes.run(2000);
    planes.connect(leases, keys('AEAD_AES_128_GCM', 3, 4), keys('AEAD_AES_128_GCM', 4, 3));
    planes.run(2000);
    const { near, far } = planes.close(1);
    expect(near.srtp).toBe('AEAD_AES_128_GCM');
    expect(far.heard).toMatchObject({ packetsReceived: 200, packetsLost: 0, unauthenticated: 0 });
  });

  it('goes on where it was after a re-INVITE that changes no key: what came before is still refused', () => {
    const planes = new ProtectedPlanes();
    const leases = planes.secure(keys(), keys(SUITE, 2, 1));
    const [first] = planes.wire(leases.far.rtpPort, 25);
    const again = first.slice();
    planes.run(1000);
    planes.connect(leases, keys(), keys(SUITE, 2, 1));
    planes.net.inject(again, ADDRESS, leases.near.rtpPort, ADDRESS, leases.far.rtpPort);
    planes.run(1000);
    expect(planes.close(1).far.heard).toMatchObject({ replayed: 1, duplicates: 0, unauthenticated: 0, packetsLost: 0 });
  });

  it.each(SUITES)('protects its RTCP with %s, over a port of its own and over that of RTP', (suite) => {
    for (const mux of [false, true]) {
      const planes = new ProtectedPlanes();
      const leases = planes.open(1, { srtp: true, rtcp: { xr: false } });
      const now = planes.clock.now();
      for (const [side, own, other] of [
        [planes.near, 1, leases.far],
        [planes.far, 2, leases.near],
      ] as const) {
        const port = mux ? other.rtpPort : other.rtcpPort;
        const srtp = keys(suite, own, 3 - own);
        side.plane.connect(1, remoteAt(other.rtpPort, { rtcp: { address: ADDRESS, port, mux }, srtp }), true, now);
      }
      planes.run(30_000);
      const { near, far } = planes.close(1);
      for (const side of [near, far]) {
        expect(side.rtcp!.farEnd!.reports).toBeGreaterThanOrEqual(3);
        expect(side.rtcp!.roundTripMs!.samples).toBeGreaterThanOrEqual(2);
        expect(side.rtcp).toMatchObject({ malformed: 0, unauthenticated: 0, wrongSource: 0 });
        expect(side.heard).toMatchObject({ unauthenticated: 0, malformed: 0, packetsLost: 0 });
      }
      expect(far.rtcp!.bye).toBe(true);
    }
  });

  it('reads no RTCP that does not authenticate, and none that comes again', () => {
    const planes = new ProtectedPlanes();
    const leases = planes.secure(keys(), keys(SUITE, 2, 1), {}, { rtcp: { xr: false } });
    const sent: Uint8Array[] = [];
    planes.net.port(ADDRESS, leases.far.rtcpPort).onQueued = (bytes) => sent.push(bytes.slice());
    planes.run(8000);
    const forged = Uint8Array.from([0x80, 203, 0, 1, ...sent[0].subarray(4, 8), ...new Uint8Array(14)]);
    for (const bytes of [sent[0], forged])
      planes.net.inject(bytes, ADDRESS, leases.near.rtcpPort, ADDRESS, leases.far.rtcpPort);
    const before = sent.length;
    planes.run(10);
    planes.far.plane.close(1, planes.clock.now());
    planes.run(1500);
    expect(planes.far.told.reports.get(1)!.rtcp).toMatchObject({
      received: before,
      unauthenticated: 2,
      bye: false,
      malformed: 0,
    });
  });

  it('counts what comes from elsewhere as of a wrong source, whatever it is', () => {
    const planes = new ProtectedPlanes();
    const { far } = planes.secure(keys(), keys(SUITE, 2, 1));
    const bytes = new Uint8Array(182).fill(7);
    writeRtpHeader(bytes, 0, false, 0, 1, 160, 99);
    planes.net.inject(bytes, '10.0.0.66', 4000, ADDRESS, far.rtpPort);
    planes.run(1000);
    expect(planes.close(1).far.heard).toMatchObject({ wrongSource: 1, unauthenticated: 0 });
  });

  it('latches to where a packet comes from that authenticates, and to no other', () => {
    const planes = new ProtectedPlanes();
    const how = { latch: 'first' } as const;
    const leases = planes.open(1, { ...how, srtp: true });
    planes.near.plane.connect(1, remoteAt(29_998, { srtp: keys() }), true, planes.clock.now());
    const forged = new Uint8Array(182).fill(7);
    writeRtpHeader(forged, 0, false, 0, 1, 160, 99);
    planes.net.inject(forged, '10.0.0.66', 4000, ADDRESS, leases.near.rtpPort);
    planes.run(10);
    const remote = remoteAt(leases.near.rtpPort, { srtp: keys(SUITE, 2, 1) });
    planes.far.plane.connect(1, remote, true, planes.clock.now());
    planes.run(2000);
    const { near, far } = planes.close(1);
    expect(near.latched).toEqual({ address: ADDRESS, port: leases.far.rtpPort });
    expect(near.heard).toMatchObject({ unauthenticated: 1, wrongSource: 0, packetsLost: 0, verdict: { state: 'ok' } });
    expect(far.heard.packetsReceived).toBeGreaterThan(90);
  });

  it('takes padding for what it is once it is opened', () => {
    const planes = new ProtectedPlanes();
    const { near } = planes.secure(keys(), keys(SUITE, 2, 1), { sends: false });
    const context = new SrtpContext(SUITE, Buffer.from(key(SUITE, 2), 'base64'));
    for (let sequence = 0; sequence < 200; sequence++) {
      const bytes = new Uint8Array(12 + 160 + 4 + context.overheadBytes).fill(0x20);
      writeRtpHeader(bytes, 0, false, 0, sequence, sequence * 160, 99);
      bytes[0] |= 0x20;
      bytes[175] = sequence === 100 ? 200 : 4;
      const length = context.protectRtp(bytes, 0, 176);
      planes.net.inject(bytes.subarray(0, length), ADDRESS, 30000, ADDRESS, near.rtpPort);
      planes.run(20);
    }
    // Padding that does not fit makes it no RTP, authentic as it is.
    expect(planes.close(1).near.heard).toMatchObject({ packetsReceived: 199, malformed: 1, unauthenticated: 0 });
  });
});
