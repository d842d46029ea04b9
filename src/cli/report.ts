import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../core/errors.js';
import { failedCallsText } from '../report/failed-calls-text.js';
import { reportHtml } from '../report/html.js';
import { missingRecords } from '../report/missing-records.js';
import { type LoadedRun, loadRun } from '../report/report.js';
import { RUN_FILES } from '../report/run-directory.js';
import { summaryText } from '../report/summary-text.js';
import { colourOnStdout, printJson } from './standard-streams.js';

export function defineReport(command: Command): Command {
  return command
    .argument('<dir>', 'a run directory')
    .option('--json', 'print summary.json')
    .addHelpText('after', '\nExample:\n  trunkstorm report runs/20260114T101502Z-demo')
    .action((dir: string, flags: { json?: boolean }) => report(dir, flags));
}

async function report(dir: string, flags: { json?: boolean }): Promise<void> {
  const run = await loadRun(dir);
  const { html, text } = render(run);
  const path = join(dir, RUN_FILES.html);
  try {
    await writeFile(path, html);
  } catch (cause) {
    throw new AppError('FILE_UNWRITABLE', 'The HTML report cannot be written.', {
      where: path,
      found: (cause as Error).message,
      cause,
    });
  }
  if (flags.json) printJson(run.summary);
  else {
    const missing = missingRecords(run).map((note) => `\n${note}`);
    process.stdout.write(`${text}${failedCallsText(run.worst)}${missing.join('')}\nReport: ${path}\n`);
  }
}

/** @throws AppError FILE_UNREADABLE when the summary has the right outline and yet lacks what a run writes */
function render(run: LoadedRun): { html: string; text: string } {
  try {
    return { html: reportHtml(run), text: summaryText(run.summary, { colour: colourOnStdout() }) };
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', 'The summary of the run is incomplete.', {
      where: join(run.directory, RUN_FILES.summary),
      found: (cause as Error).message,
      hint: 'the file was changed by hand, or another version of trunkstorm wrote it',
      cause,
    });
  }
}
