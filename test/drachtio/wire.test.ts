import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applicationLines, bracketed, reachableContact, replaceLocalhost } from '../../src/drachtio/app-message.js';
import { EmbeddedServer } from '../../src/drachtio/embedded-server.js';
import { encodeFrame, FrameReader } from '../../src/drachtio/frame.js';
import { guard } from '../../src/drachtio/guard.js';
import { parseMessage } from '../../src/sip/message.js';
import { UserAgent } from '../../src/sip/user-agent.js';

describe('frames', () => {
  test('come out whole however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }), { maxLength: 8 }),
        fc.nat(30),
        (texts, cut) => {
          const stream = Buffer.concat(texts.map((text) => Buffer.from(`${Buffer.byteLength(text)}#${text}`)));
          const reader = new FrameReader();
          const read: string[] = [];
          for (let i = 0; i < stream.length; i += cut + 1) {
            expect(reader.push(stream.subarray(i, i + cut + 1), (payload) => read.push(payload))).toBe(true);
          }
          expect(read.map((payload) => Buffer.from(payload, 'latin1').toString('utf8'))).toEqual(texts);
        },
      ),
    );
  });

  test('state their length in bytes', () => {
    expect(encodeFrame(Buffer.from('é#x').toString('latin1')).toString('utf8')).toBe('4#é#x');
  });

  test.each(['abc', '#x', '123456#x', '12x#'])('%s is no drachtio stream', (text) => {
    expect(new FrameReader().push(Buffer.from(text), () => {})).toBe(false);
  });
});

describe('header repair', () => {
  const context = { host: '192.0.2.1', contact: 'sip:192.0.2.1:5080', needsContact: true };
  const lines = (text: string): string | null => applicationLines(parseMessage(text)!, context);

  test('drops the lines of the stack, spells names, supplies Contact and Content-Type', () => {
    expect(
      lines(
        'INVITE sip:x SIP/2.0\r\nvia: SIP/2.0/UDP a\r\nroute: <sip:b>\r\ncontent-length: 9\r\nuser-agent: t\r\nX-Mine: 1\r\n\r\nv=0\r\n',
      ),
    ).toBe('Contact: <sip:192.0.2.1:5080>\r\nUser-Agent: t\r\nX-Mine: 1\r\nContent-Type: application/sdp\r\n');
  });

  test('puts the address where the application wrote localhost', () => {
    expect(
      lines('INVITE sip:x SIP/2.0\r\ncontact: sip:42@localhost\r\np-asserted-identity: <sip:42@localhost>\r\n\r\n'),
    ).toBe('Contact: <sip:42@192.0.2.1:5080>\r\nP-Asserted-Identity: <sip:42@192.0.2.1>\r\n');
    expect(replaceLocalhost('"localhost" <sip:localhost;x=1>', 'h')).toBe('"localhost" <sip:h;x=1>');
    expect(replaceLocalhost('<sip:a@localhost.example>', 'h')).toBe('<sip:a@localhost.example>');
    expect(bracketed('sip:a@b')).toBe('<sip:a@b>');
    expect(bracketed('sip:a@b;tag=1')).toBe('sip:a@b;tag=1');
  });

  test('puts the scheme, port and transport by which we are reached into a Contact, unless it names a transport', () => {
    const tcp = 'sip:192.0.2.1:5080;transport=tcp';
    expect(reachableContact('<sip:42@localhost>;expires=60', tcp)).toBe(
      '<sip:42@192.0.2.1:5080;transport=tcp>;expires=60',
    );
    expect(reachableContact('<sip:localhost;ob>', tcp)).toBe('<sip:192.0.2.1:5080;ob;transport=tcp>');
    expect(reachableContact('<sip:42@localhost;transport=udp>', tcp)).toBe('<sip:42@192.0.2.1:5080;transport=udp>');
    expect(reachableContact('sip:42@localhost;expires=60', tcp)).toBe('sip:42@192.0.2.1:5080;expires=60');
    expect(reachableContact('<sip:42@localhost>', 'sips:[2001:db8::1]:5061')).toBe('<sips:42@[2001:db8::1]:5061>');
    expect(reachableContact('<sip:42@localhost:5090>', tcp)).toBe('<sip:42@localhost:5090>');
  });

  test('refuses a body of unknown type', () => {
    expect(lines('INFO sip:x SIP/2.0\r\n\r\nSignal=1')).toBeNull();
  });
});

test('a guard hands on what a callback throws, at once or later', async () => {
  const thrown: unknown[] = [];
  guard(
    (_n: number) => {
      throw new Error('now');
    },
    (error, n) => thrown.push([(error as Error).message, n]),
  )(1);
  guard(
    async (_n: number) => {
      throw new Error('later');
    },
    (error, n) => thrown.push([(error as Error).message, n]),
  )(2);
  await new Promise((resolve) => setImmediate(resolve));
  expect(thrown).toEqual([
    ['now', 1],
    ['later', 2],
  ]);
});

/** The application's side of a connection, by hand. */
class Application extends Duplex {
  readonly frames: string[] = [];
  ended = false;
  private readonly reader = new FrameReader();

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.reader.push(chunk, (payload) => this.frames.push(payload));
    done();
  }

  override _final(done: () => void): void {
    this.ended = true;
    done();
  }

  say(payload: string): void {
    this.push(Buffer.from(`${Buffer.byteLength(payload)}#${payload}`));
  }

  async frame(pattern: RegExp): Promise<string> {
    let found: string | undefined;
    while (!(found = this.frames.find((frame) => pattern.test(frame))))
      await new Promise((resolve) => setImmediate(resolve));
    return found;
  }

  async reply(messageId: string): Promise<string[]> {
    let found: string | undefined;
    while (!(found = this.frames.find((frame) => frame.split('|')[2] === messageId))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    return found.split('\r\n')[0].split('|').slice(3);
  }
}

describe('the wire protocol', () => {
  let agent: UserAgent;
  let application: Application;
  beforeEach(async () => {
    agent = await UserAgent.open({ address: '127.0.0.1', port: 0 });
    application = new Application();
    new EmbeddedServer(agent, { secret: 'cymru' }).accept(application);
  });
  afterEach(() => agent.close());

  test('authenticates, pings, takes routes', async () => {
    application.say('m1|authenticate|cymru|');
    const [ok, advertised, version, local] = await application.reply('m1');
    expect([ok, advertised, local]).toEqual([
      'OK',
      `udp/127.0.0.1:${agent.local.port}`,
      `udp/127.0.0.1:${agent.local.port}`,
    ]);
    expect(version).toMatch(/^v0\.8\.\d+$/);
    application.say('m2|ping');
    expect(await application.reply('m2')).toEqual(['OK', 'pong']);
    application.say('m3|route|invite');
    expect(await application.reply('m3')).toEqual(['OK']);
  });

  test('hands requests only to the verbs that are routed, until they are taken back', async () => {
    application.say('m1|authenticate|cymru|');
    application.say('m2|route|options');
    const ask = `sip||\r\nOPTIONS sip:x@127.0.0.1:${agent.local.port} SIP/2.0\r\n\r\n`;
    application.say(`m3|${ask}`);
    await application.frame(/\|sip\|network\|.*\r\nOPTIONS /s);
    application.say('m4|remove_route|options');
    expect(await application.reply('m4')).toEqual(['OK']);
    application.say(`m5|${ask}`);
    await application.frame(/\r\nSIP\/2.0 200 .*\r\nAllow: OPTIONS\r\n/s);
    application.say(`m6|${ask.replace('OPTIONS', 'MESSAGE')}`);
    await application.frame(/\r\nSIP\/2.0 405 .*\r\nAllow: OPTIONS\r\n/s);
  });

  test('nothing is taken before the secret', async () => {
    application.say('m1|route|invite');
    expect((await application.reply('m1'))[0]).toBe('NO');
    expect(application.ended).toBe(true);
  });

  test('a wrong secret is refused and the connection ended', async () => {
    application.say('m1|authenticate|wrong|');
    expect(await application.reply('m1')).toEqual(['NO', 'incorrect secret']);
    expect(application.ended).toBe(true);
  });

  test.each([
    ['bogus', ['NO', 'Unknown message type']],
    ['sip|nobody|\r\nSIP/2.0 200 OK\r\n\r\n', ['NOK', 'Response not sent due to unknown transaction']],
    ['sip||\r\nSIP/2.0 200 OK\r\n\r\n', ['NO', 'transaction id missing']],
    ['sip|t|\r\nCANCEL sip:x SIP/2.0\r\n\r\n', ['NOK', 'unable to cancel unknown transaction id: t']],
    ['sip||gone\r\nBYE sip:placeholder SIP/2.0\r\n\r\n', ['NOK', 'unable to find dialog for dialog id gone']],
    ['sip||\r\nINFO sip:x@127.0.0.1 SIP/2.0\r\n\r\nbody', ['NOK', 'missing content-type']],
    ['sip||\r\ngarbage', ['NOK', 'unable to parse the SIP message']],
  ])('%j is refused', async (payload, expected) => {
    application.say('m1|authenticate|cymru|');
    application.say(`m2|${payload}`);
    expect(await application.reply('m2')).toEqual(expected);
  });

  test('a request is confirmed as it left, before any response, then its responses come under the same id', async () => {
    application.say('m1|authenticate|cymru|');
    application.say('m0|route|options');
    application.say(
      `m2|sip||\r\nOPTIONS sip:x@127.0.0.1:${agent.local.port} SIP/2.0\r\nfrom: sip:me@localhost\r\n\r\n`,
    );
    const sent = await application.reply('m2');
    expect(sent.slice(0, 2)).toEqual(['OK', 'application']);
    expect(sent.slice(3, 6)).toEqual(['udp', '127.0.0.1', String(agent.local.port)]);
    const id = sent[7];
    const received = (): string | undefined =>
      application.frames.find((frame) => frame.includes('|sip|network|') && frame.includes('\r\nOPTIONS'));
    while (!received()) await new Promise((resolve) => setImmediate(resolve));
    const tokens = received()!.split('\r\n')[0].split('|');
    expect(tokens.slice(9)).toEqual(['', '127.0.0.1', String(agent.local.port), '']);
    expect(received()).toContain('From: <sip:me@127.0.0.1>;tag=');
    application.say(`m3|sip|${tokens[8]}|\r\nSIP/2.0 200 OK\r\n\r\n`);
    const answer = (): string | undefined =>
      application.frames.find((frame) => frame.includes('\r\nSIP/2.0 200') && frame.includes('|network|'));
    while (!answer()) await new Promise((resolve) => setImmediate(resolve));
    expect(answer()!.split('|')[8]).toBe(id);
    const order = application.frames.map((frame) => frame.split('|').slice(1, 3).join(' '));
    expect(order.indexOf('response m2')).toBeLessThan(order.indexOf('sip network'));
  });
});
