import { Rng } from '../../src/core/rng.js';

/** What ITU-T P.56, method B, says of samples, calculated sample by sample as the Recommendation describes it. */
export interface P56 {
  levelDbov: number;
  activityFactor: number;
}

const THRESHOLDS = Float64Array.from({ length: 15 }, (_, j) => 2 ** j);
const MARGIN_DB = 15.9;

export function p56(samples: Int16Array, rate = 8000): P56 {
  const keep = Math.exp(-1 / (0.03 * rate));
  const hangover = Math.round(0.2 * rate);
  const active = new Float64Array(THRESHOLDS.length);
  const hung = new Float64Array(THRESHOLDS.length).fill(hangover);
  let inner = 0;
  let outer = 0;
  let energy = 0;
  for (const sample of samples) {
    energy += sample * sample;
    inner = keep * inner + (1 - keep) * Math.abs(sample);
    outer = keep * outer + (1 - keep) * inner;
    for (let j = 0; j < THRESHOLDS.length; j++) {
      if (outer >= THRESHOLDS[j]) {
        active[j]++;
        hung[j] = 0;
      } else if (hung[j] < hangover) {
        active[j]++;
        hung[j]++;
      }
    }
  }
  const levels = Array.from(active, (count) => 10 * Math.log10(energy / count / 32768 ** 2));
  const margins = levels.map((level, j) => level - 20 * Math.log10(THRESHOLDS[j] / 32768));
  const upper = margins.findIndex((margin, j) => active[j] > 0 && margin <= MARGIN_DB);
  if (upper < 1) return { levelDbov: Number.NaN, activityFactor: 0 };
  const share = (margins[upper - 1] - MARGIN_DB) / (margins[upper - 1] - margins[upper]);
  const levelDbov = levels[upper - 1] + share * (levels[upper] - levels[upper - 1]);
  const longTermDbov = 10 * Math.log10(energy / samples.length / 32768 ** 2);
  return { levelDbov, activityFactor: 10 ** ((longTermDbov - levelDbov) / 10) };
}

export interface Material {
  seconds: number;
  /** Share of the time in which somebody speaks: turns of one to three seconds, and nothing between them. */
  activity: number;
  levelDbov: number;
  /** Of white noise, against the active level; `null` for none. */
  snrDb: number | null;
}

/** Speech in turns, at a level by P.56, with noise. `speech` is taken round and round. */
export function material(speech: Int16Array, { seconds, activity, levelDbov, snrDb }: Material, seed = 7): Int16Array {
  const rng = new Rng(seed);
  const turns = new Int16Array(seconds * 8000);
  for (let at = 0, from = 0; at < turns.length; ) {
    const end = at + Math.round(8000 * (1 + 2 * rng.uniform()));
    const pause = ((end - at) * (1 - activity)) / activity;
    while (at < end && at < turns.length) turns[at++] = speech[from++ % speech.length];
    at += Math.round(pause);
  }
  const gain = 10 ** ((levelDbov - p56(turns).levelDbov) / 20);
  const noise = snrDb === null ? 0 : 32768 * 10 ** ((levelDbov - snrDb) / 20);
  return turns.map((sample) => {
    const value = Math.round(sample * gain + (noise === 0 ? 0 : noise * rng.normal()));
    return Math.max(-32768, Math.min(32767, value));
  });
}
