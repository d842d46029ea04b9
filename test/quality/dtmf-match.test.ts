import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DigitCounts, matchDigits } from '../../src/quality/dtmf-match.js';
import { heardDigit, heardDigits, sentDigits } from '../support/digits.js';

fc.configureGlobal({ seed: 20_260_101 });

const LATE_MS = 1000;
const NONE = { received: 0, lost: 0, merged: 0, duplicated: 0, wrong: 0, late: 0, short: 0, unended: 0 };

/** Digits that are all heard after the last one was sent: the order alone tells. */
function match(sent: string, heard: string): DigitCounts {
  const { digits, ...counts } = matchDigits(sentDigits(sent), heardDigits(heard, 10_000), 1e6);
  return counts;
}

describe('matching digits by their order', () => {
  it.each([
    ['1234', '1234', { received: 4 }],
    ['1234', '134', { received: 3, lost: 1 }],
    ['1234', '11234', { received: 4, duplicated: 1 }],
    ['1234', '12334', { received: 4, duplicated: 1 }],
    ['55', '555', { received: 2, duplicated: 1 }],
    ['55', '5', { received: 1, lost: 1 }],
    ['1234', '1294', { received: 3, lost: 1, wrong: 1 }],
    ['1234', '1224', { received: 3, lost: 1, duplicated: 1 }],
    ['12', '132', { received: 2, wrong: 1 }],
    ['12', '21', { received: 1, lost: 1, wrong: 1 }],
    ['1', '22', { lost: 1, wrong: 2 }],
    ['123', '', { lost: 3 }],
    ['', '12', { wrong: 2 }],
    ['', '', {}],
  ])('sent %j, heard %j', (sent, heard, expected) => {
    expect(match(sent, heard)).toEqual({ ...NONE, ...expected });
  });

  it('accounts for every digit sent and heard', () => {
    const digits = fc.stringMatching(/^[1-4]{0,30}$/);
    fc.assert(
      fc.property(digits, digits, (sent, heard) => {
        const { received, lost, duplicated, wrong } = match(sent, heard);
        expect(received + lost).toBe(sent.length);
        expect(received + duplicated + wrong).toBe(heard.length);
        expect(Math.min(received, lost, duplicated, wrong)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('never counts a loss or an error when digits are merely repeated', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...'0123456789*#'), fc.integer({ min: 1, max: 3 }))), (runs) => {
        const sent = runs.map(([digit]) => digit).join('');
        const heard = runs.map(([digit, times]) => digit.repeat(times)).join('');
        expect(match(sent, heard)).toEqual({ ...NONE, received: sent.length, duplicated: heard.length - sent.length });
      }),
    );
  });
});

describe('matching digits by their times', () => {
  it('tells which of two equal digits was lost', () => {
    const [first, second] = matchDigits(sentDigits('55'), [heardDigit('5', 215)], LATE_MS).digits;
    expect([first.result, second.result]).toEqual(['lost', 'received']);
    expect(second.delayMs).toBe(15);
  });

  it('never takes a digit for one that is sent later', () => {
    const { digits, ...counts } = matchDigits(sentDigits('15'), [heardDigit('5', 20)], LATE_MS);
    expect(counts).toEqual({ ...NONE, lost: 2, wrong: 1 });
    expect(digits.map(({ result, sent, heard }) => [result, sent?.digit, heard?.digit])).toEqual([
      ['wrong', '1', '5'],
      ['lost', '5', undefined],
    ]);
  });

  it('calls two equal digits merged that were heard as one without the pause', () => {
    const { digits, ...counts } = matchDigits(
      sentDigits('155'),
      [heardDigit('1', 5), heardDigit('5', 205, { durationMs: 300 })],
      LATE_MS,
    );
    expect(counts).toEqual({ ...NONE, received: 2, lost: 1, merged: 1 });
    expect(digits.map(({ result }) => result)).toEqual(['received', 'received', 'merged']);
    const apart = matchDigits(
      sentDigits('155'),
      [heardDigit('1', 5), heardDigit('5', 205, { durationMs: 120 })],
      LATE_MS,
    );
    expect(apart).toMatchObject({ lost: 1, merged: 0 });
  });

  it('calls late what is heard after the limit, and not one at the limit', () => {
    const heard = [heardDigit('1', 1000), heardDigit('2', 1200.5)];
    const { digits, late, received } = matchDigits(sentDigits('12'), heard, LATE_MS);
    expect({ late, received }).toEqual({ late: 1, received: 2 });
    expect(digits.map(({ isLate }) => isLate)).toEqual([false, true]);
  });

  it('calls short what tells of a shorter tone than was sent, unless its end is missing', () => {
    const cut = { durationMs: 40 };
    expect(matchDigits(sentDigits('1'), [heardDigit('1', 5, cut)], LATE_MS)).toMatchObject({ short: 1, unended: 0 });
    expect(matchDigits(sentDigits('1'), [heardDigit('1', 5, { ...cut, hasEnd: false })], LATE_MS)).toMatchObject({
      short: 0,
      unended: 1,
    });
    expect(matchDigits(sentDigits('1'), [heardDigit('1', 5, { durationMs: 80 })], LATE_MS).short).toBe(0);
  });
});
