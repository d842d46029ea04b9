import { describe, expect, it } from 'vitest';
import { callerNumber, canonical } from '../../src/identity/caller-number.js';

describe('the number of a caller', () => {
  const of = (from: string, asserted?: string): string | null =>
    callerNumber((name) => (name === 'from' ? from : asserted));

  it.each([
    ['<sip:+4930123@example.net>;tag=a', undefined, '+4930123'],
    ['"A, B" <sip:+4930123;npdi@example.net;user=phone>;tag=a', undefined, '+4930123'],
    ['<tel:+4930123;phone-context=x>;tag=a', undefined, '+4930123'],
    ['<sip:100@example.net>;tag=a', '"A, B" <sip:+4989@example.net>', '+4989'],
    ['<sip:100@example.net>;tag=a', '<sip:trunk.example.net>, <tel:+4989>', '+4989'],
    ['<sip:100@example.net>;tag=a', 'no URI at all', '100'],
    ['"Anonymous" <sip:anonymous@anonymous.invalid>;tag=a', undefined, null],
    ['<sip:example.net>;tag=a', undefined, null],
  ])('of From %s and P-Asserted-Identity %s is %s', (from, asserted, number) => {
    expect(of(from, asserted)).toBe(number);
  });
});

describe('a number within a PASSporT', () => {
  it.each([
    ['+49 (30) 123-45.67', '49301234567'],
    ['12155551212', '12155551212'],
    ['*31#', '*31#'],
    ['alice', null],
    ['', null],
    ['49+30', null],
  ])('for %s is %s', (number, tn) => {
    expect(canonical(number)).toBe(tn);
  });
});
