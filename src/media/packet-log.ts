import { markerOf, payloadTypeOf, sequenceOf, ssrcOf, timestampOf } from '../rtp/packet.js';
import { isIpv6Number, parseAddress, writeIpv6 } from './addresses.js';
import type { FateLog } from './fate-log.js';
import {
  LOG_BODY,
  LOG_DATAGRAM_BYTES,
  LOG_FATE_BYTES,
  LOG_TIME,
  LogFlag,
  LoggedFate,
  LogKind,
} from './link/packet-log.js';
import type { RelayCallSpec, RelaySide } from './link/relay-messages.js';
import type { PortPair } from './ports.js';
import { type DatagramSink, PacketMemory, type UdpPort } from './udp.js';

const BATCH_BYTES = 1 << 20;
/** Batches that may be on their way to whoever writes them; when all are, packets are counted and not logged. */
const MOST_BATCHES = 8;
/** What has been logged is handed over after so long, however little it is. */
const HAND_OVER_MS = 200;

/** Words of a fate record that are known when the packet comes, and the byte within them that is not. */
const NOTED_WORDS = 4;
const LOG_FATE = 14;

const SIDE_NUMBER: Record<RelaySide, number> = { a: 0, b: 1 };

/** The packet log of a plane's calls, or of its relayed ones: bounded memory, written to without waiting for anybody. */
export class PacketLog {
  /** Packets that there was no room for. */
  unlogged = 0;
  private readonly free: ArrayBuffer[] = [];
  private made = 0;
  private memory: PacketMemory | null = null;
  private numbers = new Float64Array(0);
  private used = 0;
  private sinceMs = 0;
  /** Of the tick at hand: when what is sent in it leaves. */
  nowMs = 0;

  /**
   * @param utcOffsetMs what brings the plane's time to UTC
   * @param read how many batches were read that do not come back; none where each does
   */
  constructor(
    readonly utcOffsetMs: number,
    private readonly post: (batch: ArrayBuffer, bytes: number) => void,
    private readonly read: () => number = () => 0,
  ) {}

  /** The log of a direction of a call; `side` is 0 for what comes from A, or is sent by us, and 1 for the other one. */
  fatesOf(call: number, side: number): FateLog {
    return new DirectionFates(this, call, side);
  }

  /** The log of one call; `null` where nothing of it is wanted. */
  of(spec: RelayCallSpec): CallLog | null {
    return spec.log && (spec.log.fates || spec.log.packets) ? new CallLog(this, spec) : null;
  }

  /** Takes a batch that has been read. */
  giveBack(batch: ArrayBuffer): void {
    this.free.push(batch);
  }

  /** Called at the end of a tick. */
  tick(nowMs: number): void {
    if (this.used === 0 || nowMs - this.sinceMs < HAND_OVER_MS) return;
    // The last batch is filled up before it goes: there is no other to go on with.
    if (this.free.length > 0 || this.mayMake) this.handOver();
  }

  /** Room for a record whose head is written here: its offset in `words` and `bytes`; −1 where there is none. */
  begin(kind: number, bytes: number, call: number, atMs: number): number {
    const padded = (bytes + 7) & ~7;
    if (this.memory !== null && this.used + padded > BATCH_BYTES) this.handOver();
    if (this.memory === null && !this.takeBatch()) {
      this.unlogged++;
      return -1;
    }
    const at = this.used;
    const { words } = this.memory!;
    words[at >> 2] = (kind << 24) | padded;
    words[(at >> 2) + 1] = call;
    this.numbers[(at + LOG_TIME) >> 3] = atMs + this.utcOffsetMs;
    this.used += padded;
    return at;
  }

  /** What the record that was begun last lies in. */
  get batch(): PacketMemory {
    return this.memory!;
  }

  writeNumber(at: number, value: number): void {
    this.numbers[at >> 3] = value;
  }

  private get mayMake(): boolean {
    return this.made - this.read() < MOST_BATCHES;
  }

  private takeBatch(): boolean {
    let buffer = this.free.pop();
    if (buffer === undefined) {
      if (!this.mayMake) return false;
      this.made++;
      buffer = new ArrayBuffer(BATCH_BYTES);
    }
    this.memory = new PacketMemory(new Uint8Array(buffer));
    this.numbers = new Float64Array(buffer);
    this.used = 0;
    this.sinceMs = this.nowMs;
    return true;
  }

  /** Packets that there was no room for since the last call. */
  takeUnlogged(): number {
    const { unlogged } = this;
    this.unlogged = 0;
    return unlogged;
  }

  /** Hands over what there is. */
  handOver(): void {
    const { memory, used } = this;
    this.memory = null;
    this.used = 0;
    if (memory !== null) this.post(memory.bytes.buffer as ArrayBuffer, used);
  }
}

/** What is logged of one call. */
export class CallLog {
  constructor(
    private readonly log: PacketLog,
    private readonly spec: RelayCallSpec,
  ) {}

  fatesOf(side: RelaySide): FateLog | null {
    return this.spec.log!.fates ? this.log.fatesOf(this.spec.call, SIDE_NUMBER[side]) : null;
  }

  /** `null` where packets are not captured. */
  captureOf(side: RelaySide, pair: Pick<PortPair, 'lease'>, isRtcp: boolean): Capture | null {
    if (!this.spec.log!.packets) return null;
    const { address, rtpPort, rtcpPort } = pair.lease;
    const ip = parseAddress(address) ?? 0;
    return new Capture(this.log, this.spec.call, SIDE_NUMBER[side], ip, isRtcp ? rtcpPort : rtpPort);
  }
}

/**
 * Fates of the packets that enter a direction. What a packet was is kept until it is known what became of it: meanwhile it may
 * have been sent, and captured, into a batch that was full then.
 */
class DirectionFates implements FateLog {
  private readonly noted = new Int32Array(NOTED_WORDS);
  private atMs = 0;

  constructor(
    private readonly log: PacketLog,
    private readonly call: number,
    private readonly side: number,
  ) {}

  note(memory: PacketMemory, offset: number, length: number, arrivalMs: number): void {
    const { bytes } = memory;
    const { noted } = this;
    this.atMs = arrivalMs;
    noted[0] = ssrcOf(bytes, offset);
    noted[1] = timestampOf(bytes, offset);
    noted[2] = sequenceOf(bytes, offset) | (length << 16);
    const marker = markerOf(bytes, offset) ? 1 : 0;
    noted[3] = payloadTypeOf(bytes, offset) | (this.side << 8) | (marker << 24);
  }

  settle(copies: number, delayMs: number, delayMs2: number): void {
    const fate = copies === 0 ? LoggedFate.dropped : copies === 1 ? LoggedFate.delivered : LoggedFate.duplicated;
    this.write(fate, delayMs, delayMs2);
  }

  settleBlocked(): void {
    this.write(LoggedFate.blocked, 0, 0);
  }

  settleAbsorbed(): void {
    this.write(LoggedFate.absorbed, 0, 0);
  }

  private write(fate: number, delayMs: number, delayMs2: number): void {
    const at = this.log.begin(LogKind.fate, LOG_FATE_BYTES, this.call, this.atMs);
    if (at < 0) return;
    const { words, bytes } = this.log.batch;
    const body = at + LOG_BODY;
    for (let i = 0; i < NOTED_WORDS; i++) words[(body >> 2) + i] = this.noted[i];
    bytes[body + LOG_FATE] = fate;
    this.log.writeNumber(body + 16, delayMs);
    this.log.writeNumber(body + 24, delayMs2);
  }
}

/** Captures what one port of a call receives and sends: stands between the port and what listens to it and sends by it. */
export class Capture implements DatagramSink {
  private listener: DatagramSink | null = null;

  constructor(
    private readonly log: PacketLog,
    private readonly call: number,
    private readonly side: number,
    private readonly ip: number,
    private readonly port: number,
  ) {}

  /** What is to be the port's sink, so that `listener` hears of everything. */
  before(listener: DatagramSink): DatagramSink {
    this.listener = listener;
    return this;
  }

  onDatagram(
    memory: PacketMemory,
    offset: number,
    length: number,
    arrivalMs: number,
    sourceIp: number,
    sourcePort: number,
  ): void {
    this.record(memory, offset, length, arrivalMs, sourceIp, sourcePort, 0);
    this.listener!.onDatagram(memory, offset, length, arrivalMs, sourceIp, sourcePort);
  }

  /** What sends by the port, and captures. */
  by(port: UdpPort): UdpPort {
    return new CapturingPort(port, this, this.log);
  }

  record(
    memory: PacketMemory,
    offset: number,
    length: number,
    atMs: number,
    remoteIp: number,
    remotePort: number,
    outgoing: number,
  ): void {
    const at = this.log.begin(LogKind.datagram, LOG_DATAGRAM_BYTES + length, this.call, atMs);
    if (at < 0) return;
    const { batch } = this.log;
    const { words } = batch;
    const body = (at + LOG_BODY) >> 2;
    writeAddress(words, body, this.ip);
    writeAddress(words, body + 4, remoteIp);
    words[body + 8] = this.port | (remotePort << 16);
    const flags = (outgoing ? LogFlag.outgoing : 0) | (isIpv6Number(remoteIp) ? LogFlag.ipv6 : 0);
    words[body + 9] = length | (this.side << 16) | (flags << 24);
    batch.write(at + LOG_DATAGRAM_BYTES, memory, offset, length);
  }
}

class CapturingPort implements UdpPort {
  constructor(
    private readonly inner: UdpPort,
    private readonly capture: Capture,
    private readonly log: PacketLog,
  ) {}

  get port(): number {
    return this.inner.port;
  }

  get sink(): DatagramSink | null {
    return this.inner.sink;
  }

  set sink(sink: DatagramSink | null) {
    this.inner.sink = sink;
  }

  send(memory: PacketMemory, offset: number, length: number, ip: number, port: number, dueMs: number): void {
    this.capture.record(memory, offset, length, Math.max(this.log.nowMs, dueMs), ip, port, 1);
    this.inner.send(memory, offset, length, ip, port, dueMs);
  }

  carryMany(): void {}

  settleDrops(): void {
    this.inner.settleDrops();
  }

  close(): void {
    this.inner.close();
  }
}

/** An address as it lies in a packet: four bytes, or sixteen. */
function writeAddress(words: Int32Array, at: number, ip: number): void {
  if (isIpv6Number(ip)) {
    writeIpv6(words, at, ip);
    return;
  }
  words[at] = (ip << 24) | ((ip & 0xff00) << 8) | ((ip >>> 8) & 0xff00) | (ip >>> 24);
}
