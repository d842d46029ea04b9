import { describe, expect, it } from 'vitest';
import { type DirectionFacts, judge } from '../../src/quality/one-way.js';

/** A direction in which 20 s of speech were expected and heard. */
const HEARD: DirectionFacts = {
  isAnswered: true,
  expectedMs: 20_000,
  packets: 1000,
  startDelayMs: 30,
  gapMs: 20,
  wrongSource: 0,
  wrongSourceSince: 0,
  unauthenticated: 0,
  undecodable: 0,
  decodable: 1000,
  undecodableMs: 0,
  unmeasured: 0,
  longestGapMs: 30,
  mediaTimeoutMs: 5000,
  secondsExpected: 20,
  secondsHeard: 18,
  quietRatio: 0.3,
  garbledBlocks: 0,
  interruptions: { count: 0, totalMs: 0, longestMs: 0 },
};
const NOTHING: Partial<DirectionFacts> = {
  packets: 0,
  decodable: 0,
  startDelayMs: null,
  gapMs: 0,
  longestGapMs: 0,
  secondsHeard: 0,
  quietRatio: null,
};

describe('the verdict on a direction', () => {
  it.each<[string, Partial<DirectionFacts>, string]>([
    ['heard', {}, 'ok'],
    ['not answered', { isAnswered: false }, 'unknown'],
    ['nothing yet, 1.9 s after the answer', { ...NOTHING, expectedMs: 1999 }, 'unknown'],
    ['nothing for 2 s', { ...NOTHING, expectedMs: 2000 }, 'no-rtp'],
    ['nothing, and none expected', { ...NOTHING, expectedMs: 0 }, 'unknown'],
    ['only from elsewhere', { ...NOTHING, wrongSource: 100 }, 'wrong-source'],
    ['moved to another source 2 s ago', { gapMs: 2000, wrongSource: 100, wrongSourceSince: 100 }, 'wrong-source'],
    ['moved 1.9 s ago', { gapMs: 1999, wrongSource: 95, wrongSourceSince: 95 }, 'ok'],
    ['nothing for 2 s but a few strays', { gapMs: 2000, wrongSource: 9, wrongSourceSince: 9 }, 'ok'],
    ['only what does not authenticate', { ...NOTHING, unauthenticated: 100, wrongSource: 1 }, 'unauthenticated'],
    ['some that does not authenticate', { unauthenticated: 100 }, 'ok'],
    ['from elsewhere beside the right source', { wrongSource: 100 }, 'ok'],
    ['a gap shorter than the timeout', { longestGapMs: 4999 }, 'ok'],
    ['a gap as long as the timeout', { longestGapMs: 5000 }, 'stopped'],
    ['a gap without a timeout', { longestGapMs: 50_000, mediaTimeoutMs: 0 }, 'ok'],
    [
      'nothing that can be decoded',
      { undecodable: 1000, decodable: 0, secondsHeard: 0, quietRatio: null },
      'undecodable',
    ],
    ['95 % that cannot be decoded', { undecodable: 950, decodable: 50 }, 'undecodable'],
    ['94 % that cannot be decoded', { undecodable: 940, decodable: 60 }, 'ok'],
    ['nothing else for the timeout', { undecodable: 250, undecodableMs: 5000 }, 'undecodable'],
    ['nothing else for less', { undecodable: 249, undecodableMs: 4980 }, 'ok'],
    ['undecodable, too early to tell', { undecodable: 50, decodable: 0, expectedMs: 1000 }, 'unknown'],
    ['silence for 5 s', { secondsExpected: 5, secondsHeard: 0, quietRatio: 1 }, 'silence'],
    [
      'silence for all that is known, of a codec that is not decoded',
      { secondsHeard: 0, quietRatio: null, unmeasured: 1000 },
      'ok',
    ],
    ['silence for 4 s', { secondsExpected: 4, secondsHeard: 0, quietRatio: 1 }, 'ok'],
    ['events only', { decodable: 0, secondsHeard: 0, quietRatio: null }, 'silence'],
    ['95 % silence, heard in 3 of 20 s', { secondsHeard: 3, quietRatio: 0.95 }, 'silence'],
    ['95 % silence, heard in 4 of 20 s', { secondsHeard: 4, quietRatio: 0.95 }, 'ok'],
    ['94 % silence, heard in 3 of 20 s', { secondsHeard: 3, quietRatio: 0.94 }, 'ok'],
    ['one block garbled', { garbledBlocks: 1 }, 'garbled'],
    ['garbled and silent', { garbledBlocks: 1, secondsHeard: 0, quietRatio: 1 }, 'silence'],
    ['garbled where none is expected', { garbledBlocks: 1, expectedMs: 0 }, 'ok'],
    ['three interruptions of 2 %', { interruptions: { count: 3, totalMs: 600, longestMs: 200 } }, 'intermittent'],
    ['three of less', { expectedMs: 30_100, interruptions: { count: 3, totalMs: 600, longestMs: 200 } }, 'ok'],
    ['two long interruptions', { interruptions: { count: 2, totalMs: 4000, longestMs: 2000 } }, 'ok'],
    ['started after 1 s', { startDelayMs: 1000 }, 'late'],
    ['started after less', { startDelayMs: 999 }, 'ok'],
    ['late and garbled', { startDelayMs: 1500, garbledBlocks: 1 }, 'garbled'],
    ['silence, and none expected', { expectedMs: 0, secondsExpected: 0, secondsHeard: 0, quietRatio: null }, 'ok'],
  ])('%s', (_what, facts, expected) => {
    const verdict = judge({ ...HEARD, ...facts });
    if (expected === 'ok' || expected === 'unknown') expect(verdict).toEqual({ state: expected, cause: null });
    else expect(verdict).toEqual({ state: 'fault', cause: expected });
  });
});
