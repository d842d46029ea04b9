import { describe, expect, it } from 'vitest';
import { type Paced, PacingWheel } from '../../src/media/pacing-wheel.js';

/** Acts `times` times, every 20 ms from `nextSlotMs` on. */
class Ticker implements Paced {
  readonly acted: number[] = [];

  constructor(
    public nextSlotMs: number,
    private times: number,
  ) {}

  onSlot(): boolean {
    this.acted.push(this.nextSlotMs);
    this.nextSlotMs += 20;
    return --this.times > 0;
  }
}

describe('the pacing wheel', () => {
  it('runs each at its deadline and lets go of those that do not go on, whose places others take', () => {
    const wheel = new PacingWheel();
    const all: Ticker[] = [];
    for (let nowMs = 1000; nowMs < 3000; nowMs += 2) {
      // Two more each tick, of which each lives for five slots: far more in all than are ever in the wheel.
      for (const offset of [0.25, 1.75]) {
        const ticker = new Ticker(nowMs + offset, 5);
        all.push(ticker);
        wheel.add(ticker);
      }
      wheel.run(nowMs);
    }
    for (const ticker of all.slice(0, -200)) {
      const first = ticker.acted[0];
      expect(ticker.acted).toEqual([0, 1, 2, 3, 4].map((i) => first + 20 * i));
    }
  });

  it('runs a deadline that has passed at the next turn, once', () => {
    const wheel = new PacingWheel();
    wheel.run(5000);
    const late = new Ticker(4000, 1);
    wheel.add(late);
    wheel.run(5002);
    wheel.run(5004);
    expect(late.acted).toEqual([4000]);
  });

  it('visits all once after a stall of more than a turn of its buckets', () => {
    const wheel = new PacingWheel();
    wheel.run(0);
    const tickers = Array.from({ length: 80 }, (_, i) => new Ticker(i * 0.25, 1));
    for (const ticker of tickers) wheel.add(ticker);
    wheel.run(10_000);
    for (const ticker of tickers) expect(ticker.acted).toHaveLength(1);
  });
});
