import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type StreamOptions, StreamTransport } from '../../src/sip/stream-transport.js';
import { Authority } from '../support/certificates.js';
import { until } from './sip-harness.js';

const authority = new Authority();
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(options: Partial<StreamOptions>) {
  const messages: string[] = [];
  const transport = await StreamTransport.open({
    protocol: 'tcp',
    address: '127.0.0.1',
    port: 0,
    receiver: { onMessage: (data) => void messages.push(data.toString('latin1')) },
    ...options,
  });
  closers.push(() => transport.close());
  return { messages, counts: transport.counts, port: transport.local.port };
}

async function rawClient(port: number): Promise<{ socket: Socket; ended: () => boolean }> {
  const socket = connect({ port, host: '127.0.0.1' });
  let ended = false;
  socket.on('error', () => {});
  socket.on('close', () => {
    ended = true;
  });
  socket.resume();
  closers.push(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, ended: () => ended };
}

describe('TLS', () => {
  it('closes and counts a handshake that never completes, one that never begins, and what is none', async () => {
    const tls = authority.issue('IP:127.0.0.1');
    const { counts, port } = await open({ protocol: 'tls', tls, times: { connectMs: 200 } });
    // The head of a TLS record that announces more than ever comes.
    const begun = await rawClient(port);
    begun.socket.write(Buffer.from('160301020001', 'hex'));
    const silent = await rawClient(port);
    const stranger = await rawClient(port);
    stranger.socket.write('OPTIONS sip:a@b SIP/2.0\r\n\r\n');
    await until(() => begun.ended() && silent.ended() && stranger.ended());
    await until(() => counts.handshakes === 3);
    expect(counts).toMatchObject({ accepted: 0, open: 0, handshakes: 3 });
  });
});

describe('connections beyond the limit', () => {
  it('are closed and counted; those that are there go on, and room that is free is given again', async () => {
    const { counts, messages, port } = await open({ maxAccepted: 2 });
    const first = await rawClient(port);
    const second = await rawClient(port);
    await until(() => counts.accepted === 2);
    const flood = await Promise.all(Array.from({ length: 20 }, () => rawClient(port)));
    await until(() => flood.every(({ ended }) => ended()));
    expect(counts).toMatchObject({ accepted: 2, open: 2, refused: 20 });
    first.socket.destroy();
    await until(() => counts.open === 1);
    const third = await rawClient(port);
    for (const { socket } of [second, third]) socket.write('MESSAGE sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n');
    await until(() => messages.length === 2);
  });
});

describe('headers beyond the limits', () => {
  it.each([
    ['too many lines', `MESSAGE sip:a@b SIP/2.0\r\n${'X: y\r\n'.repeat(600)}Content-Length: 0\r\n\r\n`],
    ['too long ones', `MESSAGE sip:a@b SIP/2.0\r\nX: ${'y'.repeat(70_000)}\r\nContent-Length: 0\r\n\r\n`],
    ['ones that never end', `MESSAGE sip:a@b SIP/2.0\r\n${'X: y\r\n'.repeat(12_000)}`],
    ['a body beyond all bounds', 'MESSAGE sip:a@b SIP/2.0\r\nContent-Length: 999999999\r\n\r\n'],
  ])('close the stream and are counted: %s', async (_what, text) => {
    const { counts, messages, port } = await open({});
    const { socket, ended } = await rawClient(port);
    socket.write(text);
    await until(ended);
    expect(counts).toMatchObject({ framing: 1, open: 0 });
    expect(messages).toEqual([]);
  });
});
