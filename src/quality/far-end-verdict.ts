import type { RtcpReport } from '../rtp/rtcp-session.js';
import type { Verdict } from './reports.js';

/** One report without us may have crossed with our first packets. */
const UNHEARD_REPORTS = 2;

/**
 * What RTCP tells of the direction that we send in: `ok` when the far end reports on our packets, `no-rtp` when it goes on
 * reporting and never says a word about them. Whether it could make anything of them it does not tell. Far ends that send no
 * reports, or return ours, leave it unknown.
 */
export function farEndVerdict(rtcp: RtcpReport | null): Verdict {
  if (rtcp?.farEnd) return { state: 'ok', cause: null };
  if (rtcp && rtcp.unheardReports >= UNHEARD_REPORTS) return { state: 'fault', cause: 'no-rtp' };
  return { state: 'unknown', cause: null };
}
