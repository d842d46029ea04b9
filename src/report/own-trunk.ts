import type { OwnTrunkSummary } from '../metrics/summary.js';
import { count, printable } from './format.js';

/** What the built-in trunk says that it did: short lines, those left out of which the profile asked for nothing. */
export function ownTrunkLines(own: OwnTrunkSummary): string[] {
  const { faults, screening, identity, refusedPerCaller, slowed, outcomes, script } = own;
  const lines = [
    `own trunk: peak ${count(own.peakChannels)} of ${count(own.channels)} channels`,
    `own trunk: admitted ${count(own.admitted)}   refused ${count(own.refusedFull)} full, ${count(own.refusedTooFast)} too fast`,
  ];
  if (Object.keys(faults).length > 0) lines.push(`own trunk's faults: ${listOf(faults)}`);
  if (screening)
    lines.push(`own trunk's screening: refused ${count(screening.refused)}   withheld ${count(screening.withheld)}`);
  if (identity) {
    const { verified, missing, refused } = identity;
    const attested = Object.entries(verified).map(([attest, n]) => `${attest} ${count(n)}`);
    lines.push(`own trunk: identity verified ${attested.join(', ')}   without ${count(missing)}`);
    if (Object.keys(refused).length > 0) lines.push(`own trunk: identity refused ${listOf(refused)}`);
  }
  if (refusedPerCaller) {
    const { full, tooFast } = refusedPerCaller;
    lines.push(`own trunk: refused by caller ${count(full)} full, ${count(tooFast)} too fast`);
  }
  if (slowed !== null) lines.push(`own trunk: set up later for its load ${count(slowed)}`);
  if (outcomes) {
    const came = Object.fromEntries(Object.entries(outcomes).filter(([, n]) => n > 0));
    lines.push(`own trunk's outcomes: ${listOf(came) || 'no call'}`);
  }
  if (script)
    lines.push(
      `own trunk's script: refused ${count(script.refused)}   messages unheard ${count(script.unheard)}`,
      `own trunk's restarts: ${count(script.restarts)}   calls forgotten ${count(script.forgotten)}`,
    );
  return lines;
}

function listOf(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([name, n]) => `${printable(name)} ${count(n)}`)
    .join('   ');
}
