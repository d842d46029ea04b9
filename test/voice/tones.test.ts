import { describe, expect, it } from 'vitest';
import { Rng } from '../../src/core/rng.js';
import { nameTones } from '../../src/voice/tones.js';
import { cadence, detect, heardBy, tones, withNoise } from './scenes.js';

type Part = ReturnType<typeof cadence>[number];

/** What is named of tones that came over G.711 with a little noise and loss. */
function namesOf(parts: readonly Part[]): { kind: string; startMs: number; endMs: number }[] {
  const rng = new Rng(2);
  const noisy = withNoise(tones([{ hz: [], ms: 400 }, ...parts, { hz: [], ms: 400 }]), 'pink', -50, 8000, rng);
  return nameTones(detect(heardBy(noisy, 'PCMA', 0.01, rng)).bursts);
}

describe('tones', () => {
  it.each<[string, string, Part[]]>([
    ['ringback', 'of America', cadence([440, 480], 3, 2000, 4000)],
    ['ringback', 'of Europe', cadence([425], 3, 1000, 4000)],
    ['ringback', 'of Britain', cadence([400, 450], 3, 400, 200, 400, 2000)],
    ['busy', 'of America', cadence([480, 620], 6, 500, 500)],
    ['busy', 'of Europe', cadence([425], 6, 480, 480)],
    ['congestion', 'of America', cadence([480, 620], 10, 250, 250)],
    ['congestion', 'of Europe', cadence([425], 10, 240, 240)],
    ['dial', 'of America', cadence([350, 440], 1, 5000)],
    ['dial', 'of Europe', cadence([425], 1, 5000)],
    ['cng', 'three times', cadence([1100], 3, 500, 3000)],
    ['ced', 'once', cadence([2100], 1, 3000)],
    ['tone', 'a beep', cadence([1000], 1, 500)],
  ])('are named by frequency and cadence: %s %s', (kind, _which, parts) => {
    const [tone, ...others] = namesOf(parts);
    expect(others).toEqual([]);
    expect(tone.kind).toBe(kind);
    expect(Math.abs(tone.startMs - 400)).toBeLessThanOrEqual(40);
    const lastPauseMs = parts.at(-1)!.hz.length === 0 ? parts.at(-1)!.ms : 0;
    const endMs = 400 + parts.reduce((sum, { ms }) => sum + ms, 0) - lastPauseMs;
    expect(Math.abs(tone.endMs - endMs)).toBeLessThanOrEqual(40);
  });

  it('are named a special information tone, three of them rising', () => {
    const sit = [950, 1400, 1800].map((hz) => ({ hz: [hz], ms: 330 }));
    expect(namesOf(sit).map(({ kind }) => kind)).toEqual(['sit']);
    expect(namesOf([...sit].reverse()).map(({ kind }) => kind)).not.toContain('sit');
  });

  it('are told apart where one follows another', () => {
    const parts = [...cadence([440, 480], 2, 2000, 4000), ...cadence([2100], 1, 3000)];
    expect(namesOf(parts).map(({ kind }) => kind)).toEqual(['ringback', 'ced']);
  });
});
