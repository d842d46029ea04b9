import { createServer, connect as tcpConnect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectExternal, type DrachtioConnection } from '../../src/drachtio/connect.js';
import type { SrfCallError, SrfDialog } from '../../src/drachtio/srf-types.js';
import { Authority } from '../support/certificates.js';
import { Cli, cli, Scratch } from '../support/cli.js';
import { Harness, SDP, until } from './sip-harness.js';

const scratch = new Scratch();

describe('trunkstorm drachtio', () => {
  let h: Harness;
  let command: Cli;
  let port = 0;
  let target = '';
  const applications: DrachtioConnection[] = [];
  const lost: Error[] = [];

  beforeEach(async () => {
    h = new Harness();
    lost.length = 0;
    const args = ['drachtio', '--port', '0', '--sip-port', '0', '--secret', 's3cret', '--json'];
    command = Cli.start(args, scratch.path);
    await command.says(/SIP udp, tcp at .*\n/);
    port = Number(/applications at 127\.0\.0\.1:(\d+)/.exec(command.stderr)![1]);
    target = `sip:x@${/SIP udp, tcp at (\S+)/.exec(command.stderr)![1]}`;
  });
  afterEach(async () => {
    for (const application of applications.splice(0)) await application.close();
    await h.close();
    command.child.kill('SIGINT');
    await command.ended;
  });

  const application = async (): Promise<DrachtioConnection> => {
    const connection = await connectExternal({
      host: '127.0.0.1',
      port,
      secret: 's3cret',
      onFatal: (error) => lost.push(error),
    });
    applications.push(connection);
    return connection;
  };

  /** Takes calls and counts them; resolves once the server confirmed the route. */
  const callee = async (): Promise<{ connection: DrachtioConnection; dialogs: SrfDialog[] }> => {
    const connection = await application();
    const dialogs: SrfDialog[] = [];
    connection.srf.invite(async (request, response) => {
      dialogs.push(await connection.srf.createUAS(request, response, { localSdp: SDP }));
    });
    // The server answers in order: what is confirmed after the route says that the route stands.
    await new Promise<void>((resolve) => {
      connection.srf.request('sip:none@invalid;transport=sctp', { method: 'OPTIONS' }, () => resolve());
    });
    return { connection, dialogs };
  };

  test('refuses with 503 while no application takes the method, then serves calls both ways', async () => {
    const far = await h.endpoint();
    await expect(far.srf.createUAC(target, { localSdp: SDP })).rejects.toMatchObject({ status: 503 });
    const near = await callee();
    const inward = await far.srf.createUAC(target, { localSdp: SDP });
    await inward.destroy();
    far.srf.invite(async (request, response) => void (await far.srf.createUAS(request, response, { localSdp: SDP })));
    const outward = await near.connection.srf.createUAC(`sip:y@127.0.0.1:${far.port}`, { localSdp: SDP });
    await outward.destroy();
    expect(far.stats()!.dialogs).toBe(0);
    command.child.kill('SIGINT');
    expect(await command.ended).toBe(0);
    const { sip } = JSON.parse(command.stdout);
    expect(sip).toMatchObject({ malformed: 0, retransmissionsSent: 0, dialogs: 0 });
  });

  test('gives calls to several applications in turn, and to those that are left when one goes', async () => {
    const far = await h.endpoint();
    const [one, two] = [await callee(), await callee()];
    const calls: SrfDialog[] = [];
    for (let i = 0; i < 4; i++) calls.push(await far.srf.createUAC(target, { localSdp: SDP }));
    await until(() => one.dialogs.length + two.dialogs.length === 4);
    expect([one.dialogs.length, two.dialogs.length]).toEqual([2, 2]);
    await one.connection.close();
    // Whose calls they were cannot be asked any more: its dialogs are gone with it, the other's stand.
    const answers: number[] = [];
    for (const call of calls) {
      const info = await call.request({ method: 'INFO', headers: { 'Content-Type': 'text/plain' }, body: 'x' });
      answers.push(info.status);
    }
    expect(answers.filter((status) => status === 481)).toHaveLength(2);
    for (let i = 0; i < 2; i++) await (await far.srf.createUAC(target, { localSdp: SDP })).destroy();
    expect(two.dialogs).toHaveLength(4);
    expect(lost).toEqual([]);
  });

  test('refuses a wrong secret and closes whatever is no drachtio application', async () => {
    const wrong = connectExternal({ host: '127.0.0.1', port, secret: 'wrong', onFatal: () => {} });
    await expect(wrong).rejects.toMatchObject({ code: 'DRACHTIO_UNREACHABLE' });
    const socket = tcpConnect(port, '127.0.0.1');
    socket.resume().write('GET / HTTP/1.1\r\n\r\n');
    await new Promise((resolve) => socket.on('close', resolve));
    await application();
  });
});

describe('trunkstorm drachtio that cannot start', () => {
  test('says which port is taken and exits 3', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const result = await cli(['drachtio', '--port', String(port), '--sip-port', '0'], scratch.path);
    await new Promise((resolve) => taken.close(resolve));
    expect(result.code).toBe(3);
    expect(result.stderr).toContain(`The port for applications, ${port}, is taken`);
  });

  test.each([
    [['--port', '70000'], '--port has a wrong value'],
    [['--also', 'sips:127.0.0.34:5071'], 'Give --tls-cert and --tls-key.'],
    [['--tls-ca', 'nowhere.pem'], 'It is named by --tls-ca.'],
  ])('says which option is wrong and exits 2: %j', async (options, message) => {
    const result = await cli(['drachtio', '--port', '0', '--sip-port', '0', ...options], scratch.path);
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('trunkstorm drachtio over TLS, and at further addresses', () => {
  const authority = new Authority();
  const own = authority.issue('IP:127.0.0.1');
  let h: Harness;
  let command: Cli;
  let application: DrachtioConnection;
  beforeEach(async () => {
    h = new Harness();
    const files = { cert: own.cert, key: own.key, ca: authority.ca };
    const tls = Object.entries(files).flatMap(([name, pem]) => [`--tls-${name}`, authority.file(`${name}.pem`, pem)]);
    const also = ['--also', 'sip:127.0.0.34:0;transport=tcp', '--also', 'sip:[::1]:0;transport=udp'];
    command = Cli.start(['drachtio', '--port', '0', '--sip-port', '0', ...tls, ...also], scratch.path);
    await command.says(/SIP udp, tcp at .*\n/);
    const port = Number(/applications at 127\.0\.0\.1:(\d+)/.exec(command.stdout)![1]);
    application = await connectExternal({ host: '127.0.0.1', port, secret: 'cymru', onFatal: () => {} });
  });
  afterEach(async () => {
    await application.close();
    await h.close();
    command.child.kill('SIGINT');
    expect(await command.ended).toBe(0);
  });

  const at = (start: string): string => new RegExp(`${start}:\\d+`).exec(command.stdout)![0].replace(/^.* at /, '');

  test('takes calls at each of them', async () => {
    application.srf.invite(
      async (request, response) => void (await application.srf.createUAS(request, response, { localSdp: SDP })),
    );
    const caller = await h.endpoint(undefined, {
      tls: { ca: authority.ca },
      also: [{ protocol: 'udp', address: '::1', port: 0 }],
    });
    const uris = [
      `sips:x@${at('tls at 127.0.0.1')}`,
      `sip:x@${at('tcp at 127.0.0.34')};transport=tcp`,
      `sip:x@${at('· udp at \\[::1\\]')}`,
    ];
    for (const uri of uris) {
      let dialog: SrfDialog | undefined;
      // The route that srf asks for may come after the call.
      while (!dialog) dialog = await caller.srf.createUAC(uri, { localSdp: SDP }).catch(() => undefined);
      expect(dialog.remote.uri).toContain(uri.replace(/^.*@/, '').replace(/;.*/, ''));
      await dialog.destroy();
    }
  });

  test('calls over TLS who can prove who it is, and nobody else', async () => {
    const [known, unknown] = [own, new Authority().issue('IP:127.0.0.1')];
    const outcomes: string[] = [];
    for (const { cert, key } of [known, unknown]) {
      const callee = await h.endpoint(undefined, { tls: { cert, key } });
      callee.srf.invite(
        async (request, response) => void (await callee.srf.createUAS(request, response, { localSdp: SDP })),
      );
      const { port } = callee.listens.find(({ protocol }) => protocol === 'tls')!;
      outcomes.push(
        await application.srf.createUAC(`sip:y@127.0.0.1:${port};transport=tls`, { localSdp: SDP }).then(
          async (dialog) => {
            await dialog.destroy();
            return 'answered';
          },
          (error: SrfCallError) => error.res!.get('Reason') ?? '',
        ),
      );
    }
    expect(outcomes).toEqual(['answered', expect.stringContaining('transport: CERT_SIGNATURE_FAILURE')]);
  });
});

describe('trunkstorm drachtio over IPv6', () => {
  test('has applications and calls at ::1', async () => {
    const h = new Harness();
    const args = ['drachtio', '--listen', '::1', '--port', '0', '--local', '::1', '--sip-port', '0'];
    const command = Cli.start(args, scratch.path);
    await command.says(/SIP udp, tcp at .*\n/);
    const [, port, sip] = /applications at \[::1\]:(\d+) · SIP udp, tcp at (\[::1\]:\d+)/.exec(command.stdout)!;
    const options = { host: '::1', port: Number(port), secret: 'cymru', onFatal: () => {} };
    const application = await connectExternal(options);
    application.srf.invite(
      async (request, response) => void (await application.srf.createUAS(request, response, { localSdp: SDP })),
    );
    const far = await h.endpoint(undefined, { address: '::1' });
    let dialog: SrfDialog | undefined;
    // The route that srf asks for may come after the call.
    while (!dialog) dialog = await far.srf.createUAC(`sip:x@${sip}`, { localSdp: SDP }).catch(() => undefined);
    expect(dialog.remote.uri).toContain(sip);
    await dialog.destroy();
    await application.close();
    await h.close();
    command.child.kill('SIGINT');
    expect(await command.ended).toBe(0);
  });

  test('does not advertise an address of the other family', async () => {
    const { code, stderr } = await cli(['drachtio', '--local', '::1', '--advertise', '192.0.2.7'], scratch.path);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--advertise and the local address are of different')]);
  });
});
