/** One second-order section (R. Bristow-Johnson's audio EQ cookbook), applied in place. */
function biquad(signal: Float64Array, kind: 'low' | 'high', frequency: number, q: number, sampleRate: number): void {
  const w = (2 * Math.PI * frequency) / sampleRate;
  const alpha = Math.sin(w) / (2 * q);
  const cos = Math.cos(w);
  const a0 = 1 + alpha;
  const edge = kind === 'low' ? 1 - cos : 1 + cos;
  const b0 = edge / 2 / a0;
  const b1 = (kind === 'low' ? edge : -edge) / a0;
  const a1 = (-2 * cos) / a0;
  const a2 = (1 - alpha) / a0;
  let x1 = 0;
  let x2 = 0;
  let y1 = 0;
  let y2 = 0;
  for (let i = 0; i < signal.length; i++) {
    const x = signal[i];
    const y = b0 * x + b1 * x1 + b0 * x2 - a1 * y1 - a2 * y2;
    x2 = x1;
    x1 = x;
    y2 = y1;
    y1 = y;
    signal[i] = y;
  }
}

/** Q of the two sections of a fourth-order Butterworth filter. */
const BUTTERWORTH_Q = [0.5412, 1.3066] as const;

/** Limits a signal to the telephone band, 300–3400 Hz, in place, and returns it. */
export function bandLimit(signal: Float64Array, sampleRate: number): Float64Array {
  for (const q of BUTTERWORTH_Q) {
    biquad(signal, 'high', 300, q, sampleRate);
    if (sampleRate > 6800) biquad(signal, 'low', 3400, q, sampleRate);
  }
  return signal;
}
