import { expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { parseProfile } from '../../src/profile/read.js';
import { Observer } from '../../src/run/observer.js';
import { planOf } from '../../src/run/plan.js';
import { RunState } from '../../src/run/run-state.js';

it('a gate over a window of registrations ends the run while accounts register, and is not judged while it is hung up', () => {
  const profile = parseProfile(
    `name: x
registrations: { accounts: a.csv, registrar: "sip:192.0.2.1", cps: 10 }
gates: [{ expression: registrations.failed / registrations.attempted < 50%, window: 1s, abort: true }]`,
    'p',
  );
  const aborts = (phase: RunState['phase']): number => {
    const state = new RunState(profile, 'id', new Date(0), planOf(profile), [], 40);
    state.phase = phase;
    state.startMs = systemClock.now() - 1500;
    const rest = { delayMs: 5, challenges: 0, otherRealm: null, isFirst: false, change: 0 as const };
    state.registrations!.add({ kind: 'register', isOk: false, status: 503, response: '503', ...rest });
    let count = 0;
    const nothing = () => {};
    new Observer(state, { onSnapshot: nothing, onTimeline: nothing, onAbort: () => count++ }).record();
    return count;
  };
  expect([aborts('registering'), aborts('stopping')]).toEqual([1, 0]);
});
