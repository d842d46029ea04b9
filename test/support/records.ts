import { newRecord } from '../../src/flow/call-record.js';
import type { DirectionTruth } from '../../src/impair/truth.js';
import type { MediaReport } from '../../src/media/link/messages.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import type { HeardReport, Verdict } from '../../src/quality/reports.js';
import type { SipTrace } from '../../src/sip/trace.js';

export const OK: Verdict = { state: 'ok', cause: null };
export const fault = (cause: Verdict['cause']): Verdict => ({ state: 'fault', cause });
export const UNKNOWN: Verdict = { state: 'unknown', cause: null };

export function heardReport(change: Partial<HeardReport> = {}): HeardReport {
  return {
    packetsReceived: 100,
    duplicates: 0,
    reordered: 0,
    packetsExpected: 100,
    packetsLost: 0,
    rfc3550CumulativeLost: 0,
    lateDiscarded: 0,
    playout: { kind: 'fixed', meanMs: 60, maxMs: 60, limitMs: 60 },
    bursts: { bursts: 0, packets: 0, missing: 0 },
    lossRatio: 0,
    jitterMs: 0.1,
    jitterMaxMs: 0.2,
    ssrc: 1,
    ssrcChanges: 0,
    firstSequence: 1,
    lastSequence: 100,
    firstArrivalMs: 0,
    lastArrivalMs: 2000,
    longestGapMs: 20,
    heldMs: 0,
    startDelayMs: 0,
    stoppedAfterMs: null,
    interruptions: { count: 0, totalMs: 0, longestMs: 0 },
    garbledRatio: 0,
    comfortNoise: 0,
    comfortNoiseDbov: null,
    earlyMedia: 0,
    wrongSource: 0,
    unauthenticated: 0,
    replayed: 0,
    undecodable: 0,
    malformed: 0,
    secondsExpected: 2,
    secondsHeard: 2,
    silentRatio: 0,
    levelDbov: -26,
    activeLevelDbov: -25,
    activityFactor: 0.8,
    noiseFloorDbov: -60,
    clippedRatio: 0,
    echo: false,
    ssrcCollision: false,
    verdict: OK,
    mos: null,
    intervals: [],
    worstInterval: null,
    digits: '',
    digitDuplicates: 0,
    ...change,
  };
}

export const TRUTH: DirectionTruth = {
  packets: 100,
  delivered: 100,
  dropped: 0,
  droppedBefore: 0,
  droppedWithin: 0,
  droppedAfter: 0,
  duplicated: 0,
  reordered: 0,
  corrupted: 0,
  recoded: 0,
  eventsDropped: 0,
  faults: {},
  periods: [],
  delayMeanMs: null,
  delayMaxMs: null,
};

export function mediaReport(heard: Partial<HeardReport> = {}, sent: Partial<MediaReport['sent']> = {}): MediaReport {
  return {
    localAddress: '127.0.0.1',
    localPort: 20_000,
    remoteAddress: '127.0.0.1',
    remotePort: 30_000,
    latched: null,
    codec: 'PCMU',
    srtp: null,
    sent: { packetsSent: 100, ssrc: 2, firstSequence: 1, firstSentMs: 0, lastSentMs: 2000, digits: '', ...sent },
    heard: heardReport(heard),
    dtmf: { sent: [], heard: [], unnegotiated: '', lateMs: null },
    rtcp: null,
    recording: null,
    markers: null,
    truth: { uplink: { ...TRUTH }, downlink: { ...TRUTH } },
  };
}

/** An answered call that ended as planned, before its media parts are joined. */
export function answeredRecord(change: Partial<CallRecord> = {}): CallRecord {
  const record = newRecord({
    id: 0,
    direction: 'outbound',
    from: '1',
    to: '2',
    trunk: 'sip:t',
    dueMs: 0,
    startedMs: 0,
  });
  Object.assign(record, {
    answeredMs: 100,
    endedMs: 2100,
    outcome: 'completed',
    status: 200,
    hangupBy: 'local',
    byeStatus: 200,
  });
  const setup = { inviteMs: 0, tryingMs: 1, provisionalMs: 40, ringingMs: 40, finalMs: 100, ackMs: 101 };
  record.timings = { ...setup, byeMs: 2100, byeFinalMs: 2103 };
  return Object.assign(record, change);
}

/** A trace of one message. */
export function traceOf(text: string, atMs: number): SipTrace {
  const addresses = { transport: 'udp', local: '127.0.0.1:5060', remote: '127.0.0.1:5070' };
  return { messages: [{ atMs, direction: 'sent', ...addresses, repeated: false, text }], leftOut: 0 };
}

/** An attempt that ended with a failure. */
export function failedRecord(
  status: number,
  cause: CallRecord['cause'] = 'status',
  change: Partial<CallRecord> = {},
): CallRecord {
  const record = newRecord({
    id: 0,
    direction: 'outbound',
    from: '1',
    to: '2',
    trunk: 'sip:t',
    dueMs: 0,
    startedMs: 0,
  });
  Object.assign(record, { outcome: 'failed', cause, status });
  record.timings.inviteMs = 0;
  record.timings.finalMs = 5;
  return Object.assign(record, change);
}
