import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Snapshot } from '../../src/metrics/snapshot.js';
import { invalidities } from '../../src/metrics/validity.js';
import type { LiveView } from '../../src/ui/live-view.js';
import { openScreen } from '../../src/ui/screen.js';
import { demoSnapshot, emptySnapshot } from '../fixtures/run.js';
import { cells, FakeKeyboard, FakeTerminal } from './terminal.js';

const title = { name: 'demo', target: 'sip:+4930123@127.0.0.1:5062', seed: 42, version: '0.1.0' };
const views: LiveView[] = [];

function open(columns: number, rows: number) {
  const terminal = new FakeTerminal(columns, rows);
  const keyboard = new FakeKeyboard();
  const on = { onQuit: vi.fn(), onPause: vi.fn(), onRate: vi.fn(), onNetwork: vi.fn() };
  const view = openScreen({
    title,
    ...on,
    stdout: terminal as unknown as NodeJS.WriteStream,
    stdin: keyboard as unknown as NodeJS.ReadStream,
  });
  views.push(view);
  return { terminal, keyboard, view, on };
}

function shown(columns: number, rows: number, snapshot: Snapshot): string[] {
  const { terminal, view } = open(columns, rows);
  view.update(snapshot);
  return terminal.frame();
}

function expectToFit(frame: string[], columns: number, rows: number): void {
  expect(frame.length).toBeGreaterThan(0);
  expect(frame.length).toBeLessThanOrEqual(rows);
  for (const line of frame) expect(cells(line), line).toBeLessThanOrEqual(columns);
}

const PROBLEMS = invalidities({
  receiveDrops: 312,
  pacingErrorP99Ms: 14.2,
  eventLoopDelayP99Ms: 1,
  saturatedMs: [],
  mediaThreads: [
    { name: 'swarm media', receiveDrops: 312, pacingErrorMs: { p99: 14.2, max: 20, isBrief: false } },
    { name: 'trunk media', receiveDrops: 0, pacingErrorMs: { p99: 3.1, max: 9, isBrief: false } },
  ],
  signallingThreads: [{ name: 'swarm signalling', eventLoopDelayMs: { p99: 1, max: 2, isBrief: false } }],
  notStarted: 0,
  planned: 600,
});

function invalid(snapshot: Snapshot): Snapshot {
  return {
    ...snapshot,
    health: { ...snapshot.health, problems: PROBLEMS },
  };
}

afterEach(async () => {
  vi.useRealTimers();
  for (const view of views.splice(0)) await view.finish();
});

/** Every figure that 80 by 24 has to show at 40 s of the demo. */
const FIGURES = [
  'demo',
  'sip:+4930123@127.0.0.1:5062',
  'seed 42',
  'RUNNING',
  '00:40 / 01:12',
  '00:32 left',
  '100 / 100',
  'exhausted at 100 calls, 00:10',
  'refusals 92',
  'attempted 400 / 600',
  'offered 10.0',
  'achieved 10.0',
  '23.0% of setups',
  '200 308',
  '503 90',
  '486 1',
  'timeout 1',
  'p50  8.14',
  'p95  12.3',
  'p99  43.8',
  'p99 1,412',
  'p5 2.94',
  'p50 3.87',
  'p5 4.12',
  'p50 4.41',
  'no MOS 1',
  'no MOS 4',
  'no MOS 1',
  'worst 10 s 2.31',
  'observed 1.99%',
  'injected 2.03%',
  'observed 0%',
  'injected –',
  'sent 832',
  'heard 817',
  'lost 15',
  'lost –',
  '6 calls',
  'no-rtp 4',
  'silence 2',
  'no media 1',
  'media-0 41%',
  'pacing p99 0.84 ms',
  'drops 0',
  'trunk exhausted: 503',
  'q quit & hang up',
  'p pause',
  '+/- rate',
  'n next network',
];

describe('the live screen', () => {
  test('at 80 by 24 shows every figure, fills the terminal and goes over no edge', () => {
    const frame = shown(80, 24, demoSnapshot(40_000));
    expectToFit(frame, 80, 24);
    expect(frame).toHaveLength(24);
    for (const figure of FIGURES) expect(frame.join('\n')).toContain(figure);
  });

  test('has gates over sliding windows in a line of their own on 80×24, the one that tripped first', () => {
    const gate = (expression: string, state: 'ok' | 'waiting' | 'tripped', observed: number | null) => ({
      expression,
      windowMs: 30_000,
      state,
      observed,
    });
    const gates = [
      gate('calls.dropped / calls.answered < 5%', 'ok', 0.01),
      gate('sip.setupFailureRatio < 2%', 'tripped', 0.031),
      gate('voice.ttfwMs.p95 < 800ms', 'waiting', null),
    ];
    const frame = shown(80, 24, { ...demoSnapshot(40_000), gates });
    expectToFit(frame, 80, 24);
    expect(frame.find((line) => line.startsWith(' Gates'))).toMatch(
      /^ Gates +✗ 1 ✓ 1 ○ 1 │ +✗ sip.setupFailureRatio < 2% 3.10%/,
    );
    for (const kept of ['In progress', 'Loss', 'DTMF', 'Health']) expect(frame.join('\n')).toContain(kept);
  });

  test('has the value of a gate in the unit of its figure, as the report has', () => {
    const rowOf = (expression: string, observed: number) => {
      const gates = [{ expression, windowMs: 30_000, state: 'ok' as const, observed }];
      return shown(80, 24, { ...demoSnapshot(40_000), gates }).find((line) => line.startsWith(' Gates'));
    };
    expect(rowOf('sip.ner > 0.9', 0.98)).toMatch(/sip.ner > 0.9 98.0%/);
    expect(rowOf('voice.ttfwMs.p95 < 800ms', 612)).toMatch(/voice.ttfwMs.p95 < 800ms 612 ms/);
    expect(rowOf('calls.dropped < 2000', 1234)).toMatch(/calls.dropped < 2000 1,234/);
  });

  test('at 160 by 50 adds charts, a histogram with a line a band and a longer log', () => {
    const frame = shown(160, 50, demoSnapshot(65_000));
    expectToFit(frame, 160, 50);
    expect(frame).toHaveLength(50);
    const text = frame.join('\n');
    for (const chart of [
      'Calls in progress',
      'Attempts per second',
      'Failures per second',
      'Uplink loss so far',
      'Downlink loss so far',
    ]) {
      expect(text).toContain(chart);
    }
    for (const band of ['4.0–4.5', '1.0–1.5']) expect(text).toContain(band);
    for (const event of demoSnapshot(65_000).log) expect(text).toContain(event.text);
  });

  test('at 60 by 15 keeps what matters most: calls in progress, exhaustion, failures, one-way, loss, keys', () => {
    const frame = shown(60, 15, demoSnapshot(40_000));
    expectToFit(frame, 60, 15);
    const text = frame.join('\n');
    for (const figure of [
      '100 / 100',
      'exhausted at 100 calls, 00:10',
      '23.0% of setups',
      '503 90',
      '6 calls',
      'observed 1.99%',
      'q quit',
    ]) {
      expect(text).toContain(figure);
    }
  });

  test('never goes over an edge at any size, even when the run is invalid and texts are long and wide', () => {
    const { terminal, view } = open(80, 24);
    const base = invalid(demoSnapshot(40_000));
    const long: Snapshot = {
      ...base,
      calls: {
        ...base.calls,
        inProgress: 123_456,
        attempted: 12_345_678,
        planned: 98_765_432,
        answered: 11_111_111,
        dropped: 222_222,
      },
      responses: {
        '200': 11_111_111,
        '503': 1_234_567,
        '486': 345_678,
        '480': 98_765,
        '404': 43_210,
        timeout: 8_765,
        transport: 321,
      },
      oneWay: {
        calls: 123_456,
        byCause: { 'no-rtp': 100_000, stopped: 20_000, silence: 3_000, 'wrong-source': 400, undecodable: 56 },
      },
      log: [{ atMs: 1000, level: 'warn', text: `理由 ${'非常に長い理由 '.repeat(20)}` }],
    };
    view.update(long);
    for (const columns of [1, 10, 23, 24, 40, 79, 80, 119, 120, 200]) {
      for (const rows of [1, 3, 4, 10, 24, 60]) {
        terminal.resize(columns, rows);
        expectToFit(terminal.frame(), columns, rows);
      }
    }
  }, 30_000);

  test('shows an en dash, never 0, for what was not measured', () => {
    const text = shown(80, 24, emptySnapshot()).join('\n');
    for (const figure of [
      'p50     –',
      'p95     –',
      'p5 –',
      'p50 –',
      'observed –',
      'injected –',
      'Jitter p95 –',
      'packets –',
      'sent –',
      'heard –',
      'lost –',
      '– of setups',
      'pacing p99 –',
      'drops –',
    ]) {
      expect(text).toContain(figure);
    }
    expect(text).toContain('no limit known');
    expect(text).not.toContain('NaN');
    expect(text).not.toContain('null');
  });

  test('says at the top why the run is invalid, at any size', () => {
    for (const [columns, rows] of [
      [80, 24],
      [60, 15],
      [160, 50],
    ]) {
      const frame = shown(columns, rows, invalid(demoSnapshot(40_000)));
      expectToFit(frame, columns, rows);
      expect(frame.slice(0, 4).join('\n')).toContain('RUN INVALID: own receive drops 312');
    }
  });

  test('calls a limit of the rate by its name instead of exhaustion', () => {
    const base = demoSnapshot(40_000);
    const text = shown(80, 24, {
      ...base,
      trunk: { channels: null, refusals: 7, exhaustedAtInProgress: null, exhaustedAtMs: null, cause: 'cps' },
    }).join('\n');
    expect(text).toContain('CPS limited, channels not exhausted');
    expect(text).not.toContain('exhausted at');
  });

  test.each([
    [80, 24],
    [160, 50],
  ])(
    'at %i by %i shows what callers feel and what markers tell, where calls have them, within the edges',
    (columns, rows) => {
      const side = { calls: 40, mouthToEarMs: { p50: 121.4, p95: 148.2 }, missed: 0, crossedCalls: 0, echoCalls: null };
      const frame = shown(columns, rows, {
        ...demoSnapshot(40_000),
        voice: {
          ttfwMs: { p50: 312, p95: 405 },
          responseMs: { p50: 845, p95: 1312 },
          unanswered: 3,
          deadAirCalls: 2,
        },
        probe: { uplink: side, downlink: { ...side, mouthToEarMs: null, crossedCalls: 1 } },
      });
      expectToFit(frame, columns, rows);
      const text = frame.join('\n');
      for (const figure of [
        'first word 312/405',
        'response 845/1,312',
        'unanswered 3',
        'dead air 2',
        '↑ 121/148',
        '↓ –/–',
        'missed 0',
        'crossed 1',
        'echo –',
      ])
        expect(text).toContain(figure);
    },
  );

  test('lets no escape sequence of a far end reach the terminal', () => {
    const base = demoSnapshot(40_000);
    const { terminal, view } = open(80, 24);
    view.update({
      ...base,
      responses: { '\u001b[31m503': 3 },
      log: [{ atMs: 0, level: 'error', text: 'reason \u001b]0;owned\u0007\u001b[2J\u202eend' }],
    });
    expect(terminal.raw).not.toContain('\u001b]0;');
    expect(terminal.raw).not.toContain('\u0007');
    expect(terminal.raw).not.toContain('\u202e');
    expect(terminal.text()).toContain('reason ·]0;owned··[2Jend');
  });

  test('keys quit, pause, change the rate and the network, also when struck at once; Ctrl-C quits as q does', () => {
    const { keyboard, view, on } = open(80, 24);
    view.update(demoSnapshot(1000));
    expect(keyboard.isRaw).toBe(true);
    keyboard.strike('p');
    keyboard.strike('+=-');
    keyboard.strike('nx');
    expect(on.onPause).toHaveBeenCalledTimes(1);
    expect(on.onRate.mock.calls).toEqual([[1], [1], [-1]]);
    expect(on.onNetwork).toHaveBeenCalledTimes(1);
    expect(on.onQuit).not.toHaveBeenCalled();
    keyboard.strike('\u0003');
    keyboard.strike('q');
    expect(on.onQuit).toHaveBeenCalledTimes(2);
  });

  test('shows a paused run as paused and the key as the one that resumes it', () => {
    const text = shown(80, 24, { ...demoSnapshot(40_000), paused: true, rateFactor: 1.25 }).join('\n');
    expect(text).toContain('PAUSED');
    expect(text).toContain('p resume');
    expect(text).toContain('×1.25');
  });

  test('fits itself to a new size at once', () => {
    const { terminal, view } = open(160, 50);
    view.update(demoSnapshot(40_000));
    terminal.resize(80, 24);
    expectToFit(terminal.frame(), 80, 24);
    expect(terminal.text()).toContain('exhausted at 100 calls, 00:10');
  });

  test('draws at most five frames a second and shows the last snapshot in the end', () => {
    vi.useFakeTimers();
    const { terminal, view } = open(80, 24);
    view.update(demoSnapshot(20_000));
    const before = terminal.writes;
    for (let i = 1; i <= 50; i++) {
      view.update(demoSnapshot(20_000 + i * 1000));
      vi.advanceTimersByTime(20);
    }
    vi.advanceTimersByTime(1000);
    expect(terminal.writes - before).toBeLessThanOrEqual(6);
    expect(terminal.text()).toContain('01:10 / 01:12');
  });

  test('writes nothing when nothing changed, and only the lines that did', () => {
    vi.useFakeTimers();
    const { terminal, view } = open(80, 24);
    view.update(demoSnapshot(20_000));
    vi.advanceTimersByTime(1000);
    const { length } = terminal.raw;
    view.update(demoSnapshot(20_000));
    vi.advanceTimersByTime(1000);
    expect(terminal.raw).toHaveLength(length);
    view.update({ ...demoSnapshot(20_000), noMedia: 77 });
    vi.advanceTimersByTime(1000);
    expect(terminal.raw.slice(length)).toContain('no media');
    expect(terminal.raw.slice(length)).not.toContain('seed');
  });

  test('gives the shell its screen, cursor and keyboard back, once', async () => {
    const { terminal, keyboard, view } = open(80, 24);
    view.update(demoSnapshot(1000));
    await view.finish();
    await view.finish();
    view.update(demoSnapshot(2000));
    expect(terminal.raw.startsWith('\u001b[?1049h')).toBe(true);
    expect(terminal.raw.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
    expect(terminal.raw.split('\u001b[?1049l')).toHaveLength(2);
    expect(keyboard.isRaw).toBe(false);
    expect(terminal.listenerCount('resize')).toBe(0);
  });
});

describe('the targets of a group', () => {
  const target = (name: string, state: 'up' | 'down' | 'gone', failed = 0) => ({
    target: `carrier/192.0.2.${name}:5060`,
    state,
    answered: 1200,
    failed,
    refused: 0,
    dropped: 0,
  });

  test('are counted at 80 × 24, and those in trouble named before the others; one that left the DNS counts no more', () => {
    const targets = [target('1', 'gone'), target('2', 'up'), target('3', 'down', 7), target('4', 'up')];
    const frame = shown(80, 24, { ...demoSnapshot(20_000), targets });
    expectToFit(frame, 80, 24);
    expect(frame.find((line) => line.includes('Targets'))).toBe(
      ' Targets     up 2 of 3  ▼ carrier/192.0.2.3:5060 1,200 down failed 7',
    );
    const calm = shown(80, 24, { ...demoSnapshot(20_000), targets: targets.slice(0, 2) });
    expect(calm.find((line) => line.includes('Targets'))).toBe(
      ' Targets     up 1 of 1  ▲ carrier/192.0.2.2:5060 1,200',
    );
  });
});
