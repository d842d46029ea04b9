import { describe, expect, it } from 'vitest';
import { ProfileError, parseProfile } from '../../src/profile/read.js';

const LOAD = 'load: [{ shape: constant, cps: 1, for: 1s }]';

/** What is said of the only mistake. */
function told(text: string): string {
  try {
    parseProfile(text, 'p.yaml');
  } catch (error) {
    if (error instanceof ProfileError && error.mistakes.length === 1) return error.mistakes[0].message;
    throw error;
  }
  throw new Error('the profile was accepted');
}

describe('a field that there is not', () => {
  it.each([
    [`name: x\n${LOAD}\ntrunk: { chanels: 20 }`, '`channels`'],
    [`name: x\n${LOAD}\ntrunk: { when-full: "486" }`, '`whenFull`'],
    [`name: x\n${LOAD}\ncall: { hold: 3s }`, '`calls`'],
    [`name: x\n${LOAD}\ncalls: { dtfm: { digits: "1" } }`, '`dtmf`'],
    [`name: x\n${LOAD}\ntrunk: { faults: { noRTP: 2% } }`, '`noRtp`'],
    [`name: x\n${LOAD}\nimpairment: { uplink: [{ kind: loss, ratio: 2%, bursts: 3 }] }`, '`burst`'],
    [`name: x\n${LOAD}\ncalls: { flow: [{ step: wait, for: 2s, names: a }] }`, '`name`'],
  ])('is told with the one that was meant: %s', (text, meant) => {
    expect(told(text)).toBe(`there is no such field; did you mean ${meant}?`);
  });

  it('is told with where there is one of that name', () => {
    expect(told(`name: x\n${LOAD}\nnetwork: lte-poor`)).toBe(
      'there is no such field here; there is `impairment.network`',
    );
    expect(told(`name: x\n${LOAD}\ndtmf: { digits: "1" }`)).toBe(
      'there is no such field here; there is `calls.dtmf`, `trunk.dtmf`',
    );
    expect(told(`name: x\n${LOAD}\ncalls: { channels: 3 }`)).toBe(
      'there is no such field here; there is `trunk.channels`',
    );
  });

  it('of one kind of a list is not told with a field of another kind', () => {
    expect(told('name: x\nload: [{ shape: constant, cps: 1, for: 1s, bases: 2 }]')).toBe('there is no such field');
  });

  it('that is like none is told as such', () => {
    expect(told(`name: x\n${LOAD}\ncalls: { colour: red }`)).toBe('there is no such field');
  });
});
