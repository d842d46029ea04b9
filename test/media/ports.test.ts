import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import { AppError } from '../../src/core/errors.js';
import { type PortPair, PortPool } from '../../src/media/ports.js';
import { parseIpv4 } from '../../src/media/udp.js';
import { MemoryNet } from './memory-net.js';

const ADDRESS = '10.0.0.1';

function pool(net: MemoryNet, portMin: number, portMax: number, addresses = [ADDRESS]): PortPool {
  const nobody = { onDatagram: () => {} };
  return new PortPool(net.driver(), addresses, portMin, portMax, nobody, nobody);
}

function leased(result: PortPair | AppError): PortPair {
  if (result instanceof AppError) throw result;
  return result;
}

describe('the pool of port pairs', () => {
  it('leases even RTP ports with the odd RTCP port above, from the start of the range', () => {
    const ports = pool(new MemoryNet(new ManualClock()), 10001, 10006);
    expect(leased(ports.lease(0)).lease).toEqual({ pair: 0, address: ADDRESS, rtpPort: 10002, rtcpPort: 10003 });
    expect(leased(ports.lease(0)).lease.rtpPort).toBe(10004);
  });

  it('skips a pair of which either port is taken, and leaves none of it bound', () => {
    const net = new MemoryNet(new ManualClock());
    net.taken.add(10001).add(10002);
    const ports = pool(net, 10000, 10005);
    expect(leased(ports.lease(0)).lease.rtpPort).toBe(10004);
    expect(net.ports.size).toBe(2);
  });

  it('takes several addresses in turn, each with all the ports', () => {
    const net = new MemoryNet(new ManualClock());
    const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
    // One of them has a port that somebody else holds.
    net.open('10.0.0.2', 10_003);
    const ports = pool(net, 10_000, 10_003, addresses);
    const leases = [0, 1, 2, 3, 4].map(() => leased(ports.lease(0)).lease);
    expect(leases.map(({ address, rtpPort }) => `${address}:${rtpPort}`)).toEqual([
      '10.0.0.1:10000',
      '10.0.0.2:10000',
      '10.0.0.3:10000',
      '10.0.0.1:10002',
      '10.0.0.3:10002',
    ]);
    expect(new Set(leases.map(({ pair }) => pair)).size).toBe(5);
    for (const lease of leases) expect(ports.get(lease.pair)!.lease).toBe(lease);
    expect((ports.lease(0) as AppError).format()).toContain('10.0.0.1, 10.0.0.2, 10.0.0.3');
    // Nothing is left bound of the pair that is not whole.
    expect(net.ports.has(`${parseIpv4('10.0.0.2')}:10002`)).toBe(false);
  });

  it('says that the range is exhausted, and which one', () => {
    const ports = pool(new MemoryNet(new ManualClock()), 10000, 10003);
    ports.lease(0);
    ports.lease(0);
    const refusal = ports.lease(0) as AppError;
    expect(refusal.code).toBe('PORTS_EXHAUSTED');
    expect(refusal.format()).toContain('10000-10003');
  });

  it('says that the system has no descriptors left', () => {
    const net = new MemoryNet(new ManualClock());
    net.descriptors = 3;
    const ports = pool(net, 10000, 10999);
    leased(ports.lease(0));
    expect((ports.lease(0) as AppError).code).toBe('DESCRIPTORS_EXHAUSTED');
    expect(net.ports.size).toBe(2);
  });

  it('prefers a fresh pair to one that was just given back, and takes that one when the range is used up', () => {
    const ports = pool(new MemoryNet(new ManualClock()), 10000, 10003);
    const first = leased(ports.lease(0));
    ports.release(first, 100);
    expect(leased(ports.lease(200)).lease.rtpPort).toBe(10002);
    expect(leased(ports.lease(300)).lease.rtpPort).toBe(10000);
  });

  it('leases a rested pair again before binding another', () => {
    const net = new MemoryNet(new ManualClock());
    const ports = pool(net, 10000, 10999);
    ports.release(leased(ports.lease(0)), 100);
    expect(leased(ports.lease(2100)).lease.rtpPort).toBe(10000);
    expect(net.ports.size).toBe(2);
  });
});
