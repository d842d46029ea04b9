import { describe, expect, it } from 'vitest';
import { hostPort, ipAddress, oneOf, portRangeText, share, sipUri, time, wholeNumber } from '../../src/cli/options.js';
import { AppError } from '../../src/core/errors.js';

function refused(parse: () => unknown): AppError {
  try {
    parse();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('an option', () => {
  it.each([
    ['example.net', 'sip:example.net'],
    ['sip:example.net:5080', 'sip:example.net:5080'],
    ['sip:+49@192.0.2.1:5060;transport=udp', 'sip:+49@192.0.2.1:5060;transport=udp'],
    ['sips:[2001:db8::1]:5061', 'sips:[2001:db8::1]:5061'],
  ])('takes %s as a SIP URI', (text, uri) => {
    expect(sipUri('--to')(text)).toBe(uri);
  });

  it.each(['', ':', 'sip:', 'sip:@', 'sip:a b', 'sip:h:0', 'sip:h:70000', 'sip:u@', 'sip:h<x>', 'sip:a\nb', 'tel:+49'])(
    'refuses %j as a SIP URI',
    (text) => {
      expect(refused(() => sipUri('--to')(text))).toMatchObject({ code: 'ARGUMENT_INVALID', exitCode: 2 });
    },
  );

  it('takes a host and port, IPv6 in brackets', () => {
    expect(hostPort('--drachtio')('localhost:9022')).toEqual({ host: 'localhost', port: 9022 });
    expect(hostPort('--drachtio')('[::1]:9022')).toEqual({ host: '::1', port: 9022 });
    for (const text of ['localhost', 'localhost:', 'localhost:0', '::1:9022', 'h:65536', ':9022'])
      expect(refused(() => hostPort('--drachtio')(text)).detail).toMatchObject({ where: '--drachtio', found: text });
  });

  it('takes whole numbers within bounds and nothing else', () => {
    expect(wholeNumber('--seed', 0, 10)('10')).toBe(10);
    for (const text of ['', '-1', '11', '1.5', '0x5', '1e0', ' 1', 'Infinity'])
      expect(refused(() => wholeNumber('--seed', 0, 10)(text)).detail.expected).toBe('a whole number from 0 to 10');
  });

  it('takes shares, durations, choices, addresses and ranges as a profile does', () => {
    expect(share('--drop')('2%')).toBe(0.02);
    expect(time('--ring-after')('1m30s')).toBe(90_000);
    expect(oneOf('--when-full', ['503', '486'])('486')).toBe('486');
    for (const address of ['127.0.0.1', '::1', '2001:db8::7'])
      expect(ipAddress('--local', 'ours')(address)).toBe(address);
    expect(portRangeText('--rtp-ports')('20000-20999')).toBe('20000-20999');
    expect(refused(() => share('--drop')('200%')).format()).toContain('a share such as 2%');
    expect(refused(() => time('--ring-after')('-1s')).format()).toContain('500ms');
    for (const text of ['eth0', '[::1]', 'fe80::1%lo', '1.2.3', ''])
      expect(refused(() => ipAddress('--local', 'ours')(text)).format()).toContain('IPv4 or IPv6');
    expect(refused(() => portRangeText('--rtp-ports')('80-90')).format()).toContain('1024–65535');
  });
});
