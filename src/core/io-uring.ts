import type { Libc, NativeMemory } from './libc.js';

// The same on every architecture.
const IO_URING_SETUP = 425;
const IO_URING_ENTER = 426;
const IO_URING_REGISTER = 427;

const SETUP_CQSIZE = 1 << 3;
const SETUP_SUBMIT_ALL = 1 << 7;
const SETUP_SINGLE_ISSUER = 1 << 12;
const SETUP_DEFER_TASKRUN = 1 << 13;
const FEATURE_SINGLE_MMAP = 1;
const OFFSET_RINGS = 0;
const OFFSET_ENTRIES = 0x10000000;
const ENTER_GETEVENTS = 1;
const REGISTER_BUFFER_RING = 22;
const REGISTER_SYNC_CANCEL = 24;
const CANCEL_ALL = 1 << 0;
const CANCEL_FD = 1 << 1;
const CANCEL_ANY = 1 << 2;

/** The longest structure given to the kernel: struct io_uring_params. */
const SCRATCH_BYTES = 120;
/** Words of struct io_uring_sqe and struct io_uring_cqe. */
export const SUBMISSION_WORDS = 16;
export const COMPLETION_WORDS = 4;

/**
 * An io_uring (io_uring(7)): system calls are written into `submissions` and made, many at a time, by one `enter`; their
 * results are read from `completions`. It belongs to the thread that opened it. Nothing completes behind that thread's back:
 * the kernel works only within `enter` (IORING_SETUP_DEFER_TASKRUN, Linux 6.1).
 */
export class IoUring {
  /** Entries of `SUBMISSION_WORDS` words. */
  readonly submissions: Int32Array;
  /** Entries of `COMPLETION_WORDS` words: data (2), result, flags. */
  readonly completions: Int32Array;
  private readonly rings: Int32Array;
  private readonly entryMask: number;
  private readonly completionMask: number;
  /** Where the counters lie in `rings`. */
  private readonly submissionTail: number;
  private readonly completionHead: number;
  private readonly completionTail: number;
  /** Entries written and not taken by the kernel. */
  private pending = 0;
  private tail = 0;
  /** The first completion that was not taken, as the kernel counts them. */
  private head = 0;

  private constructor(
    private readonly libc: Libc,
    private readonly fd: number,
    private readonly scratch: NativeMemory,
    rings: ArrayBuffer,
    submissions: ArrayBuffer,
  ) {
    // struct io_uring_params: the offsets of the submission ring are from byte 40 on, those of the completion ring from 80.
    const params = new Uint32Array(scratch.buffer);
    this.rings = new Int32Array(rings, 0, rings.byteLength >> 2);
    this.submissions = new Int32Array(submissions);
    this.completions = new Int32Array(rings, params[25], COMPLETION_WORDS * params[1]);
    this.entryMask = params[0] - 1;
    this.completionMask = params[1] - 1;
    this.submissionTail = params[11] >> 2;
    this.completionHead = params[20] >> 2;
    this.completionTail = params[21] >> 2;
    for (let i = 0; i < params[0]; i++) this.rings[(params[16] >> 2) + i] = i;
  }

  /** `null` where the kernel has no io_uring, an older one, or forbids it. Both sizes are powers of two. */
  static open(libc: Libc, entries: number, completionEntries: number): IoUring | null {
    const scratch = libc.allocate(SCRATCH_BYTES);
    const params = new Uint32Array(scratch.buffer);
    params[1] = completionEntries;
    params[2] = SETUP_CQSIZE | SETUP_SUBMIT_ALL | SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN;
    const fd = libc.systemCall(IO_URING_SETUP, entries, scratch.base, 0, 0, 0, 0);
    if (fd < 0) return null;
    const ringBytes = Math.max(params[16] + 4 * params[0], params[25] + 4 * COMPLETION_WORDS * params[1]);
    const rings = params[5] & FEATURE_SINGLE_MMAP ? libc.map(ringBytes, fd, OFFSET_RINGS) : null;
    const submissions = libc.map(4 * SUBMISSION_WORDS * params[0], fd, OFFSET_ENTRIES);
    if (rings && submissions) return new IoUring(libc, fd, scratch, rings.buffer, submissions.buffer);
    libc.close(fd);
    return null;
  }

  /** Gives the kernel a page-aligned ring of `count` buffers that receiving calls of group `group` choose from. */
  registerBuffers(base: number, count: number, group: number): boolean {
    const view = this.clearedScratch();
    view.setBigUint64(0, BigInt(base), true);
    view.setUint32(8, count, true);
    view.setUint16(12, group, true);
    return this.libc.systemCall(IO_URING_REGISTER, this.fd, REGISTER_BUFFER_RING, this.scratch.base, 1, 0, 0) >= 0;
  }

  /** Ends all calls on a descriptor, on any where it is −1; they have let go of it when this returns. */
  cancel(fd: number): void {
    const view = this.clearedScratch();
    view.setInt32(8, fd, true);
    view.setUint32(12, CANCEL_ALL | (fd < 0 ? CANCEL_ANY : CANCEL_FD), true);
    // No time limit: tv_sec and tv_nsec of −1.
    view.setBigInt64(16, -1n, true);
    view.setBigInt64(24, -1n, true);
    this.libc.systemCall(IO_URING_REGISTER, this.fd, REGISTER_SYNC_CANCEL, this.scratch.base, 1, 0, 0);
    // Those that were ended go when they are completed, of which `enter` does only some at a time.
    let waiting: number;
    do {
      waiting = this.waiting;
      this.enter(true);
    } while (this.waiting > waiting);
  }

  /** Index in `submissions` of a free entry, which is then to be written; −1 when all are taken. */
  next(): number {
    if (this.pending > this.entryMask) return -1;
    this.pending++;
    const at = (this.tail & this.entryMask) * SUBMISSION_WORDS;
    this.tail = (this.tail + 1) | 0;
    return at;
  }

  /** Makes the calls that were written; with `complete`, also finishes what waits to be. */
  enter(complete: boolean): void {
    Atomics.store(this.rings, this.submissionTail, this.tail);
    const flags = complete ? ENTER_GETEVENTS : 0;
    const taken = this.libc.systemCall(IO_URING_ENTER, this.fd, this.pending, 0, flags, 0, 0);
    if (taken > 0) this.pending -= taken;
  }

  /** Completions that wait to be read. */
  get waiting(): number {
    return (Atomics.load(this.rings, this.completionTail) - this.head) | 0;
  }

  /** Index in `completions` of the next one, which counts as read. Only while there are `waiting` ones. */
  take(): number {
    const at = (this.head & this.completionMask) * COMPLETION_WORDS;
    this.head = (this.head + 1) | 0;
    return at;
  }

  /** Gives the entries of all completions that were taken back to the kernel. */
  release(): void {
    Atomics.store(this.rings, this.completionHead, this.head);
  }

  close(): void {
    this.libc.close(this.fd);
  }

  private clearedScratch(): DataView {
    new Uint8Array(this.scratch.buffer).fill(0);
    return new DataView(this.scratch.buffer);
  }
}
