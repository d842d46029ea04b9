import type { Figure } from './figures.js';
import type { Gate } from './gate-parser.js';

export const DIRECTIONS = ['uplink', 'downlink'] as const;
export const CALLS = ['attempted', 'answered', 'failed', 'cancelled', 'completed', 'dropped', 'stillUp'] as const;
export const VOICE = ['calls', 'utterances', 'unanswered', 'bargeIns', 'bargeInsIgnored'] as const;
/** By the setups that ended in the window. */
export const RATIOS = ['setupFailureRatio', 'ner', 'asr', 'ser', 'seer', 'isa'] as const;
export const FAULTS = ['oneWay', 'noMedia', 'impaired'] as const;

/** How a distribution is kept, and whether it is one in which low is bad. */
interface Kept {
  steps: number;
  lowIsBad?: true;
}
const MS: Kept = { steps: 1000 };
const RATING: Kept = { steps: 1e4, lowIsBad: true };

export const DISTRIBUTIONS: Readonly<Record<string, Kept>> = {
  'sip.srdMs.success': MS,
  'sip.srdMs.failure': MS,
  'sip.sddMs.success': MS,
  'sip.setupMs': MS,
  'sip.pddMs': MS,
  'voice.ttfwMs': MS,
  'voice.responseMs': MS,
  'voice.bargeInMs': MS,
  'voice.deadAir.ms': MS,
  ...Object.fromEntries(
    DIRECTIONS.flatMap((way) => [
      [`media.${way}.lossRatioPerStream`, { steps: 1e6 }],
      [`media.${way}.jitterMs`, MS],
      [`media.${way}.oneWayDelayMs`, MS],
      [`media.${way}.mosLq`, RATING],
      [`media.${way}.mosLqWorst`, RATING],
      [`media.${way}.mosCq`, RATING],
      [`dtmf.${way}.delayMs`, MS],
      [`probe.${way}.mouthToEarMs`, MS],
    ]),
  ),
};

const SINGLE = new Set<string>([
  ...CALLS.map((name) => `calls.${name}`),
  ...RATIOS.map((name) => `sip.${name}`),
  ...FAULTS.map((name) => `media.${name}.calls`),
  ...VOICE.map((name) => `voice.${name}`),
  'voice.deadAir.calls',
  ...DIRECTIONS.flatMap((way) => [
    ...['streams', 'measured', 'unmeasured', 'lossRatio'].map((name) => `media.${way}.${name}`),
    ...['received', 'lost', 'lossRatio'].map((name) => `dtmf.${way}.${name}`),
  ]),
]);

/** The distribution that a figure is a percentile of; `null` where it is a figure of another kind. */
export function distributionOf({ path, quantile }: Figure): string | null {
  const base = quantile === null ? path.slice(0, path.lastIndexOf('.')) : path;
  return Object.hasOwn(DISTRIBUTIONS, base) ? base : null;
}

/** Why a gate cannot be judged over a window; `null` when it can. */
export function windowMistake({ figure, over }: Gate): string | null {
  for (const one of over === null ? [figure] : [figure, over]) {
    if (distributionOf(one) !== null || SINGLE.has(one.path) || one.path.startsWith('responses.')) continue;
    return `\`${one.path}\` is a figure of a whole run, not of a window: use it in a gate without \`window\`; docs/gates.md lists those of a window`;
  }
  return null;
}
