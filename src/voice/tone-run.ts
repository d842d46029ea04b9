import type { Look } from './spectrum.js';

/** A look with so much of its power in two peaks may be at a tone. */
const TONE_PURITY = 0.88;
/** A steady frequency is found again within this; a voice glides. Two tones close to each other beat, which moves both. */
const STEADY_HZ = 30;
/** What is steady for so long is a tone, in frames of 10 ms; a look covers the five before its own. */
const TONE_FRAMES = 10;
/** So many looks at something else end a tone. */
const ENDING_LOOKS = 3;

/** Whether looks one after the other are at the same one or two frequencies. */
export class ToneRun {
  /** Frame of the first look. */
  startFrame = 0;
  private looks = 0;
  private misses = 0;
  private lastFrame = 0;
  private firstHz = 0;
  private secondHz = 0;
  private sumHz = 0;

  clear(): void {
    this.looks = 0;
    this.misses = 0;
  }

  /** Whether the look is at the run's frequencies, or may be the first of a run. */
  add(look: Look, frame: number): boolean {
    const isPure = look.purity >= TONE_PURITY;
    if (isPure && this.looks > 0 && this.isKnown(look.firstHz)) {
      this.looks++;
      this.misses = 0;
      this.lastFrame = frame;
      this.sumHz += this.isFirst(look.firstHz) ? look.firstHz : look.secondHz || this.firstHz;
      if (this.looks === 2 && this.secondHz === 0) this.secondHz = look.secondHz;
      return true;
    }
    if (this.isTone) {
      this.misses++;
      return false;
    }
    const mayBeFirst = isPure && this.looks === 0;
    this.clear();
    if (!isPure) return false;
    this.looks = 1;
    this.startFrame = frame;
    this.lastFrame = frame;
    this.firstHz = look.firstHz;
    this.secondHz = look.secondHz;
    this.sumHz = look.firstHz;
    return mayBeFirst;
  }

  get isTone(): boolean {
    return this.looks > 1 && this.lastFrame - this.startFrame >= TONE_FRAMES;
  }

  /** What was a tone has become something else. */
  get isOver(): boolean {
    return this.misses >= ENDING_LOOKS;
  }

  /** In Hz. */
  get frequencies(): number[] {
    const first = Math.round(this.sumHz / this.looks);
    return this.secondHz === 0 ? [first] : [first, Math.round(this.secondHz)];
  }

  private isKnown(hz: number): boolean {
    return this.isFirst(hz) || (this.secondHz > 0 && Math.abs(hz - this.secondHz) <= STEADY_HZ);
  }

  private isFirst(hz: number): boolean {
    return Math.abs(hz - this.firstHz) <= STEADY_HZ;
  }
}
