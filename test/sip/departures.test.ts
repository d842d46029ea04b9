import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import type { Libc } from '../../src/core/libc.js';
import { DepartureBook } from '../../src/sip/departure-book.js';
import { DepartureRing, MOST_BYTES, SLOTS, STOP, WAKE } from '../../src/sip/departure-ring.js';
import { DepartureSender } from '../../src/sip/departure-sender.js';
import { Departures } from '../../src/sip/departures.js';

const FD = 7;
/** 192.0.2.9 as a number. */
const IP = (192 << 24) | (2 << 8) | 9;

/** Both sides of a ring within one thread, over a C library that keeps what it is to send. */
class Stand {
  readonly clock = new ManualClock(1000);
  readonly memory = DepartureRing.memory();
  readonly sent: { atMs: number; text: string; to: string; fd: number }[] = [];
  readonly told: string[] = [];
  readonly departures = new Departures(this.memory, (errno) => (errno === 11 ? 'EAGAIN' : `errno ${errno}`));
  errno = 0;
  /** What the other side does while a datagram is being sent. */
  meanwhile = (): void => {};
  private readonly native = new ArrayBuffer(2 * MOST_BYTES);
  sender = this.serve();

  serve(): DepartureSender {
    const libc = {
      allocate: () => ({ buffer: this.native, base: 0 }),
      errno: () => this.errno,
      clockGettime: () => -1,
      sendto: (fd: number, data: number, length: number, _flags: number, address: number) => {
        const view = new DataView(this.native);
        const ip = [0, 1, 2, 3].map((i) => view.getUint8(address + 4 + i)).join('.');
        const text = Buffer.from(this.native, data, length).toString('latin1');
        this.sent.push({ atMs: this.clock.now(), text, to: `${ip}:${view.getUint16(address + 2)}`, fd });
        this.meanwhile();
        return this.errno === 0 ? length : -1;
      },
    };
    return new DepartureSender(this.memory, libc as unknown as Libc, this.clock);
  }

  lay(text: string, dueMs: number, fd = FD): boolean {
    return this.departures.lay(fd, Buffer.from(text), IP, 5060, dueMs, {
      onDeparted: (atMs) => this.told.push(`${text} at ${atMs}`),
      onTransportError: (reason) => this.told.push(`${text}: ${reason}`),
    });
  }

  get texts(): string[] {
    return this.sent.map(({ text }) => text);
  }

  /** How often the sender was woken. */
  get wakes(): number {
    return new Int32Array(this.memory)[WAKE];
  }
}

describe('datagrams that a thread sends when they are due', () => {
  let stand: Stand;
  beforeEach(() => {
    stand = new Stand();
  });
  afterEach(() => void vi.restoreAllMocks());

  it('leave when they are due and not before, and are told of with the time at which they left', () => {
    expect(stand.lay('one', 1010)).toBe(true);
    expect(stand.lay('two', 1020.5)).toBe(true);
    expect(stand.sender.turn()).toBe(10);
    stand.clock.set(1009.99);
    stand.sender.turn();
    expect(stand.sent).toEqual([]);
    stand.clock.set(1010.1);
    expect(stand.sender.turn()).toBeCloseTo(10.4);
    expect(stand.sent).toEqual([{ atMs: 1010.1, text: 'one', to: '192.0.2.9:5060', fd: FD }]);
    expect(stand.told).toEqual([]);
    stand.departures.collect();
    expect(stand.told).toEqual(['one at 1010.1']);
    stand.clock.set(1020.5);
    expect(stand.sender.turn()).toBe(Number.POSITIVE_INFINITY);
    stand.departures.collect();
    stand.departures.collect();
    expect(stand.told).toEqual(['one at 1010.1', 'two at 1020.5']);
  });

  it('leave at their times whatever the order in which they were laid, and all that are due at once', () => {
    for (const [text, dueMs] of [
      ['late', 1030],
      ['first', 1010],
      ['second', 1015],
    ] as const)
      stand.lay(text, dueMs);
    stand.clock.set(1012);
    expect(stand.sender.turn()).toBe(3);
    stand.clock.set(1016);
    stand.sender.turn();
    stand.departures.collect();
    expect(stand.told).toEqual(['first at 1012', 'second at 1016']);
    stand.clock.set(1030);
    stand.sender.turn();
    stand.departures.collect();
    expect(stand.texts).toEqual(['first', 'second', 'late']);
    expect(stand.told).toHaveLength(3);
  });

  it('wake the sender only where it sleeps past their time', () => {
    const wakes: number[] = [];
    for (const dueMs of [1010, 1020, 1015]) {
      stand.lay('x', dueMs);
      wakes.push(stand.wakes);
    }
    stand.clock.set(1030);
    stand.sender.turn();
    stand.lay('x', 1040);
    wakes.push(stand.wakes);
    // To an empty ring; behind another one; before another one; to a ring of which all have left.
    expect(wakes).toEqual([1, 1, 2, 3]);
  });

  it('wake the sender also where the one laid before has left and only later ones wait', () => {
    stand.lay('late', 1100);
    stand.lay('early', 1050);
    stand.clock.set(1050);
    // It would sleep for so long.
    expect(stand.sender.turn()).toBe(50);
    const { wakes } = stand;
    stand.lay('between', 1060);
    expect(stand.wakes).toBe(wakes + 1);
  });

  it('are told of once, also while they are being sent, which may take longer than their response', () => {
    const told: string[][] = [];
    stand.meanwhile = () => {
      stand.clock.advance(5);
      stand.departures.collect();
      told.push([...stand.told]);
    };
    stand.lay('one', 1010);
    stand.lay('two', 1011);
    stand.clock.set(1012);
    stand.errno = 101;
    stand.sender.turn();
    const left = ['one at 1012', 'one: errno 101', 'two at 1017'];
    expect(told).toEqual([left.slice(0, 1), left]);
    stand.departures.collect();
    stand.departures.collect();
    expect(stand.told).toEqual([...left, 'two: errno 101']);
    for (let i = 0; i < SLOTS; i++) expect(stand.lay(`${i}`, 2000)).toBe(true);
  });

  it('that cannot be sent are told of with the reason; a full send buffer is a loss like any other', () => {
    stand.lay('refused', 1001);
    stand.clock.set(1001);
    stand.errno = 101;
    stand.sender.turn();
    stand.lay('lost', 1002);
    stand.clock.set(1002);
    stand.errno = 11;
    stand.sender.turn();
    stand.departures.collect();
    expect(stand.told).toEqual(['refused at 1001', 'refused: errno 101', 'lost at 1002']);
  });

  it('are not taken where nobody sends them, where they are too long, and where there is no room', () => {
    const unserved = new Departures(DepartureRing.memory(), String);
    const listener = { onDeparted: () => {}, onTransportError: () => {} };
    expect(unserved.lay(FD, Buffer.from('x'), IP, 5060, 1010, listener)).toBe(false);
    expect(stand.lay('x'.repeat(MOST_BYTES + 1), 1010)).toBe(false);
    expect(stand.lay('x'.repeat(MOST_BYTES), 1001)).toBe(true);
    for (let i = 1; i < SLOTS; i++) expect(stand.lay(`${i}`, 1001 + i)).toBe(true);
    expect(stand.lay('beyond', 2000)).toBe(false);
    stand.clock.set(1001);
    stand.sender.turn();
    expect(stand.lay('not yet told of', 2000)).toBe(false);
    stand.departures.collect();
    expect(stand.lay('next', 2000)).toBe(true);
  });

  it('come and go for as long as a run lasts', () => {
    const laid: string[] = [];
    for (let i = 0; i < 5 * SLOTS; i++) {
      laid.push(`${i}`);
      stand.lay(`${i}`, stand.clock.now() + (i % 7));
      stand.clock.advance(1);
      if (i % 3 === 0) stand.sender.turn();
      if (i % 5 === 0) stand.departures.collect();
    }
    stand.clock.advance(10);
    stand.sender.turn();
    stand.departures.collect();
    expect(stand.told).toHaveLength(laid.length);
    expect(stand.texts.map(Number).sort((a, b) => a - b)).toEqual(laid.map(Number));
  });

  it('are dropped with the descriptor that they were to leave by', () => {
    stand.lay('gone', 1001);
    stand.lay('dropped', 1010);
    stand.lay('of another', 1011, FD + 1);
    stand.clock.set(1001);
    stand.sender.turn();
    stand.departures.drop(FD);
    stand.clock.set(1020);
    stand.sender.turn();
    stand.departures.collect();
    expect(stand.texts).toEqual(['gone', 'of another']);
    expect(stand.told).toEqual(['gone at 1001', 'of another at 1020']);
    stand.lay('later', 1030);
    stand.clock.set(1030);
    stand.sender.turn();
    stand.departures.collect();
    expect(stand.told.at(-1)).toBe('later at 1030');
  });

  it('end with their thread, which leaves what waits', () => {
    stand.lay('waits', 1010);
    new DepartureRing(stand.memory).stop();
    stand.clock.set(1010);
    stand.sender.run();
    expect(stand.sent).toEqual([]);
  });

  it('end with their thread also where that is told so while it gets ready to sleep', () => {
    const atomics = Atomics as {
      load(words: Int32Array, index: number): number;
      wait(words: Int32Array, index: number, value: number): string;
    };
    const { load } = atomics;
    let looks = 0;
    vi.spyOn(atomics, 'load').mockImplementation((words, index) => {
      const value = load(words, index);
      if (index === STOP && looks++ === 0) new DepartureRing(stand.memory).stop();
      return value;
    });
    vi.spyOn(atomics, 'wait').mockImplementation((words, index, value) => {
      if (load(words, index) === value) throw new Error('sleeps, and nobody will wake it');
      return 'not-equal';
    });
    stand.sender.run();
    expect(looks).toBe(2);
  });
});

describe('the book of departures', () => {
  let calls = 0;
  const clock = new ManualClock(1000);
  const book = new DepartureBook(clock, () => `call ${calls++}`);

  it('knows when the first INVITE of a call is to leave, and of no other', () => {
    const first = book.book(1010);
    const second = book.book(1020);
    expect(first).not.toBe(second);
    expect(book.take('unheard of')).toBeNull();
    expect([book.take(second), book.take(first), book.take(first)]).toEqual([1020, 1010, null]);
  });

  it('forgets those whose request never came, once they are past, and none that is to come', () => {
    const past = book.book(1001);
    clock.set(1001);
    const others = Array.from({ length: 1100 }, () => book.book(1500));
    expect(book.take(past)).toBeNull();
    expect(others.every((callId) => book.take(callId) === 1500)).toBe(true);
  });
});
