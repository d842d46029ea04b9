import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import type { CapacityResult } from '../../src/load/capacity/capacity-result.js';
import { headroomTable } from '../../src/load/capacity/headroom.js';
import { readCapacity } from '../../src/report/capacity-file.js';
import { capacityJson } from '../../src/report/capacity-report.js';
import { capacityReport } from '../fixtures/capacity.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let directory: string;
beforeEach(() => {
  directory = temporaryFolder();
});

const RESULT: CapacityResult = {
  concurrency: { value: 231, isAtLeast: false, failedAt: 232, cause: 'channels', isConfirmed: true, turnedAway: null },
  cps: null,
  baselineAilment: null,
  srdLimitMs: 100,
};

function write(result: CapacityResult, expected: number | null): Promise<void> {
  const headroom = headroomTable(result, { calls: expected ?? undefined, cps: 10 }, 0.2);
  const report = { ...capacityReport(), result, steps: [], headroom };
  return writeFile(join(directory, 'capacity.json'), JSON.stringify(capacityJson(report)));
}

it('what a search for capacity wrote is read back: expected peak, calls at once, whether more are possible', async () => {
  await write(RESULT, 200);
  expect(await readCapacity(directory)).toEqual({ expected: 200, calls: 231, isAtLeast: false });
  await write({ ...RESULT, concurrency: { ...RESULT.concurrency!, isAtLeast: true } }, 100);
  expect(await readCapacity(directory)).toEqual({ expected: 100, calls: 231, isAtLeast: true });
});

it('what cannot be used is refused with file and remedy', async () => {
  const refusal = (found: string) => ({
    code: 'FILE_UNREADABLE',
    detail: { where: join(directory, 'capacity.json'), found },
  });
  await expect(readCapacity(directory)).rejects.toMatchObject(refusal('no such file'));
  await write(RESULT, null);
  await expect(readCapacity(directory)).rejects.toMatchObject(refusal('no expected peak'));
  await write({ ...RESULT, concurrency: null }, 200);
  await expect(readCapacity(directory)).rejects.toMatchObject(refusal('no number of calls at once that held'));
  await writeFile(join(directory, 'capacity.json'), '{');
  await expect(readCapacity(directory)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});
