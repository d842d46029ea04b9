/**
 * A description as its lines, without their ends: those of the session and those of each medium, which start with `m=`.
 * For whoever passes a description on and changes only some of it; `read.ts` is for who wants to know what it says.
 */
export interface SdpText {
  session: string[];
  media: string[][];
}

/** A description is a part of a SIP message; none that works is anywhere near these. */
const MAX_LINES = 2000;
const MAX_MEDIA = 64;

const SESSION_LINES = /^[voisuepcbtrzka]=/;
const MEDIA_LINES = /^[micbkat]=/;
/** In a medium as rtpengine takes them, though RFC 8866 has them in the session only. */
const STRAY_LINES = /^[uerpz]=/;

/**
 * Splits a description (RFC 8866, section 5); `null` for a text that is none. Lines may end in LF; an empty one ends the
 * description, as does anything behind it. Only the first letters, `v=0` and the single `o=` are looked at.
 */
export function readSdpText(text: string): SdpText | null {
  const session: string[] = [];
  const media: string[][] = [];
  let at = 0;
  let lines = 0;
  while (at < text.length) {
    const newline = text.indexOf('\n', at);
    let end = newline < 0 ? text.length : newline;
    const next = newline < 0 ? text.length : newline + 1;
    if (end > at && text[end - 1] === '\r') end--;
    const line = text.slice(at, end);
    at = next;
    if (line === '') break;
    if (++lines > MAX_LINES) return null;
    if (lines === 1) {
      if (line !== 'v=0') return null;
    } else if (line.startsWith('v=')) return null;
    if (line.startsWith('m=')) {
      if (media.length === MAX_MEDIA) return null;
      media.push([line]);
      continue;
    }
    const medium = media.at(-1);
    if (!(medium ? MEDIA_LINES.test(line) || STRAY_LINES.test(line) : SESSION_LINES.test(line))) return null;
    (medium ?? session).push(line);
  }
  if (session.filter((line) => line.startsWith('o=')).length !== 1) return null;
  return { session, media };
}

/** The description again; every line ends in CRLF. */
export function writeSdpText({ session, media }: SdpText): string {
  return `${[session, ...media].flat().join('\r\n')}\r\n`;
}

/** The name of an attribute line `a=name` or `a=name:value`, in lower case; `null` for any other line. */
export function attributeName(line: string): string | null {
  if (!line.startsWith('a=')) return null;
  const colon = line.indexOf(':');
  return (colon < 0 ? line.slice(2) : line.slice(2, colon)).toLowerCase();
}

/** The value of an attribute line; empty where it has none. */
export function attributeValue(line: string): string {
  const colon = line.indexOf(':');
  return colon < 0 ? '' : line.slice(colon + 1);
}
