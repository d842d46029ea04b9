import { expect, test } from 'vitest';
import type { Protocol, Transport } from '../../src/sip/transport.js';
import { TransportSet } from '../../src/sip/transport-set.js';

function transport(protocol: Protocol, address: string, port = 5060): Transport {
  const local = { address, port };
  return {
    protocol,
    reliable: protocol !== 'udp',
    local,
    advertised: local,
    send: () => {},
    probe: () => {},
    close: async () => {},
  };
}

test('a transport is found by protocol and by the family of the address that it shall reach', () => {
  const udp4 = transport('udp', '192.0.2.1');
  const udp6 = transport('udp', '2001:db8::1');
  const tcp4 = transport('tcp', '192.0.2.1', 5070);
  const set = new TransportSet();
  for (const one of [udp4, udp6, tcp4]) set.add(one);
  expect(set.first).toBe(udp4);
  expect(set.find('udp', '198.51.100.7')).toBe(udp4);
  expect(set.find('udp', '2001:db8::7')).toBe(udp6);
  expect(set.find('tcp')).toBe(tcp4);
  expect(set.find('tcp', '2001:db8::7')).toBeNull();
  expect(set.find('tls')).toBeNull();
});

test('Via and Contact name the transport, with brackets around an IPv6 address', () => {
  const udp6 = transport('udp', '2001:db8::1');
  const tcp4 = transport('tcp', '192.0.2.1', 5070);
  const set = new TransportSet();
  set.add(udp6);
  set.add(tcp4);
  expect(set.via(udp6, 'z9hG4bKx')).toBe('SIP/2.0/UDP [2001:db8::1]:5060;rport;branch=z9hG4bKx');
  expect(set.via(tcp4, 'z9hG4bKx')).toBe('SIP/2.0/TCP 192.0.2.1:5070;rport;branch=z9hG4bKx');
  expect(set.contact(udp6)).toBe('sip:[2001:db8::1]:5060');
  expect(set.contact(tcp4)).toBe('sip:192.0.2.1:5070;transport=tcp');
});
