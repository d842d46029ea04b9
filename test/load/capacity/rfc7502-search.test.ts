import { describe, expect, it } from 'vitest';
import { CapacitySearch } from '../../../src/load/capacity/capacity-search.js';
import { CRITERIA } from '../../../src/load/capacity/judge.js';
import { Rfc7502Search } from '../../../src/load/capacity/rfc7502-search.js';
import { SimulatedCarrier } from './simulated-carrier.js';

/** The rates that are tried where all up to `limit` hold. */
function ratesUpTo(limit: number, search: Rfc7502Search): number[] {
  const rates: number[] = [];
  for (let trial = search.next; trial; trial = search.next) {
    rates.push(trial.level);
    search.take(trial.level <= limit ? { kind: 'held' } : { kind: 'failed', ailment: 'refused', carried: limit });
  }
  return rates;
}

describe('the session establishment rate by RFC 7502', () => {
  it('goes up and down by a tenth from 100 a second, and ends after ten steps no better than the best', () => {
    const search = new Rfc7502Search(1000);
    const rates = ratesUpTo(125, search);
    expect(rates.slice(0, 7)).toEqual([100, 110, 121, 133, 119, 130, 117]);
    expect(search.result).toMatchObject({ held: 125, end: 'knee', isConfirmed: true, ailment: 'refused' });
    expect(rates.filter((rate) => rate <= 125).length).toBeGreaterThan(10);
  });

  it('goes down from a first rate that fails, to nothing if need be', () => {
    const search = new Rfc7502Search(1000);
    expect(ratesUpTo(50, search).slice(0, 4)).toEqual([100, 90, 81, 72]);
    expect(search.result.held).toBeGreaterThan(45);
    const none = new Rfc7502Search(1000);
    ratesUpTo(0, none);
    expect(none.result).toMatchObject({ held: 0, failed: 1 });
  });

  it('ends at the highest rate that may be tried', () => {
    const search = new Rfc7502Search(115);
    expect(ratesUpTo(500, search)).toEqual([100, 110, 115]);
    expect(search.result).toMatchObject({ held: 115, end: 'max' });
  });

  it('takes its steps of so many attempts, and one failure for one', () => {
    const search = new CapacitySearch({
      maxCalls: 400,
      maxCps: 400,
      stepCalls: 50,
      stepMs: 5000,
      criteria: CRITERIA,
      rfc7502Attempts: 600,
      paceCps: 50,
      shortestMs: 5000,
      longestMs: 600_000,
    });
    const carrier = new SimulatedCarrier(
      {
        channels: 500,
        cps: 150,
        whenFull: 'refused',
        whenTooFast: 'refused',
        srdMs: 20,
        ringMs: 50,
        ailment: null,
        noise: { unheard: 0, digits: 0, dropped: 0 },
      },
      1,
    );
    for (let plan = search.next; plan; plan = search.next) search.take(carrier.run(plan, CRITERIA.leastMos));
    const steps = search.steps.filter(({ plan }) => plan.dimension === 'cps');
    expect(steps.map(({ plan }) => plan.attempts)).toEqual(steps.map(() => 600));
    for (const { figures, finding } of steps) expect(finding.kind).toBe(figures.refused > 0 ? 'failed' : 'held');
    expect(search.result.cps).toMatchObject({ cause: 'cps', isAtLeast: false, isConfirmed: true });
    expect(search.result.cps!.value).toBeGreaterThan(135);
    expect(search.result.cps!.value).toBeLessThanOrEqual(150);
  });
});
