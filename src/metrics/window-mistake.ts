import type { Figure, FigureKind } from './figures.js';
import type { Gate } from './gate-parser.js';

/**
 * Figures that nothing can be told of for a part of a run, by their paths or the beginnings of those: peaks and sizes, moments of the
 * run, what is fitted to all of it, and what calls are put down to only later.
 */
const OF_A_RUN = [
  'calls.peakInProgress',
  'calls.peakEstablished',
  'load.startedRatio',
  'load.attemptsPerHour',
  'load.bhca',
  'registrations.accounts',
  'registrations.peakRegistered',
  'registrations.allTriedMs',
  'trunk.exhaustedAtInProgress',
  'trunk.exhaustedAtMs',
  'trunk.own.peakChannels',
  ...['outages', 'detectionMs', 'recoveryMs', 'failBackMs', 'lostCalls'].map((name) => `failover.${name}`),
  ...['failedAttempts', 'refusedAttempts', 'setupRatioMin'].map((name) => `failover.${name}`),
  'media.pacingErrorMs',
  'impairment.uplink.delayMs.max',
  'impairment.downlink.delayMs.max',
  'trend',
];
const KINDS_OF_A_RUN: readonly FigureKind[] = ['cps', 'erlang', 'msPerHour', 'boolean', 'text'];

/** Whether there is such a figure of a part of a run: of counts, ratios, means and distributions. */
export function isOfWindow({ path, kind }: Figure): boolean {
  return !KINDS_OF_A_RUN.includes(kind) && !OF_A_RUN.some((one) => path === one || path.startsWith(`${one}.`));
}

/** Why a gate cannot be judged over a window; `null` when it can. */
export function windowMistake({ figure, over }: Gate): string | null {
  const odd = [figure, over].find((one) => one !== null && !isOfWindow(one));
  return odd
    ? `\`${odd.path}\` is a figure of a whole run: a window has counts, ratios and percentiles, but no peaks, rates, slopes and words; use it in a gate without \`window\``
    : null;
}
