import { parse } from 'sdp-transform';
import { CODECS, type SdpCodec } from './codecs.js';

/** What the far end's description says of its audio stream. */
export interface RemoteMedia {
  address: string;
  /** 0 when the stream was refused. */
  port: number;
  /** Codecs that we know, in the far end's order, with the far end's payload types. */
  codecs: { name: SdpCodec; payloadType: number }[];
  /** All encodings as written, for the record of a mismatch. */
  encodings: string[];
  eventPayloadType: number | null;
  direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
}

const STATIC_NAMES = new Map<number, string>([
  [0, 'PCMU/8000'],
  [3, 'GSM/8000'],
  [4, 'G723/8000'],
  [8, 'PCMA/8000'],
  [9, 'G722/8000'],
  [13, 'CN/8000'],
  [15, 'G728/8000'],
  [18, 'G729/8000'],
]);

/** Reads the first audio stream of a description; `null` when there is none or the text is no SDP. */
export function readDescription(text: string): RemoteMedia | null {
  let session: ReturnType<typeof parse>;
  try {
    session = parse(text);
  } catch {
    return null;
  }
  const audio = session.media?.find((m) => m.type === 'audio');
  if (!audio) return null;
  const address = audio.connection?.ip ?? session.connection?.ip;
  if (!address || !Number.isInteger(audio.port)) return null;

  const names = new Map<number, string>();
  for (const map of audio.rtp ?? []) names.set(map.payload, `${map.codec}/${map.rate ?? 8000}`);
  const codecs: RemoteMedia['codecs'] = [];
  const encodings: string[] = [];
  let eventPayloadType: number | null = null;
  for (const token of String(audio.payloads ?? '').split(' ')) {
    const payloadType = Number(token);
    if (token === '' || !Number.isInteger(payloadType)) continue;
    const encoding = names.get(payloadType) ?? STATIC_NAMES.get(payloadType) ?? `unknown-${payloadType}`;
    encodings.push(encoding);
    const [name, rate] = encoding.split('/');
    const upper = name.toUpperCase();
    if (upper === 'TELEPHONE-EVENT' && rate === '8000') eventPayloadType ??= payloadType;
    else if (upper in CODECS && rate === '8000') codecs.push({ name: upper as SdpCodec, payloadType });
  }
  const direction = (audio.direction ?? session.direction ?? 'sendrecv') as RemoteMedia['direction'];
  return { address, port: audio.port, codecs, encodings, eventPayloadType, direction };
}
