import { CODECS, isOpaque } from '../core/codecs.js';
import { deriveSeed } from '../core/rng.js';
import { AudioTap } from '../impair/audio-tap.js';
import { ImpairmentPipeline } from '../impair/pipeline.js';
import type { SharedImpairments } from '../impair/shared-impairments.js';
import type { Pipeline } from '../impair/spec.js';
import { isRtcp } from '../rtp/packet.js';
import { rtcpPortOf } from '../rtp/rtcp-port.js';
import { SrtpSession } from '../rtp/srtp-session.js';
import { eventOfDigit } from '../rtp/telephone-event.js';
import type { Mouth } from '../voice/talker.js';
import type { Span } from '../voice/turns.js';
import { formatAddress, parseAddress } from './addresses.js';
import { Announcing } from './announcing.js';
import type { AudioLibrary } from './audio-library.js';
import { CallRtcp, type RtcpRoute, type RtcpSurroundings } from './call-rtcp.js';
import type { DelayQueue } from './delay-queue.js';
import { LoggedDirection } from './fate-log.js';
import type { HeardNow, MediaRemote, MediaReport, SessionSpec } from './link/messages.js';
import { Listening } from './listening.js';
import { GRAIN_MS, type PacingWheel } from './pacing-wheel.js';
import type { PacketLog } from './packet-log.js';
import { Direction, type End } from './path.js';
import type { PortPair } from './ports.js';
import type { Said } from './sayings.js';
import { RtpSender } from './sender.js';
import { LocalSession } from './session.js';
import { TurnTaking } from './turn-taking.js';
import type { PacketMemory, UdpPort } from './udp.js';
import { type SourceWatcher, UdpEnd } from './udp-end.js';

/** How long the delayed packets of a closed call are waited for at most. */
const MAX_DRAIN_MS = 1000;

/** What all calls of a plane share. */
export interface CallSurroundings {
  seed: number;
  audio: AudioLibrary;
  queue: DelayQueue;
  shared: SharedImpairments;
  wheel: PacingWheel;
  /** Room for one packet of a sender, and for one that is protected. */
  scratch: PacketMemory;
  sealed: PacketMemory;
  rtcp: RtcpSurroundings;
  /** What becomes of each packet; `null` where it is not logged. */
  log: PacketLog | null;
  /** A call that is listened to live heard something. */
  onHeard(call: number, heard: HeardNow): void;
  /** A further port at an address; `null` where there is none. */
  spare(address: string): UdpPort | null;
}

/** What `open` says about a call. */
export interface CallSpec {
  call: number;
  /** Names the call's random decisions. */
  name: string;
  session: SessionSpec;
  uplink: Pipeline;
  downlink: Pipeline;
}

/** A call's path: local session ⇄ UDP port, with an impairment pipeline each way. */
export class MediaCall implements SourceWatcher, Mouth {
  readonly id: number;
  readonly session: LocalSession;
  readonly uplink: Direction;
  readonly downlink: Direction;
  /** `null` where there is none. */
  readonly rtcp: CallRtcp | null;
  /** Datagrams that were no RTP. */
  malformed = 0;
  private readonly sender: RtpSender;
  /** `null` where nobody listens to what is received. */
  private readonly listening: Listening | null;
  private readonly turns: TurnTaking | null;
  /** `null` before the answer, and where nothing is to be said again and again. */
  private announcing: Announcing | null = null;
  private readonly end: UdpEnd;
  /** `null` for RTP without protection. */
  private readonly srtp: SrtpSession | null;
  private remote: MediaRemote | null = null;
  private hushed = false;
  /** What is played over and over. */
  private audio: string;
  private digitRequests: { from: number; to: number }[] = [];
  private digitsRequested = 0;
  private closedAtMs: number | null = null;
  /** Ports that RTP went over to, one after the other. */
  readonly spares: UdpPort[] = [];

  /** @param phase where in the packet interval this call's packets leave, 0–1 */
  constructor(
    readonly pair: PortPair,
    private readonly spec: CallSpec,
    private readonly around: CallSurroundings,
    private readonly phase: number,
  ) {
    this.id = spec.call;
    this.audio = spec.session.audio;
    const { seed, queue } = around;
    const [up, down] = [new AudioTap(), new AudioTap()];
    const pipelineOf = (stages: Pipeline, direction: string, taps: { own: AudioTap; other: AudioTap }) =>
      new ImpairmentPipeline(stages, deriveSeed(seed, spec.name, direction), around.shared, null, taps);
    const uplink = pipelineOf(spec.uplink, 'uplink', { own: up, other: down });
    const downlink = pipelineOf(spec.downlink, 'downlink', { own: down, other: up });
    this.srtp = spec.session.srtp ? new SrtpSession() : null;
    for (const pipeline of [uplink, downlink]) pipeline.setSealed(this.srtp !== null);
    const protection = this.srtp && { session: this.srtp, scratch: around.sealed };
    const directionOf = (pipeline: ImpairmentPipeline, stages: Pipeline, target: End, side: number): Direction =>
      around.log === null
        ? new Direction(pipeline, stages, queue, target)
        : new LoggedDirection(pipeline, stages, queue, target, around.log.fatesOf(spec.call, side));
    this.end = new UdpEnd(pair.rtp, this, spec.session.latch, protection);
    this.uplink = directionOf(uplink, spec.uplink, this.end, 0);
    const { address, ssrc } = pair.lease;
    this.sender = new RtpSender(deriveSeed(seed, spec.name), spec.session.ptimeMs, around.scratch, this.uplink, ssrc);
    // The SSRC of a shared port is announced, and nobody else's there.
    const onCollision = ssrc === undefined ? () => this.changeSsrc() : undefined;
    this.turns = TurnTaking.open(spec.session, deriveSeed(seed, spec.name, 'turns'), this);
    this.sender.talker = this.turns?.talker ?? null;
    this.session = new LocalSession(spec.session, this.sender, onCollision, this.turns, (heard) =>
      around.onHeard(this.id, heard),
    );
    this.downlink = directionOf(downlink, spec.downlink, this.session, 1);
    this.downlink.expectSpan();
    const { played } = this.session;
    this.listening = played ? new Listening(played, around.wheel.nextGrainMs) : null;
    if (this.listening !== null) around.wheel.add(this.listening);
    this.end.inbound = this.downlink;
    pair.rtp.sink = this.end;
    this.rtcp = spec.session.rtcp
      ? new CallRtcp(
          spec.name,
          address,
          this.sender,
          this.session,
          spec.session.rtcp.xr,
          { outbound: uplink, inbound: downlink },
          this.srtp,
          around.rtcp,
        )
      : null;
    if (this.rtcp !== null) pair.rtcp.sink = this.rtcp;
  }

  onNoRtp(
    memory: PacketMemory,
    offset: number,
    length: number,
    arrivalMs: number,
    sourceIp: number,
    sourcePort: number,
  ): void {
    if (this.rtcp !== null && this.remote?.rtcp?.mux && isRtcp(memory.bytes, offset, length)) {
      this.rtcp.onDatagram(memory, offset, length, arrivalMs, sourceIp, sourcePort);
      return;
    }
    this.malformed++;
    this.session.onMalformed();
  }

  onWrongSource(): void {
    this.session.onWrongSource();
  }

  /** The port of RTP changes, that of RTCP does not unless they are one. A share of a port has no other. */
  onRebind(): UdpPort | null {
    const { address, ssrc } = this.pair.lease;
    const spare = ssrc === undefined ? this.around.spare(address) : null;
    if (spare === null) return null;
    this.spares.push(spare);
    spare.sink = this.end;
    if (this.remote?.rtcp?.mux) this.rtcp?.sendFrom(spare);
    return spare;
  }

  onUnopened(): void {
    this.session.heard.onUnopened();
  }

  onUnauthenticated(): void {
    this.session.heard.onUnauthenticated();
  }

  onReplayed(): void {
    this.session.heard.onReplayed();
  }

  /** The far end has drawn our SSRC, and goes on with it: we take another one (RFC 3550, section 8.2). */
  private changeSsrc(): void {
    const draw = (): void => this.sender.changeSsrc();
    if (this.rtcp === null) draw();
    else this.rtcp.changeSsrc(draw);
    this.session.changeSsrc();
  }

  onLatched(ip: number, port: number): void {
    if (this.remote?.rtcp?.mux) this.rtcp?.moveTo(ip, port);
  }

  /** Sets the far end and starts sending. A far end without a usable address and port is never sent to. */
  connect(remote: MediaRemote, answered: boolean, nowMs: number): void {
    if (this.closedAtMs !== null) return;
    this.remote = remote;
    if (this.srtp !== null && remote.srtp) this.srtp.use(remote.srtp);
    const ip = this.addressOf(remote.address);
    // The answer after early media does not start latching anew, a later description does.
    const isAnew = this.session.isAnswered;
    // An address of zeros is an old way to put on hold (RFC 3264 8.4): nothing goes there, and the far end is where it was.
    const isHeld = ip === 0;
    const strangers = ip === null || isHeld ? 0 : this.end.aim(ip, remote.port, isAnew);
    const announced = remote.ssrcs ?? [];
    if (!isHeld) this.pair.rtp.expect?.(ip ?? 0, ip === null ? 0 : remote.port, announced, nowMs);
    if (this.session.connect(remote, answered, strangers, nowMs)) this.downlink.startSpan(!this.session.isAnswered);
    if (answered) this.announce(nowMs);
    const { clockRate } = CODECS[remote.codec];
    const sent: MediaRemote['acceptPayloadTypes'] = { [remote.sendPayloadType]: remote.codec };
    if (remote.comfortPayloadType !== undefined) sent[remote.comfortPayloadType] = 'CN';
    this.uplink.pipeline.setFormat(remote.eventPayloadType, sent, clockRate);
    this.downlink.pipeline.setFormat(null, remote.acceptPayloadTypes, clockRate);
    if (this.rtcp !== null) {
      const route = this.rtcpRoute(remote);
      this.rtcp.connect(route, isAnew, clockRate, nowMs);
      if (route.from === this.pair.rtcp && !isHeld) this.pair.rtcp.expect?.(route.ip, route.port, announced, nowMs);
    }
    this.talk(remote, nowMs);
  }

  private announce(nowMs: number): void {
    const { says } = this.spec.session;
    if (says === undefined || this.announcing !== null) return;
    this.announcing = new Announcing(says, nowMs, (onSaid) => this.say(says.sound, onSaid));
    this.around.wheel.add(this.announcing);
  }

  /** Plays a sound over and over, from its beginning; `none` for no RTP. */
  play(sound: string, nowMs: number): void {
    this.audio = sound;
    if (this.closedAtMs !== null || this.remote === null) return;
    this.talk(this.remote, nowMs);
    this.sender.rewind();
  }

  /** Sends what is to be played where and how the far end takes it, or nothing. */
  private talk(remote: MediaRemote, nowMs: number): void {
    const ip = this.addressOf(remote.address);
    const { audio } = this;
    if (this.hushed || remote.sends === false || audio === 'none' || ip === null || ip === 0 || remote.port === 0) {
      this.sender.stop();
      return;
    }
    const ptimeMs = remote.ptimeMs ?? this.spec.session.ptimeMs;
    const frames = this.around.audio.get(audio, remote.codec, ptimeMs);
    const { clockRate } = CODECS[remote.codec];
    const { eventPayloadType, comfortPayloadType } = remote;
    this.sender.setFormat(frames, remote.sendPayloadType, eventPayloadType, clockRate, ptimeMs, comfortPayloadType);
    if (this.sender.sending) return;
    this.sender.start(this.firstSlotMs(nowMs));
    if (this.sender.isPaced) return;
    this.sender.isPaced = true;
    this.around.wheel.add(this.sender);
  }

  /** Puts other impairments in the place of those that there are, from the next packet on. */
  impair(uplink: Pipeline, downlink: Pipeline, name: string, nowMs: number): void {
    if (this.closedAtMs !== null) return;
    this.uplink.replace(uplink, name, nowMs);
    this.downlink.replace(downlink, name, nowMs);
    this.uplink.settle();
  }

  /** Queues digits; false when they cannot be sent: no telephone-event negotiated, or nothing is being sent. */
  sendDigits(digits: string, toneMs: number, gapMs: number, volume?: number): boolean {
    if (!this.sender.sending || !this.sender.sendDigits(digits, toneMs, gapMs, volume)) return false;
    let events = 0;
    for (const digit of digits) if (eventOfDigit(digit) !== null) events++;
    this.digitRequests.push({ from: this.digitsRequested, to: this.digitsRequested + events });
    this.digitsRequested += events;
    return true;
  }

  get awaitsDigits(): boolean {
    return this.digitRequests.length > 0;
  }

  /** The digits of the oldest request once they have all been sent; `null` before. After a close, those that were. */
  takeSentDigits(): string | null {
    const request = this.digitRequests[0];
    if (request === undefined) return null;
    const sent = this.sender.sentDigits;
    if (sent.length < request.to && this.closedAtMs === null) return null;
    this.digitRequests.shift();
    return sent.slice(request.from, request.to);
  }

  /** Says a sound once, and tells when that is over; false when nothing is being sent, or by a codec that is not encoded here. */
  say(sound: string, onSaid: (said: Said) => void): boolean {
    const { remote, sender } = this;
    if (!sender.sending || remote === null || isOpaque(remote.codec)) return false;
    sender.say(this.around.audio.get(sound, remote.codec, sender.ptimeMs), onSaid);
    return true;
  }

  /** Stops what is being said. */
  stop(): void {
    this.sender.stopSaying();
  }

  speechIn(sound: string): Span | null {
    const { remote } = this;
    return remote === null || isOpaque(remote.codec) ? null : this.around.audio.speechIn(sound, remote.codec);
  }

  /** Stops sending for good and says so by RTCP, whatever a later description says. */
  hush(): void {
    this.hushed = true;
    this.sender.stop();
    this.rtcp?.end();
  }

  /** Stops sending. What already waits in the socket is still heard. */
  close(nowMs: number): void {
    if (this.closedAtMs !== null) return;
    this.closedAtMs = nowMs;
    this.announcing?.end();
    this.sender.stop();
    this.rtcp?.end();
  }

  /**
   * Called once a tick after `close`, when the sockets have been read: takes nothing new from the far end and lets the
   * delayed packets go. True when none is left or the time is up.
   */
  drained(nowMs: number): boolean {
    this.rtpPort.sink = null;
    if (this.uplink.inFlight + this.downlink.inFlight === 0) return true;
    return nowMs - (this.closedAtMs ?? nowMs) >= MAX_DRAIN_MS;
  }

  get packetsSent(): number {
    return this.sender.packetsSent;
  }

  get slotsSkipped(): number {
    return this.sender.slotsSkipped;
  }

  report(nowMs: number): MediaReport {
    const { remote, end } = this;
    this.listening?.end(this.closedAtMs ?? nowMs);
    return {
      localAddress: this.pair.lease.address,
      localPort: this.pair.lease.rtpPort,
      remoteAddress: remote?.address ?? null,
      remotePort: remote?.port ?? null,
      latched: end.isElsewhere ? { address: formatAddress(end.remoteIp), port: end.remotePort } : null,
      codec: remote?.codec ?? null,
      srtp: this.srtp?.suite ?? null,
      ...this.session.report(this.closedAtMs ?? nowMs),
      talk: this.turns?.report(),
      saidMs: this.announcing?.startsMs,
      rtcp: this.rtcp === null ? null : this.rtcp.report(),
      truth: { uplink: this.uplink.pipeline.truth.snapshot(), downlink: this.downlink.pipeline.truth.snapshot() },
    };
  }

  /** The number of an address that our sockets can send to; `null` for one of the other family. */
  private addressOf(text: string): number | null {
    return text.includes(':') === this.pair.lease.address.includes(':') ? parseAddress(text) : null;
  }

  /** What RTP is sent from now. */
  private get rtpPort(): UdpPort {
    return this.spares.at(-1) ?? this.pair.rtp;
  }

  private rtcpRoute(remote: MediaRemote): RtcpRoute {
    const { address, port, mux } = remote.rtcp ?? {
      address: remote.address,
      port: rtcpPortOf(remote.port),
      mux: false,
    };
    const { end, pair } = this;
    const ip = this.addressOf(mux ? remote.address : address);
    if (ip === null || ip === 0 || remote.port === 0 || (port === 0 && !mux))
      return { from: pair.rtcp, ip: 0, port: 0, latching: 'off' };
    // Over the port of RTP it goes to where RTP goes.
    if (mux) return { from: this.rtpPort, ip: end.remoteIp, port: end.remotePort, latching: 'off' };
    return { from: pair.rtcp, ip, port, latching: this.spec.session.latch ?? 'off' };
  }

  private firstSlotMs(nowMs: number): number {
    const { ptimeMs } = this.sender;
    const phaseMs = Math.floor((this.phase * ptimeMs) / GRAIN_MS) * GRAIN_MS;
    return Math.ceil((nowMs - phaseMs) / ptimeMs) * ptimeMs + phaseMs;
  }
}
