import type { DirectionSummary } from '../metrics/media-summary.js';
import { decimal, percent } from './format.js';

const NOT_MEASURED = 'not measured';
const dbov = (value: number): string => decimal(value, 1);

/** How loud a direction was: the rows of it in every table of media. */
export const LEVEL_ROWS: readonly (readonly [name: string, value: (direction: DirectionSummary) => string])[] = [
  ['speech p5 / p95 dBov', ({ activeLevelDbov: p }) => (p ? `${dbov(p.p5)} / ${dbov(p.p95)}` : NOT_MEASURED)],
  ['speech activity p50', ({ activityFactor: p }) => (p ? percent(p.p50) : NOT_MEASURED)],
  ['noise p50 / p95 dBov', ({ noiseFloorDbov: p }) => (p ? `${dbov(p.p50)} / ${dbov(p.p95)}` : NOT_MEASURED)],
  ['clipped p50 / p95', ({ clippedRatio: p }) => (p ? `${percent(p.p50)} / ${percent(p.p95)}` : NOT_MEASURED)],
];
