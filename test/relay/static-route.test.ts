import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import { formatRoute, parseRoute } from '../../src/relay/static/route.js';

describe('a static route', () => {
  it('has a port to listen to and, if that is said, a far end for each side', () => {
    expect(parseRoute('192.0.2.1:4000=192.0.2.9:20000,192.0.2.1:5000')).toEqual({
      a: { listen: { address: '192.0.2.1', port: 4000 }, remote: { address: '192.0.2.9', port: 20_000 } },
      b: { listen: { address: '192.0.2.1', port: 5000 }, remote: null },
    });
    expect(parseRoute('[::1]:4000, 127.0.0.1:5000').a.listen).toEqual({ address: '::1', port: 4000 });
  });

  it.each(['127.0.0.1:1=127.0.0.1:2,[::1]:3=[2001:db8::1]:4', '127.0.0.1:1,127.0.0.1:3'])(
    'is written as read: %s',
    (text) => expect(formatRoute(parseRoute(text))).toBe(text),
  );

  it.each([
    ['127.0.0.1:4000', 'two sides'],
    ['127.0.0.1:4000,127.0.0.1:5000,127.0.0.1:6000', 'two sides'],
    ['127.0.0.1:4000,127.0.0.1:4000', 'same port'],
    ['127.0.0.1:4000=1.2.3.4:1=1.2.3.4:2,127.0.0.1:5000', 'more than one remote'],
    ['127.0.0.1:4000=[::1]:1,127.0.0.1:5000', 'two address families'],
    ['localhost:4000,127.0.0.1:5000', "'localhost:4000' is no ADDRESS:PORT"],
    ['127.0.0.1,127.0.0.1:5000', 'no ADDRESS:PORT'],
    ['127.0.0.1:0,127.0.0.1:5000', 'no ADDRESS:PORT'],
    ['127.0.0.1:70000,127.0.0.1:5000', 'no ADDRESS:PORT'],
    ['127.0.0.256:4000,127.0.0.1:5000', 'no ADDRESS:PORT'],
    ['[127.0.0.1]:4000,127.0.0.1:5000', 'no ADDRESS:PORT'],
    ['127.0.0.1:65535,127.0.0.1:5000', 'no port above'],
    ['', 'two sides'],
  ])('that is wrong is refused with the reason: %s', (text, why) => {
    const refused = (): unknown => parseRoute(text);
    expect(refused).toThrow(AppError);
    expect(refused).toThrow(why);
  });
});
