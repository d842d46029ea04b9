import type { RelayTotals } from '../media/link/relay-messages.js';
import { count, decimal, percent } from '../report/format.js';
import type { RelayResult } from '../run/standalone-relay.js';

/** The final figures for people. */
export function relayText({ durationMs, calls, changes, media, health, seed }: RelayResult): string {
  const lines = [
    `${decimal(durationMs / 1000, 1)} s · seed ${seed} · ${count(calls.opened)} calls, ${count(calls.peak)} at a time · ${count(calls.refused)} refused · ${count(calls.timedOut)} without media`,
  ];
  if (changes.length > 0)
    lines.push(
      `impairments changed: ${changes.map(({ name, atMs }) => `${name} at ${decimal(atMs / 1000, 1)} s`).join(' · ')}`,
    );
  if (media) {
    lines.push(direction('A→B', media.directions.aToB), direction('B→A', media.directions.bToA));
    lines.push(
      `RTCP ${count(media.rtcp)} · from elsewhere ${count(media.wrongSource)} · no RTP ${count(media.malformed)} · not opened ${count(media.unopened)}`,
    );
  }
  if (health?.lateness) {
    const { p50Ms, p99Ms, maxMs } = health.lateness;
    lines.push(
      `packets left late by p50 ${decimal(p50Ms, 1)} ms, p99 ${decimal(p99Ms, 1)}, at most ${decimal(maxMs, 1)}`,
    );
  }
  if (health && health.lateSeconds > 0)
    lines.push(
      `this machine could not keep up: packets left late in ${count(health.lateSeconds)} of ${count(health.seconds)} s, by which delays were longer than those injected`,
    );
  if (health && health.receiveDrops + health.sendErrors > 0)
    lines.push(
      `this machine could not keep up: ${count(health.receiveDrops)} packets dropped before they were read, ${count(health.sendErrors)} not sent`,
    );
  return `${lines.join('\n')}\n`;
}

function direction(name: string, totals: RelayTotals): string {
  const { received, sent, packets, dropped, duplicated, reordered, delayMeanMs, delayMaxMs } = totals;
  const share = packets === 0 ? '' : ` (${percent(dropped / packets)})`;
  const delay =
    delayMeanMs === null ? '' : ` · delay ${decimal(delayMeanMs, 1)} ms, at most ${decimal(delayMaxMs!, 1)}`;
  const rest = (['corrupted', 'recoded', 'blocked', 'silenced'] as const)
    .map((figure) => (totals[figure] === 0 ? '' : ` · ${figure} ${count(totals[figure])}`))
    .join('');
  return `${name}  in ${count(received)} · out ${count(sent)} · dropped ${count(dropped)}${share} · duplicated ${count(duplicated)} · reordered ${count(reordered)}${delay}${rest}`;
}
