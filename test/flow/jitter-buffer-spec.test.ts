import { describe, expect, it } from 'vitest';
import { parseJitterBuffer } from '../../src/flow/jitter-buffer-spec.js';
import { mediaSpec } from '../../src/flow/spec.js';
import { parseProfile } from '../../src/profile/read.js';

describe('media.jitterBuffer', () => {
  it.each([
    [undefined, { kind: 'fixed', delayMs: 60 }],
    [80, { kind: 'fixed', delayMs: 80 }],
    ['120ms', { kind: 'fixed', delayMs: 120 }],
    [
      { kind: 'fixed', delay: '40ms' },
      { kind: 'fixed', delayMs: 40 },
    ],
    [{ kind: 'adaptive' }, { kind: 'adaptive', minMs: 20, maxMs: 200 }],
    [
      { kind: 'adaptive', min: '40ms', max: '0.5s' },
      { kind: 'adaptive', minMs: 40, maxMs: 500 },
    ],
  ])('takes %o', (jitterBuffer, expected) => {
    expect(mediaSpec.parse({ jitterBuffer }).jitterBuffer).toEqual(expected);
  });

  it.each([
    ['20-200ms'],
    [-1],
    ['{ kind: elastic }'],
    ['{ kind: fixed, min: 20ms }'],
    ['{ kind: adaptive, min: 300ms }'],
    ['{ kind: adaptive, max: 2s }'],
    ['{ kind: adaptive, delay: 60ms }'],
  ])('is refused at its line as %s', (jitterBuffer) => {
    const text = `name: x\nload: [{ shape: constant, cps: 1, for: 1s }]\nmedia:\n  jitterBuffer: ${jitterBuffer}\n`;
    expect(() => parseProfile(text, 'p.yaml')).toThrow(
      /^The profile has a mistake:\n {2}p\.yaml:4 {2}media\.jitterBuffer/,
    );
  });

  it('says what the bounds of an adaptive one must keep to', () => {
    const messageFor = (bounds: string): string => {
      try {
        parseProfile(`media: { jitterBuffer: { kind: adaptive, ${bounds} } }`, 'p.yaml');
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(messageFor('min: 300ms')).toContain('min must not exceed max');
    expect(messageFor('max: 2s')).toContain('max must not exceed 1s');
  });
});

describe('a jitter buffer as an argument', () => {
  it.each([
    ['60ms', { kind: 'fixed', delayMs: 60 }],
    ['adaptive', { kind: 'adaptive', minMs: 20, maxMs: 200 }],
    ['adaptive:40-400ms', { kind: 'adaptive', minMs: 40, maxMs: 400 }],
    ['adaptive:20ms-0.2s', { kind: 'adaptive', minMs: 20, maxMs: 200 }],
  ])('is read from %s', (text, expected) => {
    expect(parseJitterBuffer(text)).toEqual(expected);
  });

  it.each(['', 'adaptive:', 'adaptive:20ms', 'adaptive:200-20ms', 'adaptive:20-2000ms', 'elastic', 'adaptive:a-b'])(
    'is refused as %o',
    (text) => {
      expect(parseJitterBuffer(text)).toBeNull();
    },
  );
});
