import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApplicationPort } from '../../src/drachtio/application-port.js';
import { connectExternal, type DrachtioConnection } from '../../src/drachtio/connect.js';
import { EmbeddedServer } from '../../src/drachtio/embedded-server.js';
import type { SrfRequest } from '../../src/drachtio/srf-types.js';
import { UserAgent } from '../../src/sip/user-agent.js';
import { Harness, SDP, until } from './sip-harness.js';

let h: Harness;
let agent: UserAgent;
let port: ApplicationPort;
let application: DrachtioConnection;
let target = '';
const records: string[] = [];

beforeEach(async () => {
  h = new Harness();
  records.length = 0;
  agent = await UserAgent.open({ address: '127.0.0.1', port: 0 });
  const server = new EmbeddedServer(agent, { secret: 'cymru' });
  port = await ApplicationPort.open({ host: '127.0.0.1', port: 0, server });
  application = await connectExternal({ host: '127.0.0.1', port: port.local.port, secret: 'cymru', onFatal: () => {} });
  target = `sip:x@127.0.0.1:${agent.local.port}`;
  const srf = application.srf as unknown as { on(event: string, listener: (...about: unknown[]) => void): void };
  srf.on('cdr:attempt', (source) => records.push(`attempt ${source}`));
  for (const kind of ['start', 'stop'])
    srf.on(`cdr:${kind}`, (source, time, what, message) => {
      expect(time).toMatch(/^\d\d:\d\d:\d\d\.\d{6}$/);
      expect(message).toHaveProperty('headers');
      records.push(`${kind} ${source} ${what}`);
    });
});
afterEach(async () => {
  await h.close();
  await application.close();
  await port.close();
  await agent.close();
});

/** What the records of one call come to; the routes stand once the first call after them was taken. */
async function expectRecords(expected: string[]): Promise<void> {
  await until(() => records.length >= expected.length);
  expect(records).toEqual(expected);
}

test('a call that comes in leaves attempt, start and stop', async () => {
  application.srf.invite(async (request, response) => {
    await application.srf.createUAS(request, response, { localSdp: SDP });
  });
  await new Promise<void>((resolve) => {
    application.srf.request('sip:x@127.0.0.1:nowhere', { method: 'OPTIONS' }, () => resolve());
  });
  const caller = await h.endpoint();
  await (await caller.srf.createUAC(target, { localSdp: SDP })).destroy();
  await expectRecords(['attempt network', 'start application uas', 'stop network normal-release']);
});

test('a call that goes out, is answered and hung up; another that is refused', async () => {
  const far = await h.endpoint();
  far.srf.invite(async (request, response) => {
    if (request.calledNumber === 'busy') response.send(486);
    else await far.srf.createUAS(request, response, { localSdp: SDP });
  });
  await (await application.srf.createUAC(`sip:y@127.0.0.1:${far.port}`, { localSdp: SDP })).destroy();
  await application.srf.createUAC(`sip:busy@127.0.0.1:${far.port}`, { localSdp: SDP }).catch(() => {});
  await expectRecords([
    'attempt application',
    'start network uac',
    'stop application normal-release',
    'attempt application',
    'stop network call-rejected',
  ]);
});

test('a call that the caller gives up is cancelled', async () => {
  application.srf.invite((_request, response) => response.send(180));
  await new Promise<void>((resolve) => {
    application.srf.request('sip:x@127.0.0.1:nowhere', { method: 'OPTIONS' }, () => resolve());
  });
  const caller = await h.endpoint();
  let sent: SrfRequest | undefined;
  const call = caller.srf.createUAC(
    target,
    { localSdp: SDP },
    {
      cbRequest: (_error, request) => {
        sent = request;
      },
      cbProvisional: () => sent!.cancel(),
    },
  );
  await expect(call).rejects.toMatchObject({ status: 487 });
  await expectRecords(['attempt network', 'stop network call-canceled']);
});

test('a call that nobody takes is rejected', async () => {
  const caller = await h.endpoint();
  await new Promise<void>((resolve) => {
    application.srf.request('sip:x@127.0.0.1:nowhere', { method: 'OPTIONS' }, () => resolve());
  });
  await expect(caller.srf.createUAC(target, { localSdp: SDP })).rejects.toMatchObject({ status: 405 });
  await expectRecords(['attempt network', 'stop application call-rejected']);
});

test('a call that passes through as a proxy has both sides', async () => {
  const far = await h.endpoint();
  far.srf.invite(async (request, response) => void (await far.srf.createUAS(request, response, { localSdp: SDP })));
  const srf = application.srf as unknown as { proxyRequest(r: SrfRequest, to: string, o: object): Promise<unknown> };
  application.srf.invite(
    (request) => void srf.proxyRequest(request, `sip:y@127.0.0.1:${far.port}`, { recordRoute: true }),
  );
  await new Promise<void>((resolve) => {
    application.srf.request('sip:x@127.0.0.1:nowhere', { method: 'OPTIONS' }, () => resolve());
  });
  const caller = await h.endpoint();
  await (await caller.srf.createUAC(target, { localSdp: SDP })).destroy();
  await expectRecords([
    'attempt network',
    'attempt application',
    'start network proxy-uac',
    'start application proxy-uas',
    'stop network normal-release',
  ]);
});
