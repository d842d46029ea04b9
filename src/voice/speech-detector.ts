import { NoiseFloor } from './noise-floor.js';
import { type Look, lookAt } from './spectrum.js';
import { ToneRun } from './tone-run.js';

/** One or two frequencies without a pause. */
export interface ToneBurst {
  startMs: number;
  endMs: number;
  /** In Hz, the stronger one first. */
  frequencies: number[];
}

/** Told when it is known, which is later than the moment it is about; all moments are on the clock of the samples. */
export interface SpeechEvents {
  onSpeech(startMs: number): void;
  onSilence(endMs: number): void;
  onTone(burst: ToneBurst): void;
}

const FRAME_MS = 10;
const FRAME_SAMPLES = 80;
const FULL_SCALE_SQUARE = 32768 ** 2;
const LOWEST_DBOV = -90;

/** Something begins so far above the noise, and goes on while it stays so far above it, in dB. */
const BEGINS_DB = 6;
const GOES_ON_DB = 5;
/** What leads up to it is looked for down to this, over so many frames. */
const LEADS_DB = 4;
const MOST_LEAD_FRAMES = 15;
/** Whatever the noise, what is quieter begins nothing, in dBov. */
const LEAST_DBOV = -58;
/** Speech reaches this at least, in dBov, and so far above the noise, in dB: an echo of our own voice does not. */
const SPEECH_DBOV = -45;
const SPEECH_DB = 9;

/** A pause that ends speech, in frames, and one that ends a tone. */
const HANGOVER_FRAMES = 24;
const TONE_HANGOVER_FRAMES = 4;
/** Looks begin when a whole window lies within what began; in speech that is known to be some they are fewer. */
const FIRST_LOOK_FRAMES = 5;
const LOOK_FRAMES = 2;
const SPEECH_LOOK_FRAMES = 6;
/** So many of the latest six looks at a voice make something speech; one does, soon after speech: voices go on. */
const VOICED_LOOKS = 3;
const GOES_ON_FRAMES = 100;
/** A tone that turns out to be so short was a vowel, when a voice goes on from it. */
const SHORT_TONE_MS = 400;
const LOOKS_KEPT = 0x3f;
const VOICED_PERIODICITY = 0.5;
/** What has had no voice for so long is no speech, or no longer; such speech ended at most so long after its last voice. */
const UNVOICED_FRAMES = 30;
const LOST_VOICE_FRAMES = 50;
const LAST_CONSONANT_FRAMES = 25;

/** Frames and samples that are kept to look back. */
const HISTORY = 64;
const RING = 1024;

/** A high-pass at 120 Hz, second order (Butterworth): hum and what brown noise has most of says nothing about speech. */
const W = (2 * Math.PI * 120) / 8000;
const ALPHA = Math.sin(W) / Math.SQRT2;
const B0 = (1 + Math.cos(W)) / 2 / (1 + ALPHA);
const A1 = (-2 * Math.cos(W)) / (1 + ALPHA);
const A2 = (1 - ALPHA) / (1 + ALPHA);

/**
 * Tells speech from silence, noise and tones, in audio of 8 kHz that comes in blocks of any length without holes.
 *
 * | state   | event                                               | what follows                                  |
 * |---------|-----------------------------------------------------|-----------------------------------------------|
 * | nothing | 2 of 3 frames well above the noise                  | unknown, from where that began                |
 * | unknown | 3 looks found a voice                               | speech, told with the moment it began         |
 * | unknown | 150 ms of one or two steady frequencies             | tone                                          |
 * | unknown | 300 ms without a voice                              | nothing: it is noise, and the floor is raised |
 * | speech  | 240 ms of silence, or half a second without a voice | nothing, told with the moment it ended        |
 * | tone    | 40 ms of silence, or other frequencies              | nothing or unknown; told as a burst           |
 *
 * A moment is told some 100 ms (beginning) or 240 ms (end) after it was, but is itself that of the frame of 10 ms.
 */
export class SpeechDetector {
  private readonly floor: NoiseFloor;
  private readonly ring = new Float32Array(RING);
  private samples = 0;
  private x1 = 0;
  private x2 = 0;
  private y1 = 0;
  private y2 = 0;
  private energy = 0;
  private inFrame = 0;
  /** Number, beginning and level of the latest frame; the two latter are kept for a while. */
  private frame = -1;
  private frameStartMs = 0;
  private readonly levels = new Float64Array(HISTORY).fill(LOWEST_DBOV);
  private readonly starts = new Float64Array(HISTORY);

  private state: 'nothing' | 'unknown' | 'speech' | 'tone' = 'nothing';
  /** What goes on: its first frame, the last that was loud enough, its loudest level. */
  private first = 0;
  private startMs = 0;
  /** Of a tone, where what led up to it began. */
  private beganMs = 0;
  private lastLoud = 0;
  private peakDbov = LOWEST_DBOV;
  private nextLook = 0;
  /** The latest looks, a bit each: 1 for a voice. */
  private voiced = 0;
  private lastVoiced = 0;
  /** Where speech ended last. */
  private lastSpeech = Number.NEGATIVE_INFINITY;
  /** A short tone that may be part of what follows. */
  private held: ToneBurst | null = null;
  private readonly run = new ToneRun();
  private readonly look: Look = { purity: 0, firstHz: 0, secondHz: 0, periodicity: 0 };

  /** @param noiseDbov how loud the noise was before, where that is known */
  constructor(
    private readonly events: SpeechEvents,
    noiseDbov?: number,
  ) {
    this.floor = new NoiseFloor(noiseDbov);
  }

  /** The level of the latest frame of 10 ms, in dBov. */
  get levelDbov(): number {
    return this.frame < 0 ? LOWEST_DBOV : this.levels[this.frame % HISTORY];
  }

  /** The level of the noise in dBov, as far as it is known. */
  get noiseDbov(): number {
    return this.floor.dbov;
  }

  /** @param atMs when the first of the samples is heard */
  listen(samples: Int16Array, count: number, atMs: number): void {
    for (let i = 0; i < count; i++) {
      if (this.inFrame === 0) this.frameStartMs = atMs + i / 8;
      const x = samples[i];
      const y = B0 * (x - 2 * this.x1 + this.x2) - A1 * this.y1 - A2 * this.y2;
      this.x2 = this.x1;
      this.x1 = x;
      this.y2 = this.y1;
      this.y1 = y;
      this.ring[this.samples++ & (RING - 1)] = y;
      this.energy += y * y;
      if (++this.inFrame === FRAME_SAMPLES) this.onFrame();
    }
  }

  /** Ends what goes on, with its last loud frame. */
  close(): void {
    if (this.state !== 'nothing') this.end();
  }

  private onFrame(): void {
    const meanSquare = this.energy / FRAME_SAMPLES;
    this.energy = 0;
    this.inFrame = 0;
    const dbov = Math.max(LOWEST_DBOV, 10 * Math.log10(meanSquare / FULL_SCALE_SQUARE + 1e-12));
    const frame = ++this.frame;
    this.levels[frame % HISTORY] = dbov;
    this.starts[frame % HISTORY] = this.frameStartMs;
    if (this.state !== 'tone') this.floor.add(dbov);
    if (this.state === 'nothing') {
      if (this.loudFrames(BEGINS_DB) >= 2) this.begin(this.leadOf(frame));
      return;
    }
    if (dbov > this.peakDbov) this.peakDbov = dbov;
    if (this.isLoud(frame, GOES_ON_DB) && this.loudFrames(GOES_ON_DB) >= 2) this.lastLoud = frame;
    const hangover = this.state === 'tone' ? TONE_HANGOVER_FRAMES : HANGOVER_FRAMES;
    if (frame - this.lastLoud >= hangover) this.end();
    else if (frame >= this.nextLook && this.isLoud(frame, GOES_ON_DB)) this.judge();
  }

  private isLoud(frame: number, aboveDb: number): boolean {
    return frame >= 0 && this.levels[frame % HISTORY] > Math.max(this.floor.dbov + aboveDb, LEAST_DBOV);
  }

  /** How many of the latest three frames are. */
  private loudFrames(aboveDb: number): number {
    let count = 0;
    for (let i = 0; i < 3; i++) if (this.isLoud(this.frame - i, aboveDb)) count++;
    return count;
  }

  /** Where what is loud now began: a single quiet frame does not part what leads up to it. */
  private leadOf(frame: number): number {
    const oldest = Math.max(this.lastLoud + 1, frame - MOST_LEAD_FRAMES, 0);
    let first = frame;
    for (let at = frame - 1; at >= oldest && first - at <= 2; at--) if (this.isLoud(at, LEADS_DB)) first = at;
    return first;
  }

  private begin(first: number): void {
    this.state = 'unknown';
    this.first = first;
    this.startMs = this.starts[first % HISTORY];
    this.beganMs = this.startMs;
    this.lastLoud = this.frame;
    this.peakDbov = this.levels[this.frame % HISTORY];
    this.nextLook = first + FIRST_LOOK_FRAMES;
    this.voiced = 0;
    this.lastVoiced = first;
    this.run.clear();
  }

  private judge(): void {
    const { frame, look, run } = this;
    this.nextLook = frame + (this.state === 'speech' ? SPEECH_LOOK_FRAMES : LOOK_FRAMES);
    lookAt(this.ring, this.samples, look);
    const isTonal = run.add(look, frame);
    const isVoiced = !isTonal && look.periodicity >= VOICED_PERIODICITY;
    if (isVoiced) this.lastVoiced = frame;
    switch (this.state) {
      case 'unknown':
        this.voiced = ((this.voiced << 1) | (isVoiced ? 1 : 0)) & LOOKS_KEPT;
        if (run.isTone) {
          if (this.held !== null) this.startMs = this.held.endMs;
          this.release();
          // What led up to a tone that did not begin with it is dropped.
          const first = run.startFrame - FIRST_LOOK_FRAMES;
          if (first > this.first + 2 * LOOK_FRAMES) this.startMs = this.starts[first % HISTORY];
          this.state = 'tone';
        } else if (bitsOf(this.voiced) >= this.voicedLooksNeeded && this.isLoudAsSpeech) {
          this.state = 'speech';
          this.held = null;
          this.events.onSpeech(this.startMs);
        } else if (!isTonal && frame - this.lastVoiced >= UNVOICED_FRAMES) this.discard();
        break;
      case 'speech':
        if (frame - this.lastVoiced >= LOST_VOICE_FRAMES) this.loseVoice();
        break;
      case 'tone':
        if (run.isOver) this.leaveTone();
        break;
      case 'nothing':
        break;
      default:
        this.state satisfies never;
    }
  }

  private get voicedLooksNeeded(): number {
    return this.first - this.lastSpeech < GOES_ON_FRAMES ? 1 : VOICED_LOOKS;
  }

  private get isLoudAsSpeech(): boolean {
    return this.peakDbov > Math.max(SPEECH_DBOV, this.floor.dbov + SPEECH_DB);
  }

  /** The tone has become something else, without a pause. */
  private leaveTone(): void {
    const first = this.frame - FIRST_LOOK_FRAMES;
    const endMs = this.starts[first % HISTORY];
    const { startMs, beganMs } = this;
    const burst = { startMs, endMs, frequencies: this.run.frequencies };
    this.begin(first);
    if (endMs - startMs < SHORT_TONE_MS) {
      this.held = burst;
      this.startMs = beganMs;
      this.beganMs = beganMs;
    } else this.events.onTone(burst);
  }

  private release(): void {
    if (this.held !== null) this.events.onTone(this.held);
    this.held = null;
  }

  /** It was noise, and now is the floor. */
  private discard(): void {
    this.release();
    this.floor.restart();
    for (let at = Math.max(this.lastVoiced, this.frame - UNVOICED_FRAMES); at <= this.frame; at++)
      this.floor.add(this.levels[at % HISTORY]);
    this.lastLoud = this.frame;
    this.state = 'nothing';
  }

  /** Speech has become noise or a tone. */
  private loseVoice(): void {
    const { run, frame } = this;
    const last = Math.min(this.lastLoud, this.lastVoiced + LAST_CONSONANT_FRAMES);
    const toneFirst = run.isTone ? Math.max(this.lastVoiced, run.startFrame - FIRST_LOOK_FRAMES) : null;
    this.lastLoud = toneFirst === null ? last : Math.min(last, toneFirst);
    this.end();
    if (toneFirst === null) {
      this.discard();
      return;
    }
    this.state = 'tone';
    this.first = toneFirst;
    this.startMs = this.starts[toneFirst % HISTORY];
    this.lastLoud = frame;
  }

  private end(): void {
    const endMs = this.starts[this.lastLoud % HISTORY] + FRAME_MS;
    this.release();
    if (this.state === 'speech') {
      this.events.onSilence(endMs);
      this.lastSpeech = this.lastLoud;
    } else if (this.state === 'tone')
      this.events.onTone({ startMs: this.startMs, endMs, frequencies: this.run.frequencies });
    this.state = 'nothing';
  }
}

function bitsOf(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
