import { describe, expect, it } from 'vitest';
import { type Demand, diagnose, type Finding } from '../../src/run/doctor.js';
import { boundUdpPorts, examineMachine, type Machine, portRanges } from '../../src/run/machine.js';

const MACHINE: Machine = {
  mediaDriver: 'io_uring',
  platform: 'linux x64',
  node: '20.20.2',
  cores: 4,
  coreQuota: null,
  descriptors: 65_536,
  memoryAvailableBytes: 8 * 2 ** 30,
  receiveBufferMaxBytes: 4 * 2 ** 20,
  ephemeralPorts: { min: 32_768, max: 60_999 },
  reservedPorts: [],
  boundUdpPorts: new Set(),
  conntrackMax: null,
  clockSource: 'tsc',
};
const DEMAND: Demand = {
  calls: 1000,
  sides: 1,
  pool: 64,
  ports: { min: 20_000, max: 29_999, pairs: 5000 },
  addresses: 1,
  sharedPorts: false,
};

function finding(name: string, machine: Partial<Machine>, demand: Partial<Demand> = {}): Finding {
  const found = diagnose({ ...MACHINE, ...machine }, { ...DEMAND, ...demand }).find((f) => f.name === name);
  if (!found) throw new Error(`nothing about ${name}`);
  return found;
}

describe('A machine that has what a run needs', () => {
  it('gets no remedy', () => {
    for (const { name, state, remedy } of diagnose(MACHINE, DEMAND))
      expect([name, state, remedy]).toEqual([name, 'ok', null]);
  });

  it('is this one, for a single call', () => {
    const findings = diagnose(examineMachine(), { ...DEMAND, calls: 1, pool: 1 });
    expect(findings.filter((f) => f.state === 'fail')).toEqual([]);
    expect(examineMachine().boundUdpPorts).not.toBeNull();
    if (process.platform === 'linux') expect(examineMachine().mediaDriver).not.toBe('dgram');
  });
});

describe('What is missing is found and has a remedy', () => {
  it.each<[string, Partial<Machine>, Finding['state'], string]>([
    ['Node.js', { node: '20.18.3' }, 'fail', '20.19'],
    ['media driver', { mediaDriver: 'dgram', platform: 'darwin arm64' }, 'warn', 'Linux'],
    ['processor cores', { cores: 1 }, 'warn', 'cores'],
    ['processor cores', { cores: 8, coreQuota: 1.5 }, 'warn', 'docker --cpus'],
    ['file descriptors', { descriptors: 2000 }, 'fail', 'ulimit -n 4096'],
    ['receive buffers', { receiveBufferMaxBytes: 212_992 }, 'warn', 'net.core.rmem_max='],
    ['memory', { memoryAvailableBytes: 100 * 2 ** 20 }, 'fail', 'memory'],
    ['connection tracking', { conntrackMax: 1024 }, 'warn', 'nf_conntrack_max=4096'],
    ['clock', { clockSource: 'hpet' }, 'warn', 'available_clocksource'],
  ])('%s: %j', (name, machine, state, remedy) => {
    const found = finding(name, machine);
    expect(found.state).toBe(state);
    expect(found.remedy).toContain(remedy);
  });

  it('counts both sides of a call where the trunk is our own', () => {
    expect(finding('file descriptors', { descriptors: 2500 }).state).toBe('ok');
    expect(finding('file descriptors', { descriptors: 2500 }, { sides: 2 }).state).toBe('fail');
    expect(finding('RTP ports', {}, { calls: 3000, sides: 2 }).remedy).toContain('20000-');
  });

  it('takes a pair of which either port is bound for taken', () => {
    const boundPorts = new Set([20_000, 20_003, 20_004, 20_005, 30_000]);
    const tight = { calls: 4998, pool: 0 };
    expect(finding('RTP ports', { boundUdpPorts: boundPorts }, tight)).toMatchObject({
      state: 'fail',
      found: '4997 pairs free in 20000-29999, 3 taken',
    });
    expect(finding('RTP ports', { boundUdpPorts: new Set([20_000, 20_001, 30_000]) }, tight).state).toBe('ok');
  });

  it('wants a large receive buffer for a port that calls share, and few ports and descriptors', () => {
    const shared = { sharedPorts: true, calls: 4000 };
    const tight = finding('receive buffers', { receiveBufferMaxBytes: 4 * 2 ** 20 }, shared);
    expect([tight.state, tight.remedy]).toEqual(['warn', 'sysctl -w net.core.rmem_max=8388608']);
    expect(tight.needed).toBe('8125 KiB (net.core.rmem_max): one port takes what 4000 calls receive');
    const room = { receiveBufferMaxBytes: 5 * 2 ** 20 };
    expect(finding('receive buffers', room, shared).state).toBe('warn');
    expect(finding('receive buffers', room, { ...shared, addresses: 2 }).state).toBe('ok');
    expect(finding('receive buffers', { receiveBufferMaxBytes: 212_992 }, { ...shared, calls: 10 }).needed).toContain(
      '512',
    );
    expect(finding('file descriptors', { descriptors: 1024 }, shared).state).toBe('ok');
    const pairs = { min: 20_000, max: 20_003, pairs: 2 };
    expect(finding('RTP ports', {}, { ...shared, ports: pairs, sides: 2 })).toMatchObject({
      state: 'ok',
      needed: '2 pairs',
    });
  });

  it('never names ports that do not exist', () => {
    expect(finding('RTP ports', {}, { calls: 20_000 }).remedy).toContain('20000-60199');
    expect(finding('RTP ports', {}, { calls: 30_000 }).remedy).toContain('5536-65535');
    expect(finding('RTP ports', {}, { calls: 40_000, sides: 1 }).remedy).toMatch(
      /media\.sharedPorts.*media\.addresses/,
    );
    expect(finding('RTP ports', {}, { calls: 40_000, sides: 2 }).remedy).toMatch(/\(media\.sharedPorts\)\.$/);
    const onThree = finding('RTP ports', {}, { calls: 14_000, addresses: 3 });
    expect([onThree.state, onThree.found]).toEqual(['ok', '15000 pairs free in 20000-29999 of 3 addresses']);
    expect(finding('RTP ports', {}, { calls: 14_000 }).state).toBe('fail');
  });

  it('warns of RTP ports that the system gives to others, unless they are reserved', () => {
    const ports = { min: 40_000, max: 49_999, pairs: 5000 };
    const bare = finding('system’s own ports', {}, { ports });
    expect([bare.state, bare.remedy]).toEqual(['warn', 'sysctl -w net.ipv4.ip_local_reserved_ports=40000-49999']);
    const reservedPorts = portRanges('5060,40000-49999\n');
    expect(finding('system’s own ports', { reservedPorts }, { ports }).state).toBe('ok');
    expect(finding('system’s own ports', { reservedPorts: portRanges('40000-44999') }, { ports }).state).toBe('warn');
  });

  it('is said to be unknown where the system does not tell', () => {
    const silent = {
      boundUdpPorts: null,
      descriptors: null,
      memoryAvailableBytes: null,
      receiveBufferMaxBytes: null,
      ephemeralPorts: null,
    };
    const unknown = diagnose({ ...MACHINE, ...silent }, DEMAND).filter((f) => f.state === 'unknown');
    expect(unknown.map((f) => f.name)).toEqual([
      'file descriptors',
      'RTP ports',
      'system’s own ports',
      'receive buffers',
      'memory',
    ]);
  });
});

describe('The table of bound ports', () => {
  it('is read from the kernel’s form', () => {
    const table =
      '   sl  local_address rem_address   st\n' +
      '  123: 0100007F:13C4 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0000 0\n' +
      ' 4567: 00000000:4E20 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0000 0\n';
    expect([...(boundUdpPorts(table) ?? [])]).toEqual([5060, 20_000]);
    const six =
      '  12: 00000000000000000000000000000000:4E22 00000000000000000000000000000000:0000 07 0:0 0:0 0 0 0 9 2 0 0\n';
    expect([...(boundUdpPorts(table, six) ?? [])]).toEqual([5060, 20_000, 20_002]);
    expect([...(boundUdpPorts(null, six) ?? [])]).toEqual([20_002]);
    expect(boundUdpPorts(null, null)).toBeNull();
  });
});
