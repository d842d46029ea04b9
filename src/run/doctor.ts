import type { Machine } from './machine.js';
import { descriptorsNeeded, roundUpLimit } from './preflight.js';
import type { PortSpan } from './rtp-ports.js';

/** What a run would ask of the machine. */
export interface Demand {
  /** Calls that are up at once. */
  calls: number;
  /** 2 where the trunk is our own: both sides of each call are here. */
  sides: number;
  /** Port pairs that each side keeps bound ahead. */
  pool: number;
  /** Port pairs of RTP and RTCP that may be bound. */
  ports: PortSpan;
  /** On how many addresses. */
  addresses: number;
  /** Calls share one pair on each address (`media.sharedPorts`). */
  sharedPorts: boolean;
}

export interface Finding {
  name: string;
  /** `fail`: the run would not start or not finish; `warn`: it may be disturbed; `unknown`: the system does not tell. */
  state: 'ok' | 'warn' | 'fail' | 'unknown';
  found: string;
  needed: string;
  /** What goes wrong otherwise. */
  why: string;
  /** What to do; `null` when nothing is to be done. */
  remedy: string | null;
}

const LEAST_NODE = [20, 19] as const;
/** What an RTP socket asks for. */
const RECEIVE_BUFFER_BYTES = 512 * 1024;
/**
 * What a shared port needs for each call: five packets come within 100 ms, for which a thread may be held up; the kernel
 * counts 832 bytes for one of 172, and grants twice what is asked for.
 */
const SHARED_BUFFER_BYTES_A_CALL = 2080;
const KIBIBYTE = 1024;
/** Generous: a call with its dialog, record and media, and the program itself. */
const BYTES_A_CALL = 100 * 1024;
const BYTES_OF_PROGRAM = 400 * 1024 * 1024;
/** Ports that any program may bind. */
const FIRST_PORT = 1024;
const LAST_PORT = 65_535;
/** A signalling thread and a media thread. */
const LEAST_CORES = 2;
/** Entries of connection tracking that a call takes: RTP and RTCP. */
const TRACKED_A_CALL = 2;
const FAST_CLOCKS = new Set(['tsc', 'kvm-clock', 'arch_sys_counter', 'hyperv_clocksource_tsc_page', 'xen']);

/** Holds a machine against what a run would ask of it. Pure; each finding stands alone. */
export function diagnose(machine: Machine, demand: Demand): Finding[] {
  const findings = [
    node(machine),
    mediaDriver(machine),
    cores(machine),
    descriptors(machine, demand),
    ports(machine, demand),
    ephemeral(machine, demand),
    buffers(machine, demand),
    memory(machine, demand),
  ];
  if (machine.conntrackMax !== null) findings.push(tracking(machine.conntrackMax, demand));
  if (machine.clockSource !== null) findings.push(clock(machine.clockSource));
  return findings;
}

function node({ node: found }: Machine): Finding {
  const [major, minor] = found.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE;
  const fine = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  return {
    name: 'Node.js',
    state: fine ? 'ok' : 'fail',
    found,
    needed: `${LEAST_NODE.join('.')} or newer`,
    why: 'older versions lack functions that the program calls',
    remedy: fine ? null : 'Install Node.js 20.19, 22 or newer.',
  };
}

function mediaDriver({ mediaDriver: driver, platform }: Machine): Finding {
  const native = driver !== 'dgram';
  return {
    name: 'media driver',
    state: native ? 'ok' : 'warn',
    found: native
      ? `${driver}, with the kernel’s arrival times`
      : `node:dgram on ${platform}, with times of the program`,
    needed: 'Linux on x64 or arm64',
    why: 'without the kernel’s arrival times jitter includes how busy this machine is, and a packet costs more CPU',
    remedy: native ? null : 'Run it on Linux, or in a Linux container, and install the packages there (npm ci).',
  };
}

function cores({ cores: present, coreQuota }: Machine): Finding {
  const fine = Math.min(present, coreQuota ?? present) >= LEAST_CORES;
  return {
    name: 'processor cores',
    state: fine ? 'ok' : 'warn',
    found:
      coreQuota !== null && coreQuota < present ? `${present}, of which ${coreQuota} may be used` : String(present),
    needed: `${LEAST_CORES} or more`,
    why: 'signalling and media each keep a core busy in large runs; on one core packets leave late',
    remedy: fine ? null : 'Give the process more cores (taskset, docker --cpus), or make smaller runs.',
  };
}

function descriptors({ descriptors: limit }: Machine, demand: Demand): Finding {
  const pairs = demand.sharedPorts
    ? demand.sides * demand.addresses
    : Math.min(demand.ports.pairs * demand.addresses, (demand.calls + demand.pool) * demand.sides);
  const needed = descriptorsNeeded(pairs);
  const fine = limit !== null && limit >= needed;
  return {
    name: 'file descriptors',
    state: limit === null ? 'unknown' : fine ? 'ok' : 'fail',
    found: limit === null ? 'not told by the system' : String(limit),
    needed: demand.sharedPorts ? String(needed) : `${needed}: two sockets for each side of a call`,
    why: 'a call without sockets cannot start',
    remedy: fine ? null : `ulimit -n ${roundUpLimit(needed)} (docker: --ulimit nofile=${roundUpLimit(needed)})`,
  };
}

function ports({ boundUdpPorts }: Machine, demand: Demand): Finding {
  const { ports: span, addresses, calls, sides, sharedPorts } = demand;
  const needed = sharedPorts ? sides * addresses : calls * sides;
  let taken = 0;
  for (let port = span.min; port < span.max; port += 2)
    if (boundUdpPorts?.has(port) || boundUdpPorts?.has(port + 1)) taken++;
  // A port that is bound may be so on any address: it counts as taken on all.
  const free = (span.pairs - taken) * addresses;
  const fine = free >= needed;
  return {
    name: 'RTP ports',
    state: !fine ? 'fail' : boundUdpPorts === null ? 'unknown' : 'ok',
    found: `${free} pairs ${boundUdpPorts === null ? '(which are taken the system does not tell)' : 'free'} in ${span.min}-${span.max}${addresses > 1 ? ` of ${addresses} addresses` : ''}${taken > 0 ? `, ${taken} taken` : ''}`,
    needed: `${needed} pairs`,
    why: `each side of ${sharedPorts ? 'the run' : 'a call'} has an even port for RTP and the odd one above it for RTCP`,
    remedy: fine ? null : widen(span.min, Math.ceil(needed / addresses) + taken, sides),
  };
}

/** The range that begins where it did and holds that many pairs and some more. */
function widen(min: number, pairs: number, sides: number): string {
  const max = min + 2 * pairs + 199;
  if (max <= LAST_PORT) return `Widen media.rtpPorts or --rtp-ports, such as ${min}-${max}.`;
  const lower = LAST_PORT + 1 - 2 * pairs;
  if (lower < FIRST_PORT)
    return `One address has fewer ports than that: let calls share ports (media.sharedPorts)${sides === 1 ? ', or give more addresses (media.addresses)' : ''}.`;
  return `Widen media.rtpPorts or --rtp-ports, such as ${lower - (lower % 2)}-${LAST_PORT}.`;
}

function ephemeral({ ephemeralPorts, reservedPorts }: Machine, { ports: span }: Demand): Finding {
  const name = 'system’s own ports';
  const needed = `none of ${span.min}-${span.max}`;
  const why = 'the system may give an RTP port to another program’s socket in the middle of a run';
  if (ephemeralPorts === null)
    return { name, state: 'unknown', found: 'not told by the system', needed, why, remedy: null };
  const { min, max } = ephemeralPorts;
  const overlaps = span.min <= max && span.max >= min;
  const reserved = reservedPorts.some(
    (range) => range.min <= Math.max(span.min, min) && range.max >= Math.min(span.max, max),
  );
  const fine = !overlaps || reserved;
  return {
    name,
    state: fine ? 'ok' : 'warn',
    found: `${min}-${max}${overlaps && reserved ? ', the RTP ports reserved' : ''}`,
    needed,
    why,
    remedy: fine ? null : `sysctl -w net.ipv4.ip_local_reserved_ports=${span.min}-${span.max}`,
  };
}

function buffers({ receiveBufferMaxBytes: most }: Machine, { sharedPorts, calls, addresses }: Demand): Finding {
  const each = Math.ceil((calls / addresses) * SHARED_BUFFER_BYTES_A_CALL);
  const bytes = sharedPorts ? Math.max(RECEIVE_BUFFER_BYTES, each) : RECEIVE_BUFFER_BYTES;
  const fine = most !== null && most >= bytes;
  return {
    name: 'receive buffers',
    state: most === null ? 'unknown' : fine ? 'ok' : 'warn',
    found: most === null ? 'not told by the system' : `${Math.floor(most / KIBIBYTE)} KiB`,
    needed: `${Math.ceil(bytes / KIBIBYTE)} KiB (net.core.rmem_max)${sharedPorts ? `: one port takes what ${Math.ceil(calls / addresses)} calls receive` : ''}`,
    why: 'packets that come while a thread is held up are dropped by this machine, and the run is then invalid',
    remedy: fine ? null : `sysctl -w net.core.rmem_max=${roundUpLimit(sharedPorts ? bytes : bytes * 8)}`,
  };
}

function memory({ memoryAvailableBytes: available }: Machine, { calls, sides }: Demand): Finding {
  const needed = BYTES_OF_PROGRAM + calls * sides * BYTES_A_CALL;
  const fine = available !== null && available >= needed;
  return {
    name: 'memory',
    state: available === null ? 'unknown' : fine ? 'ok' : 'fail',
    found: available === null ? 'not told by the system' : `${mebibytes(available)} MiB available`,
    needed: `about ${mebibytes(needed)} MiB`,
    why: 'a machine that swaps sends late',
    remedy: fine ? null : 'Free memory, or make a smaller run.',
  };
}

function tracking(most: number, { calls, sides }: Demand): Finding {
  const needed = calls * sides * TRACKED_A_CALL + 1000;
  const fine = most >= needed;
  return {
    name: 'connection tracking',
    state: fine ? 'ok' : 'warn',
    found: `${most} entries`,
    needed: `${needed} entries`,
    why: 'where the table is full the kernel drops packets and says so in its log only',
    remedy: fine ? null : `sysctl -w net.netfilter.nf_conntrack_max=${roundUpLimit(needed)}`,
  };
}

function clock(source: string): Finding {
  const fine = FAST_CLOCKS.has(source);
  return {
    name: 'clock',
    state: fine ? 'ok' : 'warn',
    found: source,
    needed: 'one that is read without a system call, such as tsc',
    why: 'the clock is read for each packet',
    remedy: fine ? null : 'See /sys/devices/system/clocksource/clocksource0/available_clocksource.',
  };
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
