import type { CodecName } from '../../src/core/codecs.js';
import { Rng } from '../../src/core/rng.js';
import type { Pipeline } from '../../src/impair/spec.js';
import type { Lease, MediaReport } from '../../src/media/link/messages.js';
import { isRtcp } from '../../src/rtp/packet.js';
import { SRTP_KEY_BYTES, SRTP_SUITES } from '../../src/rtp/srtp-keys.js';
import { ADDRESS, remoteAt, TwoPlanes } from '../media/two-planes.js';
import { Failure } from './oracles.js';

/** Where nothing is ever taken from. */
const STRANGER = '10.0.0.66';
const STRANGER_PORT = 6666;
const SUITE = 'AES_CM_128_HMAC_SHA1_80';
/** Datagrams in a millisecond of the fuzzed calls. */
const A_STEP = 20;
const SNAPSHOT_STEPS = 500;
/** Real datagrams kept of each port, to be changed. */
const KEPT = 200;

interface FuzzedCall {
  call: number;
  near: Lease;
  far: Lease;
  mux: boolean;
}

/** What a campaign did. */
export interface MediaFuzzResult {
  datagrams: number;
  /** Of the calls that had mutated datagrams from their far end: what was taken, and what was not. */
  received: number;
  malformed: number;
  undecodable: number;
  rtcpReceived: number;
  rtcpMalformed: number;
  /** To the call that had them from elsewhere: all of them, and none was mixed in. */
  strangers: number;
}

/** A call by codec and path: each has code of its own in the way of a packet. */
const CALLS: { codec: CodecName; type: number; event: number; uplink: Pipeline; mux: boolean; srtp: boolean }[] = [
  { codec: 'PCMU', type: 0, event: 101, uplink: [], mux: false, srtp: false },
  {
    codec: 'PCMA',
    type: 8,
    event: 101,
    uplink: [
      { kind: 'loss', ratio: 0.05, burst: 2 },
      { kind: 'delay', base: 20, keepOrder: false, jitter: { distribution: 'uniform', spread: 15 } },
      { kind: 'duplicate', ratio: 0.05 },
      { kind: 'recode', to: 'PCMU' },
      { kind: 'drop-events', ratio: 0.5 },
    ],
    mux: true,
    srtp: false,
  },
  { codec: 'G722', type: 9, event: 101, uplink: [{ kind: 'reorder', ratio: 0.1, by: 30 }], mux: false, srtp: false },
  { codec: 'opus', type: 111, event: 110, uplink: [], mux: true, srtp: false },
  { codec: 'PCMU', type: 0, event: 101, uplink: [], mux: true, srtp: true },
];

/**
 * Mutated RTP and RTCP against a media plane, in this process and by a clock of its own: nothing throws, every figure stays a
 * number, what comes from elsewhere changes nothing, and a call placed afterwards is heard in full.
 *
 * @throws Failure when one of these does not hold
 */
export function fuzzMedia(seed: number, count: number): MediaFuzzResult {
  const rng = new Rng(seed);
  const planes = new TwoPlanes();
  const corpora: { rtp: Uint8Array[]; rtcp: Uint8Array[] } = { rtp: [], rtcp: [] };
  const fuzzed = CALLS.map((_, i) => openCall(planes, i + 1));
  const calm = openCall(planes, CALLS.length + 1, CALLS[0]);
  for (const port of planes.net.ports.values()) {
    let kept = 0;
    port.onQueued = (bytes) => {
      if (isRtcp(bytes, 0, bytes.length)) corpora.rtcp.push(bytes);
      else if (kept++ < KEPT) corpora.rtp.push(bytes);
    };
  }
  // So long that every call has sent reports and events.
  for (const { call } of fuzzed) planes.near.plane.sendDigits(call, '159#', 60, 60);
  planes.run(8000);
  for (const port of planes.net.ports.values()) port.onQueued = null;

  let strangers = 0;
  let sent = 0;
  let last: Uint8Array = corpora.rtp[0];
  try {
    for (let step = 1; sent < count; step++) {
      for (let i = 0; i < A_STEP && sent < count; i++, sent++) {
        const isReport = rng.uniform() < 0.4;
        const corpus = isReport ? corpora.rtcp : corpora.rtp;
        last = mutate(pick(rng, corpus), rng, pick(rng, rng.uniform() < 0.8 ? corpus : corpora.rtp));
        const isStranger = rng.uniform() < 0.1;
        const { near, far, mux } = isStranger ? calm : pick(rng, fuzzed);
        // Seldom to the wrong port.
        const isRtcpPort = isReport && !mux ? rng.uniform() < 0.9 : rng.uniform() < 0.1;
        const [to, from] = rng.uniform() < 0.5 ? [near, far] : [far, near];
        const toPort = isRtcpPort ? to.rtcpPort : to.rtpPort;
        const fromPort = isRtcpPort ? from.rtcpPort : from.rtpPort;
        if (isStranger) {
          if (to === near && !isRtcpPort) strangers++;
          planes.net.inject(last, STRANGER, STRANGER_PORT, ADDRESS, toPort);
        } else {
          planes.net.inject(last, ADDRESS, fromPort, ADDRESS, toPort);
        }
      }
      planes.run(1);
      if (step % SNAPSHOT_STEPS === 0) expectNumbers(planes.near.plane.snapshot(planes.clock.now()), 'snapshot');
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`${(error as Error).stack} after ${sent} datagrams`, [Buffer.from(last).toString('latin1')]);
  }
  return settle(planes, fuzzed, calm, { strangers, sent });
}

/** Ends the calls and holds their reports to what must be. */
function settle(
  planes: TwoPlanes,
  fuzzed: readonly FuzzedCall[],
  calm: FuzzedCall,
  { strangers, sent }: { strangers: number; sent: number },
): MediaFuzzResult {
  const result = {
    datagrams: sent,
    received: 0,
    malformed: 0,
    undecodable: 0,
    rtcpReceived: 0,
    rtcpMalformed: 0,
    strangers,
  };
  for (const { call } of fuzzed) {
    for (const report of Object.values(planes.close(call))) {
      expectNumbers(report, `report of call ${call}`);
      result.received += report.heard.packetsReceived;
      result.malformed += report.heard.malformed;
      result.undecodable += report.heard.undecodable;
      result.rtcpReceived += report.rtcp!.received;
      result.rtcpMalformed += report.rtcp!.malformed;
    }
  }
  expectUntouched(planes.close(calm.call), strangers);
  const after = openCall(planes, calm.call + 1, CALLS[0]);
  planes.run(10_000);
  expectUntouched(planes.close(after.call), 0);
  return result;
}

function openCall(planes: TwoPlanes, call: number, how = CALLS[call - 1]): FuzzedCall {
  const { codec, type, event, uplink, mux, srtp } = how;
  const leases = planes.open(call, { rtcp: { xr: true }, srtp }, uplink);
  const key = (fill: number): string =>
    Buffer.alloc(SRTP_KEY_BYTES + SRTP_SUITES[SUITE].saltBytes, fill).toString('base64');
  const connect = (side: TwoPlanes['near'], port: number, own: number): void =>
    side.plane.connect(
      call,
      remoteAt(port, {
        codec,
        sendPayloadType: type,
        acceptPayloadTypes: { [type]: codec, [event]: 'telephone-event', 13: 'CN' },
        eventPayloadType: event,
        rtcp: { address: ADDRESS, port: port + 1, mux },
        ...(srtp ? { srtp: { suite: SUITE, send: key(own), receive: key(3 - own) } } : {}),
      }),
      true,
      planes.clock.now(),
    );
  connect(planes.near, leases.far.rtpPort, 1);
  connect(planes.far, leases.near.rtpPort, 2);
  return { call, mux, ...leases };
}

/** A call that had nothing but its own packets, and `strangers` from elsewhere at the RTP port of its near side. */
function expectUntouched({ near, far }: { near: MediaReport; far: MediaReport }, strangers: number): void {
  const { heard } = near;
  const wrong = heard.wrongSource + heard.malformed;
  if (wrong !== strangers) throw new Failure(`${strangers} strangers, of which ${wrong} were counted`, []);
  // The near side ends first, so some of the far side's packets come too late for it.
  const isFull = heard.packetsLost === 0 && heard.duplicates === 0 && heard.undecodable === 0;
  const missing = far.sent.packetsSent - heard.packetsReceived;
  if (!isFull || missing > 100 || heard.verdict.state !== 'ok' || near.rtcp?.farEnd?.cumulativeLost !== 0)
    throw new Failure(`a call was not heard in full: ${JSON.stringify({ heard, missing, rtcp: near.rtcp })}`, []);
}

/** Every number in it is finite. */
function expectNumbers(value: unknown, path: string): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Failure(`${path} is ${value}`, []);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  for (const [key, inner] of Object.entries(value)) expectNumbers(inner, `${path}.${key}`);
}

function below(rng: Rng, n: number): number {
  return Math.floor(rng.uniform() * n);
}

function pick<T>(rng: Rng, list: readonly T[]): T {
  return list[below(rng, list.length)];
}

/** Changes a datagram in one to three ways; one in twenty stays as it is. */
function mutate(source: Uint8Array, rng: Rng, other: Uint8Array): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(source);
  if (rng.uniform() < 0.05) return bytes;
  for (let times = 1 + below(rng, 3); times > 0; times--) bytes = pick(rng, MUTATORS)(bytes, rng, other);
  return bytes;
}

const ODD = [0, 1, 2, 0x3f, 0x7f, 0x80, 0xbf, 0xc0, 200, 201, 202, 203, 204, 207, 0xfe, 0xff];

const MUTATORS: ((bytes: Uint8Array, rng: Rng, other: Uint8Array) => Uint8Array)[] = [
  // Any byte.
  (bytes, rng) => put(bytes, below(rng, bytes.length), below(rng, 256)),
  (bytes, rng) => put(bytes, below(rng, bytes.length), pick(rng, ODD)),
  // Version, padding, extension, CSRC or report count; payload or packet type.
  (bytes, rng) => put(bytes, 0, below(rng, 256)),
  (bytes, rng) => put(bytes, 0, 0x80 | below(rng, 64)),
  (bytes, rng) => put(bytes, 1, below(rng, 256)),
  // Sequence number and timestamp; the length of an RTCP packet.
  (bytes, rng) => put(put(bytes, 2, below(rng, 256)), 3, below(rng, 256)),
  (bytes, rng) => put(put(bytes, 4 + below(rng, 4), pick(rng, ODD)), 2 + below(rng, 2), pick(rng, ODD)),
  // SSRC.
  (bytes, rng) => put(bytes, 8 + below(rng, 4), below(rng, 256)),
  // The last byte: of the padding's length.
  (bytes, rng) => put(put(bytes, bytes.length - 1, pick(rng, ODD)), 0, 0xa0),
  // Header extensions of any length.
  (bytes, rng) => put(put(put(bytes, 0, 0x90), 14, pick(rng, ODD)), 15, below(rng, 256)),
  // Shorter, longer, none, another's tail, noise.
  (bytes, rng) => bytes.slice(0, below(rng, bytes.length + 1)),
  (bytes, rng) => join(bytes, new Uint8Array(below(rng, 1400)).fill(below(rng, 256))),
  (bytes, rng, other) => join(bytes.subarray(0, below(rng, bytes.length)), other.subarray(below(rng, other.length))),
  (bytes, _rng, other) => join(bytes, other),
  (_bytes, rng) => Uint8Array.from({ length: below(rng, 64) }, () => below(rng, 256)),
];

function put(bytes: Uint8Array, at: number, value: number): Uint8Array {
  if (at >= 0 && at < bytes.length) bytes[at] = value;
  return bytes;
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
