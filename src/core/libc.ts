import { createRequire } from 'node:module';

/** Memory outside V8's heap: `buffer` as JavaScript sees it, `base` its address. */
export interface NativeMemory {
  buffer: ArrayBuffer;
  base: number;
}

const PROT_READ_WRITE = 3;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_ANONYMOUS = 0x20;
const MAP_POPULATE = 0x8000;
const MAP_FAILED = -1;

/** The calls of the C library that the native drivers make. Pointers are plain numbers (user addresses fit 47 bits). */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: number, length: number): number;
  getsockname(fd: number, address: number, length: number): number;
  setsockopt(fd: number, level: number, name: number, value: number, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: number, length: number): number;
  close(fd: number): number;
  sendto(fd: number, data: number, length: number, flags: number, address: number, addressLength: number): number;
  sendmmsg(fd: number, headers: number, count: number, flags: number): number;
  recvmsg(fd: number, header: number, flags: number): number;
  recvmmsg(fd: number, headers: number, count: number, flags: number, timeout: number): number;
  epollCreate(flags: number): number;
  epollControl(epoll: number, operation: number, fd: number, event: number): number;
  epollWait(epoll: number, events: number, maxEvents: number, timeoutMs: number): number;
  clockGettime(clock: number, timespec: number): number;
  /** A system call by its number (io_uring has no functions in the C library). */
  systemCall(number: number, a: number, b: number, c: number, d: number, e: number, f: number): number;
  errno(): number;
  /** Name of an error number, such as `EADDRINUSE`. */
  errorName(errno: number): string;
  /** Zeroed memory that native code may keep pointing at; never freed. */
  allocate(bytes: number): NativeMemory;
  /**
   * Memory of whole pages, shared with the kernel object of a descriptor, or anonymous and zeroed where `fd` is −1; never
   * unmapped. `null` where the system refuses.
   */
  map(bytes: number, fd: number, offset: number): NativeMemory | null;
}

/**
 * The C library through koffi, on Linux with 64-bit little-endian pointers (the structures are read by offset);
 * `null` elsewhere and where koffi has no binary for the platform.
 */
export function loadLibc(): Libc | null {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) return null;
  let koffi: typeof import('koffi');
  try {
    koffi = createRequire(import.meta.url)('koffi');
  } catch {
    return null;
  }
  const lib = koffi.load(null);
  const mmap = lib.func('mmap', 'int64', ['uint64', 'uint64', 'int', 'int', 'int', 'int64']);
  const names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));
  return {
    socket: lib.func('socket', 'int', ['int', 'int', 'int']),
    bind: lib.func('bind', 'int', ['int', 'uint64', 'uint32']),
    getsockname: lib.func('getsockname', 'int', ['int', 'uint64', 'uint64']),
    setsockopt: lib.func('setsockopt', 'int', ['int', 'int', 'int', 'uint64', 'uint32']),
    getsockopt: lib.func('getsockopt', 'int', ['int', 'int', 'int', 'uint64', 'uint64']),
    close: lib.func('close', 'int', ['int']),
    // The results are ssize_t; an int holds every value they take here.
    sendto: lib.func('sendto', 'int', ['int', 'uint64', 'uint64', 'int', 'uint64', 'uint32']),
    sendmmsg: lib.func('sendmmsg', 'int', ['int', 'uint64', 'uint32', 'int']),
    recvmsg: lib.func('recvmsg', 'int', ['int', 'uint64', 'int']),
    recvmmsg: lib.func('recvmmsg', 'int', ['int', 'uint64', 'uint32', 'int', 'uint64']),
    epollCreate: lib.func('epoll_create1', 'int', ['int']),
    epollControl: lib.func('epoll_ctl', 'int', ['int', 'int', 'int', 'uint64']),
    epollWait: lib.func('epoll_wait', 'int', ['int', 'uint64', 'int', 'int']),
    clockGettime: lib.func('clock_gettime', 'int', ['int', 'uint64']),
    systemCall: lib.func('syscall', 'int64', ['int64', 'int64', 'int64', 'int64', 'int64', 'int64', 'int64']),
    errno: () => koffi.errno(),
    errorName: (errno) => names.get(errno) ?? `errno ${errno}`,
    allocate: (bytes) => {
      const pointer = koffi.alloc('uint8', bytes);
      const buffer = koffi.view(pointer, bytes);
      new Uint8Array(buffer).fill(0);
      return { buffer, base: Number(pointer) };
    },
    map: (bytes, fd, offset) => {
      const flags = MAP_POPULATE | (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
      const base = Number(mmap(0, bytes, PROT_READ_WRITE, flags, fd, offset));
      return base === MAP_FAILED ? null : { buffer: koffi.view(BigInt(base), bytes), base };
    },
  };
}
