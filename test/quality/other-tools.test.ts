import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Condition, FORMULAS, rtpengineR, voipMonitor } from '../support/other-tools.js';

const PAGE = readFileSync(new URL('../../docs/quality.md', import.meta.url), 'utf8');

/** A row of a table of docs/quality.md, as it should be printed. */
function row(name: string, conditions: readonly Condition[]): string {
  return `| ${name} | ${conditions.map((c) => FORMULAS[name](c).toFixed(2)).join(' | ')} |`;
}

describe('the formulas of other tools', () => {
  it('give what is known of them: rtpengine’s parabola rises again beyond 15 % loss', () => {
    const known = [
      [0, 89.86],
      [1, 84.39],
      [2, 79.28],
      [3, 74.53],
      [5, 66.1],
      [10, 51.34],
      [16, 45.51],
      [20, 48.82],
      [25, 61.06],
      [30, 82.3],
    ];
    for (const [lossPercent, r] of known) expect(rtpengineR({ lossPercent, delayMs: 0 })).toBeCloseTo(r, 1);
    expect(rtpengineR({ lossPercent: 0, delayMs: 200 })).toBeCloseTo(82.5662, 3);
    expect(rtpengineR({ lossPercent: 0, delayMs: 400 })).toBeCloseTo(55.7662, 3);
  });

  it('give what is known of them: VoIPmonitor’s curve', () => {
    for (const [lossPercent, burstR, r, mos] of [
      [0.5, 1, 90.5324, 4.1895],
      [1, 1, 88.0049, 4.093],
      [1, 2, 87.8585, 4.0876],
      [2, 1, 83.3436, 3.929],
      [5, 1, 71.872, 3.5912],
      [5, 3, 68.1156, 3.4976],
      [10, 1, 58.3626, 3.2843],
      [20, 1, 42.2196, 2.9889],
      [50, 1, 22.5897, 2.6328],
    ]) {
      expect(voipMonitor(lossPercent, burstR).r).toBeCloseTo(r, 4);
      expect(voipMonitor(lossPercent, burstR).mos).toBeCloseTo(mos, 4);
    }
  });

  it('say seven things of the same 5 % loss without delay', () => {
    const said = Object.values(FORMULAS).map((formula) => formula({ lossPercent: 5, delayMs: 0 }).toFixed(2));
    expect(said).toEqual(['2.17', '3.41', '3.59', '3.92', '4.09', '4.17', '4.30']);
  });

  it.each(Object.keys(FORMULAS))('are in the page as they are computed: %s', (name) => {
    const losses = [0, 1, 2, 5, 10, 20].map((lossPercent) => ({ lossPercent, delayMs: 0 }));
    const delays = [0, 100, 150, 250, 400].map((delayMs) => ({ lossPercent: 5, delayMs }));
    expect(PAGE).toContain(row(name, losses));
    expect(PAGE).toContain(row(name, delays));
  });
});
