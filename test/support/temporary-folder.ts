import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made = new Set<string>();

/** A folder for what a test, a benchmark or their peers write. It goes with the test file, or with the process of a script. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trunkstorm-test-'));
  made.add(folder);
  return folder;
}

/** Called at the end of each test file by `test/setup.ts`. */
export function removeTemporaryFolders(): void {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
  made.clear();
}

process.on('exit', removeTemporaryFolders);
