import { describe, expect, it } from 'vitest';
import type { RegistrationResult } from '../../src/metrics/registration-metrics.js';
import { parseProfile } from '../../src/profile/read.js';
import { planOf } from '../../src/run/plan.js';
import { Registering } from '../../src/run/registering.js';
import { RunState } from '../../src/run/run-state.js';

function registering(spec = '') {
  const profile = parseProfile(
    `name: x\nregistrations: { accounts: a.csv, registrar: "sip:192.0.2.1", cps: 10${spec} }`,
    'x.yaml',
  );
  const state = new RunState(profile, 'id', new Date(0), planOf(profile), [], 40);
  state.startMs = 1000;
  state.phase = 'registering';
  return { state, registering: new Registering(profile.registrations!, 40, state) };
}

const result = (response: string): RegistrationResult => ({
  kind: 'register',
  isOk: response === '200',
  status: Number(response) || 408,
  response,
  delayMs: 1,
  challenges: 0,
  otherRealm: null,
  isFirst: response === '200',
  change: response === '200' ? 1 : 0,
});

describe('the accounts of a run', () => {
  it.each([
    ['timeout', '32 s (Timer F)'],
    ['transport', 'could be delivered'],
  ])('end it when the first REGISTER ends by %s', (response, found) => {
    expect(registering().registering.take(result(response))).toMatchObject({
      code: 'TARGET_SILENT',
      detail: { where: 'sip:192.0.2.1', found: expect.stringContaining(found) },
    });
  });

  it('have the realm in the log that they could not answer for, once', () => {
    const { registering: accounts, state } = registering();
    const refused = { ...result('401'), otherRealm: 'pbx.test' };
    for (let n = 0; n < 3; n++) accounts.take(refused);
    expect(state.log.map(({ level, text }) => `${level} ${text}`)).toEqual([
      'error the registrar challenges for the realm "pbx.test": a.csv names another one in the column realm',
    ]);
    expect(state.registrations!.summary().otherRealms).toEqual({ 'pbx.test': 3 });
  });

  it('do not end it once the registrar gave any response', () => {
    const { registering: accounts } = registering();
    expect([result('403'), result('timeout')].map((each) => accounts.take(each))).toEqual([null, null]);
  });

  it('are given the time that it takes to take them off, where they are', () => {
    const leavingMs = (more = ''): number => registering(more).registering.leavingMs;
    expect([leavingMs(), leavingMs(', unregister: { cps: 40 }'), leavingMs(', unregister: false')]).toEqual([
      11_000, 8000, 0,
    ]);
  });

  it('warn when not all could register, and say how long it took', () => {
    const { state, registering: accounts } = registering();
    accounts.take(result('200'));
    accounts.end(3500);
    expect(state.log).toEqual([{ atMs: 2500, level: 'warn', text: 'registered 1 of 40 accounts in 2.5 s' }]);
    expect(state.registrations!.summary()).toMatchObject({ allTriedMs: 2500, registeredPerSecond: 0.4 });
  });
});
