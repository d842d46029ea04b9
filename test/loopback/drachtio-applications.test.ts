import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SrfRequest } from '../../src/drachtio/srf-types.js';
import { Cli, Scratch } from '../support/cli.js';
import { Harness, SDP, until } from './sip-harness.js';

const FIXTURES = fileURLToPath(new URL('../fixtures/drachtio/', import.meta.url));
const scratch = new Scratch();

/** An application in a process of its own, as its user would start it. */
class Application {
  said = '';
  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream!.setEncoding('utf8').on('data', (text: string) => {
        this.said += text;
      });
  }

  static start(name: string, environment: Record<string, string>): Application {
    const env = { ...process.env, SDP, ...environment };
    return new Application(spawn(process.execPath, [`${FIXTURES}${name}.cjs`], { env }));
  }

  async says(text: string): Promise<void> {
    await until(() => {
      if (this.child.exitCode !== null && !this.said.includes(text))
        throw new Error(`ended without saying ${text}: ${this.said}`);
      return this.said.includes(text);
    });
  }

  close(): void {
    this.child.kill();
  }
}

describe('an application of drachtio-srf on trunkstorm drachtio', () => {
  let h: Harness;
  const servers: Cli[] = [];
  const applications: Application[] = [];
  beforeEach(() => {
    h = new Harness();
  });
  afterEach(async () => {
    for (const application of applications.splice(0)) application.close();
    await h.close();
    for (const server of servers.splice(0)) {
      server.child.kill('SIGINT');
      expect(await server.ended).toBe(0);
    }
  });

  /** A server of its own; gives the ports for its applications and for SIP. */
  async function server(): Promise<{ DRACHTIO_PORT: string; sip: string }> {
    const command = Cli.start(['drachtio', '--port', '0', '--sip-port', '0'], scratch.path);
    servers.push(command);
    await command.says(/ at 127\.0\.0\.1:\d+ · SIP .*127\.0\.0\.1:\d+/);
    const [, admin, sip] = /127\.0\.0\.1:(\d+) · SIP .*?(127\.0\.0\.1:\d+)/.exec(command.stdout)!;
    return { DRACHTIO_PORT: admin, sip };
  }

  function start(name: string, environment: Record<string, string>): Application {
    const application = Application.start(name, environment);
    applications.push(application);
    return application;
  }

  /** Started, connected, and its routes taken: the server takes them before it sends anything to the application. */
  async function serving(name: string, environment: Record<string, string>): Promise<Application> {
    const application = start(name, environment);
    await application.says('ready');
    return application;
  }

  test('calls and is called: UAC and UAS, each on a server of its own', async () => {
    const [ours, theirs] = [await server(), await server()];
    const uas = await serving('uas', theirs);
    const uac = start('uac', { ...ours, TARGET: `sip:1000@${theirs.sip}` });
    await uac.says('hung up with BYE');
    expect(uac.said).toContain('connected, they say o=- 1 1 IN IP4 127.0.0.1');
    expect(uac.said).toContain('info 200');
    await uas.says('caller hung up');
    expect(uas.said).toContain('answered 4989');
  });

  test('answers a digest challenge to its INVITE', async () => {
    const far = await h.endpoint();
    const tried: (string | undefined)[] = [];
    far.srf.invite(async (request, response) => {
      tried.push(request.get('Authorization'));
      if (tried.length === 1)
        response.send(401, { headers: { 'WWW-Authenticate': 'Digest realm="far", nonce="abc", algorithm=MD5' } });
      else {
        const dialog = await far.srf.createUAS(request, response, { localSdp: SDP });
        dialog.on('info', (_info, answer) => answer.send(200));
      }
    });
    const uac = start('uac', { ...(await server()), TARGET: `sip:1000@127.0.0.1:${far.port}` });
    await uac.says('hung up with BYE');
    expect(tried).toEqual([undefined, expect.stringContaining('username="alice"')]);
  });

  test('joins two calls as a B2BUA, and hears of a refusal', async () => {
    const far = await h.endpoint();
    const invites: SrfRequest[] = [];
    far.srf.invite(async (request, response) => {
      invites.push(request);
      if (request.calledNumber === '486') response.send(486);
      else await far.srf.createUAS(request, response, { localSdp: SDP });
    });
    const ours = await server();
    const b2bua = await serving('b2bua', { ...ours, TARGET: `sip:far@127.0.0.1:${far.port}` });
    const caller = await h.endpoint();
    const dialog = await caller.srf.createUAC(`sip:near@${ours.sip}`, { localSdp: SDP, headers: { Subject: 'hello' } });
    await b2bua.says('call connected');
    expect(invites[0].get('Subject')).toBe('hello');
    await dialog.destroy();
    await until(() => far.stats()!.dialogs === 0);
    b2bua.close();
    const refused = await serving('b2bua', { ...ours, TARGET: `sip:486@127.0.0.1:${far.port}` });
    const call = caller.srf.createUAC(`sip:near@${ours.sip}`, { localSdp: SDP });
    await expect(call).rejects.toMatchObject({ status: 486 });
    await refused.says('call failed to connect: 486');
  });

  test('proxies to the second target when the first one refuses', async () => {
    const [busy, far] = [await h.endpoint(), await h.endpoint()];
    busy.srf.invite((_request, response) => response.send(480));
    far.srf.invite(async (request, response) => void (await far.srf.createUAS(request, response, { localSdp: SDP })));
    const ours = await server();
    const targets = `sip:a@127.0.0.1:${busy.port} sip:b@127.0.0.1:${far.port}`;
    const proxy = await serving('proxy', { ...ours, TARGETS: targets });
    const caller = await h.endpoint();
    const dialog = await caller.srf.createUAC(`sip:x@${ours.sip}`, { localSdp: SDP });
    await proxy.says('final status 200, connected true');
    await dialog.destroy();
    expect([caller.stats()!.dialogs, far.stats()!.dialogs]).toEqual([0, 0]);
  });

  test('pings with OPTIONS', async () => {
    const far = await h.endpoint();
    far.srf.options((_request, response) => response.send(200));
    const ours = await server();
    const options = start('options', { ...ours, TARGET: `sip:127.0.0.1:${far.port}` });
    await options.says('Response to OPTIONS ping: 200');
    expect(options.said).toContain(`connected to server listening on udp/${ours.sip}`);
  });

  test('is a registrar that challenges, and serves a subscriber on another server', async () => {
    const [ours, theirs] = [await server(), await server()];
    const registrar = await serving('registrar', ours);
    const phone = await h.endpoint();
    const request = await phone.srf.request(`sip:${ours.sip}`, {
      method: 'REGISTER',
      headers: { From: 'sip:alice@test', To: 'sip:alice@test', Contact: `<sip:alice@127.0.0.1:${phone.port}>` },
      auth: { username: 'alice', password: 'wonder' },
    });
    const contact = await new Promise((resolve) =>
      request.on('response', (response) => resolve(response.get('Contact'))),
    );
    expect(contact).toBe(`<sip:alice@127.0.0.1:${phone.port}>;expires=60`);
    await registrar.says(`registered sip:alice@127.0.0.1:${phone.port}`);
    const subscriber = start('subscriber', { ...theirs, TARGET: `sip:alice@${ours.sip}` });
    await subscriber.says('notified: open');
    await registrar.says('notified 200');
  });
});
