import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { Population } from '../../src/flow/population.js';
import { mediaSpec } from '../../src/flow/spec.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { type TrunkSpec, trunkSpec } from '../../src/trunk/spec.js';
import { Trunk } from '../../src/trunk/trunk.js';
import { handMedia } from '../support/trunk-by-hand.js';
import { Harness, headerIn, QUICK, type RawPeer, SDP, until } from './sip-harness.js';

const harness = new Harness();
afterEach(() => harness.close());

let branches = 0;

function request(method: string, peer: RawPeer, port: number, call: string, toTag = '', cseq = 1): string {
  const body = method === 'INVITE' ? SDP : '';
  return [
    `${method} sip:200@127.0.0.1:${port} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bK-script-${branches++}`,
    'Max-Forwards: 70',
    `From: <sip:100@127.0.0.1>;tag=${call}`,
    `To: <sip:200@127.0.0.1>${toTag && `;tag=${toTag}`}`,
    `Call-ID: ${call}`,
    `CSeq: ${cseq} ${method}`,
    `Contact: <sip:100@127.0.0.1:${peer.port}>`,
    ...(body ? ['Content-Type: application/sdp'] : []),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** Value of the tag in a To header. */
const tagIn = (text: string): string => /tag=(.+)$/.exec(headerIn(text, 'To'))?.[1] ?? '';

/** A trunk on the server of an endpoint, and what it tells. */
function trunkAt(endpoint: Awaited<ReturnType<Harness['endpoint']>>, spec: TrunkSpec) {
  const records: CallRecord[] = [];
  const errors: unknown[] = [];
  const trunk = new Trunk({
    srf: endpoint.srf,
    clock: systemClock,
    population: new Population(),
    media: handMedia(),
    mediaSpec: mediaSpec.parse({}),
    conversation: spec,
    impairment: { select: undefined, uplink: [], downlink: [] },
    probe: null,
    advertise: undefined,
    trunk: spec,
    seed: 1,
    verify: null,
    failing: endpoint.failing,
    onScript: () => {},
    onRecord: (record) => records.push(record),
    onRefused: () => {},
    onError: (error) => errors.push(error),
  });
  return { trunk, records, errors };
}

describe('a trunk on the wire', () => {
  it('has a dropped call where nobody ever acknowledged its answer', async () => {
    const endpoint = await harness.endpoint(QUICK);
    const { records } = trunkAt(endpoint, trunkSpec.parse({}));
    const peer = await harness.peer();
    peer.send(request('INVITE', peer, endpoint.port, 'unheard'), endpoint.port);
    await until(() => records.length === 1);
    expect(records).toMatchObject([
      { outcome: 'dropped', hangupBy: 'local', cause: 'timeout', timings: { ackMs: null } },
    ]);
  });
});

describe('a trunk on the wire, as a run has it', () => {
  it.each([
    ['application/unknownformat', '<audio/>', 415],
    ['multipart/mixed;boundary=b', '--b\r\nContent-Type: application/x\r\n\r\nx\r\n--b--\r\n', 415],
    [
      'multipart/mixed;boundary=b',
      `--b\r\nContent-Type: application/x\r\n\r\nx\r\n--b\r\nContent-Type: application/sdp\r\n\r\n${SDP}\r\n--b--\r\n`,
      200,
    ],
  ])('answers a call whose body is %s, %j, by %i', async (type, body, status) => {
    const endpoint = await harness.endpoint(QUICK, { callsOnly: true } as object);
    const { trunk, errors } = trunkAt(endpoint, trunkSpec.parse({}));
    const peer = await harness.peer();
    const invite = request('INVITE', peer, endpoint.port, `body-${branches}`)
      .replace('application/sdp', type)
      .replace(/Content-Length: \d+[\s\S]*/, `Content-Length: ${body.length}\r\n\r\n${body}`);
    peer.send(invite, endpoint.port);
    expect(await peer.message(`SIP/2.0 ${status}`)).toContain(status === 415 ? 'Accept: application/sdp' : 'm=audio ');
    expect(trunk.counts.admitted).toBe(status === 200 ? 1 : 0);
    trunk.stop();
    expect(errors).toEqual([]);
  });
});

describe('a scripted trunk on the wire', () => {
  it('hears nothing in silence, within dialogs neither, and after a restart knows of no call', async () => {
    const endpoint = await harness.endpoint(QUICK);
    const spec = trunkSpec.parse({
      script: [
        { at: '1200ms', do: 'silence' },
        { at: '1900ms', do: 'serve' },
        { at: '3s', do: 'restart' },
      ],
    });
    const { trunk, records, errors } = trunkAt(endpoint, spec);
    const { port } = endpoint;
    const script = () => trunk.counts.script!;
    const peer = await harness.peer();
    const place = async (call: string): Promise<string> => {
      peer.send(request('INVITE', peer, port, call), port);
      const isAnswer = (text: string): boolean =>
        text.startsWith('SIP/2.0 200') && headerIn(text, 'Call-ID') === call && headerIn(text, 'CSeq') === '1 INVITE';
      await until(() => peer.received.some(isAnswer));
      const tag = tagIn(peer.received.find(isAnswer)!);
      peer.send(request('ACK', peer, port, call, tag), port);
      return tag;
    };
    const first = await place('one');
    const second = await place('two');

    await until(() => script().state === 'silence');
    // What was on its way is here once the trunk has answered nothing for a while; what is sent now is not heard.
    const heard = peer.received.length;
    peer.send(request('OPTIONS', peer, port, 'ping'), port);
    peer.send(request('BYE', peer, port, 'one', first, 2), port);
    peer.send(request('INVITE', peer, port, 'three'), port);
    await until(() => script().unheard >= 3);
    expect(peer.received.length).toBe(heard);
    expect(trunk.counts.inUse).toBe(2);

    await until(() => script().state === 'serve');
    peer.send(request('BYE', peer, port, 'one', first, 2), port);
    await until(() => peer.received.some((text) => headerIn(text, 'CSeq') === '2 BYE'));
    expect(peer.received.at(-1)).toContain('SIP/2.0 200');
    peer.send(request('INVITE', peer, port, 'ringing'), port);

    await until(() => script().restarts === 1);
    expect(trunk.counts.inUse).toBe(0);
    const after = peer.received.length;
    peer.send(request('BYE', peer, port, 'two', second, 2), port);
    peer.send(request('INVITE', peer, port, 'two', second, 3), port);
    await until(() => peer.received.length >= after + 2);
    for (const text of peer.received.slice(after, after + 2)) expect(text).toContain('SIP/2.0 481');
    expect(endpoint.stats()?.dialogs).toBe(0);

    await place('four');
    expect(trunk.counts.inUse).toBe(1);
    expect(errors).toEqual([]);
    await until(() => records.length >= 3);
    expect(records.map(({ outcome }) => outcome).sort()).toEqual(['completed', 'dropped', 'dropped']);
  });
});
