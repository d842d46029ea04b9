/**
 * How figures are written for people, on the screen and in reports alike. What was not measured (`null`) is an en dash,
 * never 0; a figure that is not exactly 0 or 100 % never reads as if it were.
 */

/** Stands for a figure that was not measured. */
export const NONE = '–';

/** A count with thousands separators: 12,345. */
export function count(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const digits = String(Math.abs(Math.round(value))).replace(/\B(?=(\d{3})+$)/g, ',');
  return value <= -0.5 ? `-${digits}` : digits;
}

/** A ratio 0–1 as percent, three significant digits or so: 0%, <0.01%, 1.96%, 23.4%, >99.9%, 100%. */
export function percent(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) return NONE;
  const value = ratio * 100;
  if (value === 0) return '0%';
  if (value > 0 && value < 0.01) return '<0.01%';
  if (value < 9.995) return `${value.toFixed(2)}%`;
  if (value === 100) return '100%';
  if (value >= 99.95 && value < 100) return '>99.9%';
  return `${value.toFixed(1)}%`;
}

/** A time in ms: 0.08 ms, 3.21 ms, 43.2 ms, 1,234 ms, and from 10 s on in seconds: 12.3 s. */
export function milliseconds(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return NONE;
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${msDigits(ms)} ms`;
}

/** The digits of a time in ms, for columns whose header gives the unit. */
export function msDigits(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return NONE;
  if (ms === 0) return '0';
  if (ms < 9.995) return ms.toFixed(2);
  if (ms < 99.95) return ms.toFixed(1);
  return count(ms);
}

/** A decimal with a fixed number of places: a MOS, a rate. */
export function decimal(value: number | null | undefined, places: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  if (Math.abs(value) < 1000) return value.toFixed(places);
  const [whole, rest] = value.toFixed(places).split('.');
  return rest === undefined ? count(Number(whole)) : `${count(Number(whole))}.${rest}`;
}

/** A moment or length of a run: 00:21, 12:05, 1:02:03. */
export function clock(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return NONE;
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/**
 * Text that came over the wire or from a file, safe to print on one line: control characters (escape sequences of a
 * terminal among them) become `·`, and marks that turn the writing direction or take no room are removed.
 */
export function printable(text: string): string {
  return text
    .replace(/\r?\n|\t|[\u2028\u2029]/g, ' ')
    .replace(/\p{Cc}/gu, '·')
    .replace(/\p{Cf}|\p{Cs}/gu, '');
}

/** What each cause of a direction that is not heard, or not as it should be, means in a few words. */
export const FAULT_CAUSES: Record<string, string> = {
  'no-rtp': 'no RTP after the answer',
  stopped: 'RTP stopped',
  silence: 'digital silence',
  'wrong-source': 'RTP from a wrong address',
  unauthenticated: 'SRTP that does not authenticate',
  undecodable: 'codec not negotiated',
  garbled: 'audio decoded wrong',
  intermittent: 'repeated interruptions',
  late: 'first RTP late after the answer',
};

const RESPONSE_NAMES: Record<string, string> = {
  '200': 'OK',
  '400': 'Bad Request',
  '401': 'Unauthorized',
  '403': 'Forbidden',
  '404': 'Not Found',
  '407': 'Proxy Authentication Required',
  '408': 'Request Timeout',
  '480': 'Temporarily Unavailable',
  '481': 'Call/Transaction Does Not Exist',
  '482': 'Loop Detected',
  '484': 'Address Incomplete',
  '486': 'Busy Here',
  '487': 'Request Terminated',
  '488': 'Not Acceptable Here',
  '500': 'Server Internal Error',
  '502': 'Bad Gateway',
  '503': 'Service Unavailable',
  '504': 'Server Time-out',
  '600': 'Busy Everywhere',
  '603': 'Decline',
  timeout: 'no final response',
  transport: 'transport error',
};

/** The reason phrase that RFC 3261 gives a status, or what `timeout` and `transport` stand for. */
export function responseName(code: string): string {
  return RESPONSE_NAMES[code] ?? '';
}

/** Final results with the most frequent first; successes before failures. */
export function sortedResponses(responses: Record<string, number>): [code: string, calls: number][] {
  return Object.entries(responses)
    .filter(([, calls]) => calls > 0)
    .sort(([a, x], [b, y]) => Number(isSuccess(b)) - Number(isSuccess(a)) || y - x || a.localeCompare(b));
}

/** Whether a key of `responses` is a 2xx. */
export function isSuccess(code: string): boolean {
  return /^2\d\d$/.test(code);
}

/** Entries of a count by cause, the most frequent first. */
export function sortedCauses(byCause: Partial<Record<string, number>>): [cause: string, calls: number][] {
  return Object.entries(byCause)
    .filter((entry): entry is [string, number] => (entry[1] ?? 0) > 0)
    .sort(([a, x], [b, y]) => y - x || a.localeCompare(b));
}

/** The edges of a MOS band of 0.5 from 1, as text: band 6 is `4.0`. */
export function mosBandLabel(band: number): string {
  return (1 + band * 0.5).toFixed(1);
}
