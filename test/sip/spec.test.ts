import { expect, test } from 'vitest';
import { sipSpec } from '../../src/sip/spec.js';

test.each(['192.0.2.53', '127.0.0.1:5353', '2001:db8::53', '[2001:db8::53]:5353'])('%s is a DNS server', (dns) => {
  expect(sipSpec.parse({ dns }).dns).toBe(dns);
});

test.each(['', 'dns.example.test', '192.0.2.53:', '192.0.2.53:0', '192.0.2.53:65536', '[192.0.2.53]:53', '192.0.2:53'])(
  '"%s" is none',
  (dns) => {
    expect(sipSpec.safeParse({ dns }).success).toBe(false);
  },
);
