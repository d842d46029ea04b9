import { frequencyOf, LEAD_MS, SYMBOL_MS, SYMBOLS, SYNC_TONE } from './marker.js';
import { findMarker } from './search.js';
import { SEARCH_RATE } from './tone-bank.js';

/** A marker that was heard. */
export interface HeardMarker {
  identity: number;
  /** When its sound began to be played (its silence included), on the run's clock in ms: what `say` calls its start, later. */
  atMs: number;
  levelDbov: number;
}

const PER_MS = SEARCH_RATE / 1000;
const TONES_LENGTH = SYMBOLS * SYMBOL_MS * PER_MS;
/** A look takes 5 ms of every 10: within each sync symbol lies at least one. */
const LOOK = 5 * PER_MS;
const LOOK_EVERY = 10 * PER_MS;
/** Share of the sync tone in a look, low frequencies weakened: speech and noise rarely have it, each for itself. */
const LOOK_SHARE = 0.4;
/** A tone of more looks in a row is none of a marker. */
const MOST_LOOKS = 4;
/** How far from the look the start of a symbol may be, and what the exact place needs on both sides. */
const SLACK = 10 * PER_MS;
const MARGIN = 20 * PER_MS;
/** From the first start that is possible to the end of the last one. */
const WINDOW = 2 * (TONES_LENGTH + SLACK + MARGIN);
/** Holds a window; looks, which begin at multiples of `LOOK_EVERY`, lie in it without a break. */
const RING = 100 * LOOK_EVERY;
/** Blocks that leave their schedule by more begin something new. */
const JUMP_MS = 30;
/** How long a marker whose first sync symbol begins now has to be listened to: all of it, and what the exact place needs. */
export const MARKER_WINDOW_MS = (TONES_LENGTH + SLACK + MARGIN) / PER_MS;

// The tone of the sync, for the length of a look.
const STEP_ANGLE = (2 * Math.PI * frequencyOf(SYNC_TONE)) / SEARCH_RATE;
const cosines = Float64Array.from({ length: LOOK }, (_, i) => Math.cos(STEP_ANGLE * i));
const sines = Float64Array.from({ length: LOOK }, (_, i) => Math.sin(STEP_ANGLE * i));

// For all searches of a thread, which come one after the other.
const searched = new Int16Array(WINDOW);

/** Windows that no call listens through. */
const spare: MarkerWindow[] = [];

/**
 * The last second of what a call plays at 8 kHz, as far as markers are searched in it. What every 10 ms cost is one look of 5 ms for the
 * tone of the sync (its power in 40 samples); only where it is found, and not for longer than a symbol, the 700 ms around it are
 * searched. Calls that listen have one, and leave it to the next: few do at a time, so that it stays in the processor's cache.
 */
export class MarkerWindow {
  private readonly ring = new Int16Array(RING);
  /** Samples listened to, and where the next look is. */
  private total = 0;
  private nextLook = 0;
  /** Looks in a row that found the tone. */
  private run = 0;
  /** The last place of the tone that is to be searched around; −1 for none. What is due waits for what follows it. */
  private tone = -1;
  private due = -1;
  /** Up to here no further marker begins. */
  private done = 0;
  private blockAt = 0;
  private blockMs = 0;

  /** One in which nothing was heard yet. */
  static take(): MarkerWindow {
    const window = spare.pop() ?? new MarkerWindow();
    window.total = MARGIN;
    window.nextLook = MARGIN;
    window.blockAt = 0;
    window.restart();
    return window;
  }

  /** Gives it back: it is the next call's. */
  leave(): void {
    spare.push(this);
  }

  /** Something was heard of which more has to be heard. */
  get isBusy(): boolean {
    return this.due >= 0 || this.run > 0;
  }

  /** Takes what is played from `atMs` on; the marker that was found by it, `null` where none was. */
  listen(samples: Int16Array, count: number, atMs: number): HeardMarker | null {
    if (this.blockAt > 0 && Math.abs(atMs - this.timeOf(this.total)) > JUMP_MS) this.restart();
    this.blockAt = this.total;
    this.blockMs = atMs;
    this.keep(samples, count);
    while (this.nextLook + LOOK <= this.total) {
      this.look(this.nextLook);
      this.nextLook += LOOK_EVERY;
    }
    return this.due >= 0 && this.total >= this.due + SLACK + TONES_LENGTH + MARGIN ? this.search() : null;
  }

  /** Searches what still waits for what would have followed. */
  close(): HeardMarker | null {
    return this.due >= 0 ? this.search() : null;
  }

  private timeOf(sample: number): number {
    return this.blockMs + (sample - this.blockAt) / PER_MS;
  }

  /** What comes may be the middle of a marker whose start was lost: as if there had been silence for as long as one is. */
  private restart(): void {
    this.ring.fill(0);
    this.run = 0;
    this.tone = -1;
    this.due = -1;
    this.done = this.total;
    this.total += TONES_LENGTH;
    this.nextLook += TONES_LENGTH;
  }

  /** Puts the samples into the ring, behind those before. */
  private keep(samples: Int16Array, count: number): void {
    const { ring } = this;
    const at = this.total % RING;
    const untilEnd = Math.min(count, RING - at);
    for (let i = 0; i < untilEnd; i++) ring[at + i] = samples[i];
    for (let i = untilEnd; i < count; i++) ring[i - untilEnd] = samples[i];
    this.total += count;
  }

  /** How much of the tone is in the differences from sample to sample. Even and odd places are summed side by side, for speed. */
  private look(at: number): void {
    const { ring } = this;
    const first = at % RING;
    let before = ring[(at - 1) % RING];
    let energy = 0;
    let evenReal = 0;
    let evenImaginary = 0;
    let oddReal = 0;
    let oddImaginary = 0;
    for (let i = 0; i < LOOK; i += 2) {
      const even = ring[first + i];
      const odd = ring[first + i + 1];
      const x = even - before;
      const y = odd - even;
      before = odd;
      energy += x * x + y * y;
      evenReal += x * cosines[i];
      evenImaginary += x * sines[i];
      oddReal += y * cosines[i + 1];
      oddImaginary += y * sines[i + 1];
    }
    const power = (evenReal + oddReal) ** 2 + (evenImaginary + oddImaginary) ** 2;
    if (energy > 0 && 2 * power > LOOK_SHARE * LOOK * energy) {
      this.run++;
      return;
    }
    if (this.run > 0 && this.run <= MOST_LOOKS) this.noteTone(at - this.run * LOOK_EVERY);
    this.run = 0;
  }

  private noteTone(at: number): void {
    if (at + SLACK <= this.done) return;
    this.tone = at;
    if (this.due < 0) this.due = at;
  }

  /** Searches for a marker of which the tone that is due may be any sync symbol. */
  private search(): HeardMarker | null {
    const { ring, due } = this;
    const firstStart = Math.max(this.done, due - TONES_LENGTH - SLACK);
    const from = Math.max(0, firstStart - MARGIN);
    const count = Math.min(WINDOW, due + SLACK + TONES_LENGTH + MARGIN - from);
    const kept = Math.min(count, this.total - from);
    const at = from % RING;
    const untilEnd = Math.min(kept, RING - at);
    searched.set(ring.subarray(at, at + untilEnd));
    searched.set(ring.subarray(0, kept - untilEnd), untilEnd);
    searched.fill(0, kept, count);
    const found = findMarker(searched, count, firstStart - from, due + SLACK - from);
    this.done = found === null ? due + SLACK : Math.round(from + found.at) + TONES_LENGTH;
    this.due = this.tone + SLACK > this.done ? this.tone : -1;
    if (found === null) return null;
    const { identity, at: place, levelDbov } = found;
    return { identity, atMs: this.timeOf(from + place) - LEAD_MS, levelDbov };
  }
}
