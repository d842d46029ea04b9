/** Formulas of the tests' own, so that the models are not held against themselves. */

/** Φ(z): Taylor's series near 0, the continued fraction of Mills' ratio in the tails; good to 12 digits. */
export function normalCdf(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (Math.abs(z) < 3) {
    let term = z;
    let sum = z;
    for (let k = 1; k < 60; k++) {
      term *= (z * z) / (2 * k + 1);
      sum += term;
    }
    return 0.5 + density * sum;
  }
  const x = Math.abs(z);
  let fraction = 0;
  for (let k = 80; k > 0; k--) fraction = k / (x + fraction);
  const tail = density / (x + fraction);
  return z > 0 ? 1 - tail : tail;
}

/** The Kolmogorov–Smirnov distance of a sample from a continuous distribution, over the values below `below`. */
export function ksDistance(sample: Float64Array, cdf: (x: number) => number, below = Number.POSITIVE_INFINITY): number {
  const sorted = sample.slice().sort();
  const n = sorted.length;
  let distance = 0;
  for (let i = 0; i < n && sorted[i] < below; i++) {
    const expected = cdf(sorted[i]);
    distance = Math.max(distance, (i + 1) / n - expected, expected - i / n);
  }
  return distance;
}

/** The same where the distribution is known by points (x, F(x)) only, x rising: over these points. */
export function ksDistanceAt(sample: Float64Array, points: readonly (readonly [number, number])[]): number {
  const sorted = sample.slice().sort();
  let distance = 0;
  let i = 0;
  for (const [x, expected] of points) {
    while (i < sorted.length && sorted[i] <= x) i++;
    distance = Math.max(distance, Math.abs(i / sorted.length - expected));
  }
  return distance;
}

/** What the distance exceeds once in a thousand samples of `n` independent values (√(−ln(0.0005)/2) = 1.95). */
export function ksBound(n: number): number {
  return 1.95 / Math.sqrt(n);
}

/** The correlation of values that are `distance` apart. */
export function autocorrelation(values: Float64Array, distance: number): number {
  let mean = 0;
  for (const value of values) mean += value;
  mean /= values.length;
  let variance = 0;
  let covariance = 0;
  for (let i = 0; i < values.length; i++) {
    variance += (values[i] - mean) ** 2;
    if (i >= distance) covariance += (values[i] - mean) * (values[i - distance] - mean);
  }
  return covariance / variance;
}

/** The correlation of g(X) and g(Y) by that of standard normal X and Y, summed over a grid; g is read from a fine table. */
export function correlationThrough(g: (z: number) => number): (rho: number) => number {
  const step = 0.1;
  const reach = 6;
  const fine = 200;
  const table = Float64Array.from({ length: 4 * reach * fine + 2 }, (_, i) => g(i / fine - 2 * reach));
  const at = (z: number): number => {
    const index = Math.floor((z + 2 * reach) * fine);
    return table[index] + ((z + 2 * reach) * fine - index) * (table[index + 1] - table[index]);
  };
  const points = Array.from({ length: 2 * reach * (1 / step) + 1 }, (_, i) => i * step - reach);
  const masses = points.map((z) => (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * step);
  const meanOf = (f: (z: number) => number): number => points.reduce((sum, z, i) => sum + masses[i] * f(z), 0);
  const mean = meanOf(at);
  const square = meanOf((z) => at(z) ** 2);
  return (rho) => {
    const fresh = Math.sqrt(1 - rho * rho);
    const product = meanOf((x) => at(x) * meanOf((e) => at(rho * x + fresh * e)));
    return (product - mean * mean) / (square - mean * mean);
  };
}

/** The root of a rising function within [low, high]. */
export function rootOf(f: (x: number) => number, low: number, high: number): number {
  let from = low;
  let to = high;
  for (let i = 0; i < 50; i++) {
    const middle = (from + to) / 2;
    if (f(middle) < 0) from = middle;
    else to = middle;
  }
  return (from + to) / 2;
}
