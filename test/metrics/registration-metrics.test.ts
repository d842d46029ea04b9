import { describe, expect, it } from 'vitest';
import { divided } from '../../src/metrics/quotient.js';
import { RegistrationMetrics, type RegistrationResult } from '../../src/metrics/registration-metrics.js';

const result = (over: Partial<RegistrationResult>): RegistrationResult => ({
  kind: 'register',
  isOk: true,
  status: 200,
  response: '200',
  delayMs: 10,
  challenges: 0,
  otherRealm: null,
  isFirst: false,
  change: 0,
  ...over,
});

const failed = (status: number, over: Partial<RegistrationResult> = {}): RegistrationResult =>
  result({ isOk: false, status, response: String(status), ...over });

describe('figures of registrations', () => {
  it('are not measured before there was a REGISTER', () => {
    const metrics = new RegistrationMetrics(2);
    expect([metrics.rrdMs, divided(metrics.ira)]).toEqual([null, null]);
    expect(metrics.summary()).toMatchObject({ attempted: 0, allTriedMs: null, registeredPerSecond: null });
  });

  it('have RRD over successful registrations only, refreshes apart (RFC 6076 4.1)', () => {
    const metrics = new RegistrationMetrics(3);
    metrics.add(result({ delayMs: 20 }));
    metrics.add(result({ delayMs: 40 }));
    metrics.add(failed(503, { delayMs: 5000 }));
    metrics.add(result({ kind: 'refresh', delayMs: 3 }));
    metrics.add(result({ kind: 'unregister', delayMs: 9000 }));
    expect(metrics.rrdMs).toMatchObject({ p50: expect.closeTo(20, 0), max: 40 });
    expect(metrics.summary().refreshMs).toMatchObject({ max: 3 });
  });

  it('have IRA over all REGISTERs: neither redirections nor refused credentials are ineffective (RFC 6076 4.2)', () => {
    const metrics = new RegistrationMetrics(8);
    metrics.add(result({}));
    metrics.add(result({ kind: 'refresh' }));
    for (const status of [302, 401, 407]) metrics.add(failed(status));
    expect(divided(metrics.ira)).toBe(0);
    for (const status of [403, 503]) metrics.add(failed(status));
    metrics.add(failed(408, { response: 'timeout' }));
    expect(divided(metrics.ira)).toBe(3 / 8);
    expect(metrics.summary()).toMatchObject({
      attempted: 8,
      failed: 6,
      responses: { '200': 2, '302': 1, '401': 1, '407': 1, '403': 1, '503': 1, timeout: 1 },
    });
  });

  it('have the realms of challenges that no account answered, ten of them by name', () => {
    const metrics = new RegistrationMetrics(20);
    for (let n = 0; n < 12; n++) metrics.add(failed(401, { otherRealm: `pbx-${n}` }));
    metrics.add(failed(401, { otherRealm: 'pbx-3' }));
    metrics.add(failed(401));
    const { otherRealms } = metrics.summary();
    expect(Object.keys(otherRealms)).toHaveLength(11);
    expect(otherRealms).toMatchObject({ 'pbx-3': 2, 'pbx-9': 1, 'and others': 2 });
  });

  it('tell accounts that are registered from those that were, that were lost, and that were taken off', () => {
    const metrics = new RegistrationMetrics(3);
    for (let n = 0; n < 3; n++) metrics.add(result({ isFirst: true, change: 1, challenges: n }));
    metrics.allTried(1500);
    metrics.add(failed(403, { kind: 'refresh', change: -1 }));
    metrics.add(result({ kind: 'register', change: 1 }));
    metrics.add(result({ kind: 'unregister', change: -1 }));
    expect(metrics.snapshot()).toMatchObject({ now: 2, registered: 3, lost: 1, failed: 1 });
    expect(metrics.summary()).toMatchObject({
      accounts: 3,
      registered: 3,
      peakRegistered: 3,
      unregistered: 1,
      lost: 1,
      challenges: 3,
      unchallenged: 3,
      allTriedMs: 1500,
      registeredPerSecond: 2,
    });
  });
});
