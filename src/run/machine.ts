import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { descriptorLimit } from '../core/descriptor-limit.js';
import { IoUring } from '../core/io-uring.js';
import { loadLibc } from '../core/libc.js';

/** Entries of a ring that is opened only to see whether it may be. */
const LEAST_RING = 8;

/** What the machine says of itself; `null` where the system does not tell. */
export interface Machine {
  /** What serves RTP sockets here; `dgram` where the C library cannot be called. */
  mediaDriver: 'io_uring' | 'epoll' | 'dgram';
  /** Node's platform and architecture. */
  platform: string;
  /** Node's version without the `v`. */
  node: string;
  /** Cores that the process may use, by affinity. */
  cores: number;
  /** Cores that the control group grants. */
  coreQuota: number | null;
  descriptors: number | null;
  memoryAvailableBytes: number | null;
  /** `net.core.rmem_max`: what a socket may ask for as receive buffer. */
  receiveBufferMaxBytes: number | null;
  /** `net.ipv4.ip_local_port_range`: ports that the system gives to any program's sockets. */
  ephemeralPorts: { min: number; max: number } | null;
  /** `net.ipv4.ip_local_reserved_ports`: ports that it keeps out of that. */
  reservedPorts: { min: number; max: number }[];
  /** UDP ports that are bound now, over IPv4 or IPv6. */
  boundUdpPorts: ReadonlySet<number> | null;
  /** Entries that connection tracking may hold; `null` where it is not loaded. */
  conntrackMax: number | null;
  clockSource: string | null;
}

/** Reads what the machine says of itself. Opens no socket and changes nothing: an io_uring is opened and closed. */
export function examineMachine(): Machine {
  const [min, max] = numbers(text('/proc/sys/net/ipv4/ip_local_port_range'));
  return {
    mediaDriver: mediaDriver(),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    cores: availableParallelism(),
    coreQuota: coreQuota(),
    descriptors: descriptorLimit(),
    memoryAvailableBytes: memoryAvailable(),
    receiveBufferMaxBytes: numbers(text('/proc/sys/net/core/rmem_max'))[0] ?? null,
    ephemeralPorts: min !== undefined && max !== undefined ? { min, max } : null,
    reservedPorts: portRanges(text('/proc/sys/net/ipv4/ip_local_reserved_ports') ?? ''),
    boundUdpPorts: boundUdpPorts(text('/proc/net/udp'), text('/proc/net/udp6')),
    conntrackMax: numbers(text('/proc/sys/net/netfilter/nf_conntrack_max'))[0] ?? null,
    clockSource: text('/sys/devices/system/clocksource/clocksource0/current_clocksource')?.trim() || null,
  };
}

function mediaDriver(): Machine['mediaDriver'] {
  const libc = loadLibc();
  if (libc === null) return 'dgram';
  const uring = IoUring.open(libc, LEAST_RING, LEAST_RING);
  uring?.close();
  return uring === null ? 'epoll' : 'io_uring';
}

function text(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function numbers(line: string | null): number[] {
  return (line ?? '')
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(Number)
    .filter(Number.isFinite);
}

/** `cpu.max` of control groups v2, or quota and period of v1. */
function coreQuota(): number | null {
  const [quota, period] = (text('/sys/fs/cgroup/cpu.max') ?? '').trim().split(' ').map(Number);
  if (quota > 0 && period > 0) return quota / period;
  const [old] = numbers(text('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'));
  const [oldPeriod] = numbers(text('/sys/fs/cgroup/cpu/cpu.cfs_period_us'));
  return old > 0 && oldPeriod > 0 ? old / oldPeriod : null;
}

function memoryAvailable(): number | null {
  const match = /^MemAvailable:\s+(\d+) kB/m.exec(text('/proc/meminfo') ?? '');
  return match ? Number(match[1]) * 1024 : null;
}

/** `8080,9000-9010` as the kernel prints it. */
export function portRanges(list: string): { min: number; max: number }[] {
  const ranges: { min: number; max: number }[] = [];
  for (const part of list.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match) ranges.push({ min: Number(match[1]), max: Number(match[2] ?? match[1]) });
  }
  return ranges;
}

/** Local ports of `/proc/net/udp` and `udp6`: the second column, address and port in hexadecimal. */
export function boundUdpPorts(...tables: (string | null)[]): Set<number> | null {
  if (tables.every((table) => table === null)) return null;
  const ports = new Set<number>();
  for (const table of tables)
    for (const match of (table ?? '').matchAll(/^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) /gm))
      ports.add(Number.parseInt(match[1], 16));
  return ports;
}
