import { Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** For a worker's answer; one that ends meanwhile gives none. */
const ANSWER_MS = 10_000;

interface Alive {
  heapUsed: number;
  external: number;
}

const alive = ({ heapUsed, external }: Alive): number => heapUsed + external;

/** Collects the garbage of every thread of this process and says how many bytes are alive, by node's inspector: no thread has a part in it. */
export class Collector {
  private readonly session = new Session();
  private readonly workers = new Set<string>();
  private readonly waiting = new Map<string, (result: { result?: { value?: string } }) => void>();
  private asked = 0;

  async start(): Promise<void> {
    this.session.connect();
    this.session.on('NodeWorker.attachedToWorker', ({ params }) => this.workers.add(params.sessionId));
    this.session.on('NodeWorker.detachedFromWorker', ({ params }) => this.workers.delete(params.sessionId));
    this.session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      const { id, result } = JSON.parse(params.message);
      this.waiting.get(`${params.sessionId} ${id}`)?.(result ?? {});
    });
    await this.session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  }

  /** Bytes alive after a full collection: heap and what hangs on it outside, by thread, this one first. */
  async collect(): Promise<number[]> {
    collect();
    const workers = await Promise.all([...this.workers].map((worker) => this.collectWorker(worker)));
    return [alive(process.memoryUsage()), ...workers.filter((bytes) => bytes !== null)];
  }

  private async collectWorker(worker: string): Promise<number | null> {
    // Not by `HeapProfiler.collectGarbage`, a task that a busy thread may not come to within a minute.
    const usage = await this.ask(worker, 'Runtime.evaluate', {
      expression: `(globalThis.collectForBench ??= require('vm').runInNewContext('gc'))();
        JSON.stringify(process.memoryUsage())`,
      returnByValue: true,
      includeCommandLineAPI: true,
    });
    const text = usage?.result?.value;
    return text === undefined ? null : alive(JSON.parse(text));
  }

  private async ask(worker: string, method: string, params: object): Promise<{ result?: { value?: string } } | null> {
    const id = ++this.asked;
    const key = `${worker} ${id}`;
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<{ result?: { value?: string } } | null>((resolve) => {
      this.waiting.set(key, resolve);
      timer = setTimeout(() => resolve(null), ANSWER_MS);
    });
    await this.session.post('NodeWorker.sendMessageToWorker', {
      sessionId: worker,
      message: JSON.stringify({ id, method, params }),
    });
    const result = await answer;
    clearTimeout(timer);
    this.waiting.delete(key);
    return result;
  }

  stop(): void {
    this.session.disconnect();
  }
}
