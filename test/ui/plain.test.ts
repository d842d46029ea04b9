import { describe, expect, test } from 'vitest';
import { openPlain } from '../../src/ui/plain.js';
import { demoSnapshot, emptySnapshot } from '../fixtures/run.js';
import { cells } from './terminal.js';

const title = { name: 'demo', target: 'sip:x@127.0.0.1', seed: 42, version: '0.1.0' };

function plain() {
  const lines: string[] = [];
  return { lines, view: openPlain({ title, write: (line) => lines.push(line) }) };
}

const isData = (line: string): boolean => !line.startsWith('#');

describe('the live view without a terminal', () => {
  test('prints one line a second in fixed columns, and the header every 20 lines', () => {
    const { lines, view } = plain();
    for (let t = 0; t <= 60_000; t += 250) view.update(demoSnapshot(t));
    view.finish();
    const data = lines.filter(isData);
    expect(data).toHaveLength(61);
    expect(new Set(data.map(cells)).size).toBe(1);
    expect(lines.filter((l) => l.startsWith('#  time'))).toHaveLength(4);
    expect(cells(lines.find((l) => l.startsWith('#  time')) ?? '')).toBe(cells(data[0]));
  });

  test('a line has the key figures', () => {
    const { lines, view } = plain();
    view.update(demoSnapshot(40_000));
    expect(lines.filter(isData)[0].trim().split(/\s+/)).toEqual([
      '00:40',
      'running',
      '100',
      '10.0',
      '400',
      '308',
      '92',
      '23.0%',
      '12.3',
      '1.99%/0%',
      '2.94/4.12',
      '6',
      '15/–',
    ]);
  });

  test('what was not measured is an en dash', () => {
    const { lines, view } = plain();
    view.update(emptySnapshot());
    expect(lines.filter(isData)[0].trim().split(/\s+/).slice(7)).toEqual(['–', '–', '–', '–', '0', '–']);
  });

  test('says warnings, errors and problems once, as comments, without escape sequences', () => {
    const { lines, view } = plain();
    const bad = demoSnapshot(20_000);
    bad.health.problems = [{ reason: 'receive-drops', observed: 'receive drops \u001b[31m312', limit: '0' }];
    view.update(bad);
    const worse = { reason: 'receive-drops' as const, observed: 'receive drops 313', limit: '0' };
    view.update({ ...bad, atMs: 21_000, health: { ...bad.health, problems: [worse] } });
    view.finish();
    expect(lines.filter((l) => l.includes('trunk exhausted'))).toEqual([
      '# 00:10 error: trunk exhausted: 503 Service Unavailable at 100 calls in progress',
    ]);
    expect(lines.filter((l) => l.includes('RUN INVALID'))).toEqual(['# 00:20 RUN INVALID: receive drops ·[31m312']);
    expect(lines.join('')).not.toContain('\u001b');
    expect(lines.join('\n')).not.toContain('first call answered');
  });

  test('ends with the last state, even within a second already printed, and is silent afterwards', () => {
    const { lines, view } = plain();
    view.update(demoSnapshot(71_000));
    view.update({ ...demoSnapshot(71_400), phase: 'done' });
    view.finish();
    view.finish();
    view.update(demoSnapshot(72_000));
    const data = lines.filter(isData);
    expect(data).toHaveLength(2);
    expect(data[1]).toContain('done');
  });
});
