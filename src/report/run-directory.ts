import { mkdir, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AppError } from '../core/errors.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { Snapshot } from '../metrics/snapshot.js';
import type { Summary } from '../metrics/summary.js';
import { NdjsonFile } from './ndjson-file.js';

/** The files of a run directory. */
export const RUN_FILES = {
  summary: 'summary.json',
  calls: 'calls.ndjson',
  timeline: 'timeline.ndjson',
  sip: 'sip.pcap',
  html: 'report.html',
  junit: 'junit.xml',
  profile: 'profile.yaml',
  capacity: 'capacity.json',
  capacityText: 'capacity.txt',
  capacityHtml: 'capacity.html',
} as const;

/** Where recordings go. */
const AUDIO_FOLDER = 'audio';
const RECORDING = /^call-\d+\.wav$/;

export interface RunDirectoryOptions {
  /** Name of the run. */
  name: string;
  startedAt: Date;
  /** Where run directories are made; `runs` by default. */
  root?: string;
  /** The run directory itself (`--out`), made where it is missing; files of an earlier run in it are removed. */
  out?: string;
}

/**
 * The directory that a run leaves behind. Calls and the timeline are written while it goes, so that a run that is killed
 * leaves what it had; the rest is written at its end.
 */
export class RunDirectory {
  private readonly recordings: Promise<void>[] = [];

  private constructor(
    /** Absolute. */
    readonly path: string,
    private readonly calls: NdjsonFile,
    private readonly timeline: NdjsonFile,
    /** Whether the directory was made for this run. */
    private readonly made: boolean,
  ) {}

  /** @throws AppError FILE_UNWRITABLE */
  static async create(options: RunDirectoryOptions): Promise<RunDirectory> {
    const path = resolve(options.out ?? join(options.root ?? 'runs', runId(options.name, options.startedAt)));
    return guarded(path, async () => {
      const made = options.out === undefined;
      const directory = made ? await makeNew(path) : await reuse(path);
      const calls = await NdjsonFile.create(join(directory, RUN_FILES.calls));
      const timeline = await NdjsonFile.create(join(directory, RUN_FILES.timeline));
      return new RunDirectory(directory, calls, timeline, made);
    });
  }

  /** Adds a line to calls.ndjson. */
  appendCall(record: CallRecord): void {
    // `media` is how the parts of a record travel between threads; it is in the record already.
    this.calls.append(record.media === undefined ? record : { ...record, media: undefined });
  }

  /** Adds a line to timeline.ndjson. */
  appendSnapshot(snapshot: Snapshot): void {
    this.timeline.append(snapshot);
  }

  /** Writes what a call received to `audio/call-N.wav`; `close` waits for it. */
  addRecording(call: number, wav: Uint8Array): void {
    const folder = join(this.path, AUDIO_FOLDER);
    const writing = makeDirectory(folder).then(() => writeFile(join(folder, `call-${call}.wav`), wav));
    // Told by `close`, not as a rejection that nobody waits for.
    writing.catch(() => {});
    this.recordings.push(writing);
  }

  /** The profile as it was run, seed included. @throws AppError FILE_UNWRITABLE */
  writeProfile(yaml: string): Promise<void> {
    return this.write(RUN_FILES.profile, yaml);
  }

  /** @throws AppError FILE_UNWRITABLE */
  writeSummary(summary: Summary): Promise<void> {
    return this.write(RUN_FILES.summary, `${JSON.stringify(summary, null, 2)}\n`);
  }

  /** @throws AppError FILE_UNWRITABLE */
  writeHtml(html: string): Promise<void> {
    return this.write(RUN_FILES.html, html);
  }

  /** @throws AppError FILE_UNWRITABLE */
  writeJunit(xml: string): Promise<void> {
    return this.write(RUN_FILES.junit, xml);
  }

  /** The SIP traces of its calls, as a capture. @throws AppError FILE_UNWRITABLE */
  writeSip(capture: Uint8Array): Promise<void> {
    return this.write(RUN_FILES.sip, capture);
  }

  /** What a search for capacity found, as JSON, as text and as a page. @throws AppError FILE_UNWRITABLE */
  async writeCapacity(result: unknown, text: string, html: string): Promise<void> {
    await this.write(RUN_FILES.capacity, `${JSON.stringify(result, null, 2)}\n`);
    await this.write(RUN_FILES.capacityText, text);
    await this.write(RUN_FILES.capacityHtml, html);
  }

  /** Ends calls.ndjson, timeline.ndjson and the recordings. Idempotent. @throws AppError FILE_UNWRITABLE */
  async close(): Promise<void> {
    await guarded(this.path, async () => {
      const results = await Promise.allSettled([this.calls.close(), this.timeline.close(), ...this.recordings]);
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    });
  }

  /** Takes back the directory of a run that never began; a directory that was given stays, without our files. */
  async discard(): Promise<void> {
    await this.close();
    await guarded(this.path, () => (this.made ? rm(this.path, { recursive: true }) : removeFiles(this.path)));
    // Other runs may be in there.
    if (this.made) await rmdir(dirname(this.path)).catch(() => {});
  }

  private write(file: string, content: string | Uint8Array): Promise<void> {
    const path = join(this.path, file);
    return guarded(path, () => writeFile(path, content));
  }
}

/** The name of a run's directory, also its id: `20260114T101502Z-demo`. */
export function runId(name: string, startedAt: Date): string {
  const time = startedAt.toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '');
  const slug = name
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 60);
  return `${time}-${slug === '' ? 'run' : slug}`;
}

/** Two runs of the same name in the same second get directories of their own. */
async function makeNew(path: string): Promise<string> {
  await makeDirectory(resolve(path, '..'));
  for (let attempt = 1; ; attempt++) {
    const candidate = attempt === 1 ? path : `${path}-${attempt}`;
    try {
      await mkdir(candidate);
      return candidate;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt >= 100) throw error;
    }
  }
}

async function reuse(path: string): Promise<string> {
  await makeDirectory(path);
  await removeFiles(path);
  return path;
}

async function removeFiles(path: string): Promise<void> {
  for (const file of Object.values(RUN_FILES)) await rm(join(path, file), { force: true });
  const folder = join(path, AUDIO_FOLDER);
  const recordings = (await exists(folder)) ? (await readdir(folder)).filter((file) => RECORDING.test(file)) : [];
  for (const file of recordings) await rm(join(folder, file));
}

/** Makes a directory and its parents. Node's own `recursive` never returns where a parent refuses with ENOENT (/proc). */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path || (await exists(parent))) throw error;
    await makeDirectory(parent);
    await mkdir(path);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

const REASONS: Record<string, string> = {
  EACCES: 'no permission to write there',
  EPERM: 'no permission to write there',
  EROFS: 'the file system is read-only',
  ENOENT: 'no directory can be made there',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'there is a file of that name',
  EISDIR: 'there is a directory of that name',
};

async function guarded<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (error instanceof AppError || code === undefined) throw error;
    throw new AppError('FILE_UNWRITABLE', 'The run directory cannot be written.', {
      where: (error as NodeJS.ErrnoException).path ?? path,
      expected: 'a directory that can be made and written to',
      found: REASONS[code] ?? code,
      hint: 'choose another directory with --out DIR',
      cause: error,
    });
  }
}
