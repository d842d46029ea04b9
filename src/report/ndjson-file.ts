import { type FileHandle, open } from 'node:fs/promises';

/** Bytes gathered before a write. */
const CHUNK_CHARS = 64 * 1024;
/** A line waits no longer than this for others. */
const FLUSH_MS = 500;

/**
 * One JSON document a line, appended to a file. Lines are gathered and written one chunk after the other, so a slow disk
 * never holds up the caller: what calls and seconds tell comes when it comes, and waits in memory for as long. After a failed
 * write nothing more is kept, and `close` throws that failure.
 */
export class NdjsonFile {
  private waiting: string[] = [];
  private waitingChars = 0;
  private writing: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private failure: unknown = null;
  private closed: Promise<void> | null = null;

  private constructor(
    private readonly handle: FileHandle,
    readonly path: string,
  ) {}

  static async create(path: string): Promise<NdjsonFile> {
    return new NdjsonFile(await open(path, 'w'), path);
  }

  append(record: unknown): void {
    if (this.closed || this.failure) return;
    const line = `${JSON.stringify(record)}\n`;
    this.waiting.push(line);
    this.waitingChars += line.length;
    if (this.waitingChars >= CHUNK_CHARS) this.write();
    else this.timer ??= setTimeout(() => this.write(), FLUSH_MS);
  }

  /** Resolves when all that was appended has been handed to the system. */
  private async drain(): Promise<void> {
    this.write();
    while (this.writing) await this.writing;
    if (this.failure) throw this.failure;
  }

  /** Writes what waits and closes the file. Idempotent. */
  close(): Promise<void> {
    this.closed ??= (async () => {
      try {
        await this.drain();
      } finally {
        await this.handle.close();
      }
    })();
    return this.closed;
  }

  private write(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.writing || this.waiting.length === 0) return;
    this.writing = this.writeWaiting();
  }

  private async writeWaiting(): Promise<void> {
    try {
      while (this.waiting.length > 0) {
        const text = this.waiting.join('');
        this.waiting = [];
        this.waitingChars = 0;
        await this.handle.appendFile(text);
      }
    } catch (error) {
      this.failure = error;
      this.waiting = [];
      this.waitingChars = 0;
    } finally {
      this.writing = null;
    }
  }
}
