import { CODECS } from '../core/codecs.js';
import type { HeardDigit } from '../quality/digits.js';
import type { HeardSpec } from '../quality/heard-spec.js';
import { HeardStream } from '../quality/heard-stream.js';
import { type Listener, PlayedAudio } from '../quality/played-audio.js';
import { isRtp } from '../rtp/packet.js';
import type { HeardNow, MediaRemote, MediaReport, SessionSpec } from './link/messages.js';
import { CallListeners } from './listeners.js';
import type { LiveEars } from './live-ears.js';
import { PacketRecorder } from './packet-recorder.js';
import type { End } from './path.js';
import type { RtpSender } from './sender.js';
import type { TurnTaking } from './turn-taking.js';
import type { PacketMemory } from './udp.js';

/** Payload types taken before the answer tells what was negotiated (RFC 3551, table 4). */
const STATIC_TYPES: MediaRemote['acceptPayloadTypes'] = { 0: 'PCMU', 8: 'PCMA', 9: 'G722', 13: 'CN' };

/** An end of a path that is a local RTP session: it sends what its sender paces, and hears what is delivered. */
export class LocalSession implements End {
  heard: HeardStream;
  private answered = false;
  private answeredAtMs = 0;
  private acceptPayloadTypes = STATIC_TYPES;
  private clockRate = 8000;
  private hears = true;
  private readonly hasSent = (sequence: number, timestamp: number): boolean => this.sender.hasSent(sequence, timestamp);
  private readonly recorder: PacketRecorder | null;
  private readonly listeners: CallListeners;
  private readonly live: LiveEars | null;
  /** Left out where nobody listens. */
  readonly played: PlayedAudio | undefined;

  constructor(
    readonly spec: SessionSpec,
    readonly sender: RtpSender,
    /** Told when the far end has drawn our SSRC, so that we take another one; left out where that cannot be. */
    private readonly onCollision?: () => void,
    /** Of a call that takes turns. */
    private readonly turns: TurnTaking | null = null,
    /** Told what is heard of a call that is listened to live. */
    onHeard: (heard: HeardNow) => void = () => {},
  ) {
    this.recorder = spec.recordBytes === undefined ? null : new PacketRecorder(spec.recordBytes);
    this.listeners = new CallListeners(spec, onHeard);
    this.live = this.listeners.live;
    const all: Listener[] = turns === null ? this.listeners.all : [...this.listeners.all, turns];
    this.played = all.length === 0 ? undefined : new PlayedAudio(all, spec.jitterBuffer);
    this.heard = new HeardStream(this.heardSpec());
  }

  deliver(memory: PacketMemory, offset: number, length: number, dueMs: number): void {
    // An impairment may have broken the header.
    if (!isRtp(memory.bytes, offset, length)) {
      this.heard.onMalformed();
      return;
    }
    this.heard.onRtp(memory.bytes, offset, length, dueMs);
    if (this.live !== null) this.live.onPacket(this.heard.digits, dueMs);
    if (this.recorder !== null) this.recorder.take(memory.bytes, offset, length);
  }

  onMalformed(): void {
    this.heard.onMalformed();
  }

  onWrongSource(): void {
    this.heard.onWrongSource();
  }

  /**
   * Takes over what was negotiated. `strangers` packets that were heard before came from elsewhere than from the far end
   * now known: hearing starts anew and they are counted as of a wrong source. True when the figures start here, so that
   * what came before belongs to none of them.
   */
  connect(remote: MediaRemote, answered: boolean, strangers: number, nowMs: number): boolean {
    this.acceptPayloadTypes = remote.acceptPayloadTypes;
    this.clockRate = CODECS[remote.codec].clockRate;
    this.hears = remote.hears ?? true;
    if (strangers > 0) {
      this.heard.close();
      this.heard = new HeardStream(this.heardSpec());
      this.live?.restart();
      for (let i = 0; i < strangers; i++) this.heard.onWrongSource();
      if (this.answered) this.heard.onAnswer(this.answeredAtMs);
    } else {
      this.heard.configure(this.heardSpec(), nowMs);
    }
    if (!answered || this.answered) return strangers > 0;
    this.answered = true;
    this.answeredAtMs = nowMs;
    this.turns?.talker.onAnswer(nowMs);
    this.listeners.markers?.onAnswer(nowMs);
    this.heard.onAnswer(nowMs);
    return true;
  }

  /** The sender has another SSRC: what comes with the one before is the far end's. */
  changeSsrc(): void {
    this.heard.changeOwnSsrc(this.sender.ssrc);
  }

  get isAnswered(): boolean {
    return this.answered;
  }

  report(endMs: number): Pick<MediaReport, 'sent' | 'heard' | 'dtmf' | 'recording' | 'markers' | 'overheard'> {
    const recording = this.recorder && { packets: this.recorder.packets(), accept: this.acceptPayloadTypes };
    const { sender, heard } = this;
    const { digits } = heard;
    const { tones, markers, speech } = this.listeners;
    tones?.close();
    markers?.close();
    speech?.close();
    const digitsHeard = tones === null ? digits.list() : [...digits.list(), ...tones.list()].sort(byStart);
    const dtmf = { sent: sender.digitsSent(), heard: digitsHeard, unnegotiated: digits.unnegotiated, lateMs: null };
    return {
      sent: sender.report(),
      heard: heard.report(endMs),
      dtmf,
      recording,
      markers: markers?.heard ?? null,
      overheard: speech?.spans,
    };
  }

  /** Gives back what hearing holds beside memory; the report comes before. */
  close(): void {
    this.heard.close();
  }

  private heardSpec(): HeardSpec {
    const { jitterBuffer, mediaTimeoutMs, bpl, equipment, measuresLevels, expectAudio, hearDigits } = this.spec;
    return {
      acceptPayloadTypes: this.acceptPayloadTypes,
      jitterBuffer,
      mediaTimeoutMs,
      bpl,
      equipment,
      measuresLevels,
      expectAudio,
      isHeld: !this.hears,
      hearDigits,
      clockRate: this.clockRate,
      ownSsrc: this.sender.ssrc,
      hasSent: this.hasSent,
      onCollision: this.onCollision,
      played: this.played,
    };
  }
}

function byStart(a: HeardDigit, b: HeardDigit): number {
  return a.startMs - b.startMs;
}
