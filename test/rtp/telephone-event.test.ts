import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  digitOfEvent,
  durationAt,
  EVENT,
  eventCodeAt,
  eventOfDigit,
  isEndAt,
  writeEvent,
} from '../../src/rtp/telephone-event.js';
import { TelephoneEventSender } from '../../src/rtp/telephone-event-sender.js';

fc.configureGlobal({ seed: 20_260_101 });

const SLOT = 160;

interface Sent {
  slot: number;
  marker: boolean;
  timestamp: number;
  event: number;
  end: boolean;
  duration: number;
}

/** Runs the sender through `slots` packet slots of 20 ms from timestamp `base` on and lists the packets it sends. */
function run(sender: TelephoneEventSender, slots: number, base = 0): Sent[] {
  const bytes = new Uint8Array(16);
  const sent: Sent[] = [];
  for (let slot = 0; slot < slots; slot++) {
    const length = sender.next((base + slot * SLOT) >>> 0, bytes, 12);
    if (length === 0) continue;
    expect(length).toBe(4);
    sent.push({
      slot,
      marker: sender.marker,
      timestamp: sender.timestamp,
      event: eventCodeAt(bytes, 12),
      end: isEndAt(bytes, 12),
      duration: durationAt(bytes, 12),
    });
  }
  return sent;
}

describe('telephone-event payloads', () => {
  it('name the sixteen keys by the codes of RFC 4733', () => {
    expect('0123456789*#ABCD'.split('').map(eventOfDigit)).toEqual([...Array(16).keys()]);
    expect([...Array(16).keys()].map(digitOfEvent).join('')).toBe('0123456789*#ABCD');
    expect(eventOfDigit('d')).toBe(EVENT.d);
    for (const none of ['', 'E', 'x', ' ', '12']) expect(eventOfDigit(none)).toBeNull();
    for (const none of [-1, EVENT.flash, 255]) expect(digitOfEvent(none)).toBeNull();
  });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 255 }),
        fc.boolean(),
        fc.nat({ max: 63 }),
        fc.nat({ max: 0xffff }),
        (event, end, volume, duration) => {
          const bytes = new Uint8Array(7);
          writeEvent(bytes, 3, event, end, volume, duration);
          expect(eventCodeAt(bytes, 3)).toBe(event);
          expect(isEndAt(bytes, 3)).toBe(end);
          expect(durationAt(bytes, 3)).toBe(duration);
          expect(bytes[4] & 0x3f).toBe(volume);
          expect(bytes[4] & 0x40).toBe(0);
        },
      ),
    );
  });
});

describe('a telephone-event sender', () => {
  it('sends a digit of 100 ms as four updates and three ends, all with one timestamp', () => {
    const sender = new TelephoneEventSender(8000, 20);
    sender.enqueue('5', 100, 100);
    const sent = run(sender, 20, 1000);
    expect(sent.map((p) => p.duration)).toEqual([160, 320, 480, 640, 800, 800, 800]);
    expect(sent.map((p) => p.end)).toEqual([false, false, false, false, true, true, true]);
    expect(sent.map((p) => p.marker)).toEqual([true, false, false, false, false, false, false]);
    expect(new Set(sent.map((p) => p.timestamp))).toEqual(new Set([1000]));
    expect(sent.map((p) => p.slot)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(new Set(sent.map((p) => p.event))).toEqual(new Set([5]));
  });

  it('leaves slots to audio again after the last end, and counts a digit as sent only then', () => {
    const sender = new TelephoneEventSender(8000, 20);
    sender.enqueue('7', 40, 40);
    expect(sender.pending).toBe(true);
    const bytes = new Uint8Array(4);
    for (let slot = 0; slot < 3; slot++) {
      expect(sender.next(slot * SLOT, bytes, 0)).toBe(4);
      expect(sender.sentDigits).toBe('');
    }
    expect(sender.next(3 * SLOT, bytes, 0)).toBe(4);
    expect(sender.sentDigits).toBe('7');
    expect(sender.pending).toBe(false);
    expect(sender.next(4 * SLOT, bytes, 0)).toBe(0);
  });

  it('keeps the gap between digits, counted from the end of the tone', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[0-9*#A-D]{1,6}$/),
        fc.integer({ min: 20, max: 400 }),
        fc.integer({ min: 0, max: 400 }),
        fc.nat({ max: 0xffffffff }),
        (digits, toneMs, gapMs, base) => {
          const sender = new TelephoneEventSender(8000, 20);
          sender.enqueue(digits, toneMs, gapMs);
          const sent = run(sender, digits.length * (Math.ceil(toneMs / 20) + Math.ceil(gapMs / 20) + 4), base);
          const starts = sent.filter((p) => p.marker);
          expect(starts.map((p) => digitOfEvent(p.event)).join('')).toBe(digits);
          expect(sender.sentDigits).toBe(digits);
          expect(sent.filter((p) => p.end)).toHaveLength(3 * digits.length);
          for (let i = 1; i < starts.length; i++) {
            const between = (starts[i].timestamp - starts[i - 1].timestamp) >>> 0;
            expect(between).toBeGreaterThanOrEqual((toneMs + gapMs) * 8);
            // No later than a slot after the gap, or than the slot after the last end report.
            expect(between).toBeLessThanOrEqual(
              Math.max((toneMs + gapMs) * 8, Math.ceil(toneMs / 20) * SLOT + 2 * SLOT) + SLOT,
            );
          }
          for (const p of sent) if (p.end) expect(p.duration).toBe(toneMs * 8);
        },
      ),
    );
  });

  it('takes further digits while it sends, keeping the gap to the last one', () => {
    const sender = new TelephoneEventSender(8000, 20);
    sender.enqueue('1', 60, 200);
    run(sender, 6);
    sender.enqueue('2', 60, 200);
    const later = run(sender, 30, 6 * SLOT);
    expect(later[0].marker).toBe(true);
    expect(later[0].timestamp).toBe(260 * 8);
    expect(sender.sentDigits).toBe('12');
  });

  it('sends at least one slot of tone, and leaves out what is no key', () => {
    const sender = new TelephoneEventSender(8000, 20);
    sender.enqueue('1x,2', 5, 0);
    run(sender, 20);
    expect(sender.sentDigits).toBe('12');
    const short = new TelephoneEventSender(8000, 20);
    short.enqueue('1', 5, 0);
    expect(run(short, 5).map((p) => p.duration)).toEqual([160, 160, 160]);
  });

  it('splits an event longer than the duration field into segments without a marker', () => {
    const sender = new TelephoneEventSender(8000, 20);
    const toneMs = 20_000;
    sender.enqueue('9', toneMs, 100);
    const sent = run(sender, 1010, 500);
    const segments = [...new Set(sent.map((p) => p.timestamp))];
    expect(segments).toEqual([500, 500 + 0xffff, 500 + 2 * 0xffff]);
    expect(sent.filter((p) => p.marker)).toHaveLength(1);
    for (const timestamp of segments.slice(0, 2)) {
      const segment = sent.filter((p) => p.timestamp === timestamp);
      expect(segment.at(-1)).toMatchObject({ duration: 0xffff, end: false });
      expect(segment.some((p) => p.end)).toBe(false);
    }
    const ends = sent.filter((p) => p.end);
    expect(ends).toHaveLength(3);
    expect(new Set(ends.map((p) => p.duration))).toEqual(new Set([toneMs * 8 - 2 * 0xffff]));
    for (let i = 1; i < sent.length; i++) {
      if (sent[i].timestamp === sent[i - 1].timestamp) {
        expect(sent[i].duration).toBeGreaterThanOrEqual(sent[i - 1].duration);
      }
    }
    expect(sender.sentDigits).toBe('9');
  });
});
