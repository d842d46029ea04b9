import { expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';

it('a gate that aborts ends the run when it trips: calls are hung up, the report says which gate, when and by what', async () => {
  const { summary, records, timeline } = await runProfile(
    `
name: test
load: [{ shape: constant, cps: 10, for: 60s }]
calls: { hold: 30s }
media: { rtpPorts: 45400-45599 }
trunk: { channels: 15 }
gates:
  - calls.attempted > 0
  - { expression: sip.setupFailureRatio < 20%, window: 2s, abort: true }
  - { expression: sip.srdMs.success.p90 < 10s, window: 1s }
  - { expression: trunk.own.refusedFull < 1000, window: 1s }
`,
  );
  const [whole, failures, delays, refusals] = summary.gates;
  expect(whole).toMatchObject({ pass: true });
  expect(whole).not.toHaveProperty('windowMs');
  expect(failures).toMatchObject({
    windowMs: 2000,
    pass: false,
    aborted: true,
    reason: expect.stringContaining('2 s up to'),
  });
  expect(failures.observed as number).toBeGreaterThan(0.2);
  expect(delays).toMatchObject({ windowMs: 1000, pass: true, aborted: false, trippedAtMs: null });
  expect(refusals).toMatchObject({ windowMs: 1000, pass: true });
  expect(refusals.observed).toBeGreaterThan(0);
  expect(refusals.observed).toBeLessThanOrEqual(summary.trunk.own!.refusedFull);
  // The sixteenth call is the first that is refused, at 1.5 s.
  expect(failures.trippedAtMs).toBeGreaterThanOrEqual(2000);
  expect(summary.run.durationMs).toBeLessThan(20_000);
  expect(summary.calls.attempted).toBeLessThan(200);
  expect(summary.calls.stillUp).toBe(15);
  expect(records.filter(({ outcome }) => outcome === 'stillUp').every(({ byeStatus }) => byeStatus === 200)).toBe(true);
  expect(summary.run.interrupted).toBe(false);
  expect(summary.verdict).toBe(summary.run.valid ? 'fail' : 'invalid');
  expect(timeline.at(-1)?.gates[1]).toMatchObject({ state: 'ok' });
  expect(timeline.flatMap(({ log }) => log).map(({ text }) => text)).toContainEqual(
    expect.stringMatching(/^gate sip.setupFailureRatio < 20%: .*% in the 2 s up to \d+ s of the run$/),
  );
});
