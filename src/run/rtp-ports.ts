import { portRange } from '../flow/spec.js';

/** Ports from `min` to `max`, both included, that begin with an even one: RTP takes those, RTCP the odd one above. */
export interface PortSpan {
  min: number;
  max: number;
  /** RTP/RTCP pairs in it. */
  pairs: number;
}

function span(min: number, pairs: number): PortSpan {
  return { min, max: min + pairs * 2 - 1, pairs };
}

/** The pairs of a range as a profile has it. */
export function wholeSpan(range: string): PortSpan {
  const { min, max } = portRange(range);
  const firstEven = min + (min % 2);
  return span(firstEven, Math.max(0, Math.floor((max - firstEven + 1) / 2)));
}

/** The pairs of a span dealt to so many parts; what is over is nobody's. */
export function split({ min, pairs }: PortSpan, parts: number): PortSpan[] {
  const each = Math.floor(pairs / parts);
  return Array.from({ length: parts }, (_, n) => span(min + n * each * 2, each));
}

/** Half the pairs for each side of a run with its own trunk, so that neither takes the other's. */
export function sharedSpans(range: string): { swarm: PortSpan; trunk: PortSpan } {
  const [swarm, trunk] = split(wholeSpan(range), 2);
  return { swarm, trunk };
}
