import type { RelayCodec } from './relayed-media.js';

/** What a controller wants of the codecs; names as in a=rtpmap, with or without clock rate and channels, in any case. */
export interface CodecWishes {
  /** Not passed on; `all` or `full` for any. */
  strip: readonly string[];
  /** As `strip`, towards the receiver of an offer only. */
  mask: readonly string[];
  /** Not meant by `all` and `full`. */
  except: readonly string[];
  /** Put back at the end, though `strip` took them. */
  offer: readonly string[];
}

/** Encodings that go with a codec of the same clock rate. */
const SUPPLEMENTS = new Set(['telephone-event', 'cn']);

/**
 * Codecs of a description without those that are not wanted. A supplement whose clock rate no codec has any more goes as well.
 * Where nothing would be left, everything stays, as with rtpengine: such a description would be of no use to anybody.
 */
export function wantedCodecs(
  codecs: readonly RelayCodec[],
  wishes: CodecWishes,
  unwanted: readonly string[],
): RelayCodec[] {
  if (unwanted.length === 0) return [...codecs];
  const isAny = unwanted.some((name) => /^(all|full)$/i.test(name));
  const kept = codecs.filter((codec) => {
    if (unwanted.some((name) => isNamed(codec, name))) return false;
    return !isAny || wishes.except.some((name) => isNamed(codec, name));
  });
  for (const name of wishes.offer) {
    if (kept.some((codec) => isNamed(codec, name))) continue;
    for (const codec of codecs) if (isNamed(codec, name) && !kept.includes(codec)) putBack(kept, codec);
  }
  const gone = codecs.filter((codec) => !kept.includes(codec));
  const left = withoutStrays(kept, gone);
  return left.length === 0 ? [...codecs] : left;
}

/** At the end, but before what goes with codecs. */
function putBack(kept: RelayCodec[], codec: RelayCodec): void {
  const supplement = isSupplement(codec) ? -1 : kept.findIndex(isSupplement);
  kept.splice(supplement < 0 ? kept.length : supplement, 0, codec);
}

function withoutStrays(kept: readonly RelayCodec[], gone: readonly RelayCodec[]): RelayCodec[] {
  const rates = new Set(kept.filter((codec) => !isSupplement(codec)).map(rateOf));
  const touched = new Set(gone.map(rateOf));
  const areAll = gone.some(isSupplement);
  return kept.filter(
    (codec) => !isSupplement(codec) || rates.has(rateOf(codec)) || !(areAll || touched.has(rateOf(codec))),
  );
}

function isSupplement({ encoding }: RelayCodec): boolean {
  return encoding !== null && SUPPLEMENTS.has(encoding.split('/')[0].toLowerCase());
}

function rateOf({ encoding }: RelayCodec): string {
  return encoding?.split('/')[1] ?? '';
}

/** Whether a codec is meant by a name: `opus`, `opus/48000` and `opus/48000/2` are all opus/48000/2. */
function isNamed({ encoding }: RelayCodec, name: string): boolean {
  if (encoding === null) return false;
  const written = encoding.toLowerCase();
  const wanted = name.toLowerCase();
  if (written === wanted || written.startsWith(`${wanted}/`)) return true;
  return `${written}/1` === wanted;
}
