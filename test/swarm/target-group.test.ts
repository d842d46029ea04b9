import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import type { Failure } from '../../src/flow/final-response.js';
import { type FailoverSpec, failoverSpec, targetsSpec } from '../../src/swarm/group-spec.js';
import { groupTarget } from '../../src/swarm/group-target.js';
import { TargetGroup } from '../../src/swarm/target-group.js';
import { healthMemory, TargetHealth } from '../../src/swarm/target-health.js';

const REFUSED: Failure = { cause: 'status', status: 503, reason: null, q850: null, retryAfterS: null };
const BUSY: Failure = { ...REFUSED, status: 486 };
const UNREACHABLE: Failure = { ...REFUSED, cause: 'transport' };

interface Given {
  priority?: number;
  weight?: number;
}

function groupOf(given: Given[], failover: Partial<FailoverSpec> = {}, seed = 1) {
  const targets = targetsSpec.parse(given.map((one, i) => ({ uri: `sip:t${i}.test`, name: `t${i}`, ...one })));
  const clock = new ManualClock(1000);
  const health = new TargetHealth(healthMemory(targets.length));
  const spec = { ...failoverSpec.parse({}), ...failover };
  return {
    group: new TargetGroup(
      targets.map(groupTarget),
      targets.map(() => []),
      spec,
      health,
      clock,
      seed,
    ),
    health,
    clock,
  };
}

function firsts(group: TargetGroup, calls: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < calls; i++) {
    const { trunk } = group.route(i, null).first;
    counts[trunk] = (counts[trunk] ?? 0) + 1;
  }
  return counts;
}

describe('the first target of an attempt', () => {
  it('is of the lowest priority', () => {
    expect(firsts(groupOf([{ priority: 2 }, { priority: 1 }, { priority: 3 }]).group, 50)).toEqual({ t1: 50 });
  });

  it('is drawn by weight among those of one priority, within the bound of 4 sigma', () => {
    const counts = firsts(groupOf([{ weight: 60 }, { weight: 30 }, { weight: 10 }, { weight: 0 }]).group, 10_000);
    expect(counts.t3).toBeUndefined();
    for (const [name, share] of Object.entries({ t0: 0.6, t1: 0.3, t2: 0.1 }))
      expect(Math.abs(counts[name] - share * 10_000)).toBeLessThan(4 * Math.sqrt(10_000 * share * (1 - share)));
  });

  it('follows from the seed and the number of the attempt, whatever was drawn before', () => {
    const drawn = (seed: number): string[] => {
      const { group } = groupOf([{}, {}, {}], {}, seed);
      return Array.from({ length: 40 }, (_, i) => group.route(39 - i, null).first.trunk).reverse();
    };
    const { group } = groupOf([{}, {}, {}], {}, 7);
    expect(drawn(7)).toEqual(Array.from({ length: 40 }, (_, i) => group.route(i, null).first.trunk));
    expect(drawn(8)).not.toEqual(drawn(7));
  });

  it('is none that is down, unless all of them are', () => {
    const { group, health } = groupOf([{ priority: 1 }, { priority: 2 }]);
    health.markDown(0);
    expect(firsts(group, 5)).toEqual({ t1: 5 });
    health.markDown(1);
    expect(firsts(group, 5)).toEqual({ t0: 5 });
    health.markUp(0);
    expect(firsts(group, 5)).toEqual({ t0: 5 });
  });

  it('is called by the number of the profile, or else by its own', () => {
    const targets = targetsSpec.parse([{ uri: 'sip:100@a.test' }]).map(groupTarget);
    const health = new TargetHealth(healthMemory(1));
    const group = new TargetGroup(targets, [[]], failoverSpec.parse({}), health, new ManualClock(), 1);
    expect(group.route(0, null).first).toEqual({ uri: 'sip:100@a.test', trunk: 'sip:a.test' });
    expect(group.route(0, '200').first.uri).toBe('sip:200@a.test');
  });
});

describe('the next target of an attempt', () => {
  const walk = (route: ReturnType<TargetGroup['route']>, failure: Failure): string[] => {
    const names = [route.first.trunk];
    for (let next = route.failed(failure, 1000); next; next = route.failed(failure, 1000)) names.push(next.trunk);
    return names;
  };

  it('comes after a 503 or a transport error, each once and by priority', () => {
    const { group } = groupOf([{ priority: 3 }, { priority: 1 }, { priority: 2 }]);
    expect(walk(group.route(0, null), REFUSED)).toEqual(['t1', 't2', 't0']);
    expect(walk(group.route(0, null), UNREACHABLE)).toEqual(['t1', 't2', 't0']);
  });

  it('does not come after another status, unless the profile has it', () => {
    expect(walk(groupOf([{}, {}]).group.route(0, null), BUSY)).toHaveLength(1);
    expect(walk(groupOf([{}, {}], { statuses: [486] }).group.route(0, null), BUSY)).toHaveLength(2);
    expect(walk(groupOf([{}, {}], { statuses: [486] }).group.route(0, null), REFUSED)).toHaveLength(1);
  });

  it('is none that is down', () => {
    const { group, health } = groupOf([{ priority: 1 }, { priority: 2 }, { priority: 3 }]);
    health.markDown(1);
    expect(walk(group.route(0, null), REFUSED)).toEqual(['t0', 't2']);
  });

  it('is none that asked by Retry-After to be left alone, for as long as it asked, where that is honoured', () => {
    const { group, clock } = groupOf([{ priority: 1 }, { priority: 2 }]);
    group.route(0, null).failed({ ...REFUSED, retryAfterS: 5 }, 1000);
    clock.advance(4999);
    expect(group.route(1, null).first.trunk).toBe('t1');
    clock.advance(1);
    expect(group.route(2, null).first.trunk).toBe('t0');

    const deaf = groupOf([{ priority: 1 }, { priority: 2 }], { honourRetryAfter: false });
    deaf.group.route(0, null).failed({ ...REFUSED, retryAfterS: 5 }, 1000);
    expect(deaf.group.route(1, null).first.trunk).toBe('t0');
  });
});

describe('since when requests to a target fail', () => {
  const health = (): TargetHealth => new TargetHealth(healthMemory(2));

  it('is when the first of them left, in whatever order they fail', () => {
    const one = health();
    one.failed(1, 120);
    one.failed(1, 100);
    one.failed(1, 130);
    expect(one.failingSince(1)).toBe(100);
    expect(one.failingSince(0)).toBeNull();
  });

  it('leaves out what failed before something else was served', () => {
    const one = health();
    one.failed(0, 100);
    one.served(0, 110);
    expect(one.failingSince(0)).toBeNull();
    one.failed(0, 105);
    expect(one.failingSince(0)).toBeNull();
    one.failed(0, 115);
    expect(one.failingSince(0)).toBe(115);
  });

  it('is kept while the target is down, and forgotten when it is up again', () => {
    const one = health();
    one.failed(0, 100);
    one.markDown(0);
    one.served(0, 200);
    expect(one.failingSince(0)).toBe(100);
    one.markUp(0);
    expect(one.failingSince(0)).toBeNull();
  });
});
