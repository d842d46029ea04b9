import { IDENTITIES, SYMBOLS, SYNC_PLACES, SYNC_TONE, TONES, WORDS, wordOf } from './marker.js';
import { STEP, STEPS_PER_SYMBOL, SyncBank, ToneBank } from './tone-bank.js';

/** A marker within what was searched. */
export interface FoundMarker {
  identity: number;
  /** Where its first tone begins, in samples; not whole. */
  at: number;
  /** RMS of its tones in dBov, those that were lost left out. */
  levelDbov: number;
  /** How much of what was heard at its places was its tones, 0–1. */
  share: number;
}

/** Samples that can be searched at once: 800 ms. */
const MOST_SAMPLES = 6400;
/** A symbol this much quieter than loud ones was not received (lost packets are silence). */
const LOST_POWER_RATIO = 0.01;
/** Symbols that have to be received, and those of the sync among them. */
const LEAST_SYMBOLS = 7;
const LEAST_SYNCS = 2;
/** The marker's tone among all tones of its symbols, on average: of a steady sound one of 17, of speech at most some. */
const LEAST_SHARE = 0.5;
/** The same of a single symbol of the sync. */
const LEAST_SYNC_SHARE = 0.35;
/** How far the next identity has to be behind, as a share. */
const LEAST_LEAD = 0.15;
/** Quieter than this nothing counts: the last bits of a codec. Mean square of −70 dBov. */
const LEAST_POWER = 107;
/** The place is where as much is heard of it this much earlier as later: half a symbol. */
const BALANCE_STEPS = STEPS_PER_SYMBOL / 2;
const FULL_SCALE_SQUARE = 32768 ** 2;

const SPAN = (SYMBOLS - 1) * STEPS_PER_SYMBOL;
const SYNC_STEPS = SYNC_PLACES.map((place) => place * STEPS_PER_SYMBOL);
const TONES_SAMPLES = SYMBOLS * STEPS_PER_SYMBOL * STEP;
/** Steps around the place of the sync at which the tones may be purest, and what the exact place needs beyond. */
const NEAR_STEPS = 4;
const MARGIN_SAMPLES = (NEAR_STEPS + 2 * BALANCE_STEPS) * STEP;

// For all searches of a thread, which come one after the other.
const syncs = new SyncBank(MOST_SAMPLES);
const bank = new ToneBank(TONES_SAMPLES + 2 * MARGIN_SAMPLES);
const shares = new Float64Array(SYMBOLS * TONES);

/**
 * Finds the marker that begins within `first` to `last`, of `count` samples: by its sync first, so that what is no marker costs
 * little; there the identity that fits best, then the exact place by its tones. `null` where nothing is like a marker.
 */
export function findMarker(samples: Int16Array, count: number, first: number, last: number): FoundMarker | null {
  syncs.fill(samples, count);
  const start = syncStart(Math.floor(first / STEP), Math.ceil(last / STEP));
  if (start === null) return null;
  const from = Math.max(0, start * STEP - MARGIN_SAMPLES);
  bank.fill(samples, from, Math.min(count - from, TONES_SAMPLES + 2 * MARGIN_SAMPLES));
  const step = purestStep(start - from / STEP);
  const least = Math.max(LEAST_POWER, LOST_POWER_RATIO * loudness(step));
  const heard = symbolsHeard(step, least);
  if (heard.symbols < LEAST_SYMBOLS || heard.syncs < LEAST_SYNCS) return null;
  const { identity, share, next } = bestIdentity(step, least, heard.symbols);
  if (share < LEAST_SHARE || share - next < LEAST_LEAD) return null;
  const word = wordOf(identity);
  return { identity, at: from + placeOf(step, word) * STEP, levelDbov: levelOf(step, least, word), share };
}

/** The step at which the sync fits best; `null` where it does nowhere. */
function syncStart(first: number, last: number): number | null {
  const { purity, steps } = syncs;
  const [a, b, c, d] = SYNC_STEPS;
  let best = LEAST_SYNCS * LEAST_SYNC_SHARE;
  let found: number | null = null;
  for (let step = Math.max(0, first); step <= Math.min(last, steps - 1 - SPAN); step++) {
    const sum = purity[step + a] + purity[step + b] + purity[step + c] + purity[step + d];
    if (sum <= best) continue;
    best = sum;
    found = step;
  }
  return found;
}

/** The step around this one at which all tones are purest. */
function purestStep(around: number): number {
  const { peak, sum, steps } = bank;
  let best = 0;
  let found = around;
  for (let step = Math.max(0, around - NEAR_STEPS); step <= Math.min(around + NEAR_STEPS, steps - 1 - SPAN); step++) {
    let purity = 0;
    for (let place = 0; place < SYMBOLS; place++) {
      const at = step + place * STEPS_PER_SYMBOL;
      if (sum[at] > LEAST_POWER) purity += peak[at] / sum[at];
    }
    if (purity <= best) continue;
    best = purity;
    found = step;
  }
  return found;
}

/** How many symbols were received at all, and how many of the sync. */
function symbolsHeard(step: number, least: number): { symbols: number; syncs: number } {
  const { power, sum } = bank;
  let symbols = 0;
  for (let place = 0; place < SYMBOLS; place++) if (sum[step + place * STEPS_PER_SYMBOL] > least) symbols++;
  let syncs = 0;
  for (const place of SYNC_PLACES) {
    const at = step + place * STEPS_PER_SYMBOL;
    if (sum[at] > least && power[at * TONES + SYNC_TONE] / sum[at] >= LEAST_SYNC_SHARE) syncs++;
  }
  return { symbols, syncs };
}

/**
 * Power of all tones in the fourth loudest symbol: loud, also where codecs that go over from one stream to another burst out in
 * one or two, and most are lost.
 */
function loudness(step: number): number {
  const powers = [];
  for (let place = 0; place < SYMBOLS; place++) powers.push(bank.sum[step + place * STEPS_PER_SYMBOL]);
  return powers.sort((a, b) => b - a)[3];
}

function bestIdentity(step: number, least: number, symbols: number): { identity: number; share: number; next: number } {
  const { power, sum } = bank;
  shares.fill(0);
  for (let place = 0; place < SYMBOLS; place++) {
    const at = step + place * STEPS_PER_SYMBOL;
    if (sum[at] <= least) continue;
    for (let tone = 0; tone < TONES; tone++) shares[place * TONES + tone] = power[at * TONES + tone] / sum[at];
  }
  let identity = 0;
  let most = 0;
  let next = 0;
  for (let candidate = 0; candidate < IDENTITIES; candidate++) {
    const share = shareOf(candidate * SYMBOLS);
    if (share > most) {
      next = most;
      most = share;
      identity = candidate;
    } else if (share > next) next = share;
  }
  return { identity, share: most / symbols, next: next / symbols };
}

/** Sum of the shares of the word that begins there. Written out, and in parts that need not wait for one another, it takes a quarter of the time. */
function shareOf(word: number): number {
  const first =
    shares[WORDS[word]] +
    shares[TONES + WORDS[word + 1]] +
    shares[2 * TONES + WORDS[word + 2]] +
    shares[3 * TONES + WORDS[word + 3]];
  const second =
    shares[4 * TONES + WORDS[word + 4]] +
    shares[5 * TONES + WORDS[word + 5]] +
    shares[6 * TONES + WORDS[word + 6]] +
    shares[7 * TONES + WORDS[word + 7]];
  const third =
    shares[8 * TONES + WORDS[word + 8]] +
    shares[9 * TONES + WORDS[word + 9]] +
    shares[10 * TONES + WORDS[word + 10]] +
    shares[11 * TONES + WORDS[word + 11]];
  const fourth =
    shares[12 * TONES + WORDS[word + 12]] +
    shares[13 * TONES + WORDS[word + 13]] +
    shares[14 * TONES + WORDS[word + 14]] +
    shares[15 * TONES + WORDS[word + 15]];
  return first + second + (third + fourth);
}

/** Power of a word's tones at a step. */
function powerAt(step: number, word: Uint8Array): number {
  const { power, steps } = bank;
  let total = 0;
  for (let place = 0; place < SYMBOLS; place++) {
    const at = step + place * STEPS_PER_SYMBOL;
    if (at >= 0 && at < steps) total += power[at * TONES + word[place]];
  }
  return total;
}

/** The exact place in steps: where the word is heard as well half a symbol before as half a symbol after. */
function placeOf(step: number, word: Uint8Array): number {
  const balance = (at: number): number => powerAt(at - BALANCE_STEPS, word) - powerAt(at + BALANCE_STEPS, word);
  for (let at = step - BALANCE_STEPS; at < step + BALANCE_STEPS; at++) {
    const before = balance(at);
    const after = balance(at + 1);
    if (before <= 0 && after > 0) return at + before / (before - after);
  }
  return step;
}

/** RMS of the tones of a word; the median symbol tells, so that lost ones do not count. */
function levelOf(step: number, least: number, word: Uint8Array): number {
  const { power, sum } = bank;
  const powers: number[] = [];
  for (let place = 0; place < SYMBOLS; place++) {
    const at = step + place * STEPS_PER_SYMBOL;
    if (sum[at] > least) powers.push(power[at * TONES + word[place]]);
  }
  powers.sort((a, b) => a - b);
  return 10 * Math.log10(powers[powers.length >> 1] / FULL_SCALE_SQUARE);
}
