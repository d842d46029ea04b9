import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import { ProfileError, parseProfile } from '../../src/profile/read.js';
import { guardTargets, isPublic } from '../../src/run/target-guard.js';
import type { Dns } from '../../src/sip/dns.js';

const none = { records: [], ttlS: 60 };

/** Knows three names; nothing is asked of anybody. */
const dns: Dns = {
  naptr: async () => none,
  srv: async (name) =>
    name === '_sip._udp.group.example'
      ? {
          records: ['inside.example', 'outside.example'].map((target) => ({
            priority: 1,
            weight: 1,
            port: 5060,
            target,
          })),
          ttlS: 60,
        }
      : none,
  a: async (name) => {
    const address = { 'inside.example': '10.1.2.3', 'outside.example': '8.8.4.4' }[name];
    return address === undefined ? none : { records: [address], ttlS: 60 };
  },
  aaaa: async () => none,
};

const guard = (uri: string, cps: number, allow: string[] = [], yes = false): Promise<boolean> =>
  guardTargets([{ uri, cps }], { allow, yes, dns });

async function refusal(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(() => null).catch((caught: unknown) => caught);
  if (error instanceof AppError) return error;
  throw new Error('it was not refused');
}

describe('an address', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.7.7',
    '100.64.0.1',
    '100.127.255.255',
    '192.0.2.77',
    '198.51.100.1',
    '203.0.113.9',
    '::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    '2001:db8::5',
    '::ffff:10.0.0.1',
  ])('%s is not public', (address) => {
    expect(isPublic(address)).toBe(false);
  });

  it.each([
    '8.8.8.8',
    '172.15.255.255',
    '172.32.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '192.169.0.1',
    '2001:4860:4860::8888',
    '::ffff:8.8.8.8',
    'fbff::1',
    '224.0.0.1',
  ])('%s is public', (address) => {
    expect(isPublic(address)).toBe(true);
  });
});

describe('a load on a public address', () => {
  it('of more than 10 attempts a second is refused, with what would allow it', async () => {
    const error = await refusal(guard('sip:8.8.8.8:5080', 11));
    expect(error).toMatchObject({ code: 'TARGET_NOT_ALLOWED', exitCode: 2 });
    expect(error.detail).toEqual({
      where: 'sip:8.8.8.8:5080',
      expected: '10 attempts a second at most, or leave to send more',
      found: 'up to 11 attempts a second to 8.8.8.8',
      hint: 'If it is yours to load: --yes, or `allow: [8.8.8.8]` in the profile.',
    });
  });

  it('of 10 attempts a second or fewer is free, as long as it stays at that', async () => {
    expect(await guard('sip:8.8.8.8', 10)).toBe(true);
  });

  it('is refused where one of several servers of a name is public, and told by that one', async () => {
    expect((await refusal(guard('sip:group.example', 50))).detail.found).toContain('to 8.8.4.4');
    expect((await refusal(guard('sip:outside.example', 50))).detail.hint).toContain('`allow: [outside.example]`');
  });

  it.each([
    ['by its host', 'sip:8.8.8.8', ['8.8.8.8']],
    ['by a network', 'sip:8.8.8.8', ['10.0.0.0/8', '8.8.8.0/24']],
    ['by its name', 'sip:100@Outside.Example:5070', ['outside.example']],
    ['by the network that its name leads to', 'sip:outside.example', ['8.8.4.0/24']],
    ['in IPv6 by a network', 'sip:[2001:4860::1]', ['2001:4860::/32']],
  ])('is allowed %s', async (_how, uri, allow) => {
    expect(await guard(uri, 5000, allow)).toBe(false);
  });

  it('is allowed by --yes, whatever its rate', async () => {
    expect(await guard('sip:8.8.8.8', 5000, [], true)).toBe(false);
  });

  it('is not allowed by leave for another one', async () => {
    expect((await refusal(guard('sip:8.8.8.8', 11, ['8.8.4.0/24', 'outside.example']))).code).toBe(
      'TARGET_NOT_ALLOWED',
    );
  });
});

describe('a load on an address that is not public', () => {
  it.each([
    'sip:127.0.0.1',
    'sip:[::1]:5070',
    'sip:inside.example',
    'sip:10.9.8.7;transport=tcp',
    'sip:nowhere.example',
  ])('%s needs nobody’s leave', async (uri) => {
    expect(await guard(uri, 5000)).toBe(false);
  });
});

describe('`allow` of a profile', () => {
  const profile = (allow: string): string => `name: p\nload: [{ shape: constant, cps: 1, for: 1 }]\nallow: ${allow}\n`;

  it('takes hosts, addresses and networks', () => {
    const allow = ['sbc.example.net', '198.51.100.7', '8.8.8.0/24', '2001:4860::/32', '::1'];
    expect(parseProfile(profile(JSON.stringify(allow)), 'p.yaml').allow).toEqual(allow);
  });

  it.each(['"8.8.8.0/33"', '"sip:8.8.8.8"', '"a b"', '"8.8.8.8.8"', '""'])('refuses %s with its line', (entry) => {
    let message = '';
    try {
      parseProfile(profile(`[${entry}]`), 'p.yaml');
    } catch (error) {
      if (error instanceof ProfileError) message = error.message;
    }
    expect(message).toContain('p.yaml:3  allow.0: expected a host name, an address or a network');
  });
});
