import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { Client } from 'rtpengine-client';
import { afterEach, expect, it } from 'vitest';
import { until } from '../loopback/sip-harness.js';
import { audio } from '../relay/ng/harness.js';
import { endRelaysAfterEach, NgRelayProcess } from './relay-process.js';
import { endRtpEnginesAfterEach, RtpEngine } from './rtpengine.js';

endRelaysAfterEach();
endRtpEnginesAfterEach();
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

const CALL = { 'call-id': 'blocks', 'from-tag': 'a' };
/** Payload types that A sends in each step: µ-law, A-law, G.722, G.729, telephone-event. */
const TYPES = [0, 8, 9, 18, 101];
const CODECS = ['a=rtpmap:9 G722/8000', 'a=rtpmap:18 G729/8000'];

type Step = (client: Client, at: { host: string; port: number }) => Promise<object>;

async function bound(): Promise<{ socket: Socket; port: number; came: Buffer[] }> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'listening');
  const came: Buffer[] = [];
  socket.on('message', (bytes) => came.push(bytes));
  return { socket, port: socket.address().port, came };
}

function rtp(sequence: number, payloadType: number): Buffer {
  const bytes = Buffer.alloc(payloadType === 101 ? 16 : 172, 0x11);
  bytes.writeUInt16BE(0x8000 | payloadType);
  bytes.writeUInt16BE(sequence, 2);
  bytes.writeUInt32BE(sequence * 160, 4);
  return bytes;
}

/** A receiver report without a block. */
function report(step: number): Buffer {
  return Buffer.from([0x80, 201, 0, 1, 0x11, 0x11, 0x11, step]);
}

/**
 * What of A's media comes to B while each of these commands holds: payload type and first byte of the payload of each packet, and
 * whether a report came.
 */
async function heardAt(port: number, steps: readonly Step[]) {
  const client = new Client({ timeout: 5000 });
  const at = { host: '127.0.0.1', port };
  const [a, aReports, b, bReports] = [await bound(), await bound(), await bound(), await bound()];
  const sdp = (rtpPort: number, rtcpPort: number): string =>
    audio(rtpPort, '127.0.0.1', [...CODECS, `a=rtcp:${rtcpPort}`]).replace('0 8 101', '0 8 9 18 101');
  await client.offer(at, { ...CALL, sdp: sdp(a.port, aReports.port) });
  const answer = await client.answer(at, { ...CALL, 'to-tag': 'b', sdp: sdp(b.port, bReports.port) });
  const toA = Number(/^m=audio (\d+)/m.exec(String(answer.sdp))![1]);
  const toAReports = Number(/^a=rtcp:(\d+)/m.exec(String(answer.sdp))![1]);
  for (const [step, take] of steps.entries()) {
    expect(await take(client, at)).toMatchObject({ result: 'ok' });
    for (const [i, type] of TYPES.entries()) a.socket.send(rtp(step * 10 + i, type), toA, '127.0.0.1');
    // The next command comes by another way than the packets, and may be faster. A report that comes before its port is learned
    // goes nowhere, at either relay.
    const say = (): void => aReports.socket.send(report(step), toAReports, '127.0.0.1');
    say();
    const again = setInterval(say, 200);
    await until(() => bReports.came.some((bytes) => bytes.at(-1) === step)).finally(() => clearInterval(again));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // The last step lets everything through.
  const last = steps.length - 1;
  await until(() => b.came.filter((bytes) => bytes.readUInt16BE(2) >= last * 10).length === TYPES.length);
  client.close();
  return steps.map((_, step) => ({
    packets: b.came
      .filter((bytes) => Math.floor(bytes.readUInt16BE(2) / 10) === step)
      .map((bytes) => `${bytes[1] & 0x7f}: ${bytes[12].toString(16)}`),
    reports: bReports.came.some((bytes) => bytes.at(-1) === step),
  }));
}

it('what is blocked, silenced and let through again is what rtpengine blocks, silences and lets through', async () => {
  const whole = { 'call-id': 'blocks' };
  const ofA = { ...whole, 'from-tag': 'a' };
  const steps: Step[] = [
    (client, at) => client.blockMedia(at, whole),
    (client, at) => client.unblockMedia(at, whole),
    (client, at) => client.blockDTMF(at, ofA),
    (client, at) => client.unblockDTMF(at, ofA),
    (client, at) => client.silenceMedia(at, ofA),
    (client, at) => client.unsilenceMedia(at, { ...whole, flags: ['all'] }),
  ];
  const relay = await NgRelayProcess.start('impairment: {}\n', ['--rtp-ports', '34600-34699']);
  const rtpengine = await RtpEngine.start();
  const [ours, theirs] = [await heardAt(relay.port, steps), await heardAt(rtpengine.port, steps)];
  expect(ours).toEqual(theirs);
  const all = ['0: 11', '8: 11', '9: 11', '18: 11', '101: 11'];
  expect(ours.map(({ packets }) => packets)).toEqual([
    ['101: 11'],
    all,
    all.slice(0, 4),
    all,
    ['0: ff', '8: d5', '9: fa', '18: 11', '101: 11'],
    all,
  ]);
  expect(ours.map(({ reports }) => reports)).toEqual(steps.map(() => true));
  const { result } = await relay.interrupt();
  expect(result.media!.directions.aToB).toMatchObject({ received: 30, blocked: 5, silenced: 3, sent: 25 });
});
