import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DrachtioConnection } from '../../src/drachtio/connect.js';
import type { SrfCallError, SrfRequest } from '../../src/drachtio/srf-types.js';
import { Harness, headerIn, QUICK, type RawPeer, reply, SDP, until } from './sip-harness.js';

interface ProxyResult {
  connected: boolean;
  finalStatus: number;
  responses: { address: string; port: number; msgs: { status: number }[] }[];
}

type Endpoint = DrachtioConnection & { port: number };

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

/** A proxy whose application sends every INVITE and MESSAGE on to these places. */
async function proxyTo(ports: number[], options: Record<string, unknown> = {}, timers = QUICK) {
  const proxy = await h.endpoint(timers);
  const results: ProxyResult[] = [];
  const errors: unknown[] = [];
  const { srf } = proxy as unknown as {
    srf: { proxyRequest(r: SrfRequest, to: string[], o: object): Promise<ProxyResult> };
  };
  const forward = (request: SrfRequest): void => {
    const to = ports.map((port) => `sip:callee@127.0.0.1:${port}`);
    srf.proxyRequest(request, to, { ...options }).then(
      (result) => results.push(result),
      (error: unknown) => errors.push(error),
    );
  };
  proxy.srf.invite(forward);
  proxy.srf.message(forward);
  return { proxy, results, errors, target: `sip:callee@127.0.0.1:${proxy.port}` };
}

/** Answers every call, after ringing, and notes what it got. */
async function answering(): Promise<{ end: Endpoint; seen: string[]; invites: SrfRequest[] }> {
  const end = await h.endpoint();
  const seen: string[] = [];
  const invites: SrfRequest[] = [];
  end.srf.invite(async (request, response) => {
    invites.push(request);
    response.send(180);
    const dialog = await end.srf.createUAS(request, response, { localSdp: SDP });
    dialog.once('ack', (ack) => seen.push(`ACK ${ack.getParsedHeader('via') ? headerIn(ack.raw, 'Via') : ''}`));
    dialog.on('destroy', () => seen.push('BYE'));
  });
  return { end, seen, invites };
}

async function refusing(status: number, headers: Record<string, string> = {}): Promise<Endpoint> {
  const end = await h.endpoint();
  end.srf.invite((_request, response) => response.send(status, { headers }));
  return end;
}

async function statusOf(call: Promise<unknown>): Promise<number | undefined> {
  return call.then(
    () => 200,
    (error: SrfCallError) => error.status,
  );
}

/** An INVITE as a plain peer would write it. */
function invite(from: RawPeer, to: number, extra: string[] = [], method = 'INVITE'): string {
  return [
    `${method} sip:callee@127.0.0.1:${to} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${from.port};branch=z9hG4bK${method}${extra.length}`,
    'From: <sip:caller@127.0.0.1>;tag=caller',
    `To: <sip:callee@127.0.0.1:${to}>`,
    `Call-ID: call-${extra.length}@test`,
    `CSeq: 1 ${method}`,
    `Contact: <sip:caller@127.0.0.1:${from.port}>`,
    ...extra,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

describe('a proxied call', () => {
  test('stays with the proxy to its end when it asked for that: ACK and BYE pass through, both ways', async () => {
    const { end, seen, invites } = await answering();
    const { target, results, proxy } = await proxyTo([end.port], { recordRoute: true });
    const caller = await h.endpoint();
    const dialog = await caller.srf.createUAC(target, { localSdp: SDP });
    await until(() => seen.length === 1);
    expect(seen[0]).toContain(`127.0.0.1:${proxy.port}`);
    const [request] = invites;
    expect(request.raw.match(/^Via:/gm)).toHaveLength(2);
    expect(request.get('Max-Forwards')).toBe('69');
    expect(request.get('Record-Route')).toMatch(new RegExp(`^<sip:127\\.0\\.0\\.1:${proxy.port};lr;`));
    const info = await dialog.request({ method: 'INFO', headers: { 'Content-Type': 'text/plain' }, body: 'x' });
    expect(info.status).toBe(200);
    const before = proxy.stats()!.messagesReceived;
    await dialog.destroy();
    expect(seen[1]).toBe('BYE');
    expect(proxy.stats()!.messagesReceived).toBe(before + 2);
    expect(results).toMatchObject([{ connected: true, finalStatus: 200, responses: [{ port: end.port }] }]);
    expect(proxy.stats()!.dialogs).toBe(0);
    expect(h.fatal).toEqual([]);
  });

  test('is hung up by the called side through the proxy, too', async () => {
    const end = await h.endpoint();
    end.srf.invite(async (request, response) => {
      const dialog = await end.srf.createUAS(request, response, { localSdp: SDP });
      dialog.once('ack', () => void dialog.destroy());
    });
    const { target, proxy } = await proxyTo([end.port], { recordRoute: true });
    const caller = await h.endpoint();
    const dialog = await caller.srf.createUAC(target, { localSdp: SDP });
    const bye = await new Promise<SrfRequest>((resolve) => dialog.on('destroy', resolve));
    expect(bye.raw.match(/^Via:/gm)).toHaveLength(2);
    expect(headerIn(bye.raw, 'Via')).toContain(`:${proxy.port}`);
  });

  test('goes on without the proxy when it did not ask', async () => {
    const { end, seen } = await answering();
    const { target, proxy } = await proxyTo([end.port]);
    const caller = await h.endpoint();
    const dialog = await caller.srf.createUAC(target, { localSdp: SDP });
    await until(() => seen.length === 1);
    const before = proxy.stats()!.messagesReceived;
    await dialog.destroy();
    expect(proxy.stats()!.messagesReceived).toBe(before);
    expect(seen[1]).toBe('BYE');
  });

  test('is cancelled at the callee when the caller gives up', async () => {
    const end = await h.endpoint();
    let cancelled = false;
    end.srf.invite((request, response) => {
      request.on('cancel', () => {
        cancelled = true;
      });
      response.send(180);
    });
    const { target, results } = await proxyTo([end.port]);
    const caller = await h.endpoint();
    let sent: SrfRequest | undefined;
    const call = caller.srf.createUAC(
      target,
      { localSdp: SDP },
      {
        cbRequest: (_error, request) => {
          sent = request;
        },
        cbProvisional: (response) => response.status === 180 && sent!.cancel(),
      },
    );
    expect(await statusOf(call)).toBe(487);
    expect(cancelled).toBe(true);
    await until(() => results.length === 1);
    expect(results[0]).toMatchObject({ connected: false, finalStatus: 487 });
  });

  test('takes headers of the application and keeps those that nobody knows', async () => {
    const { end, invites } = await answering();
    const { target } = await proxyTo([end.port], { headers: { 'X-Trunk': 'b', Subject: 'new' } });
    const caller = await h.endpoint();
    const headers = { 'X-Odd': 'kept', Subject: 'old' };
    await (await caller.srf.createUAC(target, { localSdp: SDP, headers })).destroy();
    expect(['X-Odd', 'X-Trunk', 'Subject'].map((name) => invites[0].get(name))).toEqual(['kept', 'b', 'new']);
    expect(invites[0].body).toBe(SDP);
  });
});

describe('forking', () => {
  test('in series tries the next target when one refuses', async () => {
    const [busy, { end }] = [await refusing(486), await answering()];
    const { target, results } = await proxyTo([busy.port, end.port]);
    const caller = await h.endpoint();
    await (await caller.srf.createUAC(target, { localSdp: SDP })).destroy();
    // srf lists targets of one address together, so the statuses tell them apart.
    expect(results[0].responses.flatMap(({ msgs }) => msgs.map(({ status }) => status))).toEqual([486, 200]);
  });

  test('at once takes the first answer and cancels the others', async () => {
    const ringing = await h.endpoint();
    let cancelled = false;
    ringing.srf.invite((request, response) => {
      request.on('cancel', () => {
        cancelled = true;
      });
      response.send(180);
    });
    const end = await h.endpoint();
    end.srf.invite(async (request, response) => {
      await until(() => ringing.stats()!.messagesSent > 1);
      await end.srf.createUAS(request, response, { localSdp: SDP });
    });
    const { target, results } = await proxyTo([ringing.port, end.port], { forking: 'simultaneous' });
    const caller = await h.endpoint();
    await (await caller.srf.createUAC(target, { localSdp: SDP })).destroy();
    await until(() => cancelled);
    expect(results).toMatchObject([{ connected: true, finalStatus: 200 }]);
  });

  test.each([
    [[486, 404], 486],
    [[404, 486], 404],
    [[486, 500], 486],
    [[500, 404], 404],
    [[486, 603, 404], 603],
    [[404, 407], 407],
    [[503], 500],
  ])('of %j the caller gets %i', async (statuses, expected) => {
    const ends: Endpoint[] = [];
    for (const status of statuses)
      ends.push(await refusing(status, status === 407 ? { 'Proxy-Authenticate': 'Digest realm="x", nonce="y"' } : {}));
    const { target, results } = await proxyTo(
      ends.map(({ port }) => port),
      { forking: 'simultaneous' },
    );
    const caller = await h.endpoint();
    expect(await statusOf(caller.srf.createUAC(target, { localSdp: SDP }))).toBe(expected);
    await until(() => results.length === 1);
    expect(results[0].connected).toBe(false);
  });

  test('passes over a target that gives no sign of life in the time that the application gives', async () => {
    const [silent, { end }] = [await h.peer(), await answering()];
    const { target } = await proxyTo([silent.port, end.port], { provisionalTimeout: '120ms' });
    const caller = await h.endpoint();
    await (await caller.srf.createUAC(target, { localSdp: SDP })).destroy();
    expect(silent.count('INVITE')).toBeGreaterThan(0);
  });

  test('cancels a target that rings for too long, and gives up with 408 when it was the last', async () => {
    const ringing = await h.peer();
    const { target } = await proxyTo([ringing.port], { finalTimeout: '150ms' });
    const caller = await h.endpoint();
    const call = statusOf(caller.srf.createUAC(target, { localSdp: SDP }));
    ringing.send(reply(await ringing.message('INVITE'), '180 Ringing', 'r'), Number(target.split(':')[2]));
    await ringing.message('CANCEL');
    expect(await call).toBe(408);
  });

  test('goes where a redirection points when the application says so, else hands it to the caller', async () => {
    const { end, invites } = await answering();
    const moved = await refusing(302, { Contact: `<sip:new@127.0.0.1:${end.port}>` });
    const caller = await h.endpoint();
    const following = await proxyTo([moved.port], { followRedirects: true });
    await (await caller.srf.createUAC(following.target, { localSdp: SDP })).destroy();
    expect(invites[0].uri).toBe(`sip:new@127.0.0.1:${end.port}`);
    const strict = await proxyTo([moved.port]);
    expect(await statusOf(caller.srf.createUAC(strict.target, { localSdp: SDP }))).toBe(302);
  });

  test('is over with 500 when nobody can be reached, and with 408 when nobody answers', async () => {
    const silent = await h.peer();
    const { target } = await proxyTo([silent.port], {}, { t1Ms: 5, t2Ms: 20, t4Ms: 20 });
    const caller = await h.endpoint();
    expect(await statusOf(caller.srf.createUAC(target, { localSdp: SDP }))).toBe(408);
    const { target: nowhere } = await proxyTo([9]);
    expect(await statusOf(caller.srf.createUAC(nowhere, { localSdp: SDP }))).toBe(500);
  });
});

describe('what a proxy does not let pass', () => {
  test.each([
    ['Max-Forwards: 0', '483 '],
    ['Proxy-Require: teleport', '420 '],
  ])('a request with %s is answered %s', async (line, status) => {
    const [caller, callee] = [await h.peer(), await h.peer()];
    const { proxy } = await proxyTo([callee.port]);
    caller.send(invite(caller, proxy.port, [line]), proxy.port);
    const answer = await caller.message(`SIP/2.0 ${status}`);
    if (status === '420 ') expect(headerIn(answer, 'Unsupported')).toBe('teleport');
    expect(callee.received).toEqual([]);
  });

  test('a request that comes back to it unchanged loops: 482', async () => {
    const [caller, callee] = [await h.peer(), await h.peer()];
    const { proxy } = await proxyTo([callee.port]);
    caller.send(invite(caller, proxy.port), proxy.port);
    const forwarded = await callee.message('INVITE');
    callee.send(forwarded.replace(/^INVITE \S+/, `INVITE sip:callee@127.0.0.1:${proxy.port}`), proxy.port);
    await callee.message('SIP/2.0 482 ');
  });

  test('a Route that others made up leads nowhere', async () => {
    const [caller, victim] = [await h.peer(), await h.peer()];
    const { proxy } = await proxyTo([victim.port]);
    const routes = `Route: <sip:127.0.0.1:${proxy.port};lr;pxy=00112233445566778899>`;
    const bye = invite(caller, victim.port, [routes], 'BYE').replace(/^(To: .*)$/m, '$1;tag=x');
    caller.send(bye, proxy.port);
    await caller.message('SIP/2.0 481 ');
    expect(victim.received).toEqual([]);
  });

  test('the breadth of a request is shared out among its branches, the rest waits for a branch to end', async () => {
    const caller = await h.peer();
    const callees = [await h.peer(), await h.peer(), await h.peer()];
    const { proxy } = await proxyTo(
      callees.map(({ port }) => port),
      { forking: 'simultaneous' },
    );
    caller.send(invite(caller, proxy.port, ['Max-Breadth: 2']), proxy.port);
    const first = await callees[0].message('INVITE');
    const second = await callees[1].message('INVITE');
    expect([first, second].map((text) => headerIn(text, 'Max-Breadth'))).toEqual(['1', '1']);
    expect(callees[2].received).toEqual([]);
    callees[0].send(reply(first, '486 Busy', 'x'), proxy.port);
    expect(headerIn(await callees[2].message('INVITE'), 'Max-Breadth')).toBe('1');
    caller.send(invite(caller, proxy.port, ['Max-Breadth: 0', 'Subject: none left']), proxy.port);
    await caller.message('SIP/2.0 440 ');
  });

  test('a request without a breadth leaves with 60, or its share of that', async () => {
    const caller = await h.peer();
    const callees = [await h.peer(), await h.peer()];
    const { proxy } = await proxyTo(
      callees.map(({ port }) => port),
      { forking: 'simultaneous' },
    );
    caller.send(invite(caller, proxy.port), proxy.port);
    for (const callee of callees) expect(headerIn(await callee.message('INVITE'), 'Max-Breadth')).toBe('30');
  });

  test('a registration gets a Path, by which calls to its Contact come back through here, and to nothing else', async () => {
    const [phone, registrar] = [await h.peer(), await h.peer()];
    const proxy = await h.endpoint(QUICK);
    const { srf } = proxy as unknown as {
      srf: { proxyRequest(r: SrfRequest, to: string, o: object): Promise<ProxyResult> };
    };
    proxy.srf.register((request) => {
      srf.proxyRequest(request, `sip:127.0.0.1:${registrar.port}`, { path: true }).catch(() => {});
    });
    phone.send(invite(phone, proxy.port, ['Supported: path'], 'REGISTER'), proxy.port);
    const register = await registrar.message('REGISTER');
    const path = headerIn(register, 'Path');
    expect(path).toMatch(new RegExp(`^<sip:127\\.0\\.0\\.1:${proxy.port};lr;pth=`));
    expect(register).not.toContain('Record-Route');
    registrar.send(reply(register, '200 OK', 'r'), proxy.port);
    await phone.message('SIP/2.0 200');
    const call = (target: string, extra: string[]): string =>
      invite(registrar, proxy.port, extra).replace(/^INVITE \S+/, `INVITE ${target}`);
    registrar.send(call(`sip:caller@127.0.0.1:${phone.port}`, [`Route: ${path}`]), proxy.port);
    const arrived = await phone.message('INVITE');
    expect(arrived).not.toContain('\r\nRoute:');
    expect(headerIn(arrived, 'Record-Route')).toContain(`127.0.0.1:${proxy.port}`);
    const victim = await h.peer();
    registrar.send(call(`sip:x@127.0.0.1:${victim.port}`, [`Route: ${path}`, 'Subject: relay']), proxy.port);
    await registrar.message('SIP/2.0 405');
    expect(victim.received).toEqual([]);
  });

  test('a registration whose sender knows no Path gets none', async () => {
    const [phone, registrar] = [await h.peer(), await h.peer()];
    const proxy = await h.endpoint(QUICK);
    const { srf } = proxy as unknown as {
      srf: { proxyRequest(r: SrfRequest, to: string, o: object): Promise<ProxyResult> };
    };
    proxy.srf.register((request) => {
      srf.proxyRequest(request, `sip:127.0.0.1:${registrar.port}`, { path: true }).catch(() => {});
    });
    phone.send(invite(phone, proxy.port, [], 'REGISTER'), proxy.port);
    expect(headerIn(await registrar.message('REGISTER'), 'Path')).toBe('');
  });

  test('requests other than INVITE pass, and their answers come back', async () => {
    const end = await h.endpoint();
    end.srf.message((_request, response) => response.send(202));
    const { target } = await proxyTo([end.port]);
    const caller = await h.endpoint();
    const headers = { 'Content-Type': 'text/plain' };
    const request = await caller.srf.request(target, { method: 'MESSAGE', headers, body: 'hello' });
    const status = await new Promise((resolve) => request.on('response', (response) => resolve(response.status)));
    expect(status).toBe(202);
  });
});
