import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import { arrivals } from '../../src/load/arrivals.js';
import { parseLength, parseStart, readBusiest } from '../../src/load/cdr-file.js';
import { replay } from '../../src/load/replay.js';
import { type ProfileError, parseProfile } from '../../src/profile/read.js';
import { planOf } from '../../src/run/plan.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const folder = temporaryFolder();

function file(name: string, lines: string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

function refused(action: () => unknown): AppError {
  try {
    action();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const ACCOUNTS = 'registrations: { accounts: a.csv, registrar: "sip:192.0.2.1" }';

/** A profile whose load is a file of recorded calls. */
function profileOf(path: string, columns: string, more: string) {
  const load = `load: [{ shape: replay, file: ${path}, columns: { ${columns} }, for: 10s }]`;
  return parseProfile(`name: p\n${load}\n${more}`, 'p.yaml');
}

const COLUMNS = { start: 'start', duration: 'duration' };
const HOUR = 3_600_000;

describe('a call detail record', () => {
  it.each([
    ['2026-01-14T10:15:02Z', Date.UTC(2026, 0, 14, 10, 15, 2)],
    ['2026-01-14 10:15:02.250', Date.UTC(2026, 0, 14, 10, 15, 2, 250)],
    ['2026-01-14T10:15+02:00', Date.UTC(2026, 0, 14, 8, 15)],
    ['1768385702', 1_768_385_702_000],
    ['1768385702.5', 1_768_385_702_500],
    ['1768385702123', 1_768_385_702_123],
    ['14/01/2026 10:15', null],
    ['2026-13-14T10:15:02Z', null],
    ['', null],
  ])('that began at "%s"', (text, ms) => {
    expect(parseStart(text)).toBe(ms);
  });

  it.each([
    ['0', 0],
    ['93.5', 93_500],
    ['1:02:03', 3_723_000],
    ['-1', null],
    ['1:75:00', null],
    ['long', null],
  ])('that lasted "%s"', (text, ms) => {
    expect(parseLength(text)).toBe(ms);
  });
});

describe('a file of call detail records', () => {
  it('has its busiest hour found, in whatever order its lines are', () => {
    const quiet = Array.from({ length: 20 }, (_, i) => `${1_768_000_000 + i * 1800},60`);
    // 30 calls within 58 min, across two full hours of the clock.
    const busy = Array.from({ length: 30 }, (_, i) => `${1_768_101_000 + i * 120},${i}`);
    const { atMs, holdMs } = readBusiest(
      file('busy.csv', ['start,duration', ...busy.reverse(), ...quiet]),
      COLUMNS,
      HOUR,
    );
    expect(atMs).toEqual(Array.from({ length: 30 }, (_, i) => i * 120_000));
    expect(holdMs).toEqual(Array.from({ length: 30 }, (_, i) => i * 1000));
  });

  it('may name its columns otherwise, and have a shorter stretch taken', () => {
    const path = file('asterisk.csv', [
      'calldate,src,billsec',
      '2026-01-14 10:00:00,1,5',
      '2026-01-14 10:00:09,2,0:01:00',
    ]);
    expect(readBusiest(path, { start: 'calldate', duration: 'billsec' }, 10_000)).toEqual({
      atMs: [0, 9000],
      holdMs: [5000, 60_000],
      numbers: [],
    });
  });

  it('tells who called whom where those columns are named, and of an empty one nothing', () => {
    const path = file('numbers.csv', ['start,duration,src,dst', '1768385702,5,+4930,100', '1768385701,5,,*21#']);
    const { numbers } = readBusiest(path, { ...COLUMNS, from: 'src', to: 'dst' }, HOUR);
    expect(numbers).toEqual([{ to: '*21#' }, { from: '+4930', to: '100' }]);
    expect(readBusiest(path, { ...COLUMNS, to: 'dst' }, HOUR).numbers).toEqual([{ to: '*21#' }, { to: '100' }]);
  });

  it.each([
    [['start,duration', '1768385702,5', 'yesterday,5'], ':3, column start', '"yesterday"', 'a time such as'],
    [['start,duration', '1768385702,'], ':2, column duration', '""', 'seconds, or h:mm:ss'],
    [['begin,duration', '1768385702,5'], ':1', 'begin, duration', 'a column `start`'],
    [['start,duration,from', '1768385702,5,a@b'], ':2, column from', '"a@b"', 'a number', { from: 'from' }],
    [['start,duration,from', '1768385702,5,1'], ':1', 'start, duration, from', 'a column `to`', { to: 'to' }],
  ])(
    'with a mistake is refused with file and line',
    (lines, where, found, expected, more?: { from?: string; to?: string }) => {
      const path = file('wrong.csv', lines);
      const error = refused(() => readBusiest(path, { ...COLUMNS, ...more }, HOUR));
      expect(error).toMatchObject({ code: 'FILE_UNREADABLE', exitCode: 2 });
      expect(error.detail).toMatchObject({
        where: `${path}${where}`,
        found,
        expected: expect.stringContaining(expected),
      });
      expect(error.detail.hint).toContain('columns: {');
    },
  );

  it('that is not there is told as such', () => {
    expect(refused(() => readBusiest(join(folder, 'none.csv'), COLUMNS, HOUR)).message).toContain('ENOENT');
  });
});

describe('a replay', () => {
  const recorded = {
    atMs: Array.from({ length: 1000 }, (_, i) => i * 3600),
    holdMs: Array.from({ length: 1000 }, (_, i) => i),
    numbers: Array.from({ length: 1000 }, (_, i) => ({ from: `f${i}`, to: `t${i}` })),
  };

  it('of factor 1 is what was recorded', () => {
    expect(replay(recorded, 1, HOUR, 5)).toEqual(
      recorded.atMs.map((atMs, i) => ({ atMs, holdMs: recorded.holdMs[i], numbers: recorded.numbers[i] })),
    );
  });

  it('keeps the numbers of each call, further copies included', () => {
    const calls = replay(recorded, 2.5, HOUR, 5);
    expect(calls.every(({ holdMs, numbers }) => numbers!.from === `f${holdMs}` && numbers!.to === `t${holdMs}`)).toBe(
      true,
    );
  });

  it.each([0.25, 0.7, 1.5, 3, 12.34])(
    'of factor %f has so many times the calls, within the hour, by the seed',
    (factor) => {
      const calls = replay(recorded, factor, HOUR, 5);
      expect(calls.length).toBe(Math.round(factor * 1000));
      expect(calls.every(({ atMs }, i) => atMs >= (i > 0 ? calls[i - 1].atMs : 0) && atMs <= HOUR)).toBe(true);
      expect(replay(recorded, factor, HOUR, 5)).toEqual(calls);
      // Each quarter of the hour has its share, and long calls theirs.
      const quarter = calls.filter(({ atMs }) => atMs < HOUR / 4).length / calls.length;
      expect(Math.abs(quarter - 0.25)).toBeLessThan(0.07);
      const mean = calls.reduce((sum, { holdMs }) => sum + holdMs, 0) / calls.length;
      expect(Math.abs(mean - 499.5)).toBeLessThan(75);
    },
  );

  it('of another seed draws other calls', () => {
    expect(replay(recorded, 0.5, HOUR, 5)).not.toEqual(replay(recorded, 0.5, HOUR, 6));
  });

  it('is a stage like any other: others follow it, and its calls count for them', () => {
    const path = file('stage.csv', ['start,duration', '1768385700,100', '1768385701,0', '1768385705,100']);
    const profile = parseProfile(
      `name: p
load:
  - { shape: constant, cps: 1, for: 2s }
  - { shape: replay, file: ${path}, factor: 1, for: 10s }
  - { shape: concurrent, calls: 5, for: 0 }
calls: { hold: 1s }
`,
      'p.yaml',
    );
    const all = [...arrivals(profile.load, profile.calls.hold, 1)];
    expect(all.map(({ atMs }) => atMs)).toEqual([0, 1000, 2000, 3000, 7000, 12_000, 12_000, 12_000]);
    expect(all.map(({ holdMs }) => holdMs)).toEqual([1000, 1000, 100_000, 0, 100_000, 1000, 1000, 1000]);
    expect(planOf(profile)).toMatchObject({ attempts: 8, peakCalls: 5, endMs: 107_000 });
  });

  it('has its numbers in each attempt, and none where other stages make them', () => {
    const path = file('who.csv', ['start,duration,src', '1768385700,100,a', '1768385701,0,b']);
    const { load } = profileOf(path, 'from: src', 'calls: { from: "9{from}" }');
    const all = [...arrivals([...load, ...profileOf(path, '', '').load], 1000, 1)];
    expect(all.map(({ numbers }) => numbers)).toEqual([{ from: 'a' }, { from: 'b' }, undefined, undefined]);
  });

  it.each([
    ['from: src', 'calls: { to: "{to}" }', 'calls.to', 'no `numbers` file'],
    ['from: src', `${ACCOUNTS}\ncalls: { byAccounts: true }`, 'calls.byAccounts', 'leave `from` out'],
    ['to: src', `${ACCOUNTS}\ncalls: { toAccounts: true }`, 'calls.toAccounts', 'leave `to` out'],
  ])('with columns %s is refused beside %s', (columns, more, where, message) => {
    const path = file('who.csv', ['start,duration,src', '1768385700,100,a']);
    const error = refused(() => profileOf(path, columns, more)) as ProfileError;
    expect(error.mistakes).toMatchObject([{ path: where, message: expect.stringContaining(message) }]);
  });
});
