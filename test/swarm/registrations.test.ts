import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import type { RequestOptions, SrfApp, SrfRequest, SrfResult } from '../../src/drachtio/srf-types.js';
import { RegistrationMetrics } from '../../src/metrics/registration-metrics.js';
import { TimerQueue } from '../../src/sip/timer-queue.js';
import { registrationsSpec } from '../../src/swarm/registration-spec.js';
import { Registrations, type RegistrationsOptions } from '../../src/swarm/registrations.js';

/** A REGISTER that was sent. */
interface Sent {
  atMs: number;
  uri: string;
  user: string;
  expires: string;
  callId: string;
  proxy: string | undefined;
}

type Answer = [status: number, headers?: Record<string, string>];

/** Accounts on a clock that is moved by hand, at a registrar that answers at once, or never. */
class Bench {
  readonly clock = new ManualClock();
  readonly queue = new TimerQueue(this.clock, 10, false);
  readonly sent: Sent[] = [];
  readonly errors: unknown[] = [];
  /** What answers the requests that were not answered at once. */
  readonly pending: ((answer: Answer) => void)[] = [];
  readonly metrics: RegistrationMetrics;
  triedAtMs: number | null = null;
  endedAtMs: number | null = null;
  answer: (request: Sent) => Answer | null = () => [200];
  readonly registrations: Registrations;

  constructor(count: number, spec: object = {}, options: Partial<RegistrationsOptions> = {}) {
    this.metrics = new RegistrationMetrics(count);
    this.registrations = new Registrations({
      srf: { request: this.request } as unknown as SrfApp,
      clock: this.clock,
      queue: this.queue,
      spec: registrationsSpec.parse({ accounts: 'a.csv', registrar: 'sip:192.0.2.1', cps: 10, ...spec }),
      accounts: Array.from({ length: count }, (_, i) => ({
        user: `u${i}`,
        password: 'p',
        domain: null,
        authUser: null,
        realm: null,
      })),
      slice: { index: 0, of: 1 },
      seed: 1,
      onResult: (result) => this.metrics.add(result),
      onTried: () => {
        this.triedAtMs = this.clock.now();
      },
      onEnd: () => {
        this.endedAtMs = this.clock.now();
      },
      onError: (error) => this.errors.push(error),
      ...options,
    });
  }

  private readonly request = (
    uri: string,
    { headers, proxy }: RequestOptions,
    callback: (error: unknown, request: SrfRequest) => void,
  ): void => {
    const { To, Expires, Contact, 'Call-ID': callId } = headers!;
    const user = /sip:(\w+)@/.exec(To)![1];
    const sent: Sent = { atMs: this.clock.now(), uri, user, expires: Expires, callId, proxy };
    this.sent.push(sent);
    const request = {
      get: () => Contact,
      on: (_event: string, listener: (response: SrfResult) => void) => {
        const given = this.answer(sent);
        const respond = (answer: Answer): void => listener(this.response(...answer));
        if (given) respond(given);
        else this.pending.push(respond);
      },
    };
    callback(null, request as unknown as SrfRequest);
  };

  private response(status: number, headers: Record<string, string> = {}): SrfResult {
    const all: Record<string, string> = { to: '<sip:x>;tag=t', ...headers };
    return { status, reason: '', source_port: 5060, get: (name: string) => all[name] } as unknown as SrfResult;
  }

  run(untilMs: number): void {
    while (this.clock.now() < untilMs) {
      this.clock.advance(10);
      this.queue.advance();
    }
  }

  times(expires?: string): number[] {
    return this.sent.filter((request) => expires === undefined || request.expires === expires).map(({ atMs }) => atMs);
  }
}

describe('the accounts of a run', () => {
  it('register at the rate of the profile, and say when all were tried', () => {
    const bench = new Bench(20);
    bench.registrations.start();
    bench.run(3000);
    expect(bench.times()).toEqual(Array.from({ length: 20 }, (_, i) => i * 100));
    expect(bench.triedAtMs).toBe(1900);
    expect(bench.metrics.snapshot()).toMatchObject({ accounts: 20, now: 20, registered: 20, failed: 0 });
  });

  it('can be called while they are registered, those of one name while one of them is', () => {
    const account = { password: 'p', authUser: null, realm: null };
    const accounts = [
      { ...account, user: 'a', domain: null },
      { ...account, user: 'b', domain: 'one.test' },
      { ...account, user: 'b', domain: 'two.test' },
    ];
    const bench = new Bench(3, {}, { accounts });
    bench.answer = ({ uri }) => (uri === 'sip:one.test' ? [403] : [200]);
    const states = (): string[] => ['a', 'b', 'c'].map((user) => bench.registrations.registrationOf(user));
    expect(states()).toEqual(['unregistered', 'unregistered', 'unknown']);
    bench.registrations.start();
    bench.run(150);
    expect(states()).toEqual(['registered', 'unregistered', 'unknown']);
    bench.run(300);
    expect(states()).toEqual(['registered', 'registered', 'unknown']);
    bench.registrations.stop();
    bench.run(600);
    expect(states()).toEqual(['unregistered', 'unregistered', 'unknown']);
  });

  it('are spread over shards, each its own, with the same times of refresh as in one', () => {
    const timesOf = (of: number): Map<string, number> => {
      const seen = new Map<string, number>();
      for (let index = 0; index < of; index++) {
        const bench = new Bench(9, { expires: '1m', cps: 1000 }, { slice: { index, of } });
        bench.registrations.start();
        bench.run(70_000);
        const firsts = new Map<string, number>();
        for (const { user, atMs } of bench.sent) {
          const first = firsts.get(user);
          if (first === undefined) firsts.set(user, atMs);
          else if (!seen.has(user)) seen.set(user, Math.round((atMs - first) / 20));
        }
      }
      return seen;
    };
    const [one, three] = [timesOf(1), timesOf(3)];
    expect([...three.keys()].sort()).toEqual([...one.keys()].sort());
    for (const [user, time] of one) expect(Math.abs(three.get(user)! - time)).toBeLessThanOrEqual(1);
    expect(new Set(one.values()).size).toBeGreaterThan(5);
  });

  it('register one after the other whatever the shard', () => {
    const times = [0, 1, 2].flatMap((index) => {
      const bench = new Bench(9, {}, { slice: { index, of: 3 } });
      bench.registrations.start();
      bench.run(1000);
      return bench.sent.map(({ user, atMs }) => [user, atMs] as const);
    });
    expect(new Map(times)).toEqual(new Map(Array.from({ length: 9 }, (_, i) => [`u${i}`, i * 100])));
  });

  it('are refreshed in time, ten thousand of them, over and over', () => {
    const bench = new Bench(10_000, { cps: 5000, expires: '2m' });
    const last = new Map<string, number>();
    let longestMs = 0;
    bench.answer = ({ user, atMs }) => {
      longestMs = Math.max(longestMs, atMs - (last.get(user) ?? atMs));
      last.set(user, atMs);
      return [200, { Expires: '60' }];
    };
    bench.registrations.start();
    bench.run(130_000);
    expect(longestMs).toBeLessThan(54_100);
    const { now, lost, refreshed } = bench.metrics.snapshot();
    expect([now, lost]).toEqual([10_000, 0]);
    expect(refreshed).toBeGreaterThanOrEqual(20_000);
  });

  it('that were refused are counted by status and do not hold the others up', () => {
    const bench = new Bench(4);
    bench.answer = ({ user }) => (user === 'u1' ? [403] : [200]);
    bench.registrations.start();
    bench.run(1000);
    expect(bench.triedAtMs).toBe(300);
    expect(bench.metrics.summary()).toMatchObject({ registered: 3, failed: 1, responses: { '200': 3, '403': 1 } });
    expect(bench.metrics.ira).toEqual([1, 4]);
  });

  it('are taken off at the end, at the rate of the profile; one that never was registered is not', () => {
    const bench = new Bench(5);
    bench.answer = ({ user }) => (user === 'u0' ? [403] : [200]);
    bench.registrations.start();
    bench.run(1000);
    bench.registrations.stop();
    bench.run(2000);
    expect(bench.times('0')).toEqual([1000, 1100, 1200, 1300]);
    expect(bench.endedAtMs).toBe(1300);
    expect(bench.metrics.summary()).toMatchObject({ unregistered: 4, lost: 0, peakRegistered: 4 });
    expect(bench.metrics.snapshot().now).toBe(0);
  });

  it('are taken off at a rate of its own, where there is one', () => {
    const bench = new Bench(3, { unregister: { cps: 100 } });
    bench.registrations.start();
    bench.run(1000);
    bench.registrations.stop();
    bench.run(2000);
    expect(bench.times('0')).toEqual([1000, 1010, 1020]);
  });

  it('stay where the profile says so', () => {
    const bench = new Bench(3, { unregister: false });
    bench.registrations.start();
    bench.run(1000);
    bench.registrations.stop();
    bench.run(2000);
    expect([bench.times('0'), bench.endedAtMs]).toEqual([[], 1000]);
  });

  it('are taken off too when the end comes while they register', () => {
    const bench = new Bench(1);
    bench.answer = () => null;
    bench.registrations.start();
    bench.registrations.stop();
    expect(bench.endedAtMs).toBeNull();
    bench.pending[0]([200]);
    expect(bench.sent.map(({ expires }) => expires)).toEqual(['3600', '0']);
    bench.pending[1]([200]);
    expect(bench.endedAtMs).toBe(0);
  });

  it('are not waited for in vain at the end', () => {
    const bench = new Bench(2);
    bench.registrations.start();
    bench.run(1000);
    bench.answer = () => null;
    bench.registrations.stop();
    bench.run(10_000);
    expect(bench.endedAtMs).toBe(6100);
  });

  it.each([
    ['cold: as new calls of theirs', true, 2, 'register'],
    ['warm: as refreshes', false, 1, 'refresh'],
  ])('storm the registrar when it is time, %s', (_how, cold, calls, kind) => {
    const results: string[] = [];
    const bench = new Bench(
      10,
      { storm: { at: '5s', cps: 100, cold } },
      { onResult: (result) => results.push(result.kind) },
    );
    bench.registrations.start();
    bench.run(1000);
    bench.registrations.calls();
    bench.run(10_000);
    expect(bench.times().slice(10)).toEqual(Array.from({ length: 10 }, (_, i) => 6000 + i * 10));
    expect(new Set(bench.sent.filter(({ user }) => user === 'u3').map(({ callId }) => callId)).size).toBe(calls);
    expect(results.slice(10)).toEqual(new Array(10).fill(kind));
  });

  it('come again when a request could not be sent, and the reason is told', () => {
    const request = (): never => {
      throw new Error('no socket');
    };
    const bench = new Bench(1, {}, { srf: { request } as unknown as SrfApp });
    bench.registrations.start();
    expect(bench.metrics.summary()).toMatchObject({ failed: 1, responses: { transport: 1 } });
    expect(bench.errors).toHaveLength(1);
    bench.run(31_000);
    expect(bench.metrics.summary()).toMatchObject({ failed: 2 });
  });
});
