import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { connectEmbedded } from '../../src/drachtio/connect.js';
import { Population } from '../../src/flow/population.js';
import { callSpec, mediaSpec } from '../../src/flow/spec.js';
import type { Arrival } from '../../src/load/arrivals.js';
import type { MediaClient } from '../../src/media/link/client.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { threadFile } from '../../src/shard/thread.js';
import { DepartureRing, SERVED } from '../../src/sip/departure-ring.js';
import { parseMessage } from '../../src/sip/message.js';
import type { Transport } from '../../src/sip/transport.js';
import { openUdp } from '../../src/sip/udp.js';
import { GRACE_MS, Pacer } from '../../src/swarm/pacer.js';
import { Swarm } from '../../src/swarm/swarm.js';
import { readTarget } from '../../src/swarm/target.js';

const ADDRESS = '127.0.0.78';
const CALLS = 60;
const SPACING_MS = 5;
const LEAD_MS = 30;

/** A far end that is busy, and when each INVITE came, by its Call-ID. */
async function busyFarEnd(): Promise<{ farEnd: Transport; invites: Map<string, number> }> {
  const invites = new Map<string, number>();
  const farEnd: Transport = await openUdp(
    {
      address: ADDRESS,
      port: 0,
      receiver: {
        onMessage: (data, peer, atMs) => {
          const request = parseMessage(data.toString('latin1'))!;
          if (request.method !== 'INVITE') return;
          if (!invites.has(request.callId)) invites.set(request.callId, atMs);
          const names = ['via', 'from', 'call-id', 'cseq'];
          const answer = names.map((name) => `${name}: ${request.header(name)}\r\n`).join('');
          const response = `SIP/2.0 486 Busy Here\r\n${answer}To: <sip:x@b>;tag=2\r\nContent-Length: 0\r\n\r\n`;
          farEnd.send(Buffer.from(response), peer.address, peer.port, null);
        },
      },
    },
    systemClock,
  );
  return { farEnd, invites };
}

/** A media thread that has ports for all. */
const media = {
  lease: () => ({ pair: 0, address: ADDRESS, rtpPort: 4000, rtcpPort: 4001 }),
  open: () => {},
  close: () => Promise.resolve(null),
} as unknown as MediaClient;

it.each([
  ['by a thread of its own', true],
  ['from the signalling thread, where there is no other', false],
])('a swarm’s INVITEs leave when they are due and none before, %s', async (_, isThread) => {
  const { farEnd, invites } = await busyFarEnd();
  const departures = isThread ? DepartureRing.memory() : undefined;
  const worker = departures && new Worker(threadFile('sip/departure-thread.js'), { workerData: { departures } });
  const words = departures && new Int32Array(departures);
  while (words && Atomics.load(words, SERVED) === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  const onFatal = (error: Error): void => expect.fail(error.message);
  const connection = await connectEmbedded({ address: ADDRESS, port: 0, departures, callsOnly: true, onFatal });
  const plan = Array.from({ length: CALLS }, (_, i): Arrival => ({ atMs: SPACING_MS * i, holdMs: 1000 }));
  const pacer = new Pacer(plan.values(), GRACE_MS, undefined, LEAD_MS);
  const calls = callSpec.parse({ to: 'x' });
  const records: CallRecord[] = [];
  await new Promise<void>((resolve) => {
    new Swarm({
      srf: connection.srf,
      departures: connection.departures,
      media,
      clock: systemClock,
      population: new Population(),
      calls,
      conversation: calls,
      mediaSpec: mediaSpec.parse({}),
      probe: null,
      advertise: undefined,
      pacer,
      target: readTarget(`sip:${ADDRESS}:${farEnd.local.port}`)!,
      group: null,
      sign: null,
      impairment: { uplink: [], downlink: [], select: undefined },
      rows: [],
      callers: [],
      callees: [],
      onAnswer: () => {},
      onError: (error) => expect.fail(String(error)),
      onRecord: (record) => records.push(record),
      onDone: resolve,
    });
  });
  expect(records.map(({ outcome, status }) => `${outcome} ${status}`)).toEqual(new Array(CALLS).fill('failed 486'));
  for (const { dueMs, startedMs, timings, sipCallIds } of records) {
    expect(startedMs).toBeGreaterThanOrEqual(dueMs);
    expect(timings).toMatchObject({ inviteMs: startedMs });
    expect(timings.finalMs).toBeGreaterThan(startedMs);
    // The kernel's clock, brought onto this one by readings that are some µs apart.
    expect(invites.get(sipCallIds[0])).toBeGreaterThan(startedMs - 0.5);
  }
  expect(pacer.counts.lastDueMs! - pacer.counts.firstDueMs!).toBeCloseTo((CALLS - 1) * SPACING_MS);
  expect(connection.stats()).toMatchObject({ dialogs: 0, malformed: 0 });
  await connection.close();
  await farEnd.close();
  if (departures) new DepartureRing(departures).stop();
  if (worker) expect(await once(worker, 'exit')).toEqual([0]);
});
