import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectEmbedded, type DrachtioConnection } from '../../src/drachtio/connect.js';
import type { SrfCallError, SrfDialog, SrfResult } from '../../src/drachtio/srf-types.js';
import { SystemDns } from '../../src/sip/system-dns.js';
import { DnsServer, type DnsTable } from '../support/dns-server.js';
import { closedPort, Harness, headerIn, QUICK, type RawPeer, reply, SDP, until } from './sip-harness.js';

let h: Harness;
let closers: (() => Promise<void>)[];
beforeEach(() => {
  h = new Harness();
  closers = [];
});
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  await h.close();
});

async function dnsServer(table: DnsTable): Promise<DnsServer> {
  const server = await DnsServer.open(table);
  closers.push(() => server.close());
  return server;
}

/** A user agent that asks that DNS server and no other. */
async function caller(dns: DnsServer, seed = 1): Promise<DrachtioConnection> {
  const connection = await connectEmbedded({
    address: '127.0.0.1',
    port: 0,
    timers: QUICK,
    dns: new SystemDns(dns.address),
    seed,
    onFatal: (error) => h.fatal.push(error),
  });
  closers.push(() => connection.close());
  return connection;
}

/** A target that takes every call. */
async function answering(): Promise<DrachtioConnection & { port: number }> {
  const endpoint = await h.endpoint(QUICK);
  endpoint.srf.invite(async (request, response) => {
    await endpoint.srf.createUAS(request, response, { localSdp: SDP });
  });
  return endpoint;
}

/** SRV records by falling priority, all on 127.0.0.1. */
function inOrder(...ports: number[]): DnsTable {
  return {
    '_sip._udp.trunk.test': { srv: ports.map((port, i) => [10 + i, 0, port, 'host.trunk.test']) },
    'host.trunk.test': { a: ['127.0.0.1'] },
  };
}

function call(from: DrachtioConnection, uri = 'sip:1000@trunk.test'): Promise<SrfDialog> {
  return from.srf.createUAC(uri, { localSdp: SDP });
}

async function failure(promise: Promise<SrfDialog>): Promise<SrfCallError> {
  return promise.then(
    () => {
      throw new Error('the call was answered');
    },
    (error: SrfCallError) => error,
  );
}

const tried = (response: SrfResult): string[] => (response.get('X-Tried-Targets') ?? '').split(', ');

/** What a peer without any state answers to each INVITE. */
function refuses(peer: RawPeer, status: string): void {
  const timer = setInterval(() => {
    for (const text of peer.received.splice(0)) {
      if (!text.startsWith('INVITE')) continue;
      const port = Number(/:(\d+);/.exec(headerIn(text, 'Via'))![1]);
      peer.send(reply(text, status, 'x'), port);
    }
  }, 5);
  closers.push(async () => clearInterval(timer));
}

describe('a target that only NAPTR and SRV records know', () => {
  test('is found, called and hung up', async () => {
    const b = await answering();
    const dns = await dnsServer({
      'trunk.test': { naptr: [[10, 10, 's', 'SIP+D2U', '_sip._udp.other.test']] },
      '_sip._udp.other.test': { srv: [[0, 0, b.port, 'host.trunk.test']] },
      'host.trunk.test': { a: ['127.0.0.1'] },
    });
    const a = await caller(dns);
    const dialog = await call(a);
    expect(dialog.res.has('X-Tried-Targets')).toBe(false);
    await dialog.destroy();
    await until(() => b.stats()!.dialogs === 0);
    expect(dns.queries).toEqual(['NAPTR trunk.test', 'SRV _sip._udp.other.test', 'A host.trunk.test']);
  });
});

describe('a first target that does not serve the call', () => {
  test('because nobody listens there hands it to the second, which gets the same request with a branch of its own', async () => {
    const [closed, b] = [await closedPort(), await h.peer()];
    const a = await caller(await dnsServer(inOrder(closed, b.port)));
    const answered = call(a);
    const invite = await b.message('INVITE');
    b.send(reply(invite, '200 OK', 'b', `Contact: <sip:127.0.0.1:${b.port}>`, SDP), a.sip!.port);
    const dialog = await answered;
    expect(tried(dialog.res)).toEqual([
      `<sip:127.0.0.1:${closed};transport=udp>;status=503;reason="transport: ECONNREFUSED"`,
      `<sip:127.0.0.1:${b.port};transport=udp>;status=200;reason="OK"`,
    ]);
    await b.message('ACK');
    expect(headerIn(invite, 'CSeq')).toBe('1 INVITE');
  });

  test('gets neither the ACK nor the BYE either: both go on to the second', async () => {
    const [closed, b] = [await closedPort(), await h.endpoint(QUICK)];
    let acknowledged = 0;
    b.srf.invite(async (request, response) => {
      const headers = { Contact: '<sip:x@back.test;transport=tcp>' };
      const dialog = await b.srf.createUAS(request, response, { localSdp: SDP, headers });
      dialog.once('ack', () => acknowledged++);
    });
    const dns = await dnsServer({
      '_sip._tcp.back.test': {
        srv: [
          [10, 0, closed, 'host.trunk.test'],
          [20, 0, b.port, 'host.trunk.test'],
        ],
      },
      'host.trunk.test': { a: ['127.0.0.1'] },
    });
    const a = await caller(dns);
    const dialog = await call(a, `sip:1000@127.0.0.1:${b.port}`);
    await until(() => acknowledged === 1);
    await dialog.destroy();
    expect([a.stats()!.dialogs, b.stats()!.dialogs]).toEqual([0, 0]);
    expect(h.fatal).toEqual([]);
  });

  test('because it keeps silent hands it to the second when Timer B ends: one attempt for the application', async () => {
    const [silent, b] = [await h.peer(), await h.peer()];
    const a = await caller(await dnsServer(inOrder(silent.port, b.port)));
    const answered = call(a);
    const invite = await b.message('INVITE');
    b.send(reply(invite, '200 OK', 'b', `Contact: <sip:127.0.0.1:${b.port}>`, SDP), a.sip!.port);
    const dialog = await answered;
    expect(tried(dialog.res)[0]).toContain('status=408;reason="Timer B"');
    const [first] = silent.received;
    for (const name of ['Call-ID', 'CSeq', 'From', 'To', 'Contact'])
      expect(headerIn(invite, name)).toBe(headerIn(first, name));
    expect(headerIn(invite, 'Via')).not.toBe(headerIn(first, 'Via'));
    expect(invite.slice(invite.indexOf('\r\n\r\n'))).toBe(first.slice(first.indexOf('\r\n\r\n')));
    expect(a.stats()!.timerExpiries.B).toBe(1);
  });

  test('because it answers 503 hands it to the second, and has its 503 acknowledged', async () => {
    const [full, b] = [await h.endpoint(QUICK), await answering()];
    full.srf.invite((_request, response) => response.send(503));
    const a = await caller(await dnsServer(inOrder(full.port, b.port)));
    const dialog = await call(a);
    expect(tried(dialog.res)).toEqual([
      `<sip:127.0.0.1:${full.port};transport=udp>;status=503;reason="Service Unavailable"`,
      `<sip:127.0.0.1:${b.port};transport=udp>;status=200;reason="OK"`,
    ]);
    // INVITE and ACK; a machine that is held up sends the INVITE again.
    await until(() => full.stats()!.messagesReceived >= 2);
    await dialog.destroy();
    expect(a.stats()!.dialogs).toBe(0);
  });

  test('because it is busy is asked no further: 486 is an answer', async () => {
    const [busy, b] = [await h.endpoint(QUICK), await answering()];
    busy.srf.invite((_request, response) => response.send(486));
    const a = await caller(await dnsServer(inOrder(busy.port, b.port)));
    const error = await failure(call(a));
    expect(error.status).toBe(486);
    expect(error.res!.has('X-Tried-Targets')).toBe(false);
    expect(b.stats()!.messagesReceived).toBe(0);
  });

  test('does so for requests outside calls, too: Timer F, then the next', async () => {
    const [silent, b] = [await h.peer(), await h.endpoint(QUICK)];
    b.srf.options((_request, response) => response.send(200));
    const a = await caller(await dnsServer(inOrder(silent.port, b.port)));
    const status = await new Promise<number>((resolve, reject) =>
      a.srf.request('sip:trunk.test', { method: 'OPTIONS' }, (error, request) => {
        if (error || !request) reject(error);
        else request.on('response', (response) => resolve(response.status));
      }),
    );
    expect(status).toBe(200);
    expect(a.stats()!.timerExpiries.F).toBe(1);
  });
});

describe('a call that no target serves', () => {
  test('ends with what the last one gave, and names them all', async () => {
    const [closed, full] = [await closedPort(), await h.peer()];
    refuses(full, '503 Full');
    const a = await caller(await dnsServer(inOrder(closed, full.port)));
    const error = await failure(call(a));
    expect([error.status, error.reason]).toEqual([503, 'Full']);
    expect(tried(error.res!)).toEqual([
      `<sip:127.0.0.1:${closed};transport=udp>;status=503;reason="transport: ECONNREFUSED"`,
      `<sip:127.0.0.1:${full.port};transport=udp>;status=503;reason="Full"`,
    ]);
  });

  test('because it was cancelled while the first target kept silent goes to no other one', async () => {
    const [silent, b] = [await h.peer(), await answering()];
    const a = await caller(await dnsServer(inOrder(silent.port, b.port)));
    const error = await failure(
      a.srf.createUAC('sip:1000@trunk.test', { localSdp: SDP }, { cbRequest: (_error, request) => request!.cancel() }),
    );
    expect(error.status).toBe(408);
    expect(b.stats()!.messagesReceived).toBe(0);
  });

  test('is cancelled at the target that rings, the second', async () => {
    const [closed, b] = [await closedPort(), await h.endpoint(QUICK)];
    let cancelled = false;
    b.srf.invite((request, response) => {
      request.on('cancel', () => {
        cancelled = true;
      });
      response.send(180);
    });
    const a = await caller(await dnsServer(inOrder(closed, b.port)));
    let cancel = (): void => {};
    const error = await failure(
      a.srf.createUAC(
        'sip:1000@trunk.test',
        { localSdp: SDP },
        {
          cbRequest: (_error, request) => {
            cancel = () => request!.cancel();
          },
          cbProvisional: () => cancel(),
        },
      ),
    );
    expect(error.status).toBe(487);
    expect(cancelled).toBe(true);
    expect(tried(error.res!)).toHaveLength(2);
  });

  test('because the DNS keeps silent ends in a local 503 that says so', async () => {
    const a = await caller(
      await dnsServer({ 'trunk.test': { silent: true }, '_sip._udp.trunk.test': { silent: true } }),
    );
    const error = await failure(call(a));
    expect(error.status).toBe(503);
    expect(error.res!.get('reason')).toContain('ETIMEOUT');
  });
});

describe('a name with several addresses', () => {
  test('is tried at each of them', async () => {
    const b = await answering();
    const dns = await dnsServer({ 'many.test': { a: ['127.0.0.2', '127.0.0.3', '127.0.0.1'] } });
    const dialog = await call(await caller(dns), `sip:1000@many.test:${b.port}`);
    expect(tried(dialog.res).map((text) => /127\.0\.0\.\d/.exec(text)![0])).toEqual([
      '127.0.0.2',
      '127.0.0.3',
      '127.0.0.1',
    ]);
  });
});

describe('servers of the same priority', () => {
  test('get calls in proportion to their weights', async () => {
    const targets = [await h.endpoint(QUICK), await h.endpoint(QUICK)];
    const counts = [0, 0];
    for (const [i, target] of targets.entries())
      target.srf.invite((_request, response) => {
        counts[i]++;
        response.send(486);
      });
    const dns = await dnsServer({
      '_sip._udp.trunk.test': {
        srv: [
          [1, 80, targets[0].port, 'host.trunk.test'],
          [1, 20, targets[1].port, 'host.trunk.test'],
        ],
      },
      'host.trunk.test': { a: ['127.0.0.1'] },
    });
    const a = await caller(dns, 5);
    for (let i = 0; i < 300; i++) await failure(call(a));
    expect(counts[0] + counts[1]).toBe(300);
    // 240 of 300; four standard deviations are 28.
    expect(Math.abs(counts[0] - 240)).toBeLessThan(28);
    expect(dns.queries.filter((query) => query.startsWith('SRV _sip._udp'))).toHaveLength(1);
  });
});

test('localhost needs no DNS', async () => {
  const b = await answering();
  const dns = await dnsServer({});
  const dialog = await call(await caller(dns), `sip:1000@localhost:${b.port}`);
  await dialog.destroy();
  expect(dns.queries).toEqual([]);
});
