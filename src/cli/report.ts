import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { reportHtml } from '../report/html.js';
import { loadRun } from '../report/report.js';
import { RUN_FILES } from '../report/run-directory.js';
import { summaryText } from '../report/summary-text.js';

export function reportCommand(): Command {
  return new Command('report')
    .description('Print the summary of an earlier run and build its HTML report anew')
    .argument('<dir>', 'a run directory')
    .option('--json', 'print summary.json')
    .addHelpText('after', '\nExample:\n  trunkstorm report runs/20260114T101502Z-demo')
    .action((dir: string, flags: { json?: boolean }) => report(dir, flags));
}

async function report(dir: string, flags: { json?: boolean }): Promise<void> {
  const run = await loadRun(dir);
  const path = join(dir, RUN_FILES.html);
  await writeFile(path, reportHtml(run));
  if (flags.json) console.log(JSON.stringify(run.summary, null, 2));
  else {
    process.stdout.write(summaryText(run.summary, { colour: process.stdout.isTTY === true && !process.env.NO_COLOR }));
    console.log(`\nReport: ${path}`);
  }
}
