import { describe, expect, it } from 'vitest';
import { Admission } from '../../src/trunk/admission.js';
import { FaultDealer } from '../../src/trunk/fault-dealer.js';
import type { Fault } from '../../src/trunk/spec.js';

const shares = { noRtp: 0, silence: 0, wrongCodec: 0, ignoreDtmf: 0, drop: 0, dropAfter: 3000 };

describe('faults', () => {
  it('are dealt their share of any number of calls, to within one', () => {
    const dealer = new FaultDealer({ ...shares, noRtp: 0.02, silence: 0.01, ignoreDtmf: 0.05 });
    const counts: Partial<Record<Fault, number>> = {};
    for (let n = 1; n <= 1000; n++) {
      const fault = dealer.deal();
      if (fault) counts[fault] = (counts[fault] ?? 0) + 1;
      expect(Math.abs((counts.noRtp ?? 0) - n * 0.02)).toBeLessThanOrEqual(1);
      expect(Math.abs((counts.silence ?? 0) - n * 0.01)).toBeLessThanOrEqual(1);
      expect(Math.abs((counts.ignoreDtmf ?? 0) - n * 0.05)).toBeLessThanOrEqual(1);
    }
    expect(counts).toEqual({ noRtp: 20, silence: 10, ignoreDtmf: 50 });
  });

  it('are dealt to nobody at a share of 0 and to everybody at 1', () => {
    const none = new FaultDealer(shares);
    const all = new FaultDealer({ ...shares, drop: 1 });
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
