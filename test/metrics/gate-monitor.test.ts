import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { parseGate } from '../../src/metrics/gate-parser.js';
import type { Answer } from '../../src/metrics/live-setup.js';
import { windowMistake } from '../../src/metrics/window-mistake.js';
import { type ProfileError, parseProfile } from '../../src/profile/read.js';
import { planOf } from '../../src/run/plan.js';
import { RunState } from '../../src/run/run-state.js';
import { answeredRecord, failedRecord } from '../support/records.js';

const LOAD = 'name: x\nload:\n  - { shape: constant, cps: 1, for: 1s }\n';

/** The gates of a run, and what is counted in it. */
class Judged {
  readonly state: RunState;

  constructor(gates: readonly string[]) {
    const profile = parseProfile(`${LOAD}gates:\n${gates.map((g) => `  - ${g}\n`).join('')}`, 'p');
    this.state = new RunState(profile, 'id', new Date(0), planOf(profile), ['sip:t']);
  }

  get gates() {
    return this.state.gates;
  }

  answer(one: Answer, atMs: number): void {
    this.gates.read(atMs);
    this.state.live.add(one);
  }

  add(record: CallRecord, atMs: number): void {
    this.gates.read(atMs);
    this.state.metrics.add(record);
  }
}

const monitor = (...gates: string[]): Judged => new Judged(gates);

const answer = { status: 200, srdMs: 10, setupMs: 100 };

/** A second of `answered` setups and `failed` ones; then it is judged. */
function second(m: Judged, s: number, answered: number, failed: number) {
  for (let i = 0; i < answered; i++) m.answer(answer, s * 1000 + 10);
  for (let i = 0; i < failed; i++) m.add(failedRecord(503), s * 1000 + 20);
  return m.gates.advance((s + 1) * 1000);
}

describe('a gate over sliding windows', () => {
  const FAILURES = '{ expression: sip.setupFailureRatio < 2%, window: 3s, abort: true }';

  it('judges what fell within the window, from its first full one on, and trips once', () => {
    const m = monitor(FAILURES);
    expect(second(m, 0, 9, 1)).toEqual([]);
    expect(m.gates.states()).toEqual([
      { expression: 'sip.setupFailureRatio < 2%', windowMs: 3000, state: 'waiting', observed: null },
    ]);
    expect(second(m, 1, 10, 0)).toEqual([]);
    // Seconds 0 to 2: 1 of 30.
    expect(second(m, 2, 10, 0)).toEqual([
      { text: 'gate sip.setupFailureRatio < 2%: 3.33% in the 3 s up to 3 s of the run', aborts: true },
    ]);
    expect(second(m, 3, 0, 10)).toEqual([]);
    expect(m.gates.results()).toEqual([
      {
        expression: 'sip.setupFailureRatio < 2%',
        observed: 0.033333,
        windowMs: 3000,
        trippedAtMs: 3000,
        aborted: true,
        pass: false,
        reason: 'out of bounds in the 3 s up to 3 s of the run',
      },
    ]);
  });

  it('forgets what is older than the window', () => {
    const m = monitor(FAILURES);
    for (const [s, failed] of [0, 0, 0, 0, 0, 0].entries()) expect(second(m, s, 10, failed)).toEqual([]);
    const early = monitor('{ expression: sip.setupFailureRatio < 2%, window: 3s, after: 4s }');
    for (const [s, failed] of [5, 0, 0, 0, 0].entries()) expect(second(early, s, 10, failed)).toEqual([]);
    expect(early.gates.results()[0]).toMatchObject({ pass: true, observed: 0, trippedAtMs: null, aborted: false });
  });

  it('trips only when the figure stays out of bounds for as long as it says', () => {
    const m = monitor('{ expression: sip.setupFailureRatio < 2%, window: 1s, for: 2s }');
    const failures = [1, 1, 0, 1, 1, 1, 1];
    const trips = failures.map((failed, s) => second(m, s, 10, failed));
    expect(trips.map((t) => t.length)).toEqual([0, 0, 0, 0, 0, 1, 0]);
    expect(trips[5][0].aborts).toBe(false);
    expect(m.gates.states()[0].state).toBe('tripped');
  });

  it('keeps the worst window as the observed value where none tripped it', () => {
    const m = monitor(
      '{ expression: sip.setupMs.p50 < 500, window: 1s }',
      '{ expression: calls.answered > 3, window: 1s }',
    );
    for (const [s, setupMs] of [100, 300, 200].entries()) {
      m.answer({ ...answer, setupMs }, s * 1000);
      for (let i = 0; i < 5 + s; i++) m.add(answeredRecord(), s * 1000);
      m.gates.advance((s + 1) * 1000);
    }
    const [setup, answered] = m.gates.results();
    expect(setup.pass).toBe(true);
    expect(setup.observed as number).toBeCloseTo(300, -1);
    expect(answered).toMatchObject({ pass: true, observed: 5 });
  });

  it('fails as not measured where no window had the figure', () => {
    const m = monitor('{ expression: voice.ttfwMs.p95 < 800, window: 1s }');
    for (let s = 0; s < 3; s++) second(m, s, 5, 0);
    expect(m.gates.results()[0]).toMatchObject({
      pass: false,
      observed: null,
      reason: 'not measured',
      trippedAtMs: null,
    });
  });

  it('takes the share of dropped calls among those that ended', () => {
    const m = monitor('{ expression: calls.dropped / calls.answered < 5%, window: 2s }');
    for (let i = 0; i < 19; i++) m.add(answeredRecord(), 100);
    m.add(answeredRecord({ outcome: 'dropped' }), 1900);
    expect(m.gates.advance(2000)).toHaveLength(1);
    expect(m.gates.results()[0]).toMatchObject({ observed: 0.05, pass: false });
  });

  it('has percentiles of the window to within a hundredth, whatever the seconds they come from', () => {
    const m = monitor('{ expression: sip.setupMs.p90 < 1s, window: 10s, after: 10s }');
    for (let i = 0; i < 1000; i++) m.answer({ ...answer, setupMs: 1 + ((i * 7919) % 1000) }, i * 10);
    m.gates.advance(10_000);
    const observed = m.gates.results()[0].observed as number;
    expect(Math.abs(observed - 900) / 900).toBeLessThan(0.01);
  });

  it('judges each second once, also where it is asked late', () => {
    const m = monitor('{ expression: sip.setupFailureRatio < 50%, window: 1s }');
    m.add(failedRecord(503), 500);
    m.answer(answer, 1500);
    m.answer(answer, 2500);
    expect(m.gates.advance(3200).map(({ text }) => text)).toEqual([
      'gate sip.setupFailureRatio < 50%: 100% in the 1 s up to 1 s of the run',
    ]);
  });

  it('keeps no more than its longest window, however long the run', () => {
    const m = monitor('{ expression: sip.setupFailureRatio < 2%, window: 5s }');
    for (let s = 0; s < 200; s++) second(m, s, 1, 0);
    const { panes } = (m.gates as unknown as { figures: { panes: unknown[] } }).figures;
    expect(panes.length).toBeLessThanOrEqual(10);
  });

  it('refuses figures that only a whole run has', () => {
    const mistake = (text: string) => {
      const parsed = parseGate(text);
      return parsed.ok ? windowMistake(parsed.gate) : parsed.message;
    };
    expect(mistake('trunk.exhausted == false')).toContain('`trunk.exhausted` is a figure of a whole run');
    expect(mistake('calls.dropped / calls.peakInProgress < 5%')).toContain('`calls.peakInProgress`');
    for (const fine of [
      'responses.503 == 0',
      'media.uplink.mosLq.p5 > 3.5',
      'voice.responseMs.p99.9 < 2s',
      'sip.ner > 95%',
      'sip.retransmissionsSent < 10',
      'inbound.machine.talkOverMs.p50 < 1s',
      'registrations.failed / registrations.attempted < 1%',
      'sip.acdMs > 10s',
    ])
      expect(mistake(fine)).toBeNull();
    for (const odd of [
      'trend.warm.srdMs.p95 < 1s',
      'trend.srdMs.points > 3',
      'load.bhca > 100',
      'load.startedCps > 3',
      'load.carriedErlang < 30',
      'calls.peakEstablished < 30',
      'trunk.exhaustedAtMs > 10s',
      'probe.uplink.delaySource == one-way',
      'failover.recoveryMs < 1s',
      'impairment.uplink.delayMs.max < 1s',
    ])
      expect(mistake(odd)).toContain('is a figure of a whole run: a window has counts, ratios and percentiles');
  });
});

describe('the gates of a profile', () => {
  it('are refused with the field and its line', () => {
    const wrong = [
      'gates:',
      '  - { expression: calls.nothing < 3, window: 5s }',
      '  - { expression: calls.dropped < 3, window: 500ms }',
      '  - { expression: calls.dropped < 3, window: soon }',
      '  - { expression: calls.dropped < 3, window: 5s, until: 9s }',
      '  - { expression: calls.dropped < 3 }',
      '  - { expression: trunk.own.peakChannels < 3, window: 5s }',
    ];
    let found: ProfileError | null = null;
    try {
      parseProfile(LOAD + wrong.join('\n'), 'p');
    } catch (error) {
      found = error as ProfileError;
    }
    expect(found?.mistakes.map(({ path, line, message }) => [path, line, message])).toEqual([
      ['gates.0.expression', 5, expect.stringContaining('no figure `calls.nothing`')],
      ['gates.1.window', 6, expect.stringContaining('whole seconds, 1s to 10m')],
      ['gates.2.window', 7, expect.stringContaining('expected a duration')],
      ['gates.3.until', 8, 'there is no such field'],
      ['gates.4.window', 9, 'is missing'],
      ['gates.5.expression', 10, expect.stringContaining('whole run')],
    ]);
  });
});
