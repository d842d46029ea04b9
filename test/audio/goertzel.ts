/** Amplitude of one frequency (Goertzel), over a window that falls to zero at its ends so that others do not leak in. */
export function amplitudeAt(samples: ArrayLike<number>, frequency: number, sampleRate: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / sampleRate);
  let before = 0;
  let last = 0;
  let weight = 0;
  for (let i = 0; i < samples.length; i++) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (samples.length - 1));
    const next = samples[i] * window + coefficient * last - before;
    before = last;
    last = next;
    weight += window;
  }
  const power = last ** 2 + before ** 2 - coefficient * last * before;
  return (2 * Math.sqrt(Math.max(0, power))) / weight;
}

/** The loudest of the frequencies from 100 Hz to just below the Nyquist frequency, by steps of `stepHz`. */
export function loudestFrequency(samples: ArrayLike<number>, sampleRate: number, stepHz = 50): number {
  let loudest = 0;
  let found = 0;
  for (let frequency = 100; frequency < sampleRate / 2; frequency += stepHz) {
    const amplitude = amplitudeAt(samples, frequency, sampleRate);
    if (amplitude <= loudest) continue;
    loudest = amplitude;
    found = frequency;
  }
  return found;
}

/** Signal-to-noise ratio in dB of `decoded` against `original`, at the delay (up to `mostDelay` samples) that fits best. */
export function snrDb(original: ArrayLike<number>, decoded: ArrayLike<number>, mostDelay = 0): number {
  let best = -Infinity;
  const from = Math.floor(original.length / 8);
  const to = Math.min(original.length, decoded.length) - mostDelay;
  for (let delay = 0; delay <= mostDelay; delay++) {
    let signal = 0;
    let noise = 0;
    for (let i = from; i < to; i++) {
      signal += original[i] ** 2;
      noise += (original[i] - decoded[i + delay]) ** 2;
    }
    best = Math.max(best, noise === 0 ? Infinity : 10 * Math.log10(signal / noise));
  }
  return best;
}

/** A sine wave of 16 bits. */
export function sine(frequency: number, sampleRate: number, seconds: number, amplitude: number): Int16Array {
  return Int16Array.from({ length: Math.round(sampleRate * seconds) }, (_, i) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * frequency * i) / sampleRate)),
  );
}
