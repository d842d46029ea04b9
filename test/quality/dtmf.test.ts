import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchDigits } from '../../src/quality/dtmf-match.js';
import { TelephoneEventReceiver } from '../../src/quality/dtmf-receiver.js';
import { durationAt, eventCodeAt, isEndAt } from '../../src/rtp/telephone-event.js';
import { TelephoneEventSender } from '../../src/rtp/telephone-event-sender.js';

fc.configureGlobal({ seed: 20_260_101 });

interface Packet {
  event: number;
  end: boolean;
  duration: number;
  timestamp: number;
  sequence: number;
}

/** The event packets of digits as they leave a sender, audio packets between them left out. */
function packetsOf(digits: string, toneMs = 100, gapMs = 60, sequence = 65_530): Packet[] {
  const sender = new TelephoneEventSender(8000, 20);
  sender.enqueue(digits, toneMs, gapMs);
  const bytes = new Uint8Array(4);
  const packets: Packet[] = [];
  for (let slot = 0; sender.pending; slot++) {
    if (sender.next((2 ** 32 - 8000 + slot * 160) >>> 0, bytes, 0) === 0) continue;
    packets.push({
      event: eventCodeAt(bytes, 0),
      end: isEndAt(bytes, 0),
      duration: durationAt(bytes, 0),
      timestamp: sender.timestamp,
      sequence: (sequence + slot) & 0xffff,
    });
  }
  return packets;
}

function hear(packets: Packet[], receiver = new TelephoneEventReceiver()): TelephoneEventReceiver {
  for (const p of packets) receiver.accept(p.event, p.end, p.duration, p.timestamp, p.sequence);
  return receiver;
}

const digitsOf = fc.stringMatching(/^[0-9*#A-D]{1,20}$/);

describe('a telephone-event receiver', () => {
  it('hears what was sent, equal digits in a row too', () => {
    fc.assert(
      fc.property(digitsOf, fc.integer({ min: 20, max: 300 }), (digits, toneMs) => {
        const receiver = hear(packetsOf(digits, toneMs));
        expect(receiver.digits).toBe(digits);
        expect(receiver.count).toBe(digits.length);
        expect(receiver.duplicates).toBe(0);
      }),
    );
    expect(hear(packetsOf('5555')).digits).toBe('5555');
  });

  it('hears a digit as long as one of its packets arrives', () => {
    fc.assert(
      fc.property(digitsOf, fc.infiniteStream(fc.nat({ max: 6 })), (digits, survivors) => {
        const sent = packetsOf(digits);
        const packets = [...new Set(sent.map((p) => p.timestamp))].map((timestamp) => {
          const event = sent.filter((p) => p.timestamp === timestamp);
          return event[survivors.next().value];
        });
        expect(hear(packets).digits).toBe(digits);
      }),
    );
  });

  it('hears the digits in order and once when packets overtake each other and come twice', () => {
    fc.assert(
      fc.property(
        digitsOf,
        fc.infiniteStream(fc.nat({ max: 12 })),
        fc.infiniteStream(fc.nat({ max: 3 })),
        (digits, late, twice) => {
          const arrivals: { packet: Packet; at: number }[] = [];
          packetsOf(digits).forEach((packet, i) => {
            arrivals.push({ packet, at: i + late.next().value });
            if (twice.next().value === 0) arrivals.push({ packet, at: i + late.next().value });
          });
          arrivals.sort((a, b) => a.at - b.at);
          const receiver = hear(arrivals.map((a) => a.packet));
          expect(receiver.digits).toBe(digits);
          expect(receiver.duplicates).toBe(0);
        },
      ),
    );
  });

  it('does not start a digit again for a late end report', () => {
    const packets = packetsOf('12');
    const lateEnd = packets[6];
    expect(hear([...packets.filter((p) => p !== lateEnd), lateEnd]).digits).toBe('12');
  });

  it('counts an event that goes on after its end as heard again, once', () => {
    const packets = packetsOf('7');
    const again = packets.map((p) => ({ ...p, sequence: (p.sequence + 20) & 0xffff }));
    const receiver = hear([...packets, ...again]);
    expect(receiver.digits).toBe('7');
    expect(receiver.duplicates).toBe(1);
  });

  it('hears a long event in segments as one digit', () => {
    expect(hear(packetsOf('9', 20_000)).digits).toBe('9');
  });

  it('hears several digits where a gateway changes the timestamp within an event', () => {
    const packets = packetsOf('3', 100).map((p, i) => ({ ...p, timestamp: 1000 + i * 160 }));
    expect(hear(packets).digits).toBe('3333333');
  });

  it('ignores packets of no duration and events that are no digits', () => {
    const [packet] = packetsOf('1');
    expect(hear([{ ...packet, duration: 0 }]).digits).toBe('');
    expect(hear([{ ...packet, event: 16 }]).digits).toBe('');
  });

  it('keeps the digits when another source begins', () => {
    const receiver = hear(packetsOf('12'));
    receiver.restart();
    hear(packetsOf('12'), receiver);
    expect(receiver.digits).toBe('1212');
  });
});

describe('matching digits', () => {
  it.each([
    ['1234', '1234', { received: 4, lost: 0, duplicated: 0, wrong: 0 }],
    ['1234', '134', { received: 3, lost: 1, duplicated: 0, wrong: 0 }],
    ['1234', '11234', { received: 4, lost: 0, duplicated: 1, wrong: 0 }],
    ['1234', '12334', { received: 4, lost: 0, duplicated: 1, wrong: 0 }],
    ['55', '555', { received: 2, lost: 0, duplicated: 1, wrong: 0 }],
    ['55', '5', { received: 1, lost: 1, duplicated: 0, wrong: 0 }],
    ['1234', '1294', { received: 3, lost: 1, duplicated: 0, wrong: 1 }],
    ['12', '132', { received: 2, lost: 0, duplicated: 0, wrong: 1 }],
    ['12', '21', { received: 1, lost: 1, duplicated: 0, wrong: 1 }],
    ['1', '22', { received: 0, lost: 1, duplicated: 0, wrong: 2 }],
    ['123', '', { received: 0, lost: 3, duplicated: 0, wrong: 0 }],
    ['', '12', { received: 0, lost: 0, duplicated: 0, wrong: 2 }],
    ['', '', { received: 0, lost: 0, duplicated: 0, wrong: 0 }],
  ])('sent %j, heard %j', (sent, heard, expected) => {
    expect(matchDigits(sent, heard)).toEqual(expected);
  });

  it('accounts for every digit sent and heard', () => {
    const digits = fc.stringMatching(/^[1-4]{0,30}$/);
    fc.assert(
      fc.property(digits, digits, (sent, heard) => {
        const { received, lost, duplicated, wrong } = matchDigits(sent, heard);
        expect(received + lost).toBe(sent.length);
        expect(received + duplicated + wrong).toBe(heard.length);
        expect(Math.min(received, lost, duplicated, wrong)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('never counts a loss or an error when digits are merely repeated', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...'0123456789*#'), fc.integer({ min: 1, max: 3 }))), (runs) => {
        const sent = runs.map(([digit]) => digit).join('');
        const heard = runs.map(([digit, times]) => digit.repeat(times)).join('');
        const match = matchDigits(sent, heard);
        expect(match).toEqual({ received: sent.length, lost: 0, duplicated: heard.length - sent.length, wrong: 0 });
      }),
    );
  });
});
