import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Admission } from '../../src/trunk/admission.js';
import { ShareDealer } from '../../src/trunk/share-dealer.js';
import { HandTrunk } from '../support/trunk-by-hand.js';

const hundredths = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 6 });

describe('shares', () => {
  it('are dealt to any number of calls, to within one, whatever they are', () => {
    fc.assert(
      fc.property(hundredths, fc.boolean(), (parts, whole) => {
        // Together 100 %, or anything below.
        const sum = Math.max(1, whole ? parts.reduce((a, b) => a + b) : 100 * parts.length);
        const shares = Object.fromEntries(parts.map((part, i) => [`kind ${i}`, part / sum]));
        const dealer = new ShareDealer(shares);
        const dealt: Record<string, number> = {};
        for (let n = 1; n <= 200; n++) {
          const kind = dealer.deal() ?? 'rest';
          dealt[kind] = (dealt[kind] ?? 0) + 1;
          for (const [name, share] of Object.entries(shares))
            expect(Math.abs((dealt[name] ?? 0) - n * share)).toBeLessThan(1);
        }
      }),
      { numRuns: 50, seed: 7 },
    );
  });

  it('of whole calls are exact', () => {
    const dealer = new ShareDealer({ noRtp: 0.02, silence: 0.01, ignoreDtmf: 0.05 });
    const counts: Record<string, number> = {};
    for (let n = 1; n <= 1000; n++) {
      const kind = dealer.deal() ?? 'good';
      counts[kind] = (counts[kind] ?? 0) + 1;
    }
    expect(counts).toEqual({ noRtp: 20, silence: 10, ignoreDtmf: 50, good: 920 });
  });

  it('are dealt to nobody at 0 and to everybody at 1', () => {
    const none = new ShareDealer({ drop: 0 });
    const all = new ShareDealer({ silence: 0, drop: 1 });
    for (let i = 0; i < 10; i++) {
      expect(none.deal()).toBeNull();
      expect(all.deal()).toBe('drop');
    }
  });
});

describe('admission', () => {
  it('gives out as many channels as there are and takes them back', () => {
    const admission = new Admission({ channels: 2, cps: undefined });
    expect([admission.admit(0), admission.admit(0), admission.admit(0)]).toEqual([null, null, 'full']);
    admission.release();
    expect(admission.admit(0)).toBeNull();
    expect(admission.peak).toBe(2);
  });

  it('admits the cap of attempts per second', () => {
    const admission = new Admission({ channels: 1000, cps: 10 });
    let admitted = 0;
    for (let t = 0; t < 10_000; t += 20) if (admission.admit(t) === null) admitted++;
    expect(admitted).toBe(100);
  });

  it('admits the cap also when attempts come unevenly, and never more within any second', () => {
    const admission = new Admission({ channels: 1000, cps: 10 });
    const times: number[] = [];
    for (let i = 0; i < 400; i++) {
      const t = i * 25 + (i % 7) * 3;
      if (admission.admit(t) === null) times.push(t);
    }
    expect(times.length).toBeGreaterThanOrEqual(98);
    for (const t of times) expect(times.filter((u) => u >= t && u < t + 1000).length).toBeLessThanOrEqual(10);
  });

  it('keeps a cap below one a second', () => {
    const admission = new Admission({ channels: 1000, cps: 0.5 });
    let admitted = 0;
    for (let t = 0; t < 10_000; t += 100) if (admission.admit(t) === null) admitted++;
    expect(admitted).toBe(5);
  });

  it('does not spend the rate on calls that found no channel', () => {
    const admission = new Admission({ channels: 1, cps: 1 });
    expect([admission.admit(0), admission.admit(1000), admission.admit(1001)]).toEqual([null, 'full', 'full']);
  });
});

describe('a trunk without a port for a call', () => {
  it.each([
    ['that has used them up', { message: 'No ports left' }, 'No RTP ports left at the simulated trunk'],
    ['that could not bind them in time', null, 'RTP ports not bound in time by the simulated trunk'],
  ])('%s says so', (_, exhausted, reason) => {
    const hand = new HandTrunk();
    Object.assign(hand.media, { lease: () => null, exhausted });
    expect(hand.call().responses).toMatchObject([{ status: 500, reason }]);
    expect(hand.trunk.counts).toMatchObject({ refusedNoPorts: 1, inUse: 0 });
  });
});

describe('a call whose body is no session description', () => {
  it('is refused with what would be taken, and costs no channel (RFC 4475 3.3.6)', () => {
    const hand = new HandTrunk();
    const { responses } = hand.call('100', { 'content-type': 'application/unknownformat' });
    expect(responses).toMatchObject([{ status: 415, headers: { Accept: 'application/sdp' } }]);
    expect(hand.trunk.counts).toMatchObject({ admitted: 0, inUse: 0 });
  });

  it.each(['application/sdp', 'Application/SDP; charset=utf-8'])('%s may be one', (type) => {
    const hand = new HandTrunk();
    hand.call('100', { 'content-type': type });
    expect(hand.trunk.counts).toMatchObject({ admitted: 1, inUse: 1 });
  });
});
