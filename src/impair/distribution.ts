/** What a delay's random part is distributed as. */
export type Distribution = 'uniform' | 'normal' | 'pareto' | 'pareto-normal';

/** Shape of the Pareto (Lomax) tail, whose quantiles are cube roots: finite mean and variance, and one packet in 1,000 beyond 18 times the mean. */
const PARETO_SHAPE = 3;
/** The tail ends at this many times the mean. */
const PARETO_CAP = 20;
/** netem's Pareto part of its pareto-normal distribution ends at 4 σ. */
const NETEM_CAP = 4;

/**
 * The scale of a Lomax distribution whose mean is 1 after everything above the cap was put on it:
 * E[min(X, c)] = s/(α − 1) · (1 − (1 + c/s)^(1 − α)), solved for s by fixed-point iteration.
 */
const paretoScale = ((): number => {
  let scale = PARETO_SHAPE - 1;
  for (let i = 0; i < 50; i++) scale = (PARETO_SHAPE - 1) / (1 - (1 + PARETO_CAP / scale) ** (1 - PARETO_SHAPE));
  return scale;
})();

/** The Pareto tail, in units of its mean, where a share `above` of all values lies above the result. */
export function paretoTail(above: number): number {
  const tail = paretoScale * (1 / Math.cbrt(above) - 1);
  return tail < PARETO_CAP ? tail : PARETO_CAP;
}

/** The value that z of a standard normal distribution stands for, in units of the spread; `above` is P(Z > z). */
function shape(distribution: Distribution, z: number, above: number): number {
  switch (distribution) {
    case 'uniform':
      return 1 - 2 * above;
    case 'normal':
      return z;
    case 'pareto':
      return paretoTail(above);
    case 'pareto-normal': {
      // netem's table: a quarter of the normal quantile and three quarters of that of a Pareto with shape 3, mean 0, σ 2/√3.
      const pareto = (4 / 3) * (1 / Math.cbrt(above) - 1.5);
      return z / 4 + 0.75 * (pareto < NETEM_CAP ? pareto : NETEM_CAP);
    }
    default:
      return distribution satisfies never;
  }
}

/** Beyond ± 6 σ lie 2 of 10⁹ values; they count as ± 6 σ. */
const REACH = 6;
const STEPS_PER_SIGMA = 512;
const STEPS = 2 * REACH * STEPS_PER_SIGMA;
/** Hermite coefficients that are computed; what the higher ones hold of the variance counts as of the next order. */
const ORDERS = 12;

/** A distribution as a function of a standard normal variable. */
interface NormalForm {
  /** Values at z = −6 … 6 in steps of 1/512, and one more so that the last may be interpolated. */
  table: Float64Array;
  /** Share of the variance that the k-th Hermite polynomial holds, k = 1 … ORDERS, then the rest. */
  weights: number[];
}

const forms = new Map<Distribution, NormalForm>();

function formOf(distribution: Distribution): NormalForm {
  let form = forms.get(distribution);
  if (form === undefined) {
    form = makeForm(distribution);
    forms.set(distribution, form);
  }
  return form;
}

/** Values of a distribution by z, in units of the spread; for `valueAt`. */
export function tableOf(distribution: Distribution): Float64Array {
  return formOf(distribution).table;
}

/** Reads a table at z, between its points along a straight line: off by less than 10⁻⁶ in terms of the distribution function. */
export function valueAt(table: Float64Array, z: number): number {
  const at = (z < -REACH ? 0 : z > REACH ? 2 * REACH : z + REACH) * STEPS_PER_SIGMA;
  const index = at | 0;
  const low = table[index];
  return low + (at - index) * (table[index + 1] - low);
}

/**
 * The correlation of neighbouring standard normal values for which those of the distribution are correlated as wanted.
 * With g(Z) = Σ aₖ·Heₖ(Z), normal values that are correlated by ρ give Σ wₖ·ρᵏ, wₖ = k!·aₖ²/variance (Mehler), which grows
 * with ρ from 0 to 1; solved by bisection.
 */
export function latentCorrelation(distribution: Distribution, correlation: number): number {
  const { weights } = formOf(distribution);
  let low = 0;
  let high = 1;
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (correlationAt(weights, middle) < correlation) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function correlationAt(weights: readonly number[], latent: number): number {
  let sum = 0;
  let power = 1;
  for (const weight of weights) {
    power *= latent;
    sum += weight * power;
  }
  return sum;
}

function makeForm(distribution: Distribution): NormalForm {
  const table = new Float64Array(STEPS + 2);
  const aboves = normalTails();
  for (let i = 0; i <= STEPS; i++) table[i] = shape(distribution, i / STEPS_PER_SIGMA - REACH, aboves[i]);
  table[STEPS + 1] = table[STEPS];
  return { table, weights: weightsOf(table) };
}

/** P(Z > z) at the points of a table, by Simpson's rule from above. */
function normalTails(): Float64Array {
  const aboves = new Float64Array(STEPS + 1);
  const step = 1 / STEPS_PER_SIGMA;
  let above = 0;
  for (let z = 2 * REACH; z > -REACH; z -= step) {
    above += (step / 6) * (density(z) + 4 * density(z - step / 2) + density(z - step));
    const index = Math.round((z - step + REACH) * STEPS_PER_SIGMA);
    if (index <= STEPS) aboves[index] = above;
  }
  return aboves;
}

function density(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

function weightsOf(table: Float64Array): number[] {
  const step = 1 / STEPS_PER_SIGMA;
  // E[g·hₖ] for the normalised polynomials hₖ = Heₖ/√k!, by √(k + 1)·hₖ₊₁ = z·hₖ − √k·hₖ₋₁.
  const moments = new Array<number>(ORDERS + 1).fill(0);
  let square = 0;
  for (let i = 0; i <= STEPS; i++) {
    const z = i / STEPS_PER_SIGMA - REACH;
    const mass = density(z) * step;
    square += mass * table[i] * table[i];
    let before = 0;
    let current = 1;
    for (let k = 0; k <= ORDERS; k++) {
      moments[k] += mass * table[i] * current;
      const next = (z * current - Math.sqrt(k) * before) / Math.sqrt(k + 1);
      before = current;
      current = next;
    }
  }
  const variance = square - moments[0] ** 2;
  const weights = moments.slice(1).map((moment) => moment ** 2 / variance);
  const rest = 1 - weights.reduce((sum, weight) => sum + weight, 0);
  return [...weights, Math.max(0, rest)];
}
