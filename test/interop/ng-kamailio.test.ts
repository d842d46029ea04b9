import { describe, expect, it } from 'vitest';
import { endKamailioAfterEach, Kamailio } from './kamailio.js';
import { endRelaysAfterEach, type Fate, NgRelayProcess } from './relay-process.js';
import { endRtpEnginesAfterEach, RtpEngine } from './rtpengine.js';
import { endSippAfterEach, Sipp, scenarioWith, writeSpeech } from './sipp.js';
import { Capture, type WireStream } from './tshark.js';

endKamailioAfterEach();
endRelaysAfterEach();
endRtpEnginesAfterEach();
endSippAfterEach();

const CALLS = 3;
const CALLER_PORTS = ['-mp', '33000'];
const CALLEE_PORTS = ['-mp', '33100'];
const RELAY_PORTS = '33200-33399';

const IMPAIRMENT = `
impairment:
  uplink: [{ kind: loss, ratio: 8%, burst: 2 }]
  downlink: [{ kind: loss, ratio: 4%, burst: 1 }, { kind: delay, base: 40ms, keepOrder: true, jitter: { distribution: uniform, spread: 12ms } }]
`;

/** SIPp calls SIPp by way of Kamailio, both playing audio; brings what was on the wire. */
async function callThrough(relayPort: number, capturedPorts: string) {
  const kamailio = await Kamailio.start('rtpengine', `RTPENGINE="udp:127.0.0.1:${relayPort}"`, 'PLAIN');
  const audio = writeSpeech();
  const callee = await Sipp.callee(CALLS, [
    '-sf',
    scenarioWith('relayed-callee', 'AUDIO_FILE', audio),
    ...CALLEE_PORTS,
  ]);
  const capture = await Capture.start(kamailio.port, capturedPorts);
  try {
    const next = `sip:callee@127.0.0.1:${callee.port}`;
    const scenario = scenarioWith('relayed-caller', 'AUDIO_FILE', audio, { NEXT: next });
    const caller = await Sipp.caller(kamailio.port, CALLS, 2, ['-sf', scenario, ...CALLER_PORTS]);
    const codes = [await caller.ended, await callee.ended];
    await capture.stop();
    await kamailio.stop();
    expect(codes, caller.errors() + callee.errors()).toEqual([0, 0]);
    expect(caller.counts()).toMatchObject({ successful: CALLS, failed: 0, unexpected: 0 });
    expect(callee.counts()).toMatchObject({ successful: CALLS, failed: 0, unexpected: 0 });
    expect([kamailio.passed('INVITE'), kamailio.passed('BYE'), kamailio.astray]).toEqual([CALLS, CALLS, []]);
    return capture.streams();
  } finally {
    capture.remove();
  }
}

const isCaller = (port: number): boolean => port >= 33000 && port <= 33099;
const isCallee = (port: number): boolean => port >= 33100 && port <= 33199;

type Sides = Record<'callerSent' | 'calleeSent' | 'callerGot' | 'calleeGot', WireStream[]>;

/** Streams by the phone that they ran to or from. */
function bySide(streams: readonly WireStream[]): Sides {
  return {
    callerSent: streams.filter(({ from }) => isCaller(from)),
    calleeSent: streams.filter(({ from }) => isCallee(from)),
    callerGot: streams.filter(({ to }) => isCaller(to)),
    calleeGot: streams.filter(({ to }) => isCallee(to)),
  };
}

/** What a receiver behind the relay has to see of one stream, by what the relay says that it did. */
interface Expected {
  packets: number;
  /** Between the first and the last packet that came. */
  lost: number;
  /** Mean of the jitter of RFC 3550 as it stood at each packet. */
  jitterMs: number;
}

function expectedOf(fates: readonly Fate[], direction: Fate['direction']): Expected[] {
  const byCall = new Map<string, Fate[]>();
  for (const fate of fates)
    if (fate.direction === direction) byCall.set(fate.call, [...(byCall.get(fate.call) ?? []), fate]);
  return [...byCall.values()].map((all) => {
    const delivered = all.filter(({ fate }) => fate === 'delivered');
    const [first, last] = [all.indexOf(delivered[0]), all.indexOf(delivered.at(-1)!)];
    let jitterMs = 0;
    let sumMs = 0;
    delivered.forEach(({ time, delayMs, ts }, i) => {
      if (i === 0) return;
      const before = delivered[i - 1];
      const spacingMs = (time - before.time) * 1000 + delayMs! - before.delayMs!;
      jitterMs += (Math.abs(spacingMs - (ts - before.ts) / 8) - jitterMs) / 16;
      sumMs += jitterMs;
    });
    const lost = last - first + 1 - delivered.length;
    return { packets: delivered.length, lost, jitterMs: sumMs / (delivered.length - 1) };
  });
}

/** By packets and losses, which tell the streams apart. */
function sorted<T extends { packets: number; lost: number }>(streams: readonly T[]): T[] {
  return [...streams].sort((a, b) => a.packets - b.packets || a.lost - b.lost);
}

function sum(streams: readonly { packets: number }[]): number {
  return streams.reduce((total, { packets }) => total + packets, 0);
}

describe('SIPp calls SIPp through Kamailio, with one configuration for either relay', () => {
  it('ours: what tshark counts before and behind it is what it did to each packet', async () => {
    const relay = await NgRelayProcess.start(IMPAIRMENT, ['--rtp-ports', RELAY_PORTS, '--seed', '5']);
    const sides = bySide(await callThrough(relay.port, '33000-33399'));
    const { code, result, fates, notes } = await relay.interrupt();
    expect(code, notes).toBe(0);
    for (const side of Object.values(sides)) expect(side).toHaveLength(CALLS);
    const { aToB, bToA } = result.media!.directions;
    expect(aToB.received).toBe(sum(sides.callerSent));
    // The callee talks until the BYE is with it, which Kamailio tells the relay of before.
    const late = sum(sides.calleeSent) - bToA.received;
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThanOrEqual(3 * CALLS);
    expect([aToB.sent, bToA.sent]).toEqual([sum(sides.calleeGot), sum(sides.callerGot)]);
    expect(aToB.dropped).toBeGreaterThan(20);
    expect(bToA.dropped).toBeGreaterThan(5);
    for (const [got, direction] of [
      [sides.calleeGot, 'aToB'],
      [sides.callerGot, 'bToA'],
    ] as const) {
      const [wire, expected] = [sorted(got), sorted(expectedOf(fates, direction))];
      expect(wire.map(({ packets, lost }) => ({ packets, lost }))).toEqual(
        expected.map(({ packets, lost }) => ({ packets, lost })),
      );
      // A packet leaves within a tick of when it is due, and the capture has times of its own.
      for (const [i, { jitterMs }] of wire.entries())
        expect(Math.abs(jitterMs - expected[i].jitterMs)).toBeLessThan(1 + 0.15 * expected[i].jitterMs);
    }
    // Injected on one direction only: a uniform spread of 12 ms either way makes about 8 ms, SIPp itself next to none.
    for (const { jitterMs } of sides.callerGot) expect(jitterMs).toBeGreaterThan(5);
    expect(result.calls).toEqual({ opened: CALLS, peak: expect.any(Number), refused: 0, timedOut: 0 });
    expect(result.door).toMatchObject({
      control: { errors: 0, malformed: 0, sendErrors: 0 },
      calls: { deleted: CALLS, timeout: 0, offerTimeout: 0, noPorts: 0 },
    });
  });

  it('rtpengine: the same calls pass, and nothing is lost', async () => {
    const rtpengine = await RtpEngine.start();
    const sides = bySide(await callThrough(rtpengine.port, '33000-33199'));
    for (const side of Object.values(sides)) expect(side).toHaveLength(CALLS);
    expect([sum(sides.calleeGot), sum(sides.callerGot)]).toEqual([sum(sides.callerSent), sum(sides.calleeSent)]);
  });
});
