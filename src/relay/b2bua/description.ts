import { isIPv6 } from 'node:net';
import { isRtp, isUnspecified, type RelayedMedia, readRelayedMedia } from '../../sdp/relayed-media.js';
import { attributeName, readSdpText, writeSdpText } from '../../sdp/sdp-text.js';

/** Where the relay takes RTP; RTCP at the port above, or at the same one where both sides can (RFC 5761). */
export interface RelayPlace {
  address: string;
  port: number;
}

/** What would lead media past the relay, or ties media together that it does not carry: ICE, DTLS, BUNDLE. */
const TAKEN_OUT = new Set([
  'candidate',
  'end-of-candidates',
  'remote-candidates',
  'ice-lite',
  'ice-options',
  'ice-pwd',
  'ice-ufrag',
  'ice-pacing',
  'ice-mismatch',
  'fingerprint',
  'setup',
  'tls-id',
  'group',
  'rtcp',
]);

/** Profiles whose keys are agreed on by DTLS: such media are refused, because nobody could agree on them through a relay. */
const BY_DTLS = /TLS/i;

/**
 * A description as the other side is to get it: the first audio stream at the relay's place, all other media refused
 * (port 0). Formats, packet interval, direction, keys (a=crypto) and whatever else is said of the stream stay as they are.
 * An address of 0.0.0.0 is a hold (RFC 2543) and stays. A text that is no description stays as it is, for the other side to
 * refuse.
 */
export function relayed(text: string, place: RelayPlace): { text: string; audio: RelayedMedia | null } {
  const sdp = readSdpText(text);
  const media = sdp && readRelayedMedia(sdp);
  if (!sdp || !media) return { text, audio: null };
  const index = media.findIndex(
    ({ type, protocol, port }) => type === 'audio' && port !== 0 && isRtp(protocol) && !BY_DTLS.test(protocol),
  );
  const audio = media[index] ?? null;
  const isHold = audio !== null && audio.address !== null && isUnspecified(audio.address);
  const connection = `c=IN ${isIPv6(place.address) ? 'IP6' : 'IP4'} ${isHold ? audio.address : place.address}`;
  const written = sdp.media.map((lines, i) => {
    const kept = lines.slice(1).filter((line) => !line.startsWith('c=') && !isTakenOut(line));
    return [withPort(lines[0], i === index ? place.port : 0), ...kept];
  });
  return { text: writeSdpText({ session: withConnection(sdp.session, connection), media: written }), audio };
}

function isTakenOut(line: string): boolean {
  const name = attributeName(line);
  return name !== null && TAKEN_OUT.has(name);
}

function withPort(line: string, port: number): string {
  return line.replace(/^(m=\S+) \S+/, `$1 ${port}`);
}

/** The session's lines with that c= line, which stands before those of bandwidth and time (RFC 8866 5). */
function withConnection(lines: readonly string[], connection: string): string[] {
  const kept = lines.filter((line) => !line.startsWith('c=') && !isTakenOut(line));
  const at = kept.findIndex((line) => /^[btrzka]=/.test(line));
  kept.splice(at < 0 ? kept.length : at, 0, connection);
  return kept;
}
