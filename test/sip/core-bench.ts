import { ManualClock } from '../../src/core/clock.js';
import { Rng } from '../../src/core/rng.js';
import { Core } from '../../src/sip/core.js';
import type { Dialog } from '../../src/sip/dialog.js';
import type { Dns } from '../../src/sip/dns.js';
import { IdSource } from '../../src/sip/ids.js';
import { Resolver } from '../../src/sip/resolver.js';
import type { ServerTransaction } from '../../src/sip/server-transaction.js';
import { SystemDns } from '../../src/sip/system-dns.js';
import { TimerQueue } from '../../src/sip/timer-queue.js';
import { DEFAULT_TIMERS } from '../../src/sip/timer-values.js';
import { TransactionLayer } from '../../src/sip/transaction-layer.js';
import { TransportSet } from '../../src/sip/transport-set.js';
import { UacCore } from '../../src/sip/uac-core.js';
import { UasCore } from '../../src/sip/uas-core.js';
import { headerIn } from '../loopback/sip-harness.js';

const PEER = { address: '192.0.2.9', port: 5060 };

/** Both halves of the core on a clock moved by hand, between an application and a peer that are played by the test. */
export class CoreBench {
  readonly clock = new ManualClock(1_000_000);
  readonly queue = new TimerQueue(this.clock, 10, false);
  readonly layer = new TransactionLayer(DEFAULT_TIMERS, this.clock, new IdSource(), this.queue);
  readonly core: Core;
  readonly uac: UacCore;
  readonly uas: UasCore;
  readonly sent: { atMs: number; text: string }[] = [];
  /** What the application was asked, in order. */
  readonly requests: { transaction: ServerTransaction; method: string; dialog: Dialog | null }[] = [];
  /** What the application was told besides, as short words. */
  readonly told: string[] = [];
  private inviteId = '';

  constructor(dns: Dns = new SystemDns()) {
    const transports = new TransportSet();
    transports.add({
      protocol: 'udp',
      reliable: false,
      local: { address: '192.0.2.1', port: 5060 },
      advertised: { address: '192.0.2.1', port: 5060 },
      send: (message) => this.sent.push({ atMs: this.clock.now() - 1_000_000, text: message.toString('latin1') }),
      probe: () => {},
      close: async () => {},
    });
    this.layer.transport = transports.first;
    const resolver = new Resolver(dns, transports.reach, new Rng(1), this.clock);
    this.core = new Core(this.layer, transports, resolver);
    this.uac = new UacCore(this.core);
    this.uas = new UasCore(this.core, this.uac);
    this.layer.user = this.uas;
    this.core.handler = {
      onRequest: (transaction, request, dialog) => this.requests.push({ transaction, method: request.method, dialog }),
      onAck: () => this.told.push('ACK'),
      onCancel: (cancel) => this.told.push(`CANCEL ${cancel.header('reason') ?? ''}`.trim()),
      onResponse: (_id, head, response) => this.told.push(`${response.status} ${head.method}`),
      onUnsolicitedBye: () => this.told.push('unsolicited BYE'),
      onServerEnd: () => {},
    };
  }

  /** Places a call; returns the INVITE as it left. */
  invite(lines = '', cseq = 1): string {
    const from = `<sip:me@192.0.2.1>;tag=me`;
    this.uac.send(
      {
        method: 'INVITE',
        requestUri: 'sip:you@192.0.2.9',
        from,
        to: '<sip:you@192.0.2.9>',
        callId: 'call',
        cseq,
        headerLines: `Contact: <sip:me@192.0.2.1>\r\n${lines}`,
        body: 'v=0\r\n',
        proxy: null,
      },
      (_error, id) => {
        this.inviteId = id;
      },
    );
    return this.last('INVITE');
  }

  /** The application gives the call up. */
  cancel(): void {
    this.uac.cancel(this.uac.inviteById(this.inviteId)!, '');
  }

  /** The application sends a request within a dialog. */
  within(dialog: Dialog, method: string, body = '', lines = ''): void {
    this.uac.sendWithin(dialog, method, lines, body, null, () => {});
  }

  /** The application acknowledges a 2xx. */
  acknowledge(dialog: Dialog): void {
    this.uac.acknowledge(dialog, '', '', () => {});
  }

  /** The peer answers a request of ours. */
  answer(request: string, status: string, tag: string, lines: string[] = [], body = ''): void {
    const to = headerIn(request, 'To');
    this.receive(
      [
        `SIP/2.0 ${status}`,
        `Via: ${headerIn(request, 'Via')}`,
        `From: ${headerIn(request, 'From')}`,
        `To: ${to.includes('tag=') ? to : `${to};tag=${tag}`}`,
        `Call-ID: ${headerIn(request, 'Call-ID')}`,
        `CSeq: ${headerIn(request, 'CSeq')}`,
        `Contact: <sip:${tag}@192.0.2.9>`,
        ...lines,
        '',
        body,
      ].join('\r\n'),
    );
  }

  /** The peer sends a request. */
  request(
    method: string,
    options: { cseq?: number; toTag?: string; branch?: string; lines?: string[]; body?: string } = {},
  ): void {
    const { cseq = 1, toTag, branch = `z9hG4bK${method}${cseq}`, lines = [], body = '' } = options;
    this.receive(
      [
        `${method} sip:me@192.0.2.1 SIP/2.0`,
        `Via: SIP/2.0/UDP 192.0.2.9;branch=${branch}`,
        'From: <sip:you@192.0.2.9>;tag=you',
        `To: <sip:me@192.0.2.1>${toTag ? `;tag=${toTag}` : ''}`,
        'Call-ID: theirs',
        `CSeq: ${cseq} ${method}`,
        'Contact: <sip:you@192.0.2.9>',
        ...lines,
        '',
        body,
      ].join('\r\n'),
    );
  }

  /** The application answers the last request it was asked of that method. */
  respond(method: string, status: number, lines = '', body = ''): Dialog | null {
    const asked = this.requests.findLast((request) => request.method === method)!;
    return this.uas.respond(asked.transaction, status, 'X', lines, body, null).dialog;
  }

  receive(text: string): void {
    this.layer.onMessage(Buffer.from(text, 'latin1'), PEER, 0);
  }

  /** The last message sent that starts so. */
  last(start: string): string {
    const found = this.sent.findLast(({ text }) => text.startsWith(start));
    if (!found) throw new Error(`no ${start} was sent, but ${this.sent.map(({ text }) => text.split('\r\n')[0])}`);
    return found.text;
  }

  times(start: string): number[] {
    return this.sent.filter(({ text }) => text.startsWith(start)).map(({ atMs }) => atMs);
  }

  /** Moves time by small steps, as a running program would. */
  pass(ms: number): void {
    for (let moved = 0; moved < ms; moved += 10) {
      this.clock.advance(10);
      this.queue.advance();
    }
  }
}
