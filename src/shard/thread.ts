import { setFlagsFromString } from 'node:v8';
import { type MessagePort, Worker } from 'node:worker_threads';
import { AppError } from '../core/errors.js';

/**
 * Where many objects of a place in the code outlive two collections, V8 makes all further ones of it old from the start. It
 * only takes a moment in which the machine stands still. From then on each call had parts in the old generation, which held
 * the rest of it, long ended, until the next full collection: 14 KB a call were copied where it is 3.
 */
setFlagsFromString('--no-allocation-site-pretenuring');

/**
 * Room for new objects, in three parts; V8 takes it only as it is needed. The more of it, the less is copied, and the longer
 * each collection takes: the signalling thread, which answers in time, has V8's own size. Departures need next to none.
 */
const YOUNG_GENERATION_MB = { signalling: 48, media: 192, departures: 1 };

export interface ThreadListener {
  /** The thread crashed, or ended. May come more than once. */
  onFailed(error: AppError): void;
  /** Something was printed within it. */
  onOutput(text: string): void;
}

/** Threads run from the built files: from dist itself, or from the dist beside src when the sources run. */
export function threadFile(path: string): URL {
  const base = new URL('..', import.meta.url).href.replace(/\/src\/$/, '/dist/');
  return new URL(path, base);
}

/** Starts a thread; `name` stands in what is told of it, `transfer` goes over to it with its data. */
export function startThread(
  kind: keyof typeof YOUNG_GENERATION_MB,
  name: string,
  file: URL,
  workerData: object,
  transfer: MessagePort[],
  listener: ThreadListener,
): Worker {
  const worker = new Worker(file, {
    name,
    workerData,
    transferList: transfer,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB[kind] },
    stdout: true,
    stderr: true,
  });
  for (const stream of [worker.stdout, worker.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => listener.onOutput(text));
  worker.on('error', (error) =>
    listener.onFailed(new AppError('THREAD_CRASHED', `The ${name} thread crashed: ${error.stack ?? error.message}`)),
  );
  worker.on('exit', (code) =>
    listener.onFailed(new AppError('THREAD_CRASHED', `The ${name} thread ended unasked (exit ${code})`)),
  );
  return worker;
}
