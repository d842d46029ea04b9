import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import { infeasibility } from '../../src/impair/infeasibility.js';
import { SharedImpairments } from '../../src/impair/shared-impairments.js';
import { stage } from '../../src/impair/spec.js';
import { dropsAll } from '../../src/impair/stage-kinds.js';
import { readDelayTrace, readLossTrace } from '../../src/impair/trace-file.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { lossesOf, MILLION, PTIME_MS, pipelineOf, send, stages } from './harness.js';

const folder = temporaryFolder();

function fileOf(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function lostAt(copies: Uint8Array): number[] {
  return [...copies.keys()].filter((i) => copies[i] === 0);
}

function problemOf(written: object): string | null {
  return infeasibility(stage.parse(written));
}

describe('Gilbert–Elliott loss, all four parameters', () => {
  // p, r, loss in the good state (1 − h), loss in the bad state (1 − k).
  const channels = [
    [0.01, 0.25, 0, 1],
    [0.02, 0.2, 0.001, 0.7],
    [0.005, 0.1, 0, 0.5],
    [0.1, 0.4, 0.05, 0.8],
  ] as const;

  for (const [p, r, good, bad] of channels)
    it(`has the loss, the mean run and the correlation of the two-state chain within four standard deviations: ${p}, ${r}, ${good}, ${bad}`, () => {
      const { copies } = send(pipelineOf(31, { kind: 'gilbert-elliott', p, r, lossGood: good, lossBad: bad }), MILLION);
      const piBad = p / (p + r);
      const loss = (1 - piBad) * good + piBad * bad;
      // Covariance of the losses of packets n and n + k: π_good·π_bad·(bad − good)²·(1 − p − r)^k.
      const covariance = (k: number): number => piBad * (1 - piBad) * (bad - good) ** 2 * (1 - p - r) ** k;
      const both = covariance(1) + loss * loss;
      // A run begins where a loss follows an arrival.
      const meanRun = loss / (loss - both);
      // Σ covariances over all distances, for the variance of the mean.
      const long = loss * (1 - loss) + (2 * covariance(1)) / (p + r);
      const sigma = Math.sqrt(long / MILLION);
      const observed = lossesOf(copies);
      expect(Math.abs(observed.ratio - loss)).toBeLessThan(4 * sigma);
      const runs = MILLION * (loss - both);
      expect(Math.abs(observed.meanRun / meanRun - 1)).toBeLessThan((4 * Math.sqrt(meanRun)) / Math.sqrt(runs));
      for (const distance of [1, 2, 5]) {
        let together = 0;
        for (let i = 0; i + distance < MILLION; i++) if (copies[i] + copies[i + distance] === 0) together++;
        const expected = covariance(distance) + loss * loss;
        expect(Math.abs(together / MILLION - expected)).toBeLessThan(4 * sigma);
      }
    });
});

describe('exact loss', () => {
  const LOSE = 3;
  const OF = 50;
  const { copies } = send(pipelineOf(32, { kind: 'exact-loss', lose: LOSE, of: OF }), MILLION);
  const blocks = MILLION / OF;

  it('loses exactly its number of every block, to the packet', () => {
    const off: number[] = [];
    for (let block = 0; block < blocks; block++) {
      const lost = copies.subarray(block * OF, (block + 1) * OF).filter((c) => c === 0).length;
      if (lost !== LOSE) off.push(block);
    }
    expect(off).toEqual([]);
    expect(lossesOf(copies).ratio).toBe(LOSE / OF);
  });

  it('takes every place and every pair of neighbours equally often, within 4.5 standard deviations', () => {
    const places = new Float64Array(OF);
    const pairs = new Float64Array(OF - 1);
    for (let i = 0; i < MILLION; i++) {
      if (copies[i] > 0) continue;
      places[i % OF]++;
      if (i % OF < OF - 1 && copies[i + 1] === 0) pairs[i % OF]++;
    }
    for (const [counts, share] of [
      [places, LOSE / OF],
      [pairs, (LOSE * (LOSE - 1)) / (OF * (OF - 1))],
    ] as const)
      for (const count of counts)
        expect(Math.abs(count - blocks * share)).toBeLessThan(4.5 * Math.sqrt(blocks * share * (1 - share)));
  });

  it('loses nothing or everything where that is asked for', () => {
    expect(lossesOf(send(pipelineOf(1, { kind: 'exact-loss', lose: 7, of: 7 }), 7000).copies).ratio).toBe(1);
    expect(dropsAll(stages({ kind: 'exact-loss', lose: 7, of: 7 }))).toBe(true);
    expect(dropsAll(stages({ kind: 'exact-loss', lose: 6, of: 7 }))).toBe(false);
    expect(problemOf({ kind: 'exact-loss', lose: 8, of: 7 })).toContain('8 packets cannot be lost of 7');
  });
});

describe('periodic loss', () => {
  it('loses the last packets of every period', () => {
    const { copies } = send(pipelineOf(1, { kind: 'periodic-loss', every: 5 }), 20);
    expect(lostAt(copies)).toEqual([4, 9, 14, 19]);
    const rows = send(pipelineOf(1, { kind: 'periodic-loss', lose: 2, every: 6 }), 18).copies;
    expect(lostAt(rows)).toEqual([4, 5, 10, 11, 16, 17]);
  });

  it('counts the packets that an earlier stage has lost', () => {
    const line = pipelineOf(1, { kind: 'loss-trace', bits: '1110000000' }, { kind: 'periodic-loss', every: 5 });
    expect(lostAt(send(line, 10).copies)).toEqual([0, 1, 2, 4, 9]);
  });

  it('refuses a row that is longer than its period', () => {
    expect(problemOf({ kind: 'periodic-loss', lose: 3, every: 2 })).toContain('every 2');
    expect(problemOf({ kind: 'periodic-loss', lose: 2, every: 2 })).toBeNull();
    expect(dropsAll(stages({ kind: 'periodic-loss', lose: 2, every: 2 }))).toBe(true);
  });
});

describe('outages', () => {
  it('happen once, from the first packet of the direction on, whatever the clock reads', () => {
    for (const firstIndex of [0, 123_456]) {
      const { copies } = send(pipelineOf(1, { kind: 'outage', from: '200ms', for: '100ms' }), 100, firstIndex);
      expect(lostAt(copies)).toEqual([10, 11, 12, 13, 14]);
    }
  });

  it('come again with the distance from beginning to beginning', () => {
    const { copies } = send(pipelineOf(1, { kind: 'outage', from: 100, for: 40, every: '1s' }), 120);
    expect(lostAt(copies)).toEqual([5, 6, 55, 56, 105, 106]);
  });

  it('hit each copy when it comes to them, after the delays of earlier stages', () => {
    const line = pipelineOf(1, { kind: 'delay', base: 100 }, { kind: 'outage', from: 200, for: 40 });
    expect(lostAt(send(line, 30).copies)).toEqual([5, 6]);
  });

  it('hit RTCP, too', () => {
    const line = pipelineOf(1, { kind: 'outage', from: 200, for: 100 });
    expect(line.blocksRtcp(1000)).toBe(false);
    send(line, 1, 50);
    const startMs = 50 * PTIME_MS;
    expect([199, 200, 299, 300].map((sinceMs) => line.blocksRtcp(startMs + sinceMs))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('must end before they come again', () => {
    expect(problemOf({ kind: 'outage', for: '2s', every: '2s' })).toContain('never ends');
    expect(problemOf({ kind: 'outage', for: '2s', every: '3s' })).toBeNull();
  });
});

describe('a loss trace', () => {
  it('loses packet n where bit n is 1, and begins again or stops', () => {
    const again = send(pipelineOf(1, { kind: 'loss-trace', bits: '01001' }), 12).copies;
    expect(lostAt(again)).toEqual([1, 4, 6, 9, 11]);
    const once = send(pipelineOf(1, { kind: 'loss-trace', bits: '01001', repeat: false }), 12).copies;
    expect(lostAt(once)).toEqual([1, 4]);
  });

  it('is read from a file with blanks, commas, line ends and comments, once for all pipelines', () => {
    const file = fileOf('loss.txt', '# captured\n0100\r\n1, 0 1\n\n000 # a quiet end\n');
    expect([...readLossTrace(file)]).toEqual([0, 1, 0, 0, 1, 0, 1, 0, 0, 0]);
    const shared = new SharedImpairments();
    shared.prepare(stages({ kind: 'loss-trace', file }));
    const read = shared.lossTrace(file);
    expect(lostAt(send(pipelineOf(1, { kind: 'loss-trace', file }), 10).copies)).toEqual([1, 4, 6]);
    expect(shared.lossTrace(file)).toBe(read);
  });

  it('is refused with file, line and what stood there', () => {
    const refusal = (file: string, read: (file: string) => unknown): AppError => {
      try {
        read(file);
      } catch (error) {
        if (error instanceof AppError) return error;
        throw error;
      }
      throw new Error(`${file} was taken`);
    };
    const wrong = fileOf('wrong.txt', '0100\n01x0\n');
    expect(refusal(wrong, readLossTrace)).toMatchObject({
      code: 'FILE_UNREADABLE',
      detail: { where: `${wrong}:2`, found: '"01x0"', expected: expect.stringContaining('1 (lost)') },
    });
    const negative = fileOf('negative.txt', '12.5\n\n3 -4\n');
    expect(refusal(negative, readDelayTrace).detail).toMatchObject({ where: `${negative}:3`, found: '"-4"' });
    const empty = fileOf('empty.txt', '# nothing\n');
    expect(refusal(empty, readLossTrace).detail).toMatchObject({ where: `${empty}:1`, found: 'no value' });
    expect(refusal(join(folder, 'none.txt'), readLossTrace).message).toContain('ENOENT');
    expect(() => pipelineOf(1, { kind: 'loss-trace', file: wrong })).toThrow(AppError);
  });

  it('is given by bits or by a file, not by both or none', () => {
    expect(problemOf({ kind: 'loss-trace' })).toContain('one of the two');
    expect(problemOf({ kind: 'loss-trace', bits: '0', file: 'x' })).toContain('one of the two');
    expect(stage.safeParse({ kind: 'loss-trace', bits: '012' }).success).toBe(false);
  });
});
