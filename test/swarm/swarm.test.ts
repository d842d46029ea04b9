import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import type { SrfApp } from '../../src/drachtio/srf-types.js';
import { Population } from '../../src/flow/population.js';
import { callSpec, mediaSpec } from '../../src/flow/spec.js';
import type { Arrival } from '../../src/load/arrivals.js';
import type { MediaClient } from '../../src/media/link/client.js';
import { Pacer } from '../../src/swarm/pacer.js';
import { Swarm } from '../../src/swarm/swarm.js';
import { readTarget } from '../../src/swarm/target.js';

/** A swarm that makes an attempt each 10 ms, of which none is answered. */
class Stand {
  readonly clock = new ManualClock();
  /** When each attempt was made. */
  readonly madeMs: number[] = [];
  readonly swarm: Swarm;

  constructor() {
    const calls = callSpec.parse({ to: 'x', giveUpAfter: '1h' });
    const media = {
      lease: () => ({ pair: 0, address: '127.0.0.1', rtpPort: 4000, rtcpPort: 4001 }),
      open: () => {},
    } as unknown as MediaClient;
    const plan = Array.from({ length: 200 }, (_, i): Arrival => ({ atMs: 10 * i, holdMs: 1000 }));
    this.swarm = new Swarm({
      srf: { createUAC: () => void this.madeMs.push(this.clock.now()) } as unknown as SrfApp,
      departures: null,
      media,
      clock: this.clock,
      population: new Population(),
      calls,
      conversation: calls,
      mediaSpec: mediaSpec.parse({}),
      probe: null,
      advertise: undefined,
      pacer: new Pacer(plan.values()),
      target: readTarget('sip:192.0.2.1')!,
      group: null,
      sign: null,
      impairment: { select: undefined, uplink: [], downlink: [] },
      rows: [],
      callers: [],
      callees: [],
      onAnswer: () => {},
      onError: (error) => {
        throw error;
      },
      onRecord: () => {},
      onDone: () => {},
    });
  }

  /** Gives how many attempts were made meanwhile. */
  pass(ms: number): number {
    const before = this.madeMs.length;
    for (let moved = 0; moved < ms; moved++) {
      this.clock.advance(1);
      vi.advanceTimersByTime(1);
    }
    return this.madeMs.length - before;
  }
}

describe('a swarm whose load is changed while it goes', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('makes up for nothing of a pause', () => {
    const stand = new Stand();
    stand.pass(55);
    stand.swarm.setPaused(true);
    expect(stand.pass(160)).toBe(0);
    const resumedMs = stand.clock.now();
    stand.swarm.setPaused(false);
    stand.pass(50);
    const since = stand.madeMs.filter((ms) => ms >= resumedMs).map((ms) => ms - resumedMs);
    // Half of the time until the next one had passed when it was paused.
    expect(since).toHaveLength(5);
    for (const [i, ms] of since.entries()) expect(Math.abs(ms - (5 + 10 * i))).toBeLessThanOrEqual(1);
  });
});
