import type { CallRecord } from '../metrics/call-record.js';

/**
 * A record of an attempt at its beginning. Every field is named: spreading `start` into so large a literal costs a
 * hundred times as much.
 */
export function newRecord(
  start: Pick<CallRecord, 'id' | 'direction' | 'from' | 'to' | 'trunk' | 'dueMs' | 'startedMs'>,
): CallRecord {
  return {
    id: start.id,
    direction: start.direction,
    from: start.from,
    to: start.to,
    trunk: start.trunk,
    dueMs: start.dueMs,
    startedMs: start.startedMs,
    sipCallIds: [],
    tries: [],
    answeredMs: null,
    endedMs: null,
    outcome: 'failed',
    cause: null,
    status: null,
    reason: null,
    q850: null,
    retryAfterS: null,
    hangupBy: null,
    byeStatus: null,
    timings: {
      inviteMs: null,
      tryingMs: null,
      provisionalMs: null,
      ringingMs: null,
      finalMs: null,
      ackMs: null,
      byeMs: null,
      byeFinalMs: null,
    },
    inProgressAtInvite: null,
    inProgressAtFinal: null,
    codec: null,
    srtp: null,
    localMedia: null,
    remoteMedia: null,
    latchedMedia: null,
    farEnd: null,
    uplink: null,
    downlink: null,
    rtcp: null,
    oneWay: null,
    noMedia: false,
    impaired: [],
    dtmf: null,
    probe: null,
    impairment: null,
    mediaMissing: null,
    trace: null,
    trunkTrace: null,
    flow: null,
    trunkFlow: null,
    media: null,
  };
}
