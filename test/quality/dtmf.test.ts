import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EventPacket, TelephoneEventReceiver } from '../../src/quality/dtmf-receiver.js';
import { durationAt, eventCodeAt, isEndAt, volumeAt } from '../../src/rtp/telephone-event.js';
import { TelephoneEventSender } from '../../src/rtp/telephone-event-sender.js';

fc.configureGlobal({ seed: 20_260_101 });

/** The event packets of digits as they leave a sender, audio packets between them left out. */
function packetsOf(digits: string, toneMs = 100, gapMs = 60, sequence = 65_530): EventPacket[] {
  const sender = new TelephoneEventSender(8000, 20);
  sender.enqueue(digits, toneMs, gapMs, 17);
  const bytes = new Uint8Array(4);
  const packets: EventPacket[] = [];
  for (let slot = 0; sender.pending; slot++) {
    if (sender.next((2 ** 32 - 8000 + slot * 160) >>> 0, bytes, 0) === 0) continue;
    packets.push({
      event: eventCodeAt(bytes, 0),
      end: isEndAt(bytes, 0),
      marker: sender.marker,
      volume: volumeAt(bytes, 0),
      duration: durationAt(bytes, 0),
      timestamp: sender.timestamp,
      sequence: (sequence + slot) & 0xffff,
      clockRate: 8000,
      arrivalMs: slot * 20,
    });
  }
  return packets;
}

function hear(packets: EventPacket[], receiver = new TelephoneEventReceiver()): TelephoneEventReceiver {
  for (const packet of packets) receiver.accept(packet);
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
          const arrivals: { packet: EventPacket; at: number }[] = [];
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
    expect(receiver.list()[0].isResumed).toBe(true);
  });

  it('hears a long event in segments as one digit', () => {
    const receiver = hear(packetsOf('9', 20_000));
    expect(receiver.digits).toBe('9');
    expect(receiver.list()).toMatchObject([{ durationMs: 20_000, packets: 1002, hasStart: true, hasEnd: true }]);
    expect(hear(packetsOf('9', 20_000).filter((p) => !p.end)).list()).toMatchObject([
      { hasEnd: false, durationMs: 19_980 },
    ]);
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

  it('tells of each digit when it began, how long and loud it was, and how many packets came', () => {
    const [one, two] = hear(packetsOf('12')).list();
    const common = { method: 'rfc4733', durationMs: 100, volumeDbm0: -17, packets: 7, twistDb: null, isResumed: false };
    expect(one).toEqual({ digit: '1', startMs: 0, hasStart: true, hasEnd: true, ...common });
    expect(two).toEqual({ digit: '2', startMs: 160, hasStart: true, hasEnd: true, ...common });
  });

  it('takes a first packet of duration 0 for a start, and its packets for what they are', () => {
    const packets = packetsOf('1');
    const begun = [{ ...packets[0], duration: 0, sequence: packets[0].sequence - 1 }, ...packets.slice(1)];
    expect(hear(begun).list()).toMatchObject([{ digit: '1', startMs: 20, packets: 6, hasStart: true }]);
    expect(hear(begun.slice(0, 1)).list()).toEqual([]);
  });

  it('tells a lost start and a lost end', () => {
    const whole = packetsOf('1');
    expect(hear(whole.slice(2)).list()).toMatchObject([{ startMs: 40, packets: 5, hasStart: false, hasEnd: true }]);
    expect(hear(whole.slice(0, 4)).list()).toMatchObject([
      { durationMs: 80, packets: 4, hasStart: true, hasEnd: false },
    ]);
    expect(hear(whole.slice(0, 5)).list()).toMatchObject([{ durationMs: 100, packets: 5, hasEnd: true }]);
  });

  it('keeps two equal digits apart of which the end of one and the start of the other were lost', () => {
    const packets = packetsOf('55');
    const [first, second] = [packets.slice(0, 7), packets.slice(7)];
    const list = hear([...first.filter((p) => !p.end), ...second.filter((p) => !p.marker)]).list();
    expect(list).toMatchObject([
      { digit: '5', hasStart: true, hasEnd: false },
      { digit: '5', hasStart: false, hasEnd: true },
    ]);
  });
});
