import { CODECS, type CodecName } from '../core/codecs.js';
import type { SrtpSuite } from '../rtp/srtp-keys.js';
import type { SrtpKeys } from '../rtp/srtp-session.js';
import { COMFORT_NOISE, COMFORT_NOISE_TYPE, codecOf } from './codecs.js';
import { type Carriage, type Format, formatOf, type LocalMedia, offeredFormats, writeDescription } from './describe.js';
import type { Direction } from './direction.js';
import { Keying } from './keying.js';
import { type Agreement, agreeAsAnswerer, agreeAsOfferer, type Wishes } from './negotiate.js';
import { NO_OTHERS, type RemoteMedia, readDescription } from './read.js';

/** What a payload type that we receive carries. */
export type Payload = CodecName | 'telephone-event' | 'CN';

/** The result of an exchange: where to send to, what was agreed on, and what may come. */
export interface Exchange {
  remote: RemoteMedia;
  agreement: Agreement;
  /** Payload type → what it carries, by our own description. */
  accept: Readonly<Record<number, Payload>>;
  /** RTCP goes over the port of RTP, because both sides can (RFC 5761, section 5.1). */
  rtcpMux: boolean;
  /** What RTP and RTCP are protected with; `null` where they are not. */
  srtp: SrtpKeys | null;
}

/** Why an offer or answer is of no use: no codec in common, or no agreement on SRTP. */
export interface Mismatch {
  cause: 'codec' | 'srtp';
  reason: string;
}

/**
 * Offers and answers of one dialog (RFC 3264). It keeps what must not change from one exchange to the next: the session's
 * id, the places of its streams, the codec of each payload type, and our keys. The version of the o= line grows with every description that differs from the
 * one before.
 */
export class Negotiation {
  private version = 0;
  private written = '';
  /** What our last description lists. */
  private formats: readonly Format[] = [];
  private offered: readonly CodecName[];
  private wish: Direction = 'sendrecv';
  /** What is offered in place of all our codecs. */
  private chosen: readonly CodecName[] | null = null;
  private readonly keying: Keying;
  /** Streams that the far end offered besides: they keep their places in each description after (RFC 3264 8). */
  private others = NO_OTHERS;
  /** Why the last offer got no answer. */
  mismatch: Mismatch | null = null;

  /**
   * @param suites SRTP suites in order of preference: SRTP only; none: RTP without protection only
   * @param comfortNoise whether comfort noise is sent in place of silence, where the far end takes it
   */
  constructor(
    private readonly local: LocalMedia,
    private readonly codecs: readonly CodecName[],
    suites: readonly SrtpSuite[] = [],
    private readonly comfortNoise = false,
  ) {
    this.offered = codecs;
    this.keying = new Keying(suites);
  }

  /** A description that offers all our codecs, or those that were chosen. */
  offer(): string {
    this.offered = this.chosen ?? this.codecs;
    const formats = this.formats.length === 0 ? this.allFormats() : this.stable();
    const listed = this.chosen === null ? formats : only(formats, this.chosen, this.comfortNoise);
    const text = this.describe(listed, this.wish, this.local.rtcpMux === true, this.keying.offer());
    // What was agreed on before may still come (RFC 3264 8.3.2), and payload types keep their meaning.
    this.formats = formats;
    return text;
  }

  /** What our next offers list, in this order; `null`: all our codecs. @returns what it was */
  choose(codecs: readonly CodecName[] | null): readonly CodecName[] | null {
    const before = this.chosen;
    this.chosen = codecs;
    return before;
  }

  /** The far end's answer to our last offer. */
  takeAnswer(text: string): Exchange | Mismatch {
    const remote = readDescription(text);
    if (!remote || remote.port === 0) return { cause: 'codec', reason: 'answered without an audio stream' };
    const keyed = this.keying.takeAnswer(remote);
    if ('reason' in keyed) return { cause: 'srtp', reason: keyed.reason };
    const agreement = agreeAsOfferer(this.wishes(this.offered), remote);
    if (!agreement)
      return { cause: 'codec', reason: `answered with ${remote.encodings.join(', ')}, none of which was offered` };
    const { srtp } = keyed;
    return { remote, agreement, accept: acceptedBy(this.formats), rtcpMux: this.muxesWith(remote), srtp };
  }

  /** Our answer to the far end's offer; `null` when there is nothing in it that we speak (see `mismatch`). */
  answer(text: string): (Exchange & { answer: string }) | null {
    return this.answerWith(text, false);
  }

  /** An answer that names a codec of ours that was not offered, or one that nobody offered: the fault of a far end. */
  answerWrongly(text: string): (Exchange & { answer: string }) | null {
    return this.answerWith(text, true);
  }

  private answerWith(text: string, isWrong: boolean): (Exchange & { answer: string }) | null {
    const remote = readDescription(text, (protocol) => this.keying.speaks(protocol));
    if (!remote || remote.port === 0) return this.refuse('codec', 'offered no audio stream');
    const keyed = this.keying.answer(remote);
    if ('reason' in keyed) return this.refuse('srtp', keyed.reason);
    const agreed = agreeAsAnswerer(this.wishes(this.codecs), remote);
    if (!agreed) return this.refuse('codec', `offered ${remote.encodings.join(', ')}, none of which is spoken`);
    const { agreement } = agreed;
    const accept = acceptedBy(agreed.formats);
    const rtcpMux = this.muxesWith(remote);
    const formats = isWrong ? [unoffered(remote)] : agreed.formats;
    if (isWrong) agreement.sendPayloadType = formats[0].payloadType;
    this.others = remote.others;
    const answer = this.describe(formats, agreement.direction, rtcpMux, keyed.carriage);
    return { remote, agreement, accept, rtcpMux, srtp: keyed.srtp, answer };
  }

  private refuse(cause: Mismatch['cause'], reason: string): null {
    this.mismatch = { cause, reason };
    return null;
  }

  /** Puts the far end on hold, or takes it back (RFC 3264 8.4): takes effect with our next description. */
  hold(isHeld: boolean): void {
    this.wish = isHeld ? 'sendonly' : 'sendrecv';
  }

  /** Both sides have to say that they can (RFC 5761, section 5.1.1). */
  private muxesWith(remote: RemoteMedia): boolean {
    return this.local.rtcpMux === true && remote.rtcpMux;
  }

  private wishes(codecs: readonly CodecName[]): Wishes {
    return { codecs, ptimeMs: this.local.ptimeMs, direction: this.wish, comfortNoise: this.comfortNoise };
  }

  private allFormats(): readonly Format[] {
    return offeredFormats(this.codecs, this.comfortNoise);
  }

  /** Our codecs again, those that already have a payload type under it, no type with two meanings. */
  private stable(): Format[] {
    const formats = [...this.formats];
    for (const format of this.allFormats()) {
      const isKnown = formats.some((f) => f.encoding === format.encoding);
      const isTaken = formats.some((f) => f.payloadType === format.payloadType);
      if (!isKnown && !isTaken) formats.push(format);
    }
    const isCodec = ({ encoding }: Format): boolean => codecOf(encoding) !== null;
    return [...formats.filter(isCodec), ...formats.filter((format) => !isCodec(format))];
  }

  private describe(formats: readonly Format[], direction: Direction, rtcpMux: boolean, carriage: Carriage): string {
    this.formats = formats;
    const local = { ...this.local, rtcpMux, carriage, others: this.others };
    if (this.written !== '') {
      const same = writeDescription(local, formats, direction, this.version);
      if (same === this.written) return same;
    }
    this.written = writeDescription(local, formats, direction, ++this.version);
    return this.written;
  }
}

/** The formats of these codecs, in their order, and what goes with them. */
function only(formats: readonly Format[], codecs: readonly CodecName[], comfortNoise: boolean): Format[] {
  const wanted = offeredFormats(codecs, comfortNoise);
  return wanted.flatMap(({ encoding }) => formats.find((format) => format.encoding === encoding) ?? []);
}

/** Whether an answer could be used. */
export function isExchange(result: Exchange | Mismatch): result is Exchange {
  return 'agreement' in result;
}

/** A codec of ours that the far end did not offer, or one that nobody offers. */
function unoffered({ encodings }: RemoteMedia): Format {
  if (!encodings.includes('G722/8000')) return formatOf('G722', CODECS.G722.payloadType);
  return encodings.includes('G729/8000')
    ? { payloadType: 3, encoding: 'GSM/8000' }
    : { payloadType: 18, encoding: 'G729/8000' };
}

const accepted = new WeakMap<readonly Format[], Exchange['accept']>();

function acceptedBy(formats: readonly Format[]): Exchange['accept'] {
  const known = accepted.get(formats);
  if (known) return known;
  const accept: Record<number, Payload> = { [COMFORT_NOISE_TYPE]: 'CN' };
  accepted.set(formats, accept);
  for (const { payloadType, encoding } of formats) {
    const codec = codecOf(encoding);
    if (codec !== null) accept[payloadType] = codec;
    else if (encoding.startsWith('telephone-event/')) accept[payloadType] = 'telephone-event';
    else if (encoding === COMFORT_NOISE) accept[payloadType] = 'CN';
  }
  return accept;
}
