import { isImpairing } from '../quality/one-way.js';
import type { FaultCause, HeardReport, Verdict } from '../quality/reports.js';
import type { CallRecord } from './call-record.js';

export type Direction = 'uplink' | 'downlink';

/** What is wrong with one direction of a call. */
export interface DirectionFault {
  direction: Direction;
  cause: FaultCause;
}

/** Who listens to what: the uplink is from us to the far end, whoever called. */
const LISTENERS = {
  outbound: { uplink: 'the callee', downlink: 'the caller' },
  inbound: { uplink: 'the caller', downlink: 'the callee' },
} as const;

/**
 * Sets which one of three things a call is, if any: `noMedia` where neither side hears anything, `oneWay` where exactly one
 * hears nothing, and otherwise `impaired` where both hear something, and not as it should be.
 *
 * @param up the verdict on the uplink, by whatever evidence there is
 * @param down what we heard; `null` where nothing tells
 */
export function judgeCall(record: CallRecord, up: Verdict, down: Verdict | null): void {
  const isEcho = record.farEnd === 'echo';
  const isUpDead = isDead(up);
  const isDownDead = down !== null && isDead(down);
  record.noMedia = isUpDead && isDownDead;
  if (isUpDead && down !== null && isHeard(down)) record.oneWay = { direction: 'uplink', cause: up.cause! };
  else if (isDownDead && !isUpDead && (isHeard(up) || !record.uplink?.heard) && !isEcho)
    record.oneWay = { direction: 'downlink', cause: down.cause! };
  if (isUpDead || isDownDead) return;
  if (isImpairing(up.cause)) record.impaired.push({ direction: 'uplink', cause: up.cause! });
  if (down !== null && isImpairing(down.cause)) record.impaired.push({ direction: 'downlink', cause: down.cause! });
}

function isDead({ state, cause }: Verdict): boolean {
  return state === 'fault' && !isImpairing(cause);
}

function isHeard(verdict: Verdict): boolean {
  return verdict.state === 'ok' || isImpairing(verdict.cause);
}

/** What is wrong with one direction in words, such as `the callee hears nothing: RTP stopped 12.3 s after the answer`. */
export function faultInWords({ direction, cause }: DirectionFault, record: CallRecord): string {
  const heard = record[direction]?.heard ?? null;
  const what = `${LISTENERS[record.direction][direction]} hears`;
  switch (cause) {
    case 'no-rtp':
      return `${what} nothing: no RTP arrives`;
    case 'stopped':
      return `${what} nothing more: RTP stopped ${sinceAnswer(heard?.stoppedAfterMs)}`;
    case 'silence':
      return `${what} nothing: ${kindOfSilence(heard)}`;
    case 'wrong-source':
      return heard !== null && heard.packetsReceived > 0
        ? `${what} nothing more: RTP comes from another source than negotiated since ${lastHeard(heard, record)}`
        : `${what} nothing: RTP comes from another source than negotiated`;
    case 'unauthenticated':
      return `${what} nothing: no SRTP authenticates`;
    case 'undecodable':
      return `${what} nothing: payload type or codec not negotiated`;
    case 'garbled':
      return `${what} noise: the audio is decoded wrong`;
    case 'intermittent':
      return `${what} gaps: ${heard?.interruptions.count} interruptions, ${seconds(heard?.interruptions.totalMs)} together`;
    case 'late':
      return `${what} the beginning too late: first RTP ${sinceAnswer(heard?.startDelayMs)}`;
    default:
      return cause satisfies never;
  }
}

/** What is wrong with each direction of a call, one-way and without media first. */
export function faultsOf(record: CallRecord): DirectionFault[] {
  if (record.oneWay) return [record.oneWay];
  if (!record.noMedia) return record.impaired;
  const up = record.uplink?.heard?.verdict.cause ?? record.rtcp?.verdict.cause;
  const down = record.downlink?.heard?.verdict.cause;
  const faults: DirectionFault[] = [];
  if (up) faults.push({ direction: 'uplink', cause: up });
  if (down) faults.push({ direction: 'downlink', cause: down });
  return faults;
}

function kindOfSilence(heard: HeardReport | null): string {
  if (heard !== null && heard.levelDbov !== null) return 'RTP carries nothing above −50 dBov';
  return heard !== null && heard.comfortNoise > 0 ? 'RTP carries comfort noise only' : 'RTP carries digital silence';
}

function lastHeard({ lastArrivalMs }: HeardReport, { answeredMs }: CallRecord): string {
  return lastArrivalMs === null || answeredMs === null ? 'then' : sinceAnswer(lastArrivalMs - answeredMs);
}

function sinceAnswer(ms: number | null | undefined): string {
  return `${seconds(ms)} after the answer`;
}

function seconds(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? '? s' : `${(ms / 1000).toFixed(1)} s`;
}

/** Whether somebody is to answer: a person or a machine. */
export function isToBeAnswered({ dealt }: CallRecord): boolean {
  return dealt === 'answered' || dealt === 'machine';
}

/** A call that came in and failed because that was dealt to it: a failure of nobody. */
export function isTurnedAway(record: CallRecord): boolean {
  return record.direction === 'inbound' && record.outcome === 'failed' && !isToBeAnswered(record);
}
