import { readdirSync, readFileSync } from 'node:fs';
import Srf from 'drachtio-srf';
import { describe, expect, test } from 'vitest';
import { HandedMessage } from '../../src/drachtio/handed-message.js';
import { MemoryLink } from '../../src/drachtio/memory-link.js';
import { readableText } from '../../src/drachtio/readable-text.js';
import { newSrf, type SrfApp, type SrfMessage } from '../../src/drachtio/srf-types.js';
import { parseMessage } from '../../src/sip/message.js';
import { checkMessage } from '../../src/sip/message-check.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const SECRET = 'cymru';
const INVITE =
  'INVITE sip:42@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:42@b>\r\n' +
  'Call-ID: c1\r\nCSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.1>\r\nX-Mine: 1\r\nContent-Length: 0\r\n\r\n';

/** An srf on a link, whose other end the test is. */
class Rig {
  readonly heard: string[] = [];
  readonly fatal: string[] = [];
  readonly unread: string[][] = [];
  readonly srf: SrfApp = newSrf();
  readonly link: MemoryLink;

  constructor(callsOnly: boolean) {
    const onUnread = (line: string, startLine: string): void => void this.unread.push([line, startLine]);
    this.link = new MemoryLink({ onFatal: (error) => this.fatal.push(error.message), onUnread }, callsOnly);
    this.link.onPayload = (payload) => {
      this.heard.push(payload);
      const [id, type] = payload.split('|');
      if (type === 'authenticate') this.link.send(`response|${id}|OK|udp/127.0.0.1:5060`, null);
    };
    this.link.join(this.srf, SECRET);
  }

  /** A request of the network reaches srf. */
  bring(text: string): void {
    this.link.send(
      'sip|network|1|udp|127.0.0.1|5070|00:00:01.000000|txn|dlg|',
      this.link.received(parseMessage(text)!),
    );
  }
}

describe.each([false, true])('the memory link, for calls only: %s', (callsOnly) => {
  test('says nothing while the other side still runs, then all in order', async () => {
    const { heard, link } = new Rig(callsOnly);
    expect(heard).toEqual([]);
    await turn();
    expect(heard).toEqual([`1|authenticate|${SECRET}|`]);
    expect(link.confirmsAcks).toBe(!callsOnly);
  });

  test('brings a request whose headers and text beyond ASCII srf reads, and hears its answer', async () => {
    const rig = new Rig(callsOnly);
    let got: SrfMessage | null = null;
    rig.srf.invite((request, response) => {
      got = request;
      response.send(486, { headers: { 'X-Why': 'später' } });
    });
    await turn();
    rig.bring(Buffer.from(INVITE.replace('<sip:a@b>', '"Jürgen" <sip:a@b>')).toString('latin1'));
    await turn();
    expect(got!.getParsedHeader('from').uri).toBe('sip:a@b');
    expect(got!.get('From')).toBe('"Jürgen" <sip:a@b>;tag=1');
    expect(got!.get('X-Mine')).toBe('1');
    expect(got!.has('Via')).toBe(!callsOnly);
    expect(Buffer.from(rig.heard.at(-1)!, 'latin1').toString()).toMatch(
      /^2\|sip\|txn\|.*\r\nSIP\/2.0 486 .*X-Why: später\r\n/s,
    );
  });

  test('survives a callback that throws: that message is told of, and the next one is read', async () => {
    const rig = new Rig(callsOnly);
    let count = 0;
    const wire = (rig.srf as unknown as { _app: { client: { wp: { on(event: 'msg', l: () => void): void } } } })._app
      .client;
    wire.wp.on('msg', () => {
      if (++count === 2) throw new Error('oops');
    });
    rig.srf.invite((_request, response) => response.send(486));
    await turn();
    rig.bring(INVITE);
    rig.bring(INVITE.replace('c1', 'c2'));
    await turn();
    expect(rig.unread).toEqual([[expect.stringMatching(/\|txn\|dlg\|$/), 'INVITE sip:42@127.0.0.1 SIP/2.0']]);
    expect(rig.heard.filter((payload) => payload.includes('SIP/2.0 486'))).toHaveLength(2);
    expect(rig.fatal).toEqual([]);
  });

  test('reports that srf ended its connection, and is silent once it was closed on purpose', async () => {
    const rig = new Rig(callsOnly);
    let closed = 0;
    rig.link.onClosed = () => closed++;
    await turn();
    rig.srf.disconnect();
    expect(rig.fatal).toHaveLength(1);
    rig.link.shut();
    rig.link.shut();
    rig.bring(INVITE);
    await turn();
    expect([rig.fatal.length, rig.heard.length, closed]).toEqual([1, 1, 1]);
  });
});

describe('a message that is handed over taken apart', () => {
  const SipMessage = (Srf as unknown as { SipMessage: new (from: unknown) => SrfMessage }).SipMessage;
  const directory = new URL('../sip/torture/', import.meta.url);
  const files = readdirSync(directory, { recursive: true }) as string[];
  const messages = files
    // srf takes an escaped method for the one that it spells, which RFC 4475 3.1.1.5 has it not do.
    .filter((name) => name.endsWith('.dat') && name !== 'esc02.dat')
    .map((name) => ({ name, message: parseMessage(readFileSync(new URL(name, directory)).toString('latin1')) }))
    .filter(({ message }) => message !== null && checkMessage(message) === null && message.isPlain);

  test('is what srf makes of its text, but for what no call looks at', () => {
    expect(messages.length).toBeGreaterThan(10);
    const leftOut =
      /^(?:via|(?:record-)?route|max-forwards|content-(?:length|type)|allow(?:-events)?|supported|accept|user-agent|server|date)$/;
    for (const { name, message } of messages) {
      const handed = HandedMessage.of(message!);
      if (handed === null) continue;
      const text = Buffer.from(readableText(message!), 'latin1').toString('utf8');
      const read = new SipMessage(text) as SrfMessage & { method: string; uri: string; status: number };
      const taken = new SipMessage(handed) as typeof read;
      expect([name, taken.type, taken.method, taken.uri, taken.status]).toEqual([
        name,
        read.type,
        read.method,
        read.uri,
        read.status,
      ]);
      for (const header of Object.keys(read.headers))
        if (!leftOut.test(header))
          expect([name, header, taken.headers[header]]).toEqual([name, header, read.headers[header].trimEnd()]);
    }
  });
});
