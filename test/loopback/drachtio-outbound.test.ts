import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EmbeddedServer } from '../../src/drachtio/embedded-server.js';
import { newSrf, type SrfApp } from '../../src/drachtio/srf-types.js';
import { UserAgent } from '../../src/sip/user-agent.js';
import { Harness, SDP, until } from './sip-harness.js';

let h: Harness;
let agent: UserAgent;
let server: EmbeddedServer;
let listener: Server;
let srf: SrfApp;
let target = '';
let connections = 0;

beforeEach(async () => {
  h = new Harness();
  connections = 0;
  listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  srf = newSrf();
  srf.on('connect', () => connections++);
  srf.listen({ server: listener, secret: 'cymru' });
  agent = await UserAgent.open({ address: '127.0.0.1', port: 0 });
  const { port } = listener.address() as { port: number };
  server = new EmbeddedServer(agent, { secret: 'cymru', routeTo: { host: '127.0.0.1', port } });
  target = `sip:x@127.0.0.1:${agent.local.port}`;
});
afterEach(async () => {
  await h.close();
  server.close();
  await agent.close();
  listener.close();
});

test('each new request goes to the listening application over a connection of its own, which serves its dialog', async () => {
  let ended = 0;
  srf.invite(async (request, response) => {
    const dialog = await srf.createUAS(request, response, { localSdp: SDP });
    dialog.on('destroy', () => ended++);
  });
  const caller = await h.endpoint();
  for (let i = 0; i < 2; i++) await (await caller.srf.createUAC(target, { localSdp: SDP })).destroy();
  await until(() => ended === 2);
  expect(connections).toBe(2);
  expect(agent.stats().dialogs).toBe(0);
});

test('an application that is not there means 480', async () => {
  await new Promise((resolve) => listener.close(resolve));
  const caller = await h.endpoint();
  await expect(caller.srf.createUAC(target, { localSdp: SDP })).rejects.toMatchObject({ status: 480 });
});
