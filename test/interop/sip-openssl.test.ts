import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { connectEmbedded, type DrachtioConnection } from '../../src/drachtio/connect.js';
import { until } from '../loopback/sip-harness.js';
import { Authority } from '../support/certificates.js';

const authority = new Authority();
const own = authority.issue('DNS:trunk.test,IP:127.0.0.1');
const caFile = authority.file('trusted.pem', authority.ca);
let server: DrachtioConnection;

afterEach(() => server.close());

async function open(): Promise<number> {
  const fatal: Error[] = [];
  server = await connectEmbedded({
    address: '127.0.0.1',
    port: 0,
    tls: own,
    times: { connectMs: 300 },
    onFatal: (error) => fatal.push(error),
  });
  server.srf.options((_req, res) => res.send(200));
  return server.listens.find(({ protocol }) => protocol === 'tls')!.port;
}

test("openssl's client verifies our certificate and gets an answer to OPTIONS over the same connection", async () => {
  const port = await open();
  const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', caFile, '-verify_return_error', '-quiet'];
  const client = spawn('openssl', [...args, '-servername', 'trunk.test', '-verify_hostname', 'trunk.test']);
  let heard = '';
  client.stdout.on('data', (data) => {
    heard += String(data);
  });
  client.stdin.write(
    [
      `OPTIONS sips:trunk.test SIP/2.0`,
      'Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKopenssl;rport',
      'Max-Forwards: 70',
      'From: <sip:a@trunk.test>;tag=1',
      'To: <sip:trunk.test>',
      'Call-ID: openssl@test',
      'CSeq: 1 OPTIONS',
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
  );
  await until(() => heard.includes('\r\n\r\n') || client.exitCode !== null);
  client.kill();
  expect(heard).toMatch(/^SIP\/2\.0 200 OK\r\nVia: SIP\/2\.0\/TLS 127\.0\.0\.1:9;.*rport=\d+/);
  expect(server.stats()!.streams).toMatchObject({ accepted: 1, opened: 0, handshakes: 0 });
});

test('a handshake that never completes is closed and counted', async () => {
  const port = await open();
  const socket = connect({ host: '127.0.0.1', port });
  let ended = false;
  socket.on('error', () => {});
  socket.on('close', () => {
    ended = true;
  });
  await until(() => ended);
  expect(server.stats()!.streams).toMatchObject({ accepted: 0, handshakes: 1 });
});
