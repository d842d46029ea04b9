import { describe, expect, it } from 'vitest';
import { type Mistake, ProfileError, parseProfile } from '../../src/profile/read.js';

const LINE = 5;

/** The mistakes of a profile whose uplink is one stage, on line 5. */
function mistakesOf(stage: string): readonly Mistake[] {
  const text = `name: models\nload: [{ shape: constant, cps: 1, for: 1s }]\nimpairment:\n  uplink:\n    - ${stage}\n`;
  try {
    parseProfile(text, 'p.yaml');
  } catch (error) {
    if (error instanceof ProfileError) return error.mistakes;
    throw error;
  }
  return [];
}

describe('the fields of network models', () => {
  for (const [stage, path, message] of [
    ['{ kind: exact-loss, lose: 3 }', 'of', 'is missing'],
    ['{ kind: exact-loss, lose: 3, of: 2 }', '', 'cannot be lost of 2'],
    ['{ kind: periodic-loss, every: 2000000 }', 'every', '1000000'],
    ['{ kind: periodic-loss, lose: 5, every: 4 }', '', 'cannot be lost of every 4'],
    ['{ kind: outage, from: 1s }', 'for', 'missing'],
    ['{ kind: outage, for: soon }', 'for', 'expected a duration'],
    ['{ kind: outage, for: 3s, every: 2s }', '', 'never ends'],
    ['{ kind: loss-trace }', '', 'one of the two'],
    ['{ kind: loss-trace, bits: "0102" }', 'bits', 'zeros and ones'],
    ['{ kind: loss-trace, file: /nowhere/loss.txt }', '', '/nowhere/loss.txt'],
    ['{ kind: delay, jitter: { distribution: gamma, spread: 3 } }', 'jitter.distribution', 'pareto-normal'],
    [
      '{ kind: delay, jitter: { distribution: normal, spread: 3, correlation: 1 } }',
      'jitter.correlation',
      'below 100%',
    ],
    ['{ kind: delay-trace, values: [] }', 'values', '1'],
    ['{ kind: delay-trace, values: [3, soon] }', 'values.1', 'expected a duration'],
    ['{ kind: delay-trace, values: [3], file: x }', '', 'one of the two'],
    ['{ kind: delay-trace, file: /nowhere/delays.txt }', '', '/nowhere/delays.txt'],
    ['{ kind: spike, ratio: 120%, height: 1s }', 'ratio', 'share such as 2%'],
    ['{ kind: spike, ratio: 1% }', 'height', 'missing'],
    ['{ kind: clock-skew, ppm: 20000 }', 'ppm', '10000'],
    ['{ kind: queue, rate: 5, buffer: 1kB }', 'rate', '1 kbit/s or more'],
    ['{ kind: queue, rate: 1Mbit/s, buffer: 64 }', 'buffer', 'a time such as 500ms, found 64'],
    ['{ kind: loss, ratio: 2 }', 'ratio', 'expected a share such as 2% or 0.02, found 2'],
    ['{ kind: delay, base: -5 }', 'base', 'expected a duration of 0 or more'],
    ['{ kind: ptime, to: 25 }', 'to', 'expected 10, 20, 30, 40, 60, found 25'],
    ['{ kind: queue, rate: 1Mbit/s, buffer: lots }', 'buffer', '64kB or a time such as 500ms'],
    ['{ kind: queue, rate: 1Mbit/s, buffer: 64kB, overhead: 900 }', 'overhead', '200'],
    ['{ kind: queue, rate: 1Mbit/s, buffer: 64kB, group: "" }', 'group', '1'],
    ['{ kind: corrupt, part: tail, ratio: 1% }', 'part', 'header, payload, packet'],
    ['{ kind: corrupt }', '', 'needs either'],
    ['{ kind: corrupt, bitErrorRatio: 0 }', 'bitErrorRatio', '1e-12'],
    ['{ kind: corrupt, ratio: 1%, bits: 0 }', 'bits', '1'],
  ] as const)
    it(`are refused at their line: ${stage}`, () => {
      const mistakes = mistakesOf(stage);
      expect(mistakes).toHaveLength(1);
      expect(mistakes[0]).toMatchObject({
        path: path === '' ? 'impairment.uplink.0' : `impairment.uplink.0.${path}`,
        line: LINE,
        message: expect.stringContaining(message),
      });
    });

  it('are taken where they can be done', () => {
    for (const stage of [
      '{ kind: exact-loss, lose: 3, of: 100 }',
      '{ kind: outage, from: 10s, for: 2s, every: 1m }',
      '{ kind: delay, base: 80ms, jitter: { distribution: pareto-normal, spread: 10ms, correlation: 25% } }',
      '{ kind: delay-trace, values: [10, 20ms] }',
      '{ kind: clock-skew, ppm: -40 }',
      '{ kind: queue, rate: 2Mbit/s, buffer: 500ms, group: office }',
      '{ kind: corrupt, part: header, ratio: 1%, bits: 2 }',
    ])
      expect(mistakesOf(stage), stage).toEqual([]);
  });
});
