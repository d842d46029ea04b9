import { afterEach, describe, expect, test, vi } from 'vitest';
import type { RelaySnapshot, RelayTotals } from '../../src/media/link/relay-messages.js';
import { RecentLines } from '../../src/ui/recent-lines.js';
import { openRelayPlain, type RelayShown, type RelayView } from '../../src/ui/relay-plain.js';
import { openRelayScreen } from '../../src/ui/relay-screen.js';
import { cells, FakeKeyboard, FakeTerminal } from './terminal.js';

const title = { impairment: 'lte-poor', seed: 42, version: '0.1.0' };
const views: RelayView[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const view of views.splice(0)) await view.finish();
});

function totals(more: Partial<RelayTotals>): RelayTotals {
  return {
    received: 0,
    sent: 0,
    blocked: 0,
    silenced: 0,
    packets: 0,
    delivered: 0,
    dropped: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
    recoded: 0,
    delayMeanMs: null,
    delayMaxMs: null,
    ...more,
  };
}

function snapshot(second: number): RelaySnapshot {
  const packets = 5000 * second;
  return {
    atMs: 1000 * second,
    calls: 100,
    directions: {
      aToB: totals({
        received: packets,
        packets,
        sent: packets * 0.975,
        delivered: packets * 0.975,
        dropped: packets * 0.025,
        duplicated: 12,
        reordered: 1234,
        delayMeanMs: 61.4,
        delayMaxMs: 143.2,
      }),
      bToA: totals({ received: packets, packets, sent: packets, delivered: packets, delayMeanMs: 0, delayMaxMs: 0 }),
    },
    rtcp: 77,
    wrongSource: 31_337,
    malformed: 3,
    unopened: 2,
    unlogged: 5,
    health: {
      driver: 'native',
      timestampSource: 'kernel',
      // A hundred packets a second, two of them late.
      pacingErrorMs: {
        bucketWidth: 0.05,
        counts: Uint32Array.of(0, 98 * second, 0, 2 * second),
        count: 100 * second,
        max: 0.2,
      },
      receiveDrops: 9,
      sendErrors: 1,
      slotsSkipped: 0,
      cpuMs: 230 * second,
    },
  };
}

function shown(second: number, more: Partial<RelayShown> = {}): RelayShown {
  const log = new RecentLines();
  log.add('no media on \u001b[31mpath-1');
  return {
    forMs: 1000 * second,
    counts: { up: 100, peak: 120, opened: 321, refused: 4, timedOut: 6 },
    door: { title: 'ng 127.0.0.1:22222', figures: () => [{ label: 'offers', value: '321' }] },
    media: snapshot(second),
    lateP99Ms: 0.2,
    isLate: false,
    stopping: false,
    change: null,
    log,
    unwritten: 2,
    ...more,
  };
}

function open(columns: number, rows: number) {
  const terminal = new FakeTerminal(columns, rows);
  const keyboard = new FakeKeyboard();
  const onQuit = vi.fn();
  const onNetwork = vi.fn();
  const view = openRelayScreen({
    title,
    onQuit,
    onNetwork,
    stdout: terminal as unknown as NodeJS.WriteStream,
    stdin: keyboard as unknown as NodeJS.ReadStream,
  });
  views.push(view);
  return { terminal, keyboard, view, onQuit, onNetwork };
}

const FIGURES = [
  'ng 127.0.0.1:22222',
  'RELAYING',
  'network lte-poor',
  'seed 42',
  '00:10',
  'up 100',
  'peak 120',
  'opened 321',
  'refused 4',
  'without media 6',
  'offers 321',
  '2.50% dropped',
  'in 50,000',
  'out 48,750',
  'dropped 1,250',
  'reordered 1,234',
  'mean 61.4 ms',
  'max 143 ms',
  '0% dropped',
  'RTCP 77',
  'from elsewhere 31,337',
  'no RTP 3',
  'not opened 2',
  'lost by this machine 10',
  'not logged 7',
  'no media on',
  'q quit',
];

describe('the screen of a relay', () => {
  test('says what is in force once the impairments were changed', () => {
    const { terminal, view } = open(80, 24);
    view.update(shown(10, { change: 'change 2 (busy-wifi)' }));
    expect(terminal.text()).toContain('network change 2 (busy-wifi)');
    expect(terminal.text()).not.toContain('lte-poor');
  });

  test.each([
    [80, 24],
    [160, 50],
    [120, 30],
  ])('shows every figure on %i by %i', (columns, rows) => {
    const { terminal, view } = open(columns, rows);
    view.update(shown(10));
    const frame = terminal.frame();
    for (const figure of FIGURES) expect(terminal.text(), figure).toContain(figure);
    expect(frame).toHaveLength(rows);
    for (const line of frame) expect(cells(line), line).toBeLessThanOrEqual(columns);
    expect(terminal.text()).not.toContain('\u001b');
  });

  test('draws packets a second over time where there is room', () => {
    vi.useFakeTimers();
    const { terminal, view } = open(160, 50);
    for (let second = 1; second <= 30; second++) {
      view.update(shown(second));
      vi.advanceTimersByTime(1000);
    }
    expect(terminal.text()).toMatch(/A→B packets a second, over 00:29 .* 5,000/);
    expect(terminal.text()).toContain('█'.repeat(29));
  });

  test.each([
    [40, 10],
    [20, 3],
    [1, 1],
  ])('stays within %i by %i', (columns, rows) => {
    const { terminal, view } = open(columns, rows);
    view.update(shown(10));
    const frame = terminal.frame();
    expect(frame.length).toBeLessThanOrEqual(rows);
    for (const line of frame) expect(cells(line), line).toBeLessThanOrEqual(columns);
  });

  test('says how busy the media thread was in the last second, and how late packets left', () => {
    vi.useFakeTimers();
    const { terminal, view } = open(80, 24);
    view.update(shown(10));
    expect(terminal.text()).toContain('CPU –');
    vi.advanceTimersByTime(1000);
    view.update(shown(11));
    expect(terminal.text()).toContain('CPU 23%  late p99 0.20 ms');
  });

  test('says that packets leave too late, and by how much', () => {
    const { terminal, view } = open(80, 24);
    view.update(shown(10, { lateP99Ms: 160, isLate: true }));
    expect(terminal.text()).toContain('● LATE');
    expect(terminal.text()).not.toContain('RELAYING');
    expect(terminal.text()).toContain('late p99 160 ms');
  });

  test('says that nothing was measured before the first second is over, and that it ends', () => {
    const { terminal, view } = open(80, 24);
    view.update(shown(0, { media: null, stopping: true }));
    expect(terminal.text()).toContain('ENDING');
    expect(terminal.text()).toContain('in –');
  });

  test('goes to the next network by n, is left by q and by Ctrl-C, and gives the terminal back', async () => {
    const { terminal, keyboard, view, onQuit, onNetwork } = open(80, 24);
    view.update(shown(1));
    keyboard.strike('n');
    await vi.waitFor(() => expect(onNetwork).toHaveBeenCalledTimes(1));
    keyboard.strike('q');
    keyboard.strike('\u0003');
    await vi.waitFor(() => expect(onQuit).toHaveBeenCalledTimes(2));
    await view.finish();
    expect(terminal.raw.endsWith('\u001b[?1049l')).toBe(true);
  });
});

describe('the plain lines of a relay', () => {
  test('begin with what it is, and have a line for each second in which anything changed', () => {
    const lines: string[] = [];
    const view = openRelayPlain(title, (line) => lines.push(line));
    view.update(shown(0, { media: null }));
    for (const second of [1, 2, 2, 3]) view.update(shown(second));
    view.update(shown(4, { media: snapshot(3) }));
    expect(lines[0]).toBe('# trunkstorm 0.1.0 relay · ng 127.0.0.1:22222');
    expect(lines[1]).toBe('# network lte-poor · seed 42 (Ctrl-C ends it)');
    expect(lines.filter((line) => line.includes('no media on'))).toHaveLength(1);
    const data = lines.filter((line) => !line.startsWith('#'));
    expect(data).toHaveLength(3);
    expect(data[2].trim().split(/\s+/)).toEqual([
      '00:03',
      '100',
      '15,000',
      '2.50%',
      '15,000',
      '0%',
      '31,337',
      'offers',
      '321',
    ]);
  });
});
