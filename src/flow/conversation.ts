import type { Pipeline } from '../impair/spec.js';
import type { MediaClient } from '../media/link/client.js';
import type { CodecName, Lease, MediaReport } from '../media/link/messages.js';
import type { CallRecord } from '../metrics/call-record.js';
import { CODECS, EVENT_PAYLOAD_TYPE, type SdpCodec } from '../sdp/codecs.js';
import { type Format, offeredFormats, writeDescription } from '../sdp/describe.js';
import type { Agreement } from '../sdp/negotiate.js';
import type { RemoteMedia } from '../sdp/read.js';
import type { ConversationSpec, MediaSpec } from './spec.js';

/** Packet-loss robustness of G.711 by G.113: with and without concealment. */
const BPL = { plc: 25.1, none: 4.3 } as const;

/**
 * How long packets that were under way when our BYE left are waited for. Its response may take 64·T1 to fail to come,
 * and silence after a BYE is no fault.
 */
export const LISTEN_AFTER_BYE_MS = 1000;

/** What a side of a call needs to talk. */
export interface ConversationSetup {
  media: MediaClient;
  mediaSpec: MediaSpec;
  conversation: ConversationSpec;
  uplink: Pipeline;
  downlink: Pipeline;
  /** Address that goes into SDP; the leased one when absent. */
  advertise: string | undefined;
}

/** The media half of one call: a leased port pair, its description, and what is said and heard. */
export class Conversation {
  private closing: Promise<MediaReport | null> | null = null;

  constructor(
    private readonly setup: ConversationSetup,
    readonly call: number,
    private readonly lease: Lease,
    name: string,
    options: { audio?: string; hearDigits?: boolean } = {},
  ) {
    const { conversation, mediaSpec } = setup;
    const session = {
      audio: options.audio ?? conversation.audio,
      ptimeMs: conversation.ptime,
      hearDigits: options.hearDigits ?? true,
      expectAudio: conversation.expectAudio,
      jitterBufferMs: mediaSpec.jitterBuffer,
      mediaTimeoutMs: mediaSpec.timeout,
      bpl: mediaSpec.plc ? BPL.plc : BPL.none,
    };
    setup.media.open(call, lease.pair, name, session, setup.uplink, setup.downlink);
  }

  offer(): string {
    return this.describe(offeredFormats(this.setup.conversation.codecs, true));
  }

  describe(formats: readonly Format[]): string {
    return writeDescription(
      {
        address: this.setup.advertise ?? this.lease.address,
        port: this.lease.rtpPort,
        ptimeMs: this.setup.conversation.ptime,
        sessionId: this.call + 1,
      },
      formats,
    );
  }

  /** Talks to the far end that an answer or offer named. */
  connect(
    remote: RemoteMedia,
    agreement: Agreement,
    accept: Record<number, CodecName | 'telephone-event' | 'CN'>,
    answered: boolean,
  ): void {
    this.setup.media.connect(
      this.call,
      {
        address: remote.address,
        port: remote.port,
        codec: agreement.codec,
        sendPayloadType: agreement.sendPayloadType,
        acceptPayloadTypes: accept,
        eventPayloadType: agreement.eventPayloadType,
      },
      answered,
    );
  }

  sendDigits(digits: string, toneMs: number, gapMs: number): Promise<string> {
    return this.setup.media.sendDigits(this.call, digits, toneMs, gapMs);
  }

  /** Stops sending and goes on listening, because a BYE is about to be sent (RFC 3261 15.1.1). */
  hush(): void {
    this.setup.media.hush(this.call);
  }

  /** Ends the media. Idempotent. */
  close(): Promise<MediaReport | null> {
    this.closing ??= this.setup.media.close(this.call);
    return this.closing;
  }

  /** Ends the media and puts what was heard into the record, or why that is missing. Never rejects. */
  async report(record: CallRecord): Promise<void> {
    record.media = await this.close();
    if (!record.media) record.mediaMissing = 'the media thread did not report in time';
  }
}

/** What an offer of these codecs makes us accept: payload type → codec. */
export function acceptedByOffer(codecs: readonly SdpCodec[]): Record<number, CodecName | 'telephone-event' | 'CN'> {
  const accept: Record<number, CodecName | 'telephone-event' | 'CN'> = {
    13: 'CN',
    [EVENT_PAYLOAD_TYPE]: 'telephone-event',
  };
  for (const name of codecs) accept[CODECS[name].payloadType] = name;
  return accept;
}

/** What an answer makes us accept. */
export function acceptedByAnswer(agreement: Agreement): Record<number, CodecName | 'telephone-event' | 'CN'> {
  const accept: Record<number, CodecName | 'telephone-event' | 'CN'> = {
    13: 'CN',
    [agreement.sendPayloadType]: agreement.codec,
  };
  if (agreement.eventPayloadType !== null) accept[agreement.eventPayloadType] = 'telephone-event';
  return accept;
}
