import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { descriptorLimit } from '../core/descriptor-limit.js';

/** What the machine says of itself; `null` where the system does not tell. */
export interface Machine {
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
  /** UDP ports of IPv4 that are bound now. */
  boundUdpPorts: ReadonlySet<number> | null;
  /** Entries that connection tracking may hold; `null` where it is not loaded. */
  conntrackMax: number | null;
  clockSource: string | null;
}

/** Reads what the machine says of itself. Opens no socket and changes nothing. */
export function examineMachine(): Machine {
  const [min, max] = numbers(text('/proc/sys/net/ipv4/ip_local_port_range'));
  return {
    platform: process.platform,
    node: process.versions.node,
    cores: availableParallelism(),
    coreQuota: coreQuota(),
    descriptors: descriptorLimit(),
    memoryAvailableBytes: memoryAvailable(),
    receiveBufferMaxBytes: numbers(text('/proc/sys/net/core/rmem_max'))[0] ?? null,
    ephemeralPorts: min !== undefined && max !== undefined ? { min, max } : null,
    reservedPorts: portRanges(text('/proc/sys/net/ipv4/ip_local_reserved_ports') ?? ''),
    boundUdpPorts: boundUdpPorts(text('/proc/net/udp')),
    conntrackMax: numbers(text('/proc/sys/net/netfilter/nf_conntrack_max'))[0] ?? null,
    clockSource: text('/sys/devices/system/clocksource/clocksource0/current_clocksource')?.trim() || null,
  };
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

/** Local ports of `/proc/net/udp`: the second column, address and port in hexadecimal. */
export function boundUdpPorts(table: string | null): Set<number> | null {
  if (table === null) return null;
  const ports = new Set<number>();
  for (const match of table.matchAll(/^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) /gm)) ports.add(Number.parseInt(match[1], 16));
  return ports;
}
