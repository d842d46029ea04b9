import { PacketMemory } from './udp.js';

/** Takes a packet when its delay is over. */
export interface HeldPacketSink {
  onDue(memory: PacketMemory, offset: number, length: number, dueMs: number): void;
}

/** What longer datagrams lie in is made for each (an Ethernet frame's UDP payload has 1,472 bytes; 60 ms of L16 at 16 kHz have 1,932). */
export const SLOT_BYTES = 1536;
const SLOTS_PER_BLOCK = 256;

/**
 * Packets that wait for their time, of all paths of a plane. They are copied into the slots of a slab that grows and
 * never shrinks; a binary heap over typed arrays orders them by due time, equal times by order of arrival.
 */
export class DelayQueue {
  private readonly blocks: PacketMemory[] = [];
  private freeSlots: Int32Array = new Int32Array(0);
  private freeCount = 0;
  private lengths = new Int32Array(0);
  private readonly sinks: (HeldPacketSink | null)[] = [];
  /** Packets that are longer than their slot. */
  private readonly long = new Map<number, PacketMemory>();

  private dues = new Float64Array(0);
  private orders = new Float64Array(0);
  private slots = new Int32Array(0);
  private count = 0;
  private order = 0;

  get size(): number {
    return this.count;
  }

  /** Packets that the slab has room for. */
  get capacity(): number {
    return this.blocks.length * SLOTS_PER_BLOCK;
  }

  /** Copies the packet and keeps it until `dueMs`. */
  push(sink: HeldPacketSink, memory: PacketMemory, offset: number, length: number, dueMs: number): void {
    if (this.freeCount === 0) this.grow();
    const slot = this.freeSlots[--this.freeCount];
    if (length > SLOT_BYTES) this.keepLong(slot, memory, offset, length);
    else this.blocks[slot >> 8].write((slot & (SLOTS_PER_BLOCK - 1)) * SLOT_BYTES, memory, offset, length);
    this.lengths[slot] = length;
    this.sinks[slot] = sink;
    this.siftUp(this.count++, dueMs, this.order++, slot);
  }

  /** Hands over, in order of their due times, all packets that are due by `nowMs`. */
  runDue(nowMs: number): void {
    while (this.count > 0 && this.dues[0] <= nowMs) {
      const dueMs = this.dues[0];
      const slot = this.slots[0];
      this.removeTop();
      const sink = this.sinks[slot];
      this.sinks[slot] = null;
      const length = this.lengths[slot];
      if (length > SLOT_BYTES) this.giveLong(slot, sink, length, dueMs);
      else sink?.onDue(this.blocks[slot >> 8], (slot & (SLOTS_PER_BLOCK - 1)) * SLOT_BYTES, length, dueMs);
      this.freeSlots[this.freeCount++] = slot;
    }
  }

  private keepLong(slot: number, memory: PacketMemory, offset: number, length: number): void {
    const own = PacketMemory.allocate(length);
    own.write(0, memory, offset, length);
    this.long.set(slot, own);
  }

  private giveLong(slot: number, sink: HeldPacketSink | null, length: number, dueMs: number): void {
    const own = this.long.get(slot)!;
    this.long.delete(slot);
    sink?.onDue(own, 0, length, dueMs);
  }

  private removeTop(): void {
    const last = --this.count;
    if (last === 0) return;
    const { dues, orders, slots } = this;
    const due = dues[last];
    const order = orders[last];
    const slot = slots[last];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= last) break;
      const right = child + 1;
      if (right < last && this.before(dues[right], orders[right], child)) child = right;
      if (dues[child] > due || (dues[child] === due && orders[child] > order)) break;
      dues[at] = dues[child];
      orders[at] = orders[child];
      slots[at] = slots[child];
      at = child;
    }
    dues[at] = due;
    orders[at] = order;
    slots[at] = slot;
  }

  private siftUp(from: number, due: number, order: number, slot: number): void {
    const { dues, orders, slots } = this;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.before(due, order, parent)) break;
      dues[at] = dues[parent];
      orders[at] = orders[parent];
      slots[at] = slots[parent];
      at = parent;
    }
    dues[at] = due;
    orders[at] = order;
    slots[at] = slot;
  }

  private before(due: number, order: number, index: number): boolean {
    return due < this.dues[index] || (due === this.dues[index] && order < this.orders[index]);
  }

  private grow(): void {
    const first = this.blocks.length * SLOTS_PER_BLOCK;
    const capacity = first + SLOTS_PER_BLOCK;
    this.blocks.push(PacketMemory.allocate(SLOTS_PER_BLOCK * SLOT_BYTES));
    if (capacity > this.lengths.length) {
      const larger = Math.max(capacity, 2 * this.lengths.length);
      this.lengths = copyInto(new Int32Array(larger), this.lengths);
      this.freeSlots = copyInto(new Int32Array(larger), this.freeSlots);
      this.slots = copyInto(new Int32Array(larger), this.slots);
      this.dues = copyInto(new Float64Array(larger), this.dues);
      this.orders = copyInto(new Float64Array(larger), this.orders);
    }
    for (let slot = capacity - 1; slot >= first; slot--) {
      this.sinks[slot] = null;
      this.freeSlots[this.freeCount++] = slot;
    }
  }
}

function copyInto<T extends Int32Array | Float64Array>(target: T, source: T): T {
  target.set(source);
  return target;
}
