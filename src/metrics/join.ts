import type { DirectionTruth } from '../impair/truth.js';
import type { MediaReport } from '../media/link/messages.js';
import { farEndVerdict } from '../quality/far-end-verdict.js';
import { disagreements } from '../quality/far-end-view.js';
import { rateConversation } from '../quality/mos.js';
import type { HeardReport, Verdict } from '../quality/reports.js';
import { hostPort } from '../sip/uri.js';
import type { CallRecord, DirectionRecord, RtcpRecord } from './call-record.js';
import { judgeCall } from './call-verdict.js';
import { dtmfRecord } from './dtmf-record.js';
import { turnRecord } from './turn-record.js';

const UNKNOWN: Verdict = { state: 'unknown', cause: null };

/**
 * Fills the media part of a caller's record from what both sides of the call reported.
 *
 * - downlink: what we heard ourselves (`local`), or `echo` when our own packets came back.
 * - uplink: what our own far end heard (`own-end`); without one only RTCP tells, and only whether it was received (`rtcp`).
 *
 * A call whose media stopped for longer than its timeout counts as dropped, whoever hung up in the end.
 *
 * @param own what the built-in trunk, or an account that was called, heard of the same call, `null` for any other far end.
 * @param isThroughOthers whether RTP went to that far end by way of somebody else, such as a media relay
 */
export function joinMedia(record: CallRecord, own: MediaReport | null, isThroughOthers = false): void {
  const media = record.media ?? null;
  delete record.media;
  if (!media) return;

  record.codec = media.codec;
  record.srtp = media.srtp;
  record.localMedia = hostPort(media.localAddress, media.localPort);
  record.remoteMedia = media.remoteAddress === null ? null : hostPort(media.remoteAddress, media.remotePort!);
  record.latchedMedia = media.latched && hostPort(media.latched.address, media.latched.port);
  record.impairment = media.truth;
  if (record.answeredMs === null) return;

  record.rtcp = rtcpOf(media, own?.heard ?? null);
  const echo = media.heard.echo;
  record.farEnd = own ? 'own' : echo ? 'echo' : 'foreign';
  record.downlink = echo
    ? { packetsSent: media.sent.packetsSent, heard: media.heard, edgeLost: null, evidence: 'echo' }
    : direction(own?.sent.packetsSent ?? null, media.heard, 'local');
  record.uplink = echo ? null : direction(media.sent.packetsSent, own?.heard ?? null, own ? 'own-end' : null);
  const byRtcp = own || echo ? UNKNOWN : (record.rtcp?.verdict ?? UNKNOWN);
  if (record.uplink && byRtcp.state !== 'unknown') record.uplink.evidence = 'rtcp';
  record.dtmf = {
    uplink: dtmfRecord(media.dtmf, own?.dtmf ?? null),
    downlink: dtmfRecord(own?.dtmf ?? null, media.dtmf),
  };

  const turns = turnRecord(media, own, record.answeredMs, record.timings.byeMs ?? record.endedMs ?? record.answeredMs);
  if (turns) record.turns = turns;

  if (own && !isThroughOthers) {
    rateByPath(record.uplink?.heard, media.truth.uplink);
    rateByPath(record.downlink.heard, media.truth.downlink);
  } else if (!echo) {
    rateByRoundTrip(record.downlink.heard, media, media.truth.downlink);
    if (own) rateByRoundTrip(record.uplink?.heard, own, media.truth.uplink);
  }

  const up = record.uplink?.heard?.verdict ?? byRtcp;
  const down = record.downlink.heard?.verdict ?? null;
  if (record.outcome === 'completed' && (hasStopped(record.uplink) || hasStopped(record.downlink))) {
    record.outcome = 'dropped';
    record.cause = 'dropped';
  }
  judgeCall(record, up, down);
}

function hasStopped(direction: DirectionRecord | null): boolean {
  return direction?.heard != null && direction.heard.stoppedAfterMs !== null;
}

/** Our own far end is on this machine: the one-way delay is what our path added, by its own count. */
function rateByPath(heard: HeardReport | null | undefined, truth: DirectionTruth): void {
  if (heard && truth.delayMeanMs !== null)
    rateConversation(heard, { oneWayDelayMs: truth.delayMeanMs, source: 'path' });
}

/** The network's one-way delay is taken as half the round trip, RTCP being delayed by it alone; our path's comes on top. */
function rateByRoundTrip(
  heard: HeardReport | null | undefined,
  { rtcp }: Pick<MediaReport, 'rtcp'>,
  { delayMeanMs }: DirectionTruth,
): void {
  if (!heard || !rtcp?.roundTripMs) return;
  const oneWayDelayMs = rtcp.roundTripMs.mean / 2 + (delayMeanMs ?? 0);
  rateConversation(heard, { oneWayDelayMs, source: 'rtcp' });
}

function rtcpOf({ rtcp, sent, truth, codec }: MediaReport, heard: HeardReport | null): RtcpRecord | null {
  if (!rtcp) return null;
  const verdict = farEndVerdict(rtcp);
  if (!rtcp.farEnd) return { ...rtcp, farEnd: null, verdict, disagreements: [] };
  const packetsExpected = Math.max(0, rtcp.farEnd.extendedHighest - sent.firstSequence + 1);
  const lossRatio = packetsExpected === 0 ? null : Math.max(0, rtcp.farEnd.cumulativeLost) / packetsExpected;
  const ours = { codec, heard, path: truth.uplink, packetsExpected, packetsSent: sent.packetsSent };
  return {
    ...rtcp,
    farEnd: { ...rtcp.farEnd, packetsExpected, lossRatio },
    verdict,
    disagreements: disagreements(rtcp.farEnd, rtcp.voipMetrics, { ...ours, hasSentDigits: sent.digits !== '' }),
  };
}

function direction(
  sent: number | null,
  heard: HeardReport | null,
  evidence: DirectionRecord['evidence'],
): DirectionRecord {
  // Packets before the answer were heard too, though no figure counts them.
  const edgeLost =
    sent === null || heard === null ? null : Math.max(0, sent - heard.packetsExpected - heard.earlyMedia);
  return { packetsSent: sent, heard, edgeLost, evidence: heard ? evidence : null };
}
