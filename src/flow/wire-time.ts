const DAY_MS = 86_400_000;

/** `HH:MM:SS.uuuuuu` → ms since midnight; `null` for anything else. */
export function wireTimeMs(text: string | undefined): number | null {
  const match = text === undefined ? null : /^(\d\d):(\d\d):(\d\d(?:\.\d+)?)$/.exec(text);
  return match ? (Number(match[1]) * 60 + Number(match[2])) * 60_000 + Number(match[3]) * 1000 : null;
}

/**
 * Ms from one message to a later one by the times that the SIP server took at its socket, across midnight too;
 * `null` when a server gives none.
 */
export function wireDelayMs(from: string | undefined, to: string | undefined): number | null {
  const a = wireTimeMs(from);
  const b = wireTimeMs(to);
  if (a === null || b === null) return null;
  const delay = b - a;
  return delay < -DAY_MS / 2 ? delay + DAY_MS : Math.max(0, delay);
}
