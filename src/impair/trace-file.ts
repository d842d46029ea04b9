import { readFileSync } from 'node:fs';
import { AppError } from '../core/errors.js';
import { isCapture } from '../pcap/reader.js';
import { type PacketTiming, rtpTiming } from '../pcap/rtp-timing.js';

/** A day of packets of 20 ms; more is a mistake in the name of the file. */
const MOST_VALUES = 4_320_000;
/** No delay is longer. */
const MAX_DELAY_MS = 60_000;

/**
 * Reads a loss trace: a 0 for each packet that arrives and a 1 for each that is lost, with or without blanks, commas and
 * line ends between them; `#` begins a comment. Of a capture: which packets are missing from the RTP stream that has most of them.
 *
 * @throws AppError FILE_UNREADABLE with the file and the line
 */
export function readLossTrace(file: string): Uint8Array {
  if (isCapture(file)) return Uint8Array.from(timingsOf(file), ({ isLost }) => (isLost ? 1 : 0));
  return Uint8Array.from(valuesOf(file, 'a loss trace of 0 (arrives) and 1 (lost)', bitsOf));
}

/**
 * Reads a delay trace: a number of ms for each packet, separated by blanks, commas or line ends; `#` begins a comment. Of a
 * capture: how much longer than the fastest each packet of the RTP stream that has most of them took.
 *
 * @throws AppError FILE_UNREADABLE with the file and the line
 */
export function readDelayTrace(file: string): Float64Array {
  if (isCapture(file)) return Float64Array.from(timingsOf(file), ({ delayMs }) => Math.min(MAX_DELAY_MS, delayMs));
  return Float64Array.from(valuesOf(file, `a delay trace of numbers from 0 to ${MAX_DELAY_MS} ms`, delayOf));
}

/** Why the file of a stage cannot be read, with file and line; `null` when it can, or there is none. */
export function traceProblem(stage: { kind: string; file?: string }): string | null {
  if (stage.file === undefined) return null;
  try {
    if (stage.kind === 'loss-trace') readLossTrace(stage.file);
    if (stage.kind === 'delay-trace') readDelayTrace(stage.file);
    return null;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { where, expected, found, hint } = error.detail;
    return [`${where}: ${error.message}`, expected && `expected ${expected}`, found && `found ${found}`, hint]
      .filter(Boolean)
      .join('; ');
  }
}

function timingsOf(file: string): PacketTiming[] {
  const timings = rtpTiming(file);
  if (timings.length > 0) return timings;
  throw new AppError('FILE_UNREADABLE', 'A capture holds no trace', {
    where: file,
    expected: 'an RTP stream whose timestamps follow a clock',
    found: 'none',
    hint: 'trunkstorm capture analyze tells what a capture holds.',
  });
}

/** The bits of a text of 0 and 1; `null` for any other text. */
export function bitsOf(text: string): number[] | null {
  return /^[01]+$/.test(text) ? Array.from(text, Number) : null;
}

function delayOf(text: string): number[] | null {
  if (!/^\d+(\.\d+)?$/.test(text)) return null;
  const delayMs = Number(text);
  return delayMs <= MAX_DELAY_MS ? [delayMs] : null;
}

function valuesOf(file: string, expected: string, read: (word: string) => number[] | null): number[] {
  const values: number[] = [];
  for (const [i, line] of linesOf(file).entries()) {
    for (const word of line.replace(/#.*/, '').split(/[\s,]+/)) {
      if (word === '') continue;
      const some = read(word);
      if (some === null)
        throw new AppError('FILE_UNREADABLE', 'A trace cannot be read', {
          where: `${file}:${i + 1}`,
          expected,
          found: JSON.stringify(word.slice(0, 40)),
          hint: 'Values are separated by blanks, commas or line ends; # begins a comment.',
        });
      for (const value of some) values.push(value);
    }
    if (values.length > MOST_VALUES)
      throw new AppError('FILE_UNREADABLE', 'A trace is too long', {
        where: `${file}:${i + 1}`,
        expected: `${MOST_VALUES} values at most, one a packet`,
        hint: 'Cut it: a trace starts again when it is over.',
      });
  }
  if (values.length > 0) return values;
  throw new AppError('FILE_UNREADABLE', 'A trace is empty', {
    where: `${file}:1`,
    expected,
    found: 'no value',
    hint: 'Give one value for each packet.',
  });
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/);
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', `A trace cannot be read: ${(cause as Error).message}`, {
      where: file,
      hint: 'Give the path of a text file, as seen from the directory that the program is started in.',
      cause,
    });
  }
}
