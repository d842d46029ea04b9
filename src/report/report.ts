import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AppError } from '../core/errors.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { Snapshot } from '../metrics/snapshot.js';
import type { Summary } from '../metrics/summary.js';
import { RUN_FILES } from './run-directory.js';
import { missingFrom } from './summary-check.js';
import { type TimelinePoint, timelinePoint } from './timeline-points.js';
import { type WorstCalls, WorstCallsCollector } from './worst-calls.js';

/** A run as its directory tells it. */
export interface LoadedRun {
  directory: string;
  summary: Summary;
  timeline: TimelinePoint[];
  worst: WorstCalls;
  /** Records in calls.ndjson. */
  calls: number;
  /** Lines that could not be read: a run that was killed leaves half a line. */
  unreadableLines: number;
}

/**
 * Reads a run directory. summary.json must be there and be ours; calls and timeline may be missing or cut short.
 * @param onCall is told each record of a call
 * @throws AppError FILE_UNREADABLE
 */
export async function loadRun(directory: string, onCall?: (record: CallRecord) => void): Promise<LoadedRun> {
  const summary = await loadSummary(directory);
  const timeline: TimelinePoint[] = [];
  const worst = new WorstCallsCollector();
  let calls = 0;
  const unreadable =
    (await eachLine<Snapshot>(join(directory, RUN_FILES.timeline), isSnapshot, (s) =>
      timeline.push(timelinePoint(s)),
    )) +
    (await eachLine<CallRecord>(join(directory, RUN_FILES.calls), isCall, (record) => {
      calls++;
      worst.add(record);
      onCall?.(record);
    }));
  return { directory, summary, timeline, worst: worst.result(), calls, unreadableLines: unreadable };
}

async function loadSummary(directory: string): Promise<Summary> {
  const where = join(directory, RUN_FILES.summary);
  let text: string;
  try {
    text = await readFile(where, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new AppError('FILE_UNREADABLE', 'This is no run directory: its summary cannot be read.', {
      where,
      expected: `a directory with ${RUN_FILES.summary}, as a run writes it at its end`,
      found: code === 'ENOENT' ? 'no such file' : code === 'ENOTDIR' ? 'a file in place of the directory' : code,
      hint: 'give the path of a directory below runs/; a run that was killed before its end has no summary',
      cause: error,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError('FILE_UNREADABLE', 'The summary of the run is no JSON.', {
      where,
      found: (error as Error).message,
      hint: 'the file was cut short or changed by hand',
      cause: error,
    });
  }
  if (
    !isObject(value) ||
    value.schema !== 1 ||
    SECTIONS.some((name) => !isObject(value[name])) ||
    !Array.isArray(value.gates)
  ) {
    throw new AppError('FILE_UNREADABLE', 'The summary is not of a kind that this version reads.', {
      where,
      expected: `schema 1 with ${SECTIONS.join(', ')} and gates`,
      found: isObject(value)
        ? `schema ${JSON.stringify(value.schema)}, ${Object.keys(value).join(', ')}`
        : typeof value,
      hint: 'read it with the version of trunkstorm that wrote it',
    });
  }
  const missing = missingFrom(value);
  if (missing.length > 0) {
    const { version } = value.run as { version?: unknown };
    const by = typeof version === 'string' ? `version ${version}` : 'the version';
    throw new AppError(
      'FILE_UNREADABLE',
      'The summary of the run is incomplete: another version of trunkstorm wrote it.',
      {
        where,
        expected: 'all figures that this version writes',
        found: `no ${missing.slice(0, MISSING_NAMED).join(', ')}${missing.length > MISSING_NAMED ? `, and ${missing.length - MISSING_NAMED} more` : ''}`,
        hint: `read it with ${by} that wrote it, or run the profile again: profile.yaml lies beside it`,
      },
    );
  }
  return value as unknown as Summary;
}

const MISSING_NAMED = 5;

const SECTIONS = ['run', 'calls', 'responses', 'sip', 'trunk', 'media', 'dtmf', 'impairment'];

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSnapshot(value: Record<string, unknown>): boolean {
  return (
    typeof value.atMs === 'number' &&
    isObject(value.calls) &&
    isObject(value.media) &&
    isObject(value.media.uplink) &&
    isObject(value.media.downlink)
  );
}

function isCall(value: Record<string, unknown>): boolean {
  return typeof value.id === 'number' && typeof value.outcome === 'string' && Array.isArray(value.sipCallIds);
}

/** Hands each line's document to `take`; returns how many lines were none. A missing file has no lines. */
async function eachLine<T>(
  path: string,
  valid: (value: Record<string, unknown>) => boolean,
  take: (value: T) => void,
): Promise<number> {
  let unreadable = 0;
  const input = createReadStream(path, 'utf8');
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line === '') continue;
      const value = parse(line);
      if (isObject(value) && valid(value)) take(value as unknown as T);
      else unreadable++;
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return 0;
    throw new AppError('FILE_UNREADABLE', 'A file of the run cannot be read.', {
      where: path,
      found: code ?? String(error),
      cause: error,
    });
  } finally {
    input.destroy();
  }
  return unreadable;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
