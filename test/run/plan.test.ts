import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import { parseProfile } from '../../src/profile/read.js';
import { planOf } from '../../src/run/plan.js';
import { preflight } from '../../src/run/preflight.js';
import { sharedSpans, wholeSpan } from '../../src/run/rtp-ports.js';

const profileOf = (load: string, rest = '') => parseProfile(`name: p\nload: [${load}]\n${rest}`, 'p.yaml');

function refused(action: () => unknown): AppError {
  try {
    action();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('what a load amounts to', () => {
  it('is counted from the attempts themselves', () => {
    expect(planOf(profileOf('{ shape: constant, cps: 10, for: 10s }', 'calls: { hold: 3s }'))).toEqual({
      attempts: 100,
      lastMs: 9900,
      endMs: 12_900,
      peakCalls: 30,
      burst: 5,
      peakCps: 10,
    });
  });

  it('has as many calls at once as a stage of concurrent calls asks for', () => {
    const plan = planOf(
      profileOf(
        '{ shape: concurrent, calls: 40, for: 4s }, { shape: concurrent, calls: 40, for: 20s }',
        'calls: { hold: 5s }',
      ),
    );
    expect(plan.peakCalls).toBe(40);
  });

  it('has its burst where the spike is', () => {
    const plan = planOf(profileOf('{ shape: spike, base: 2, cps: 100, at: 5s, lasts: 1s, for: 10s }'));
    expect(plan.burst).toBe(50);
    expect(plan.attempts).toBe(118);
  });

  it.each([
    [
      'calls that last no time replace each other without end',
      '{ shape: concurrent, calls: 5, for: 1s }',
      'calls: { hold: 0 }',
    ],
    ['the load is beyond all measure', '{ shape: constant, cps: 20000, for: 1000h }', ''],
  ])('is refused when %s', (_why, load, rest) => {
    const error = refused(() => planOf(profileOf(load, rest), 20_000));
    expect(error).toMatchObject({ code: 'PROFILE_INVALID', exitCode: 2 });
    expect(error.detail).toMatchObject({ where: 'load', expected: '20000 attempts at most' });
  });

  it('may have as many attempts as are allowed, and not one more', () => {
    const profile = profileOf('{ shape: constant, cps: 10, for: 10s }');
    expect(planOf(profile, 100).attempts).toBe(100);
    expect(refused(() => planOf(profile, 99)).code).toBe('PROFILE_INVALID');
  });
});

describe('RTP ports', () => {
  it('are counted in pairs from the first even one', () => {
    expect(wholeSpan('20000-20009')).toEqual({ min: 20_000, max: 20_009, pairs: 5 });
    expect(wholeSpan('20001-20010')).toEqual({ min: 20_002, max: 20_009, pairs: 4 });
    expect(wholeSpan('20001-20002')).toMatchObject({ pairs: 0 });
  });

  it('are shared by halves between a run and its own trunk, without overlap', () => {
    expect(sharedSpans('20001-20024')).toEqual({
      swarm: { min: 20_002, max: 20_011, pairs: 5 },
      trunk: { min: 20_012, max: 20_021, pairs: 5 },
    });
  });
});

describe('before a run', () => {
  const profile = profileOf(
    '{ shape: constant, cps: 10, for: 10s }',
    'calls: { hold: 3s }\nmedia: { rtpPorts: 20000-20059 }',
  );
  const plan = planOf(profile);

  it('the ports are enough for a foreign target, and too few for both sides', () => {
    expect(() => preflight(profile, plan, { ownTrunk: false, shards: 1 }, null)).not.toThrow();
    const error = refused(() => preflight(profile, plan, { ownTrunk: true, shards: 1 }, null));
    expect(error).toMatchObject({ code: 'PORTS_EXHAUSTED', exitCode: 3 });
    expect(error.detail).toMatchObject({ found: '30 pairs', hint: expect.stringContaining('--rtp-ports 20000-20319') });
  });

  it('what is impossible is told with its arithmetic, and with what would make it possible', () => {
    const large = profileOf(
      '{ shape: constant, cps: 200, for: 10m }',
      'calls: { hold: { kind: lognormal, mean: 3m, sigma: 0.5 } }',
    );
    const demand = { attempts: 1, lastMs: 1, endMs: 1, peakCalls: 36_000, burst: 100, peakCps: 200 };
    expect(refused(() => preflight(large, demand, { ownTrunk: false, shards: 1 }, null)).detail).toMatchObject({
      expected: '36000 port pairs: 36000 calls at once (up to 200 attempts a second, 180 s each on average)',
      found: '5000 pairs',
      hint: 'One address has 32256 pairs at most. Let calls share ports: `media: { sharedPorts: true }`, or give 2 `media.addresses`.',
    });
    const own = refused(() => preflight(large, demand, { ownTrunk: true, shards: 1 }, null)).detail;
    expect(own.expected).toContain('72000 port pairs: 36000 calls at once');
    expect(own.expected).toContain(' × 2 sides, because the far end is our own');
    const few = refused(() => preflight(profile, plan, { ownTrunk: false, shards: 1 }, 209)).detail;
    expect(few.expected).toBe(
      '210: 2 × 30 port pairs + 150, for 30 calls at once (up to 10 attempts a second, 3 s each) on 1 side, and pairs bound ahead',
    );
  });

  it('several addresses have so many times the ports, on the side of the callers', () => {
    const [one, two] = ['', ', addresses: [127.0.0.2, 127.0.0.3]'].map((addresses) =>
      profileOf(
        '{ shape: constant, cps: 10, for: 10s }',
        `calls: { hold: 3s }\nmedia: { rtpPorts: 20000-20039${addresses} }`,
      ),
    );
    expect(refused(() => preflight(one, plan, { ownTrunk: false, shards: 1 }, null)).detail.found).toBe('20 pairs');
    expect(() => preflight(two, plan, { ownTrunk: false, shards: 1 }, null)).not.toThrow();
    expect(refused(() => preflight(two, plan, { ownTrunk: true, shards: 1 }, null)).detail.found).toBe('20 pairs');
  });

  it('one pair a media thread is enough where calls share ports, however many calls there are', () => {
    const shared = (range: string) =>
      profileOf('{ shape: constant, cps: 10, for: 10s }', `media: { rtpPorts: ${range}, sharedPorts: true }`);
    expect(() => preflight(shared('20000-20005'), plan, { ownTrunk: true, shards: 1 }, 200)).not.toThrow();
    const error = refused(() => preflight(shared('20000-20005'), plan, { ownTrunk: true, shards: 2 }, null));
    expect(error.detail).toMatchObject({
      found: '3 pairs',
      expected: expect.stringContaining('4 port pairs: one for each'),
    });
  });

  it('descriptors are counted for the calls and what is bound ahead, never for more than the range has', () => {
    expect(() => preflight(profile, plan, { ownTrunk: false, shards: 1 }, 210)).not.toThrow();
    const error = refused(() => preflight(profile, plan, { ownTrunk: false, shards: 1 }, 209));
    expect(error).toMatchObject({ code: 'DESCRIPTORS_EXHAUSTED', exitCode: 3 });
    expect(error.detail).toMatchObject({ found: '209', expected: expect.stringMatching(/^210/) });
  });
});
