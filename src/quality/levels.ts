import { alawSquares, type Law, ulawSquares } from '../audio/g711.js';

/** Mean square of 0 dBov: a square wave of full scale (RFC 6464). */
const FULL_SCALE_SQUARE = 32768 ** 2;
/** A second or a packet above this was heard: −50 dBov. */
const HEARD_SQUARE = FULL_SCALE_SQUARE * 1e-5;
/** Up to this mean square a packet is digital silence: the smallest value of A-law is ±8. */
const SILENT_SQUARE = 64;
/** A last second shorter than this is not judged. */
const SHORTEST_SECOND_MS = 500;

/**
 * Sum of the squares of the codes from `start` to `end`. Four sums run side by side, as each addition would otherwise wait
 * for the one before; all values are whole numbers, so their order does not matter.
 */
export function energyOf(law: Law, bytes: Uint8Array, start: number, end: number): number {
  const squares = law === 'PCMU' ? ulawSquares : alawSquares;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = start;
  for (; i + 3 < end; i += 4) {
    a += squares[bytes[i]];
    b += squares[bytes[i + 1]];
    c += squares[bytes[i + 2]];
    d += squares[bytes[i + 3]];
  }
  for (; i < end; i++) a += squares[bytes[i]];
  return a + b + c + d;
}

/** Level of a mean square in dBov; −Infinity for 0. */
export function dbovOf(meanSquare: number): number {
  return 10 * Math.log10(meanSquare / FULL_SCALE_SQUARE);
}

/** Seconds in which audio was expected, those of them that were heard, and for how long it was expected in all. */
export interface ExpectedAudio {
  secondsExpected: number;
  secondsHeard: number;
  expectedMs: number;
}

/**
 * Levels of decoded audio from the answer on: second by second where audio was expected (what did not come counts as
 * silence), and the shares of silent packets. Energy is given as the sum of squared samples.
 */
export class LevelMeter {
  audioPackets = 0;
  /** Digital silence. */
  silentPackets = 0;
  comfortNoisePackets = 0;

  private loudEnergy = 0;
  private loudSamples = 0;
  /** Packets that came while audio was expected, and those that were not above −50 dBov, comfort noise among them. */
  private judgedPackets = 0;
  private quietPackets = 0;

  private expected = false;
  private secondStartMs = 0;
  private secondEnergy = 0;
  private secondsExpected = 0;
  private secondsHeard = 0;
  private expectedMs = 0;
  private expectedSinceMs = 0;

  constructor(private readonly clockRate: number) {}

  /** Says from when on audio is expected or not. Seconds are counted from here; one that was begun is not judged. */
  expect(isExpected: boolean, nowMs: number): void {
    if (isExpected === this.expected) return;
    if (this.expected) {
      this.closeSeconds(nowMs);
      this.expectedMs += Math.max(0, nowMs - this.expectedSinceMs);
    }
    this.expected = isExpected;
    this.expectedSinceMs = nowMs;
    this.secondStartMs = nowMs;
    this.secondEnergy = 0;
  }

  get isExpected(): boolean {
    return this.expected;
  }

  /** When audio was last expected from. */
  get sinceMs(): number {
    return this.expectedSinceMs;
  }

  addAudio(energy: number, samples: number, arrivalMs: number): void {
    if (samples === 0) return;
    this.audioPackets++;
    if (energy <= SILENT_SQUARE * samples) {
      this.silentPackets++;
    } else {
      this.loudEnergy += energy;
      this.loudSamples += samples;
    }
    if (!this.expected) return;
    this.judgedPackets++;
    if (energy <= HEARD_SQUARE * samples) this.quietPackets++;
    if (arrivalMs >= this.secondStartMs + 1000) this.closeSeconds(arrivalMs);
    this.secondEnergy += energy;
  }

  addComfortNoise(): void {
    this.comfortNoisePackets++;
    if (!this.expected) return;
    this.judgedPackets++;
    this.quietPackets++;
  }

  /** Share of the audio packets that were digital silence or comfort noise; `null` without any. */
  get silentRatio(): number | null {
    const packets = this.audioPackets + this.comfortNoisePackets;
    return packets === 0 ? null : (this.silentPackets + this.comfortNoisePackets) / packets;
  }

  /** Share of the packets received while audio was expected that stayed at or below −50 dBov; `null` without any. */
  get quietRatio(): number | null {
    return this.judgedPackets === 0 ? null : this.quietPackets / this.judgedPackets;
  }

  /** RMS level of what was not silent, in dBov. */
  get levelDbov(): number | null {
    return this.loudSamples === 0 ? null : dbovOf(this.loudEnergy / this.loudSamples);
  }

  /** The count of seconds up to `nowMs`, without closing any. A last part of half a second or more is a second. */
  secondsAt(nowMs: number): ExpectedAudio {
    let { secondsExpected, secondsHeard, expectedMs } = this;
    if (this.expected) {
      expectedMs += Math.max(0, nowMs - this.expectedSinceMs);
      const elapsedMs = nowMs - this.secondStartMs;
      const full = Math.max(0, Math.floor(elapsedMs / 1000));
      const restMs = elapsedMs - full * 1000;
      secondsExpected += full + (restMs >= SHORTEST_SECOND_MS ? 1 : 0);
      const firstMs = full > 0 ? 1000 : restMs >= SHORTEST_SECOND_MS ? restMs : 0;
      if (firstMs > 0 && this.isHeard(firstMs)) secondsHeard++;
    }
    return { secondsExpected, secondsHeard, expectedMs };
  }

  private closeSeconds(nowMs: number): void {
    const full = Math.floor((nowMs - this.secondStartMs) / 1000);
    if (full <= 0) return;
    if (this.isHeard(1000)) this.secondsHeard++;
    this.secondsExpected += full;
    this.secondStartMs += full * 1000;
    this.secondEnergy = 0;
  }

  private isHeard(ms: number): boolean {
    return this.secondEnergy > HEARD_SQUARE * ((ms * this.clockRate) / 1000);
  }
}
