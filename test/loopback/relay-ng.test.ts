import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Client, TcpClient } from 'rtpengine-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import { NgDoor } from '../../src/relay/ng/door.js';
import { Relay } from '../../src/relay/relay.js';
import { RelayMedia } from '../../src/shard/relay-media.js';
import { audio } from '../relay/ng/harness.js';
import { FarEnd, talk } from '../support/far-ends.js';
import { closedPort, until } from './sip-harness.js';

const ADDRESSES = ['127.0.0.1', '::1'];
const PORTS = { min: 43_000, max: 43_039 };

let media: RelayMedia;
let relay: Relay;
let door: NgDoor;
let client: Client;
let at: { host: string; port: number };
const notes: string[] = [];
const ends: FarEnd[] = [];

const doorAt = (port: number): Promise<NgDoor> =>
  NgDoor.open({
    relay,
    client: media.client,
    listen: { host: '127.0.0.1', port },
    interfaces: ADDRESSES.map((address) => ({ name: 'default', address })),
    ports: PORTS,
    maxCalls: 100,
    mediaTimeoutMs: 0,
    onLog: (text) => notes.push(text),
  });

beforeAll(async () => {
  media = new RelayMedia(
    { driver: 'auto', addresses: ADDRESSES, portMin: PORTS.min, portMax: PORTS.max, pool: 20, seed: 1, tickMs: 2 },
    { onFailed: (error) => notes.push(error.format()), onOutput: (text) => notes.push(text) },
  );
  await media.client.ready();
  relay = new Relay({
    client: media.client,
    pipelinesOf: () => ({ aToB: [], bToA: [] }),
    mediaTimeoutMs: 0,
    maxCalls: 100,
  });
  at = { host: '127.0.0.1', port: await closedPort() };
  door = await doorAt(at.port);
  client = new Client({ timeout: 5000 });
});
afterEach(() => {
  for (const end of ends.splice(0)) end.close();
});
afterAll(async () => {
  client.close();
  await door.close();
  await relay.closeAll();
  await media.close();
});

async function farEnd(): Promise<FarEnd> {
  const end = await FarEnd.open(0, ends.length + 1);
  ends.push(end);
  return end;
}

const portOf = ({ sdp }: Record<string, unknown>): number => Number(/^m=audio (\d+)/m.exec(String(sdp))?.[1]);

/** A call between two ends that are where their descriptions say; `toA` and `toB` are the relay's ports towards them. */
async function callOf(id: string, flags: string[] = []) {
  const [a, b] = [await farEnd(), await farEnd()];
  const from = { 'call-id': id, 'from-tag': 'a', flags };
  const toB = portOf(await client.offer(at, { ...from, sdp: audio(a.port, '127.0.0.1') }));
  const toA = portOf(await client.answer(at, { ...from, 'to-tag': 'b', sdp: audio(b.port, '127.0.0.1') }));
  return { a, b, toA, toB, end: () => client.delete(at, { 'call-id': id }) };
}

/** Packets that came from elsewhere than the far ends, in all calls so far. */
async function strangers(): Promise<number> {
  return (await media.client.takeSnapshot())!.wrongSource;
}

describe('rtpengine-client commands the relay', () => {
  it('over UDP: a call is offered, answered, told of and deleted, its media passing', async () => {
    expect(await client.ping(at)).toEqual({ result: 'pong' });
    const { a, b, toA, toB } = await callOf('c1');
    expect([toA, toB].every((port) => port >= PORTS.min && port <= PORTS.max)).toBe(true);
    await talk(20, { end: a, to: toA }, { end: b, to: toB });
    await until(() => a.came.length === 20 && b.came.length === 20);
    const { tags } = (await client.query(at, { 'call-id': 'c1' })) as never as {
      tags: Record<string, { medias: { codec: string; streams: { stats: object }[] }[] }>;
    };
    for (const tag of ['a', 'b']) {
      expect(tags[tag].medias[0].codec).toBe('PCMU/8000');
      expect(tags[tag].medias[0].streams[0].stats).toEqual({ packets: 20, bytes: 20 * 172, errors: 0 });
    }
    expect((await client.list(at, {})).calls).toEqual(['c1']);
    const { statistics } = (await client.statistics(at)) as never as {
      statistics: { currentstatistics: object; interfaces: object[] };
    };
    expect(statistics.currentstatistics).toMatchObject({ sessionstotal: 1 });
    expect(statistics.interfaces).toMatchObject([
      { address: '127.0.0.1', ports: { used: 4 } },
      { address: '::1', ports: { used: 0 } },
    ]);
    expect(await client.startRecording(at, { 'call-id': 'c1' })).toMatchObject({ result: 'error' });
    expect(await client.delete(at, { 'call-id': 'c1' })).toMatchObject({ totals: { RTP: { packets: 40 } } });
    expect((await client.list(at, {})).calls).toEqual([]);
  });

  it('over TCP as well', async () => {
    const tcp = new TcpClient({ hostport: `127.0.0.1:${at.port}`, timeout: 5000 });
    await once(tcp, 'connect');
    expect(await tcp.ping()).toEqual({ result: 'pong' });
    expect(await tcp.offer({ 'call-id': 't1', 'from-tag': 'a', sdp: audio(4000, '127.0.0.1') })).toMatchObject({
      result: 'ok',
    });
    expect(await tcp.delete({ 'call-id': 't1' })).toMatchObject({ result: 'ok' });
    tcp.close();
  });

  it('between IPv4 and IPv6, where the address family is asked for', async () => {
    const a = await farEnd();
    const six = createSocket('udp6').bind(0, '::1');
    await once(six, 'listening');
    let came = 0;
    six.on('message', () => came++);
    const from = { 'call-id': 'v6', 'from-tag': 'a' };
    const offered = await client.offer(at, { ...from, 'address family': 'IP6', sdp: audio(a.port, '127.0.0.1') });
    expect(offered.sdp).toContain('c=IN IP6 ::1');
    const sdp = audio(six.address().port, '::1');
    const answered = await client.answer(at, { ...from, 'to-tag': 'b', sdp });
    expect(answered.sdp).toContain('c=IN IP4 127.0.0.1');
    await talk(5, { end: a, to: portOf(answered) });
    await until(() => came === 5);
    const packet = Buffer.alloc(172);
    packet[0] = 0x80;
    six.send(packet, portOf(offered), '::1');
    await until(() => a.came.length === 1);
    six.close();
    await client.delete(at, { 'call-id': 'v6' });
  });

  it('blocks what one side says, and lets it through again', async () => {
    const { a, b, toA, toB, end } = await callOf('b1');
    await client.blockMedia(at, { 'call-id': 'b1', 'from-tag': 'a' });
    await talk(10, { end: a, to: toA }, { end: b, to: toB });
    await until(() => a.came.length === 10);
    await client.unblockMedia(at, { 'call-id': 'b1', 'from-tag': 'a' });
    await talk(5, { end: a, to: toA });
    await until(() => b.came.length === 5);
    expect(b.came).toEqual([10, 11, 12, 13, 14]);
    await end();
  });

  it('more calls than there are ports are refused, and the ports come back', async () => {
    // Ten of four ports each.
    const ids = Array.from({ length: 12 }, (_, i) => `p${i}`);
    const offers = [];
    for (const id of ids)
      offers.push(await client.offer(at, { 'call-id': id, 'from-tag': 'a', sdp: audio(4000, '127.0.0.1') }));
    expect(offers.filter(({ result }) => result === 'ok')).toHaveLength(10);
    expect(offers.at(-1)).toEqual({ result: 'error', 'error-reason': 'Ran out of ports' });
    for (const id of ids) await client.delete(at, { 'call-id': id });
    await until(() => relay.counts.up === 0);
    expect(
      await client.offer(at, { 'call-id': 'again', 'from-tag': 'a', sdp: audio(4000, '127.0.0.1') }),
    ).toMatchObject({
      result: 'ok',
    });
    await client.delete(at, { 'call-id': 'again' });
  });
});

describe('a far end that is behind a NAT which has rebound', () => {
  /** A talks from one port and then from another, B all the time. */
  async function rebind(flags: string[]) {
    const { a, b, toA, toB, end } = await callOf(`r-${flags}`, flags);
    const elsewhere = await farEnd();
    await talk(10, { end: a, to: toA }, { end: b, to: toB });
    await until(() => a.came.length === 10 && b.came.length === 10);
    const before = await strangers();
    // Whoever follows waits for half a second of silence at the old place where the SSRC is another one.
    await talk(40, { end: elsewhere, to: toA });
    await talk(10, { end: b, to: toB });
    await until(() => a.came.length + elsewhere.came.length === 20);
    const wrong = (await strangers()) - before;
    await end();
    return { heardByB: b.came.length - 10, heardAtOld: a.came.length - 10, heardAtNew: elsewhere.came.length, wrong };
  }

  it('is heard no more with strict source', async () => {
    expect(await rebind(['strict source'])).toEqual({ heardByB: 0, heardAtOld: 10, heardAtNew: 0, wrong: 40 });
  });

  it('is heard and not found with neither, as with rtpengine', async () => {
    expect(await rebind([])).toEqual({ heardByB: 40, heardAtOld: 10, heardAtNew: 0, wrong: 40 });
  });

  it('is followed with media handover', async () => {
    const { heardByB, heardAtOld, heardAtNew } = await rebind(['media handover']);
    expect({ heardAtOld, heardAtNew }).toEqual({ heardAtOld: 0, heardAtNew: 10 });
    expect(heardByB).toBeGreaterThan(10);
  });

  it('is found by its first packet, unless it is said to be asymmetric', async () => {
    for (const [flags, found] of [
      [[], true],
      [['asymmetric'], false],
    ] as const) {
      const { a, b, toA, toB, end } = await callOf(`l-${flags}`, [...flags]);
      const elsewhere = await farEnd();
      elsewhere.send(toA);
      await until(() => b.came.length === 1);
      b.send(toB);
      await until(() => a.came.length + elsewhere.came.length === 1);
      expect(elsewhere.came).toHaveLength(found ? 1 : 0);
      await end();
    }
  });
});

describe('what is not the protocol', () => {
  const counted = (): { control: { malformed: number; errors: number; tcp: Record<string, number> } } =>
    door.statistics() as never;

  it('is counted over UDP, and the next command is answered', async () => {
    const before = counted().control;
    const { malformed, errors } = before;
    const socket = createSocket('udp4');
    const garbage = ['', 'x', 'a d', 'b d7:command', `c ${'l'.repeat(60_000)}`, 'd d7:command4:pinge extra'];
    for (const text of garbage) socket.send(text, at.port, at.host);
    for (let i = 0; i < 200; i++) socket.send(Buffer.alloc(300, i), at.port, at.host);
    expect(await client.ping(at)).toEqual({ result: 'pong' });
    await until(() => counted().control.malformed - malformed + (counted().control.errors - errors) === 206);
    socket.close();
  });

  it('ends a TCP connection, and others go on', async () => {
    const before = { ...counted().control.tcp };
    const open = async (): Promise<Socket> => {
      const socket = connect(at.port, at.host).on('error', () => {});
      await once(socket, 'connect');
      return socket;
    };
    const fine = await open();
    for (const text of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', `${'c'.repeat(300)}`, 'a l1:x', 'a d999999:']) {
      const socket = await open();
      socket.write(text);
      if (text !== 'a l1:x') await once(socket, 'close');
      socket.destroy();
    }
    fine.write('q d7:command4:ping');
    await new Promise((resolve) => setImmediate(resolve));
    fine.write('e');
    expect(String((await once(fine, 'data'))[0])).toBe('q d6:result4:ponge');
    fine.destroy();
    expect(counted().control.tcp.malformed - before.malformed).toBe(3);
  });

  it('a port that is taken is an error that says so', async () => {
    const refusal = await doorAt(at.port).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(AppError);
    expect(refusal).toMatchObject({ code: 'PORT_TAKEN', detail: { where: `UDP 127.0.0.1:${at.port}` } });
  });
});
