import { describe, expect, it } from 'vitest';
import { ProfileError, parseProfile } from '../../src/profile/read.js';
import { targetUris } from '../../src/profile/targets.js';

const LOAD = 'load: [{ shape: constant, cps: 1, for: 1s }]';
const parse = (registrations: string, rest = '') =>
  parseProfile(
    `name: x\nregistrations: { accounts: a.csv, registrar: "sip:192.0.2.1:5070"${registrations} }\n${rest}\n`,
    'x.yaml',
  );

function mistakes(parsing: () => unknown): [path: string, message: string][] {
  try {
    parsing();
  } catch (error) {
    if (error instanceof ProfileError) return error.mistakes.map(({ path, message }) => [path, message]);
    throw error;
  }
  return [];
}

describe('registrations in a profile', () => {
  it('are enough for a run, which calls nobody then', () => {
    const profile = parse('');
    expect(profile).toMatchObject({
      load: [],
      registrations: { cps: 50, expires: 3_600_000, refresh: 0.9, calls: 'after', hold: 0, unregister: true },
    });
    expect(targetUris(profile)).toEqual(['sip:192.0.2.1:5070']);
    expect(targetUris(parse('', `target: sip:192.0.2.2\n${LOAD}`))).toEqual(['sip:192.0.2.2']);
  });

  it('are what a profile must have that has no load', () => {
    expect(mistakes(() => parseProfile('name: x\n', 'x.yaml'))).toEqual([
      ['load', 'is missing: a run places calls, or has `registrations` or `inbound`'],
    ]);
  });

  it.each([
    ['a registrar with a user', '', 'registrar', 'sip:bob@192.0.2.1', 'without a user'],
    ['a time below a second', ', expires: 10ms', 'expires', '', '1s or more'],
    ['a refresh at the very end', ', refresh: 99%', 'refresh', '', '10 % and 95 %'],
    ['a rate of nothing', ', cps: 0', 'cps', '', '0'],
    ['another place for calls', ', calls: before', 'calls', '', 'after, beside'],
    ['a storm after the end', ', hold: 1m, storm: { at: 60s, cps: 10 }', 'storm.at', '', 'make `hold` longer'],
  ])('are refused with %s', (_what, text, path, registrar, message) => {
    const found = mistakes(() =>
      registrar === ''
        ? parse(text)
        : parseProfile(`name: x\nregistrations: { accounts: a.csv, registrar: "${registrar}" }`, 'x.yaml'),
    );
    expect(found).toEqual([[`registrations.${path}`, expect.stringContaining(message)]]);
  });

  it('are who calls by accounts, each with its own password', () => {
    expect(mistakes(() => parseProfile(`name: x\n${LOAD}\ncalls: { byAccounts: true }`, 'x.yaml'))).toEqual([
      ['calls.byAccounts', expect.stringContaining('`registrations`')],
    ]);
    const calls = 'calls: { byAccounts: true, credentials: { username: a, password: b } }';
    expect(mistakes(() => parse('', `${LOAD}\n${calls}`))).toEqual([
      ['calls.credentials', expect.stringContaining('excludes `byAccounts`')],
    ]);
  });

  it('are who is called by accounts, in place of a number', () => {
    const calls = 'calls: { toAccounts: true';
    expect(mistakes(() => parse('', `${LOAD}\n${calls} }`))).toEqual([]);
    expect(mistakes(() => parseProfile(`name: x\n${LOAD}\n${calls} }`, 'x.yaml'))).toEqual([
      ['calls.toAccounts', expect.stringContaining('`registrations`')],
    ]);
    expect(mistakes(() => parse('', `${calls} }`))).toEqual([['calls.toAccounts', expect.stringContaining('`load`')]]);
    expect(mistakes(() => parse('', `${LOAD}\n${calls}, to: "1" }`))).toEqual([
      ['calls.to', expect.stringContaining('excludes `toAccounts`')],
    ]);
  });

  it('are not held beyond the calls', () => {
    expect(mistakes(() => parse(', hold: 1m', LOAD))).toEqual([
      ['registrations.hold', expect.stringContaining('without `load`')],
    ]);
  });
});
