import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { connectEmbedded } from '../../src/drachtio/connect.js';
import type { SrfRequest, SrfResult } from '../../src/drachtio/srf-types.js';
import { wireAgeMs } from '../../src/flow/wire-time.js';
import { threadFile } from '../../src/shard/thread.js';
import { DepartureRing, MOST_BYTES, SERVED } from '../../src/sip/departure-ring.js';
import { parseMessage } from '../../src/sip/message.js';
import { TraceBook } from '../../src/sip/trace.js';
import type { Peer, Transport } from '../../src/sip/transport.js';
import { openUdp } from '../../src/sip/udp.js';

const ADDRESS = '127.0.0.77';

interface Arrival {
  text: string;
  atMs: number;
  peer: Peer;
}

/** A thread that sends what is due, and a far end that keeps what comes with the kernel's times. */
class Stand {
  readonly memory = DepartureRing.memory();
  readonly worker = new Worker(threadFile('sip/departure-thread.js'), { workerData: { departures: this.memory } });
  readonly exited = once(this.worker, 'exit');
  readonly arrived: Arrival[] = [];
  farEnd!: Transport;

  async open(): Promise<void> {
    this.farEnd = await openUdp(
      {
        address: ADDRESS,
        port: 0,
        receiver: {
          onMessage: (data, peer, atMs) =>
            this.arrived.push({ text: data.toString('latin1'), atMs, peer: { ...peer } }),
        },
      },
      systemClock,
    );
    await until(() => Atomics.load(new Int32Array(this.memory), SERVED) === 1);
  }

  async close(): Promise<void> {
    new DepartureRing(this.memory).stop();
    await this.farEnd.close();
    expect(await this.exited).toEqual([0]);
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('the thread that sends what is due', () => {
  let stand: Stand;
  beforeEach(async () => {
    stand = new Stand();
    await stand.open();
  });
  afterEach(() => stand.close());

  it('sends each datagram when it is due and not before, in their order, while this thread does other things', async () => {
    const transport = await openUdp(
      { address: ADDRESS, port: 0, departures: stand.memory, receiver: { onMessage: () => {} } },
      systemClock,
    );
    const left: { text: string; atMs: number }[] = [];
    const due = new Map<string, number>();
    const startMs = systemClock.now() + 30;
    for (let i = 0; i < 40; i++) {
      const dueMs = startMs + 2 * i;
      const text = `datagram ${i}`;
      due.set(text, dueMs);
      const listener = {
        onDeparted: (atMs: number) => void left.push({ text, atMs }),
        onTransportError: (reason: string) => expect.fail(reason),
      };
      expect(transport.depart!(Buffer.from(text), ADDRESS, stand.farEnd.local.port, dueMs, listener)).toBe(true);
    }
    // Busy for longer than all of them take.
    while (systemClock.now() < startMs + 120);
    await until(() => stand.arrived.length === 40 && left.length === 40);
    expect(stand.arrived.map(({ text }) => text)).toEqual([...due.keys()]);
    expect(left.map(({ text }) => text)).toEqual([...due.keys()]);
    for (const { text, atMs } of left) {
      expect(atMs).toBeGreaterThanOrEqual(due.get(text)!);
      const arrival = stand.arrived.find((one) => one.text === text)!;
      // The kernel's clock, brought onto this one by readings that are some µs apart.
      expect(arrival.atMs).toBeGreaterThan(atMs - 0.5);
      expect(arrival.peer.port).toBe(transport.local.port);
    }
    // While this thread was busy.
    expect(stand.arrived[0].atMs).toBeLessThan(startMs + 120);
    await transport.close();
  });

  it('tells of what cannot leave, and sends nothing more by a transport that is closed', async () => {
    const transport = await openUdp(
      { address: ADDRESS, port: 0, departures: stand.memory, receiver: { onMessage: () => {} } },
      systemClock,
    );
    const { port } = stand.farEnd.local;
    const told: string[] = [];
    const listener = {
      onDeparted: () => void told.push('left'),
      onTransportError: (reason: string) => void told.push(reason),
    };
    const now = systemClock.now();
    // A broadcast needs a socket option that SIP has no use for.
    expect(transport.depart!(Buffer.from('lost'), '255.255.255.255', port, now + 5, listener)).toBe(true);
    expect(transport.depart!(Buffer.alloc(MOST_BYTES + 1), ADDRESS, port, now + 5, listener)).toBe(false);
    expect(transport.depart!(Buffer.from('x'), '::1', port, now + 5, listener)).toBe(false);
    await until(() => told.length === 2);
    expect(told).toEqual(['left', 'EACCES']);
    transport.depart!(Buffer.from('too late'), ADDRESS, port, systemClock.now() + 40, listener);
    await transport.close();
    const other = await openUdp({ address: ADDRESS, port: 0, receiver: { onMessage: () => {} } }, systemClock);
    await new Promise((resolve) => setTimeout(resolve, 60));
    other.send(Buffer.from('the only one'), ADDRESS, port, null);
    await until(() => stand.arrived.length > 0);
    expect(stand.arrived.map(({ text }) => text)).toEqual(['the only one']);
    await other.close();
  });

  it('sends the first INVITE of a call of srf’s on time, and tells of it then; what follows of the call goes at once', async () => {
    const trace = new TraceBook();
    const { srf, departures, close } = await connectEmbedded({
      address: ADDRESS,
      port: 0,
      departures: stand.memory,
      trace,
      callsOnly: true,
      onFatal: (error) => expect.fail(error.message),
    });
    const dueMs = systemClock.now() + 40;
    const callId = departures!.book(dueMs);
    const events: string[] = [];
    let request: SrfRequest | undefined;
    const failed = new Promise((resolve) => {
      const options = { headers: { 'Call-ID': callId }, localSdp: 'v=0\r\n' };
      const cbRequest = (_error: unknown, sent?: SrfRequest): void => {
        events.push('sent');
        request = sent;
      };
      const cbProvisional = ({ status }: SrfResult): void => void events.push(`${status}`);
      srf.createUAC(`sip:x@${ADDRESS}:${stand.farEnd.local.port}`, options, { cbRequest, cbProvisional }, resolve);
    });
    await until(() => stand.arrived.length === 1);
    const [{ text, atMs, peer }] = stand.arrived;
    expect(atMs).toBeGreaterThan(dueMs - 0.5);
    const invite = parseMessage(text)!;
    expect(invite.callId).toBe(callId);
    const answer = ['via', 'from', 'call-id', 'cseq'].map((name) => `${name}: ${invite.header(name)}\r\n`).join('');
    for (const status of ['180 Ringing', '486 Busy Here']) {
      const response = `SIP/2.0 ${status}\r\n${answer}To: <sip:x@b>;tag=2\r\nContent-Length: 0\r\n\r\n`;
      stand.farEnd.send(Buffer.from(response), peer.address, peer.port, null);
    }
    expect(await failed).toMatchObject({ status: 486 });
    await until(() => stand.arrived.length === 2);
    expect(events).toEqual(['sent', '180']);
    expect(stand.arrived[1].text).toMatch(/^ACK /);
    const traced = trace.take(callId)!.messages;
    expect(traced.map((message) => message.text.split(' ', 2).join(' '))).toEqual([
      `INVITE ${invite.requestUri}`,
      'SIP/2.0 180',
      'SIP/2.0 486',
      `ACK ${invite.requestUri}`,
    ]);
    expect(traced[0].atMs).toBeGreaterThanOrEqual(dueMs);
    // Of the time of day the last digit is that of µs.
    expect(wireAgeMs(request!.stackTime, traced[0].atMs)).toBeLessThan(0.002);
    await close();
  });
});
