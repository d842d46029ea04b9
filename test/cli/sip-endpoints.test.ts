import { expect, test } from 'vitest';
import { sipEndpoints } from '../../src/cli/sip-endpoints.js';

test('a URI names UDP and TCP of a port, or the transport that it asks for', () => {
  const named = (text: string): string[] =>
    sipEndpoints('--also', text).map(({ protocol, address, port }) => `${protocol} ${address} ${port}`);
  expect(named('sip:127.0.0.2')).toEqual(['udp 127.0.0.2 5060', 'tcp 127.0.0.2 5060']);
  expect(named('sip:[::1]:5070;transport=UDP')).toEqual(['udp ::1 5070']);
  expect(named('sips:127.0.0.2')).toEqual(['tls 127.0.0.2 5061']);
  // RFC 3261 26.2.2
  expect(named('sips:127.0.0.2;transport=tcp')).toEqual(['tls 127.0.0.2 5061']);
  expect(named('sip:127.0.0.2;transport=tls')).toEqual(['tls 127.0.0.2 5061']);
});

test.each([
  'sip:name.test:5070',
  'sip:127.0.0.2;transport=sctp',
  'sips:127.0.0.2;transport=udp',
  'sip:bob@127.0.0.2',
  '127.0.0.2:5060',
  'sip:127.0.0.2:99999',
])('%s is no address to listen at', (text) => {
  expect(() => sipEndpoints('--also', text)).toThrow('--also has a wrong value');
});
