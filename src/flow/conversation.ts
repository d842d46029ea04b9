import type { CodecName } from '../core/codecs.js';
import type { Pipeline } from '../impair/spec.js';
import type { MediaClient } from '../media/link/client.js';
import type { DtmfReport, Lease, MediaReport } from '../media/link/messages.js';
import type { Said } from '../media/sayings.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { HeardDigit, SentDigit } from '../quality/digits.js';
import { BPL } from '../quality/equipment.js';
import { cnameOf } from '../rtp/cname.js';
import { type LocalMedia, offeredFormats, writeDescription } from '../sdp/describe.js';
import { receives, sends } from '../sdp/direction.js';
import { withSdpFaults } from '../sdp/faults.js';
import { type Exchange, isExchange, type Mismatch, Negotiation } from '../sdp/negotiation.js';
import { agentScript, callerScript } from '../voice/scripts.js';
import type { AgentSpec, TurnsSpec } from '../voice/spec.js';
import { isChosen } from './chosen.js';
import type { InfoMethod } from './dtmf-info.js';
import { identityOf, type ProbeTimes, sayMarkers } from './probing.js';
import { soundName } from './sounds.js';
import type { ConversationSpec, MediaSpec } from './spec.js';
import { expectsSpeech } from './steps/plan.js';
import type { StepDigits } from './steps/step.js';

/** A digit of a list of steps is late when it is heard later than this. */
const LATE_MS = 1000;

/** Where nobody listens (RFC 863). */
const DISCARD_PORT = 9;

/** What a side of a call needs to talk. */
export interface ConversationSetup {
  media: MediaClient;
  mediaSpec: MediaSpec;
  conversation: ConversationSpec & { turns?: TurnsSpec; agent?: AgentSpec };
  uplink: Pipeline;
  downlink: Pipeline;
  /** The other side of the run sends its digits as tones. */
  hearsTones?: boolean;
  /** Notes when the far end speaks. */
  overhears?: boolean;
  /** When markers are said, and that they are listened for; `null` where they are not. */
  probe: ProbeTimes | null;
  /** Address that goes into SDP; the leased one when absent. */
  advertise: string | undefined;
}

/** The media half of one call: a leased port pair, its offers and answers, and what is said and heard. */
export class Conversation {
  /** Digits that went and came by INFO, or went as tones. */
  readonly signalled: { sent: SentDigit[]; heard: HeardDigit[] } = { sent: [], heard: [] };
  /** Told at once what is heard, where a list of steps asks for it. */
  onHeard: ((heard: { kind: 'digit'; digit: string } | { kind: 'speech' | 'silence' }) => void) | null = null;
  /** What is played while nothing else is asked for. */
  private readonly audio: string;
  private readonly hearsDigits: boolean;
  private readonly local: LocalMedia;
  private readonly negotiation: Negotiation;
  /** The last exchange, by which we talk. */
  private agreed: Exchange | null = null;
  private closing: Promise<MediaReport | null> | null = null;

  constructor(
    private readonly setup: ConversationSetup,
    readonly call: number,
    lease: Lease,
    name: string,
    options: { audio?: string; hearDigits?: boolean; expectAudio?: boolean; recordBytes?: number } = {},
  ) {
    const { conversation, mediaSpec } = setup;
    this.hearsDigits = options.hearDigits ?? true;
    this.audio = options.audio ?? soundName(conversation);
    // A side that is to send nothing, or silence, does not talk.
    const turns = options.audio === undefined ? conversation.turns : undefined;
    const session = {
      audio: this.audio,
      ptimeMs: conversation.ptime,
      hearDigits: this.hearsDigits,
      listen: {
        tones: this.hearsDigits && (conversation.inbandDtmf || setup.hearsTones === true),
        markers: setup.probe !== null,
        markerTimes: setup.probe?.heard,
        spans: setup.overhears === true && !turns,
        live: conversation.flow !== undefined,
        speech: expectsSpeech(conversation.flow),
      },
      says: setup.probe ? sayMarkers(setup.probe, call) : undefined,
      recordBytes: options.recordBytes,
      turns: turns && callerScript(turns),
      agent: conversation.agent && options.audio === undefined ? agentScript(conversation.agent) : undefined,
      expectAudio: options.expectAudio ?? conversation.expectAudio,
      jitterBuffer: mediaSpec.jitterBuffer,
      mediaTimeoutMs: mediaSpec.timeout,
      latch: conversation.latch,
      srtp: conversation.srtp.length > 0,
      bpl: mediaSpec.plc ? BPL.plc : BPL.none,
      equipment: mediaSpec.codecs,
      measuresLevels: isChosen(mediaSpec.levels, call),
      rtcp: mediaSpec.rtcp.enabled ? { xr: mediaSpec.rtcp.xr } : undefined,
    };
    this.local = {
      address: setup.advertise ?? lease.address,
      port: lease.rtpPort,
      ptimeMs: conversation.ptime,
      sessionId: call + 1,
      rtcpMux: mediaSpec.rtcp.enabled && mediaSpec.rtcp.mux,
      source: lease.ssrc === undefined ? undefined : { ssrc: lease.ssrc, cname: cnameOf(name, lease.address) },
    };
    this.negotiation = new Negotiation(this.local, conversation.codecs, conversation.srtp, conversation.comfortNoise);
    setup.media.open(call, lease.pair, name, session, setup.uplink, setup.downlink);
    if (conversation.flow !== undefined) setup.media.hear(call, (heard) => this.onHeard?.(heard));
  }

  /** Our description with all codecs that we speak. */
  offer(): string {
    return withSdpFaults(this.negotiation.offer(), this.setup.conversation.sdpFaults);
  }

  /** A description without audio, of a call beside this one. */
  silentOffer(): string {
    const local = { ...this.local, port: DISCARD_PORT, rtcpMux: false, source: undefined };
    return writeDescription(local, offeredFormats(this.setup.conversation.codecs), 'inactive', 1);
  }

  /** Takes the far end's answer to our offer and talks to it; why not, when it is of no use. */
  takeAnswer(sdp: string, answered: boolean): Mismatch | null {
    const result = this.negotiation.takeAnswer(sdp);
    if (!isExchange(result)) return result;
    this.agreed = result;
    this.talk(answered);
    return null;
  }

  /** Our answer to the far end's offer; `null` when there is nothing in it that we speak, and all stays as it was. */
  answer(sdp: string, isWrong = false): string | null {
    const result = isWrong ? this.negotiation.answerWrongly(sdp) : this.negotiation.answer(sdp);
    if (!result) return null;
    this.agreed = result;
    return withSdpFaults(result.answer, this.setup.conversation.sdpFaults);
  }

  /** Why the last offer got no answer. */
  get mismatch(): Mismatch | null {
    return this.negotiation.mismatch;
  }

  /** Sends and hears by the last exchange. `answered` is false for early media. */
  talk(answered: boolean): void {
    if (!this.agreed) return;
    const { remote, agreement, accept, rtcpMux, srtp } = this.agreed;
    this.setup.media.connect(
      this.call,
      {
        address: remote.address,
        port: remote.port,
        rtcp: { ...remote.rtcp, mux: rtcpMux },
        ssrcs: remote.ssrcs,
        codec: agreement.codec,
        sendPayloadType: agreement.sendPayloadType,
        acceptPayloadTypes: accept,
        eventPayloadType: agreement.eventPayloadType,
        comfortPayloadType: agreement.comfortPayloadType ?? undefined,
        srtp: srtp ?? undefined,
        ptimeMs: agreement.ptimeMs,
        sends: sends(agreement.direction),
        hears: receives(agreement.direction),
      },
      answered,
    );
  }

  /** From our next description on the far end is held, or no longer. */
  hold(isHeld: boolean): void {
    this.negotiation.hold(isHeld);
  }

  /** What our next offers list, in place of all our codecs. @returns what it was */
  choose(codecs: readonly CodecName[] | null): readonly CodecName[] | null {
    return this.negotiation.choose(codecs);
  }

  /** Says a sound of the side's, after what is said before; `null` where nothing is being sent. */
  say(sound: string): Promise<Said | null> {
    return this.setup.media.say(this.call, sound);
  }

  /** Sends digits by RFC 4733. */
  sendDigits({ digits, tone, gap, level }: StepDigits): Promise<string> {
    return this.setup.media.sendDigits(this.call, digits, tone, gap, -Math.round(level));
  }

  /** Says digits as tones. @param sound the tones @returns those that were said whole: they count as sent */
  async sayDigits({ digits, tone, gap }: StepDigits, sound: string): Promise<string> {
    const said = await this.setup.media.say(this.call, sound);
    if (said === null) return '';
    const whole = [...digits].filter((_digit, i) => said.startMs + i * (tone + gap) + tone <= said.endMs);
    for (const [i, digit] of whole.entries()) {
      const startMs = said.startMs + i * (tone + gap);
      this.signalled.sent.push({ digit, method: 'inband', startMs, durationMs: tone, status: null });
    }
    return whole.join('');
  }

  /** Plays a sound over and over from now on; `null` for what the side plays otherwise. */
  play(sound: string | null): void {
    this.setup.media.play(this.call, sound ?? this.audio);
  }

  /** A digit came by INFO. */
  hearInfo(digit: string, method: InfoMethod, durationMs: number | null, startMs: number): void {
    if (!this.hearsDigits) return;
    this.onHeard?.({ kind: 'digit', digit });
    this.signalled.heard.push({
      digit,
      method,
      startMs,
      durationMs,
      volumeDbm0: null,
      twistDb: null,
      packets: null,
      hasStart: null,
      hasEnd: null,
      isResumed: false,
    });
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

  /** The digits that the media thread does not know of, in their places. */
  private addSignalled(dtmf: DtmfReport): void {
    const { sent, heard } = this.signalled;
    const { conversation } = this.setup;
    dtmf.lateMs = conversation.dtmf?.late ?? (conversation.flow === undefined ? null : LATE_MS);
    if (sent.length > 0) dtmf.sent = [...dtmf.sent, ...sent].sort((a, b) => a.startMs - b.startMs);
    if (heard.length > 0) dtmf.heard = [...dtmf.heard, ...heard].sort((a, b) => a.startMs - b.startMs);
  }

  /** Ends the media and puts what was heard into the record, or why that is missing. Never rejects. */
  async report(record: CallRecord): Promise<void> {
    const media = await this.close();
    record.media = media;
    const { probe } = this.setup;
    record.saidMarkers =
      probe && media?.saidMs ? { identity: identityOf(probe.side, this.call), startsMs: media.saidMs } : null;
    if (media === null) record.mediaMissing = 'the media thread did not report in time';
    else this.addSignalled(media.dtmf);
  }
}
