import { type MessagePort, Worker } from 'node:worker_threads';
import { AppError } from '../core/errors.js';

/**
 * Room for new objects, in three parts. A call leaves some 130 KB of garbage; the more of it fits, the fewer calls that are
 * being set up are copied by each collection. V8 takes it only as it is needed; its default is 48.
 */
const YOUNG_GENERATION_MB = 192;

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
  name: string,
  file: URL,
  workerData: object,
  transfer: MessagePort,
  listener: ThreadListener,
): Worker {
  const worker = new Worker(file, {
    name,
    workerData,
    transferList: [transfer],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
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
