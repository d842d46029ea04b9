import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DelayQueue, type HeldPacketSink, SLOT_BYTES } from '../../src/media/delay-queue.js';
import { PacketMemory } from '../../src/media/udp.js';

const allocate = (bytes: number) => PacketMemory.allocate(bytes);

class Recorder implements HeldPacketSink {
  readonly seen: { value: number; length: number; dueMs: number }[] = [];

  onDue(memory: { bytes: Uint8Array }, offset: number, length: number, dueMs: number): void {
    this.seen.push({ value: (memory.bytes[offset] << 8) | memory.bytes[offset + 1], length, dueMs });
  }
}

describe('the delay queue', () => {
  it('gives back every packet unchanged, ordered by due time and then by arrival', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 600 }), (dues) => {
        const queue = new DelayQueue();
        const recorder = new Recorder();
        const source = allocate(SLOT_BYTES);
        dues.forEach((dueMs, i) => {
          source.bytes[0] = i >> 8;
          source.bytes[1] = i;
          queue.push(recorder, source, 0, 2 + (i % 100), dueMs);
        });
        queue.runDue(25);
        expect(queue.size).toBe(dues.filter((due) => due > 25).length);
        queue.runDue(50);
        const expected = dues
          .map((dueMs, value) => ({ value, length: 2 + (value % 100), dueMs }))
          .sort((a, b) => a.dueMs - b.dueMs || a.value - b.value);
        expect(recorder.seen).toEqual(expected);
      }),
    );
  });

  it('uses the slots of released packets again', () => {
    const queue = new DelayQueue();
    const recorder = new Recorder();
    const source = allocate(10);
    for (let ms = 0; ms < 10_000; ms++) {
      queue.push(recorder, source, 0, 10, ms + 200);
      queue.runDue(ms);
    }
    // 200 wait at a time, and a block has 256 slots.
    expect(queue.capacity).toBe(256);
  });

  it('holds what is longer than a slot as any other', () => {
    const queue = new DelayQueue();
    const recorder = new Recorder();
    const source = allocate(2048);
    for (let i = 0; i < 600; i++) {
      source.bytes[1] = i;
      queue.push(recorder, source, 0, i % 2 === 0 ? 2048 : SLOT_BYTES, 10 - (i % 10));
    }
    queue.runDue(0);
    expect(recorder.seen).toEqual([]);
    queue.runDue(10);
    expect(recorder.seen).toHaveLength(600);
    // The long ones have even numbers, and were due at even times.
    for (const { value, length, dueMs } of recorder.seen)
      expect([length, dueMs % 2]).toEqual(value % 2 === 0 ? [2048, 0] : [SLOT_BYTES, 1]);
    expect(queue.size).toBe(0);
  });
});
