import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import { NdjsonFile } from '../../src/report/ndjson-file.js';
import { loadRun } from '../../src/report/report.js';
import { RunDirectory, runId } from '../../src/report/run-directory.js';
import { demoCall, demoCalls, demoSummary, demoTimeline } from '../fixtures/run.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const startedAt = new Date('2026-01-14T10:15:02.345Z');
let root: string;

beforeEach(() => {
  root = temporaryFolder();
});

async function failure(action: Promise<unknown>): Promise<AppError> {
  const error = await action.then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}

async function writeDemo(): Promise<RunDirectory> {
  const directory = await RunDirectory.create({ name: 'demo', startedAt, root });
  for (const call of demoCalls()) directory.appendCall(call);
  for (const snapshot of demoTimeline()) directory.appendSnapshot(snapshot);
  await directory.writeSummary(demoSummary());
  await directory.close();
  return directory;
}

describe('a run directory', () => {
  test('is named by time and name, with no character that a shell or file system minds', () => {
    expect(runId('demo', startedAt)).toBe('20260114T101502Z-demo');
    expect(runId('../Büro Köln / Trunk #1', startedAt)).toBe('20260114T101502Z-Buro-Koln-Trunk-1');
    expect(runId('///', startedAt)).toBe('20260114T101502Z-run');
  });

  test('of a run that never began is taken back, and the folder of runs with the last in it', async () => {
    const runs = join(root, 'runs');
    const a = await RunDirectory.create({ name: 'a', startedAt, root: runs });
    const b = await RunDirectory.create({ name: 'b', startedAt, root: runs });
    await a.discard();
    expect(await readdir(runs)).toEqual(['20260114T101502Z-b']);
    await b.discard();
    expect(await readdir(root)).toEqual([]);
  });

  test('two runs of one name in the same second do not share a directory', async () => {
    const a = await RunDirectory.create({ name: 'demo', startedAt, root });
    const b = await RunDirectory.create({ name: 'demo', startedAt, root });
    await Promise.all([a.close(), b.close()]);
    expect((await readdir(root)).sort()).toEqual(['20260114T101502Z-demo', '20260114T101502Z-demo-2']);
  });

  test('reads back what was written', async () => {
    const { path } = await writeDemo();
    const run = await loadRun(path);
    expect(run.summary).toEqual(demoSummary());
    expect(run.calls).toBe(600);
    expect(run.timeline).toHaveLength(73);
    expect(run.timeline[40]).toMatchObject({
      atMs: 40_000,
      inProgress: 100,
      uplinkLoss: 0.0199,
      downlinkInjected: null,
    });
    expect(run.worst.audio).toHaveLength(20);
    expect(run.unreadableLines).toBe(0);
  });

  test('never writes the media part that travels between threads', async () => {
    const directory = await RunDirectory.create({ name: 'demo', startedAt, root });
    directory.appendCall({ ...demoCall(1), media: null });
    await directory.close();
    const [line] = (await readFile(join(directory.path, 'calls.ndjson'), 'utf8')).split('\n');
    expect(JSON.parse(line)).toEqual(demoCall(1));
  });

  test('given by --out, is made where it is missing and holds no file of an earlier run, but keeps others', async () => {
    const out = join(root, 'a', 'b');
    await (await RunDirectory.create({ name: 'demo', startedAt, out })).close();
    await writeFile(join(out, 'report.html'), 'old');
    await writeFile(join(out, 'notes.txt'), 'mine');
    const again = await RunDirectory.create({ name: 'demo', startedAt, out });
    await again.writeProfile('seed: 42\n');
    await again.close();
    await again.close();
    expect((await readdir(out)).sort()).toEqual(['calls.ndjson', 'notes.txt', 'profile.yaml', 'timeline.ndjson']);
  });

  test('that cannot be made is an error for the user, with the place and what to do', async () => {
    const file = join(root, 'file');
    await writeFile(file, '');
    const error = await failure(RunDirectory.create({ name: 'demo', startedAt, out: join(file, 'run') }));
    expect(error.code).toBe('FILE_UNWRITABLE');
    expect(error.exitCode).toBe(3);
    expect(error.detail).toMatchObject({
      where: join(file, 'run'),
      found: 'a part of the path is a file',
      hint: 'choose another directory with --out DIR',
    });
  });

  test('whose files cannot be written any more says so when it is closed', async () => {
    const directory = await RunDirectory.create({ name: 'demo', startedAt, root });
    await directory.close();
    await rm(directory.path, { recursive: true });
    expect((await failure(directory.writeSummary(demoSummary()))).code).toBe('FILE_UNWRITABLE');
  });
});

describe('lines of a file', () => {
  test('come in order and complete, however many are appended at once', async () => {
    const file = await NdjsonFile.create(join(root, 'x.ndjson'));
    for (let i = 0; i < 20_000; i++) file.append({ i, text: 'ü'.repeat(20) });
    await file.close();
    const lines = (await readFile(file.path, 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(20_000);
    expect(lines.every((line, i) => JSON.parse(line).i === i)).toBe(true);
  });

  test('after the end are ignored', async () => {
    const file = await NdjsonFile.create(join(root, 'x.ndjson'));
    file.append(1);
    await file.close();
    file.append(2);
    expect(await readFile(file.path, 'utf8')).toBe('1\n');
  });
});

describe('reading a run back', () => {
  test('a killed run leaves half a line, which is counted and passed over', async () => {
    const { path } = await writeDemo();
    const calls = join(path, 'calls.ndjson');
    await writeFile(calls, `${(await readFile(calls, 'utf8')).slice(0, -50)}`);
    await rm(join(path, 'timeline.ndjson'));
    const run = await loadRun(path);
    expect(run).toMatchObject({ calls: 599, unreadableLines: 1, timeline: [] });
  });

  test('a directory without a summary is none of ours', async () => {
    const error = await failure(loadRun(root));
    expect(error.code).toBe('FILE_UNREADABLE');
    expect(error.exitCode).toBe(2);
    expect(error.detail).toMatchObject({ where: join(root, 'summary.json'), found: 'no such file' });
  });

  test('a summary that is cut short or of another schema says which', async () => {
    await writeFile(join(root, 'summary.json'), '{"schema": 1,');
    expect((await failure(loadRun(root))).message).toBe('The summary of the run is no JSON.');
    await writeFile(join(root, 'summary.json'), '{"schema": 2}');
    const error = await failure(loadRun(root));
    expect(error.detail.found).toBe('schema 2, schema');
  });

  test('a summary that an older version wrote is refused with what it lacks, and with what to do', async () => {
    const { path } = await writeDemo();
    const summary = demoSummary();
    const file = join(path, 'summary.json');
    const older = structuredClone(summary) as unknown as Record<string, Record<string, Record<string, unknown>>>;
    older.media.uplink.mosModel = 'G.107, CQEN';
    Reflect.deleteProperty(older.media, 'impaired');
    Reflect.deleteProperty(older, 'trend');
    Reflect.deleteProperty(older, 'readiness');
    await writeFile(file, JSON.stringify({ ...older, voice: null }));
    const error = await failure(loadRun(path));
    expect(error).toMatchObject({ code: 'FILE_UNREADABLE', exitCode: 2 });
    expect(error.detail).toMatchObject({
      where: file,
      found: 'no media.impaired, trend, readiness, media.uplink.mosModel (string in place of a table)',
      hint: expect.stringContaining(`version ${summary.run.version} that wrote it`),
    });
  });
});
