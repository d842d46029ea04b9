import { PacketMemory } from './udp.js';

/** Takes a packet when its delay is over. */
export interface HeldPacketSink {
  onDue(memory: PacketMemory, offset: number, length: number, dueMs: number): void;
}

/** Most packets of audio: 20 or 30 ms of G.711. They lie close together, so that those that wait are near the processor. */
export const SHORT_SLOT_BYTES = 256;
/** What longer datagrams lie in is made for each (an Ethernet frame's UDP payload has 1,472 bytes; 60 ms of L16 at 16 kHz have 1,932). */
export const SLOT_BYTES = 1536;
const SLOTS_PER_BLOCK = 256;

/** What is due within the same 1/16 ms waits in one bucket: a few packets, where a hundred are due each ms. */
const BUCKETS_A_MS = 16;
/** One turn of the ring is 1,024 ms. */
const BUCKETS = 16_384;
const NONE = -1;
/**
 * What is overdue has buckets of its time too, or a thread that is late would put thousands in one. What should have gone more than
 * a minute ago, as after a step of the system's clock, shares one: all those since are searched.
 */
const OLDEST_BUCKETS = 60_000 * BUCKETS_A_MS;

/** Blocks of slots of one length, of which the one that was used last is used next. */
class Slab {
  free = NONE;

  constructor(readonly slotBytes: number) {}
}

/**
 * Packets that wait for their time, of all paths of a plane. They are copied into slots of blocks that are never given back.
 *
 * A ring of buckets orders them (a calendar queue: Brown 1988): each bucket is a list in order of due times, equal times in order
 * of arrival. What is due in a later turn of the ring waits at the end of its bucket until that turn has come.
 */
export class DelayQueue {
  private readonly short = new Slab(SHORT_SLOT_BYTES);
  private readonly long = new Slab(SLOT_BYTES);
  private readonly blocks: PacketMemory[] = [];
  /** Of each block. */
  private readonly slabs: Slab[] = [];

  // Of each slot.
  private dues = new Float64Array(0);
  private lengths = new Int32Array(0);
  /** The slot that follows in its bucket, or among those that are free. */
  private next = new Int32Array(0);
  private readonly sinks: (HeldPacketSink | null)[] = [];
  /** Packets that are longer than their slot. */
  private readonly longest = new Map<number, PacketMemory>();

  private readonly heads = new Int32Array(BUCKETS).fill(NONE);
  private readonly tails = new Int32Array(BUCKETS);
  /** The bucket, counted from time 0 on, that no packet which waits is due before. */
  private first = 0;
  /** The bucket up to which packets were handed over last, and up to when that was. */
  private reached = 0;
  handedOverMs = Number.NEGATIVE_INFINITY;
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** Packets that there are slots for. */
  get capacity(): number {
    return this.blocks.length * SLOTS_PER_BLOCK;
  }

  /** Copies the packet and keeps it until `dueMs`. */
  push(sink: HeldPacketSink, memory: PacketMemory, offset: number, length: number, dueMs: number): void {
    const slab = length > SHORT_SLOT_BYTES ? this.long : this.short;
    if (slab.free === NONE) this.grow(slab);
    const slot = slab.free;
    slab.free = this.next[slot];
    if (length > SLOT_BYTES) this.keepLongest(slot, memory, offset, length);
    else this.blocks[slot >> 8].write((slot & (SLOTS_PER_BLOCK - 1)) * slab.slotBytes, memory, offset, length);
    this.lengths[slot] = length;
    this.sinks[slot] = sink;
    this.dues[slot] = dueMs;
    const bucket = Math.max(Math.floor(dueMs * BUCKETS_A_MS), this.reached - OLDEST_BUCKETS);
    if (this.count === 0 || bucket < this.first) this.first = bucket;
    this.count++;
    this.place(slot, bucket & (BUCKETS - 1), dueMs);
  }

  /** Hands over, in order of their due times, all packets that are due by `nowMs`. */
  runDue(nowMs: number): void {
    const last = Math.floor(nowMs * BUCKETS_A_MS);
    while (this.count > 0 && this.first <= last) {
      const bucket = this.first;
      this.empty(bucket & (BUCKETS - 1), bucket, nowMs);
      // What takes a packet may have put another one into the queue, which is the first now.
      if (this.first !== bucket) continue;
      if (bucket === last) break;
      this.first++;
    }
    this.reached = last;
    this.handedOverMs = nowMs;
  }

  /** Hands over what of a bucket is due by `nowMs` in this turn of the ring. */
  private empty(index: number, bucket: number, nowMs: number): void {
    const { heads } = this;
    for (let slot = heads[index]; slot !== NONE; slot = heads[index]) {
      const dueMs = this.dues[slot];
      if (dueMs > nowMs || Math.floor(dueMs * BUCKETS_A_MS) > bucket) return;
      heads[index] = this.next[slot];
      this.count--;
      const slab = this.slabs[slot >> 8];
      const sink = this.sinks[slot]!;
      this.sinks[slot] = null;
      const length = this.lengths[slot];
      if (length > SLOT_BYTES) this.giveLongest(slot, sink, length, dueMs);
      else sink.onDue(this.blocks[slot >> 8], (slot & (SLOTS_PER_BLOCK - 1)) * slab.slotBytes, length, dueMs);
      this.next[slot] = slab.free;
      slab.free = slot;
    }
  }

  private keepLongest(slot: number, memory: PacketMemory, offset: number, length: number): void {
    const own = PacketMemory.allocate(length);
    own.write(0, memory, offset, length);
    this.longest.set(slot, own);
  }

  private giveLongest(slot: number, sink: HeldPacketSink, length: number, dueMs: number): void {
    const own = this.longest.get(slot)!;
    this.longest.delete(slot);
    sink.onDue(own, 0, length, dueMs);
  }

  /** Puts a slot behind those of a bucket that are due before it or at the same time. */
  private place(slot: number, index: number, dueMs: number): void {
    const { heads, tails, dues, next } = this;
    const head = heads[index];
    if (head === NONE || dueMs < dues[head]) {
      if (head === NONE) tails[index] = slot;
      next[slot] = head;
      heads[index] = slot;
      return;
    }
    const tail = tails[index];
    if (dueMs >= dues[tail]) {
      next[tail] = slot;
      next[slot] = NONE;
      tails[index] = slot;
      return;
    }
    let before = head;
    while (dues[next[before]] <= dueMs) before = next[before];
    next[slot] = next[before];
    next[before] = slot;
  }

  /** Adds a block of slots. */
  private grow(slab: Slab): void {
    const first = this.capacity;
    const capacity = first + SLOTS_PER_BLOCK;
    this.blocks.push(PacketMemory.allocate(SLOTS_PER_BLOCK * slab.slotBytes));
    this.slabs.push(slab);
    if (capacity > this.lengths.length) {
      const larger = Math.max(capacity, 2 * this.lengths.length);
      this.lengths = copyInto(new Int32Array(larger), this.lengths);
      this.next = copyInto(new Int32Array(larger), this.next);
      this.dues = copyInto(new Float64Array(larger), this.dues);
    }
    for (let slot = capacity - 1; slot >= first; slot--) {
      this.sinks[slot] = null;
      this.next[slot] = slab.free;
      slab.free = slot;
    }
  }
}

function copyInto<T extends Int32Array | Float64Array>(target: T, source: T): T {
  target.set(source);
  return target;
}
