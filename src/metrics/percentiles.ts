/** Percentiles in the unit that the name of the figure gives. */
export interface Percentiles {
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

/** Percentiles of a figure where low is bad. */
export interface LowPercentiles {
  min: number;
  p5: number;
  p50: number;
  mean: number;
}

/** Percentiles of a figure of which both ends are bad. */
export interface SpreadPercentiles {
  min: number;
  p5: number;
  p50: number;
  p95: number;
  max: number;
}
