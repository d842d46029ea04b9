import type { HeardDigit, SentDigit } from './digits.js';

/** What became of a digit. */
export type DigitResult =
  | 'received'
  /** Sent and not heard. */
  | 'lost'
  /** Lost within an equal one beside it, which was heard so long that it covers both. */
  | 'merged'
  /** Heard once more beside the digit that it repeats. */
  | 'duplicated'
  /** Heard and not sent there; where another one was sent in its place, that is lost. */
  | 'wrong';

/** A digit that was sent, heard, or both. */
export interface MatchedDigit {
  result: DigitResult;
  sent: SentDigit | null;
  heard: HeardDigit | null;
  /** From sent to heard; `null` unless both are. */
  delayMs: number | null;
  /** Received, and later than the limit. */
  isLate: boolean;
  /** Received, and told to be shorter than it was sent. */
  isShort: boolean;
}

/** Counts of digits. sent = received + lost; heard = received + duplicated + wrong. */
export interface DigitCounts {
  received: number;
  /** Sent and not heard, also where another digit was heard in its place. */
  lost: number;
  /** Of those lost: heard as one with an equal one beside them. */
  merged: number;
  duplicated: number;
  wrong: number;
  /** Of those received: heard too late, told to be shorter than they were sent, and without an end. */
  late: number;
  short: number;
  unended: number;
}

export interface DigitMatch extends DigitCounts {
  /** In the order in which they were sent, and heard. */
  digits: MatchedDigit[];
}

/** A digit cannot be heard before it is sent; the clocks of the two ends and the onset that a detector finds differ by less. */
const SLACK_MS = 100;
/** A packet, and what tone detection is off by. */
const SHORT_MS = 30;

// Costs of an alignment. As many digits as possible match; then time tells; then a wrong digit stands where one is lost.
const GAP = 1;
const WRONG = 2 - 1e-9;
const DELAY_SHARE = 1e-5;
const MOST_DELAY_MS = 60_000;

/**
 * Aligns what was heard with what was sent by edit distance. Among the alignments in which most digits match, the one with
 * the least delays wins, and among those the one that has a wrong digit in the place of a lost one. Both times are of one
 * clock.
 * @param lateMs a digit heard later than this after it was sent is late
 */
export function matchDigits(sent: readonly SentDigit[], heard: readonly HeardDigit[], lateMs: number): DigitMatch {
  const digits = align(sent, heard);
  noteRepeats(digits);
  noteMerged(digits);
  const match: DigitMatch = {
    received: 0,
    lost: 0,
    merged: 0,
    duplicated: 0,
    wrong: 0,
    late: 0,
    short: 0,
    unended: 0,
    digits,
  };
  for (const digit of digits) {
    judge(digit, lateMs);
    count(match, digit);
  }
  return match;
}

function align(sent: readonly SentDigit[], heard: readonly HeardDigit[]): MatchedDigit[] {
  const width = heard.length + 1;
  // cost[i·width + j]: of the best alignment of the rests sent[i…] and heard[j…].
  const cost = new Float64Array((sent.length + 1) * width);
  for (let i = sent.length; i >= 0; i--) {
    for (let j = heard.length; j >= 0; j--) {
      if (i === sent.length || j === heard.length) {
        cost[i * width + j] = (sent.length - i + heard.length - j) * GAP;
        continue;
      }
      const gap = Math.min(cost[(i + 1) * width + j], cost[i * width + j + 1]) + GAP;
      cost[i * width + j] = Math.min(gap, cost[(i + 1) * width + j + 1] + pairCost(sent[i], heard[j]));
    }
  }
  const digits: MatchedDigit[] = [];
  let i = 0;
  let j = 0;
  while (i < sent.length || j < heard.length) {
    const here = cost[i * width + j];
    if (i < sent.length && j < heard.length && here === cost[(i + 1) * width + j + 1] + pairCost(sent[i], heard[j])) {
      const result = sent[i].digit === heard[j].digit ? 'received' : 'wrong';
      digits.push(matched(result, sent[i++], heard[j++]));
    } else if (i < sent.length && here === cost[(i + 1) * width + j] + GAP)
      digits.push(matched('lost', sent[i++], null));
    else digits.push(matched('wrong', null, heard[j++]));
  }
  return digits;
}

function pairCost(sent: SentDigit, heard: HeardDigit): number {
  const delayMs = heard.startMs - sent.startMs;
  if (delayMs < -SLACK_MS) return Number.POSITIVE_INFINITY;
  if (sent.digit !== heard.digit) return WRONG;
  return (Math.min(MOST_DELAY_MS, Math.abs(delayMs)) / MOST_DELAY_MS) * DELAY_SHARE;
}

function matched(result: DigitResult, sent: SentDigit | null, heard: HeardDigit | null): MatchedDigit {
  const delayMs = sent !== null && heard !== null ? heard.startMs - sent.startMs : null;
  return { result, sent, heard, delayMs, isLate: false, isShort: false };
}

/** What was heard beside a received digit and equals it is a repetition of it, not a wrong digit. */
function noteRepeats(digits: MatchedDigit[]): void {
  const heard = digits.filter((d) => d.heard !== null);
  for (let start = 0; start < heard.length; ) {
    let end = start + 1;
    while (end < heard.length && heard[end].heard!.digit === heard[start].heard!.digit) end++;
    const run = heard.slice(start, end);
    start = end;
    if (!run.some((d) => d.result === 'received')) continue;
    for (const repeat of run) {
      if (repeat.result !== 'wrong') continue;
      // The digit that was sent in its place is lost all the same.
      if (repeat.sent) digits.splice(digits.indexOf(repeat), 0, matched('lost', repeat.sent, null));
      Object.assign(repeat, matched('duplicated', null, repeat.heard));
    }
  }
}

/** A lost digit whose equal neighbour was heard for as long as both took: the pause between them was not heard. */
function noteMerged(digits: MatchedDigit[]): void {
  const sent = digits.filter((d) => d.sent !== null);
  sent.forEach((digit, at) => {
    if (digit.result !== 'lost') return;
    const lost = digit.sent!;
    for (const step of [-1, 1]) {
      for (let i = at + step; sent[i]?.sent?.digit === lost.digit; i += step) {
        const other = sent[i];
        if (other.result !== 'received') continue;
        const [first, last] = step < 0 ? [other.sent!, lost] : [lost, other.sent!];
        const bothMs = last.startMs - first.startMs + last.durationMs / 2;
        if ((other.heard!.durationMs ?? 0) >= bothMs) digit.result = 'merged';
        break;
      }
    }
  });
}

function judge(digit: MatchedDigit, lateMs: number): void {
  const { result, sent, heard, delayMs } = digit;
  if (result !== 'received' || sent === null || heard === null) return;
  digit.isLate = delayMs !== null && delayMs > lateMs;
  digit.isShort = heard.durationMs !== null && heard.hasEnd !== false && heard.durationMs < sent.durationMs - SHORT_MS;
}

function count(match: DigitMatch, { result, sent, heard, isLate, isShort }: MatchedDigit): void {
  switch (result) {
    case 'received':
      match.received++;
      if (isLate) match.late++;
      if (isShort) match.short++;
      if (heard?.hasEnd === false) match.unended++;
      break;
    case 'merged':
      match.merged++;
      match.lost++;
      break;
    case 'lost':
      match.lost++;
      break;
    case 'duplicated':
      match.duplicated++;
      break;
    case 'wrong':
      match.wrong++;
      if (sent !== null) match.lost++;
      break;
    default:
      result satisfies never;
  }
}
