import { takeNumbers } from '../core/number-block.js';
import { isRtcp, payloadTypeOf, ssrcOf } from '../rtp/packet.js';
import { rtcpPortOf } from '../rtp/rtcp-port.js';
import { SrtpSession } from '../rtp/srtp-session.js';
import { formatAddress, parseAddress } from './addresses.js';
import { type FateLog, settleFate } from './fate-log.js';
import type { RelayBlocks, RelayEndReport, RelayRemote, RelayStream } from './link/relay-messages.js';
import type { Direction, End } from './path.js';
import type { PortPair } from './ports.js';
import { DirectionBlocks } from './relay-blocks.js';
import { RelayRtcp } from './relay-rtcp.js';
import type { PacketMemory, UdpPort } from './udp.js';
import { type Entrance, type SourceWatcher, UdpEnd } from './udp-end.js';

/** Streams of one end that are told apart. */
const MOST_STREAMS = 8;

// Where the numbers of an end lie, all of which each packet touches.
const LAST_MS = 0;
const RECEIVED = 1;
const RECEIVED_BYTES = 2;
const SENT = 3;
const SENT_BYTES = 4;
const SSRC = 5;
const END_NUMBERS = 6;

/**
 * One end of a relayed call: its port pair, the far end behind it, and the figures of both. RTP that is taken from the far
 * end enters the path here; what comes out of the path at the other end is sent from there.
 */
export class RelayEnd implements End, Entrance, SourceWatcher {
  /** The direction that starts here. */
  private outbound: Direction | null = null;
  readonly rtcp: RelayRtcp;
  /** What of that a door has blocked; `null` until one does. */
  private blocks: DirectionBlocks | null = null;
  wrongSource = 0;
  malformed = 0;
  unopened = 0;
  private unsendable = 0;
  private readonly udp: UdpEnd;
  private readonly srtp = new SrtpSession();
  private remote: RelayRemote | null = null;
  private readonly streams: RelayStream[] = [];
  /** The stream of the last packet. */
  private stream: RelayStream | null = null;
  private readonly numbers: Float64Array;
  private readonly at: number;

  /**
   * @param rtp what RTP is sent by, and `rtcp` what RTCP is sent by: the ports of the pair, or what captures on the way
   * @param scratch room for one protected packet, shared by all
   */
  constructor(
    readonly pair: PortPair,
    rtp: UdpPort,
    rtcp: UdpPort,
    private readonly scratch: PacketMemory,
    private readonly fates: FateLog | null,
    /** A port for RTP in place of the one that there is, which this end listens at already; `null` where there is none. */
    private readonly takeOther: () => UdpPort | null,
  ) {
    const { numbers, at } = takeNumbers(END_NUMBERS);
    this.numbers = numbers;
    this.at = at;
    numbers[at + SSRC] = -1;
    this.udp = new UdpEnd(rtp, this);
    this.udp.inbound = this;
    this.rtcp = new RelayRtcp(this, rtp, rtcp, this.srtp, scratch);
  }

  /** What listens at the RTP port. */
  get sink(): UdpEnd {
    return this.udp;
  }

  /** Sets the direction that starts here. */
  start(direction: Direction): void {
    this.outbound = direction;
    this.rtcp.pipeline = direction.pipeline;
  }

  /** Sets or replaces the far end. The same description again changes nothing that was learned. */
  connect(remote: RelayRemote): void {
    const before = this.remote;
    this.remote = remote;
    if (remote.srtp) this.srtp.use(remote.srtp);
    this.blocks?.setFormat(remote.payloadTypes);
    const latching = remote.latch ?? 'off';
    const protection = remote.srtp ? { session: this.srtp, scratch: this.scratch } : null;
    this.udp.configure(latching, remote.strictSource ?? true, protection);
    const ip = remote.rtp && this.addressOf(remote.rtp.address);
    if (remote.rtp === null) this.udp.await();
    else this.udp.aim(ip ?? 0, ip === null || ip === 0 ? 0 : remote.rtp.port, latching !== (before?.latch ?? 'off'));
    const rtcp = remote.rtcp ?? (remote.rtp && { address: remote.rtp.address, port: rtcpPortOf(remote.rtp.port) });
    if (rtcp === 'mux') this.rtcp.mux();
    else this.rtcp.aim(rtcp === null ? 0 : (this.addressOf(rtcp.address) ?? 0), rtcp?.port ?? 0, remote);
  }

  /** Whether the far end sends and takes RTCP on the port of RTP. */
  get muxes(): boolean {
    return this.remote?.rtcp === 'mux';
  }

  get remoteIp(): number {
    return this.udp.remoteIp;
  }

  get remotePort(): number {
    return this.udp.remotePort;
  }

  get isProtected(): boolean {
    return this.remote?.srtp !== undefined;
  }

  /** SSRC of the last packet heard; −1 before the first. */
  get ssrc(): number {
    return this.numbers[this.at + SSRC];
  }

  /** When the last RTP or RTCP came from the far end; 0 before the first. */
  get lastMs(): number {
    return this.numbers[this.at + LAST_MS];
  }

  get received(): number {
    return this.numbers[this.at + RECEIVED];
  }

  get sent(): number {
    return this.numbers[this.at + SENT];
  }

  /** Sets what of what the far end sends is thrown away or silenced. */
  block(blocks: RelayBlocks): void {
    const { traffic, media, events, silence } = blocks;
    if (this.blocks === null && !(traffic || media || events || silence)) return;
    this.blocks ??= new DirectionBlocks(this.remote?.payloadTypes);
    this.blocks.set(blocks);
  }

  /** RTP that was thrown away by order of a door, and RTP that was silenced. */
  get blockedPackets(): number {
    return this.blocks?.blockedPackets ?? 0;
  }

  get silencedPackets(): number {
    return this.blocks?.silencedPackets ?? 0;
  }

  /** Whether RTCP is thrown away, too. */
  get blocksTraffic(): boolean {
    return this.blocks?.traffic ?? false;
  }

  onHeard(arrivalMs: number): void {
    this.numbers[this.at + LAST_MS] = arrivalMs;
  }

  /** Takes RTP of the far end. */
  forward(memory: PacketMemory, offset: number, length: number, atMs: number): void {
    const { numbers, at } = this;
    numbers[at + LAST_MS] = atMs;
    numbers[at + RECEIVED]++;
    numbers[at + RECEIVED_BYTES] += length;
    const ssrc = ssrcOf(memory.bytes, offset);
    if (ssrc !== numbers[at + SSRC]) this.meet(ssrc);
    const { stream, fates, outbound } = this;
    if (stream !== null) {
      stream.packets++;
      stream.bytes += length;
      stream.payloadType = payloadTypeOf(memory.bytes, offset);
    }
    if (fates !== null) fates.note(memory, offset, length, atMs);
    if (this.blocks?.stops(memory, offset, length)) {
      if (fates !== null) fates.settleBlocked();
      return;
    }
    if (fates === null) {
      outbound!.forward(memory, offset, length, atMs);
      return;
    }
    const { pipeline } = outbound!;
    const { dropped, delivered, duplicated } = pipeline.truth;
    outbound!.forward(memory, offset, length, atMs);
    settleFate(fates, pipeline, dropped, delivered, duplicated);
  }

  /** Sends RTP to the far end. */
  deliver(memory: PacketMemory, offset: number, length: number, dueMs: number): void {
    if (!this.udp.deliver(memory, offset, length, dueMs)) {
      this.unsendable++;
      return;
    }
    const { numbers, at } = this;
    numbers[at + SENT]++;
    numbers[at + SENT_BYTES] += length;
  }

  onNoRtp(
    memory: PacketMemory,
    offset: number,
    length: number,
    arrivalMs: number,
    sourceIp: number,
    sourcePort: number,
  ): void {
    if (!this.muxes || !isRtcp(memory.bytes, offset, length)) this.malformed++;
    else if (this.remotePort !== 0 && (sourceIp !== this.remoteIp || sourcePort !== this.remotePort))
      this.wrongSource++;
    else this.rtcp.take(memory, offset, length, arrivalMs);
  }

  onWrongSource(): void {
    this.wrongSource++;
  }

  rebind(): void {
    this.udp.rebind();
  }

  onRebind(): UdpPort | null {
    const port = this.takeOther();
    if (port !== null) this.rtcp.sendRtpFrom(port);
    return port;
  }

  onLatched(ip: number, port: number): void {
    this.rtcp.onRtpLatched(ip, port);
  }

  onUnopened(): void {
    this.unopened++;
  }

  onUnauthenticated(): void {
    this.unopened++;
  }

  onReplayed(): void {
    this.unopened++;
  }

  report(): RelayEndReport {
    const { numbers, at, udp } = this;
    const { address, rtpPort, rtcpPort } = this.pair.lease;
    return {
      local: { address, rtpPort, rtcpPort },
      remote: udp.remotePort === 0 ? null : { address: formatAddress(udp.remoteIp), port: udp.remotePort },
      latched: udp.remotePort !== 0 && udp.isElsewhere,
      srtp: this.isProtected ? this.srtp.suite : null,
      received: { packets: numbers[at + RECEIVED], bytes: numbers[at + RECEIVED_BYTES] },
      sent: { packets: numbers[at + SENT], bytes: numbers[at + SENT_BYTES] },
      rtcpReceived: { ...this.rtcp.received },
      rtcpSent: { ...this.rtcp.sent },
      wrongSource: this.wrongSource,
      malformed: this.malformed,
      unopened: this.unopened,
      unsendable: this.unsendable,
      lastPacketMs: this.lastMs || null,
      streams: this.streams.map((stream) => ({ ...stream })),
    };
  }

  /** The number of an address that our sockets can send to; `null` for one of the other family. */
  private addressOf(text: string): number | null {
    return text.includes(':') === this.pair.lease.address.includes(':') ? parseAddress(text) : null;
  }

  /** Goes over to the stream of another SSRC than that of the packet before. */
  private meet(ssrc: number): void {
    this.numbers[this.at + SSRC] = ssrc;
    this.stream = this.streams.find((stream) => stream.ssrc === ssrc) ?? null;
    if (this.stream !== null || this.streams.length >= MOST_STREAMS) return;
    this.stream = { ssrc, packets: 0, bytes: 0, payloadType: 0 };
    this.streams.push(this.stream);
  }
}
