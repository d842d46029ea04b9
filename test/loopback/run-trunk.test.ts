import { describe, expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';

const profile = (load: string, calls: string, trunk: string): string => `
name: test
load: [${load}]
calls: { ${calls} }
media: { rtpPorts: 31000-31999 }
trunk: { ${trunk} }
`;

describe('a trunk that is full', () => {
  it.each([
    ['503', 'status', 34],
    ['486', 'status', null],
  ])('answers %s, and the run finds its channels', async (how, cause, q850) => {
    const { summary, records } = await runProfile(
      profile('{ shape: constant, cps: 20, for: 3s }', 'hold: 10s', `channels: 30, whenFull: "${how}"`),
    );
    expect(summary.calls).toMatchObject({ attempted: 60, answered: 30, failed: 30, peakInProgress: 30 });
    expect(summary.responses).toEqual({ '200': 30, [how]: 30 });
    expect(summary.trunk).toMatchObject({
      exhausted: true,
      cause: 'channels',
      exhaustedAtInProgress: 30,
      refusals: 30,
    });
    expect(summary.trunk.exhaustedAtMs).toBeGreaterThan(1400);
    expect(summary.trunk.exhaustedAtMs).toBeLessThan(1700);
    expect(summary.sip.setupFailureRatio).toBe(0.5);
    for (const record of records.filter((r) => r.outcome === 'failed'))
      expect(record).toMatchObject({ cause, status: Number(how), q850 });
  });

  it('is told from a cap on the rate', async () => {
    const { summary } = await runProfile(
      profile('{ shape: constant, cps: 40, for: 6s }', 'hold: 3s', 'channels: 500, cps: 10'),
    );
    expect(summary.trunk).toMatchObject({ exhausted: false, cause: 'cps' });
    expect(summary.calls.answered).toBeGreaterThanOrEqual(58);
    expect(summary.calls.answered).toBeLessThanOrEqual(66);
  });
});

describe('an attempt that is not answered in time', () => {
  it('is cancelled, and counts neither as answered nor as failed', async () => {
    const { summary, records } = await runProfile(
      profile('{ shape: constant, cps: 5, for: 1s }', 'hold: 2s, giveUpAfter: 500ms', 'answerAfter: 10s'),
    );
    expect(summary.calls).toMatchObject({ attempted: 5, answered: 0, failed: 0, cancelled: 5 });
    expect(summary.sip.setupFailureRatio).toBeNull();
    for (const record of records)
      expect(record).toMatchObject({ outcome: 'cancelled', cause: 'cancelled', status: 487 });
  });
});

describe('a run that is stopped', () => {
  it('hangs up what is up, cancels what rings, and reports', async () => {
    const { summary, timeline } = await runProfile(
      profile('{ shape: constant, cps: 10, for: 60s }', 'hold: 60s', 'answerAfter: { min: 0, max: 3s }'),
      {},
      (run) => setTimeout(() => run.stop(), 4000),
    );
    expect(summary.verdict).toBe('interrupted');
    expect(summary.calls.stillUp).toBeGreaterThan(0);
    expect(summary.calls.cancelled).toBeGreaterThan(0);
    expect(summary.calls.attempted).toBe(summary.calls.stillUp + summary.calls.cancelled);
    expect(summary.sip.sddMs.success).not.toBeNull();
    expect(timeline.at(-1)?.calls.inProgress).toBe(0);
  });

  it('before it began places no call', async () => {
    const { summary } = await runProfile(profile('{ shape: constant, cps: 10, for: 5s }', 'hold: 5s', 'channels: 10'), {
      atOnce: (run) => run.stop(),
    });
    expect(summary.calls.attempted).toBe(0);
    expect(summary.verdict).toBe('interrupted');
  });
});

describe('keys', () => {
  it('pause holds the plan back without losing an attempt, and the rate changes what is left', async () => {
    const { summary } = await runProfile(
      profile('{ shape: constant, cps: 10, for: 3s }', 'hold: 500ms', 'channels: 100'),
      {},
      (run) => {
        setTimeout(() => run.setPaused(true), 1500);
        setTimeout(() => run.setPaused(false), 3500);
        setTimeout(() => run.changeRate(1), 3600);
      },
    );
    expect(summary.calls).toMatchObject({ attempted: 30, answered: 30, notStarted: 0 });
    expect(summary.run.durationMs).toBeGreaterThan(4500);
  });
});

describe('gates', () => {
  it('decide the verdict, and one on a figure that was not measured fails', async () => {
    const { summary } = await runProfile(
      `${profile('{ shape: constant, cps: 5, for: 1s }', 'hold: 500ms', 'channels: 10')}
gates: [calls.answered == 5, sip.srdMs.failure.p50 < 1s]
`,
    );
    expect(summary.gates).toMatchObject([
      { pass: true, observed: 5 },
      { pass: false, observed: null, reason: 'not measured' },
    ]);
    expect(summary.verdict).toBe('fail');
  });
});

describe('a target that does not exist', () => {
  it('ends the run early with what was found', async () => {
    const { summary, failure } = await runProfile(`
name: test
target: sip:127.0.0.1:9
load: [{ shape: constant, cps: 2, for: 60s }]
`);
    expect(failure).toMatchObject({ code: 'TARGET_SILENT', exitCode: 3 });
    expect(failure?.detail.found).toContain('ECONNREFUSED');
    expect(summary.responses.transport).toBeGreaterThan(0);
    expect(summary.sip.setupFailureRatio).toBe(1);
    expect(summary.run.durationMs).toBeLessThan(30_000);
  });
});
