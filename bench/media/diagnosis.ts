import { Confusion, FAULTS, profileOf, SOUND } from '../../test/support/diagnosis.js';
import { runProfile } from '../../test/support/run-profile.js';

const CPS = 20;
const RTP_PORTS = '39000-39999';

/** Whole runs with every fault that the paths and the trunk can make, and with what only looks like one; `calls` of each. */
export async function diagnose(calls: number): Promise<void> {
  const confusion = new Confusion();
  for (const scenario of [...SOUND, ...FAULTS]) {
    const run = await runProfile(profileOf(scenario, calls, CPS, RTP_PORTS));
    const { valid, invalidReasons } = run.summary.run;
    const reasons = valid ? '' : ` (not valid: ${invalidReasons.map(({ reason }) => reason).join(', ')})`;
    const before = confusion.wrong.length;
    confusion.add(scenario, run);
    console.log(`${scenario.name}: ${run.records.length} calls${reasons}`);
    for (const wrong of confusion.wrong.slice(before)) console.log(`  ${wrong}`);
  }
  console.log(`\n${confusion.calls} calls, each direction: what was injected (rows) and what was found (columns)\n`);
  console.log(confusion.table());
}
