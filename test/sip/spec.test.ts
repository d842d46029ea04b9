import { expect, test } from 'vitest';
import { carriedBy } from '../../src/sip/carried.js';
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

test('what a profile says of how SIP is carried is what the user agent is told', () => {
  expect(carriedBy(sipSpec.parse({}))).toMatchObject({ oversize: 'tcp', mtuBytes: undefined, times: undefined });
  const said = { oversize: 'fragment', mtu: 1400, keepAlive: '30s', tls: { verify: false } };
  expect(carriedBy(sipSpec.parse(said))).toMatchObject({
    oversize: 'fragment',
    mtuBytes: 1400,
    times: { keepAliveMs: 30_000 },
    tls: { verify: false },
  });
});

test('a connection is kept alive once a second at most', () => {
  expect(sipSpec.safeParse({ keepAlive: '1s' }).success).toBe(true);
  expect(sipSpec.safeParse({ keepAlive: '999ms' }).error?.issues[0].message).toContain('at least 1s');
});
