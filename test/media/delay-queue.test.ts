import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DelayQueue, type HeldPacketSink, MAX_HELD_BYTES } from '../../src/media/delay-queue.js';
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
        const source = allocate(MAX_HELD_BYTES);
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

  it('does not take what is longer than a slot', () => {
    const queue = new DelayQueue();
    expect(queue.push(new Recorder(), allocate(2000), 0, MAX_HELD_BYTES + 1, 1)).toBe(false);
    expect(queue.size).toBe(0);
  });
});
