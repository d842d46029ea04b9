import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DelayQueue, type HeldPacketSink, SHORT_SLOT_BYTES, SLOT_BYTES } from '../../src/media/delay-queue.js';
import { PacketMemory } from '../../src/media/udp.js';

/** Of both kinds of slots, and longer. */
const LENGTHS = [172, SHORT_SLOT_BYTES + 1, SLOT_BYTES, 2048];

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

  it('keeps that order over several turns of its ring, after pauses, and for what is due before it came', () => {
    const step = fc.record({
      waitMs: fc.oneof(fc.double({ min: 0, max: 2, noNaN: true }), fc.constantFrom(0, 700, 5000)),
      delays: fc.array(
        fc.oneof(fc.double({ min: -3, max: 60, noNaN: true }), fc.constantFrom(-2000, 0, 20, 1500, 4000)),
      ),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, runsFirst) => {
        const queue = new DelayQueue();
        const recorder = new Recorder();
        const source = allocate(SLOT_BYTES);
        let nowMs = 70_000_000;
        if (runsFirst) queue.runDue(nowMs);
        let waiting: { value: number; length: number; dueMs: number }[] = [];
        let value = 0;
        for (const { waitMs, delays } of steps) {
          for (const delayMs of delays) {
            // Of both lengths of slots.
            const packet = { value, length: value % 3 === 0 ? 1000 : 172, dueMs: nowMs + delayMs };
            source.bytes[0] = value >> 8;
            source.bytes[1] = value++;
            queue.push(recorder, source, 0, packet.length, packet.dueMs);
            waiting.push(packet);
          }
          nowMs += waitMs;
          recorder.seen.length = 0;
          queue.runDue(nowMs);
          const due = waiting.filter(({ dueMs }) => dueMs <= nowMs);
          waiting = waiting.filter(({ dueMs }) => dueMs > nowMs);
          expect(recorder.seen).toEqual(due.sort((a, b) => a.dueMs - b.dueMs || a.value - b.value));
          expect(queue.size).toBe(waiting.length);
        }
      }),
    );
  });

  it('hands over first what was due long before it came, as after a step of the clock', () => {
    const queue = new DelayQueue();
    const recorder = new Recorder();
    const nowMs = 70_000_000;
    queue.runDue(nowMs);
    const dues = [nowMs + 5, nowMs - 90_000, nowMs - 3_600_000, nowMs - 1, nowMs - 61_000];
    for (const dueMs of dues) queue.push(recorder, allocate(10), 0, 10, dueMs);
    queue.runDue(nowMs);
    expect(recorder.seen.map(({ dueMs }) => dueMs - nowMs)).toEqual([-3_600_000, -90_000, -61_000, -1]);
    expect(queue.size).toBe(1);
  });

  it('takes packets while it hands others over', () => {
    const queue = new DelayQueue();
    const source = allocate(10);
    const dues: number[] = [];
    const again: HeldPacketSink = {
      onDue: (_memory, _offset, length, dueMs) => {
        dues.push(dueMs);
        // More than a block of slots has room for.
        if (dueMs < 1000) for (let i = 0; i < 300; i++) queue.push(again, source, 0, length, 1000 + i);
      },
    };
    queue.push(again, source, 0, 10, 1);
    queue.push(again, source, 0, 10, 2);
    queue.runDue(1099);
    expect(dues).toEqual([1, 2, ...Array.from({ length: 200 }, (_, i) => 1000 + (i >> 1))]);
    expect(queue.size).toBe(400);
  });

  it('hands over at once what is put into it while it hands over its last packet, and is due as well', () => {
    const queue = new DelayQueue();
    const source = allocate(10);
    const dues: number[] = [];
    const again: HeldPacketSink = {
      onDue: (_memory, _offset, length, dueMs) => {
        dues.push(dueMs);
        if (dueMs < 10) queue.push(again, source, 0, length, dueMs + 1);
      },
    };
    queue.push(again, source, 0, 10, 1);
    queue.runDue(8.5);
    expect(dues).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    queue.runDue(100);
    expect(dues).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
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
    expect(queue.size).toBe(200);
  });

  it('holds packets of any length alike', () => {
    const queue = new DelayQueue();
    const recorder = new Recorder();
    const source = allocate(2048);
    for (let i = 0; i < 600; i++) {
      source.bytes[1] = i;
      queue.push(recorder, source, 0, LENGTHS[i % 4], 10 - (i % 10));
    }
    queue.runDue(0);
    expect(recorder.seen).toEqual([]);
    queue.runDue(10);
    expect(recorder.seen).toHaveLength(600);
    for (const { value, length, dueMs } of recorder.seen)
      expect([length, dueMs % 2]).toEqual([LENGTHS[value % 4], value % 2]);
    expect(queue.size).toBe(0);
  });
});
