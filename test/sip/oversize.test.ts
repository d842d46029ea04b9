import { expect, test } from 'vitest';
import { oversizeOf, targetsForSize } from '../../src/sip/oversize.js';
import { sipSpec } from '../../src/sip/spec.js';
import type { Peer, Protocol, Transport } from '../../src/sip/transport.js';
import { TransportSet } from '../../src/sip/transport-set.js';

const local = { address: '127.0.0.1', port: 5060 };
const transport = (protocol: Protocol): Transport => ({
  protocol,
  reliable: protocol !== 'udp',
  local,
  advertised: local,
  send: () => {},
  probe: () => {},
  close: async () => {},
});
const udp = transport('udp');
const tcp = transport('tcp');
const peer: Peer = { address: '127.0.0.1', port: 5080, transport: udp, name: 'trunk.test' };

function both(): TransportSet {
  const set = new TransportSet();
  set.add(udp);
  set.add(tcp);
  return set;
}

/** The protocols by which a request of so many bytes is tried, in order. */
const tried = (bytes: number, oversize = oversizeOf(), transports = both()): (string | undefined)[] =>
  targetsForSize([peer], bytes, transports, oversize).map((target) => target.transport?.protocol);

test('where the MTU is not known UDP carries 1,300 bytes', () => {
  expect(tried(1300)).toEqual(['udp']);
  expect(tried(1301)).toEqual(['tcp', 'udp']);
});

test.each([
  [1500, 1300],
  [1400, 1200],
  [9000, 8800],
])('on a path with an MTU of %d bytes it carries %d', (mtu, longest) => {
  expect(tried(longest, oversizeOf('tcp', mtu))).toEqual(['udp']);
  expect(tried(longest + 1, oversizeOf('tcp', mtu))).toEqual(['tcp', 'udp']);
});

test('fragments are sent whatever the length, and so is what could go no other way', () => {
  expect(tried(9000, oversizeOf('fragment', 1500))).toEqual(['udp']);
  const onlyUdp = new TransportSet();
  onlyUdp.add(udp);
  expect(tried(9000, oversizeOf(), onlyUdp)).toEqual(['udp']);
});

test('the target keeps its name over TCP, and UDP is for where TCP cannot be had', () => {
  const targets = targetsForSize([peer], 1301, both(), oversizeOf());
  expect(targets).toEqual([
    { ...peer, transport: tcp },
    { ...peer, ifUnreachable: true },
  ]);
});

test('an MTU in a profile is one that IP allows', () => {
  expect(sipSpec.parse({ mtu: 1400 }).mtu).toBe(1400);
  expect(sipSpec.parse({}).mtu).toBeUndefined();
  for (const mtu of [575, 65_536, 1400.5]) expect(sipSpec.safeParse({ mtu }).success).toBe(false);
});
