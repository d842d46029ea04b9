import { describe, expect, it } from 'vitest';
import { audio, NgHarness, type Parameters } from '../relay/ng/harness.js';
import { REFUSED_SDP, SDP_CASES, type Step } from './ng-sdp-cases.js';
import { RtpEngine } from './rtpengine.js';

/** Ports by order of appearance, the relay's addresses as one; keys left out; and what a relay with DTLS or more suites has besides. */
function normalised(sdp: string): string[] {
  const ports = new Map<string, string>();
  const port = (written: string): string => {
    if (written === '0') return written;
    if (!ports.has(written)) ports.set(written, `port${ports.size + 1}`);
    return ports.get(written)!;
  };
  const suites = new Set<string>();
  return sdp
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.replace(/^(m=\S+) (\d+)/, (_, head, written) => `${head} ${port(written)}`))
    .map((line) => line.replace(/^a=rtcp:(\d+)/, (_, written) => `a=rtcp:${port(written)}`))
    .filter((line) => {
      const suite = /^a=crypto:\d+ (\S+)/.exec(line)?.[1];
      if (suite === undefined) return true;
      // One that we have as well.
      suites.add(suite);
      return /^(AEAD_AES_128_GCM|AES_CM_128_HMAC_SHA1_(80|32))$/.test(suite);
    })
    .map((line) => line.replace(/^a=crypto:\d+ (\S+) inline:\S+/, 'a=crypto: $1'));
}

interface Peer {
  ask(command: string, parameters: Parameters): Promise<Parameters>;
}

/** What a relay makes of each description of a case. */
async function through(peer: Peer, callId: string, steps: readonly Step[]): Promise<string[][]> {
  const results: string[][] = [];
  let answered = false;
  let before = '';
  // A key is taken under the tag that it was offered under.
  const tagged = (line: string): string =>
    line.replace(/^a=crypto:TAG (\S+)/, (_, suite) => {
      const tag = new RegExp(`^a=crypto:(\\d+) ${suite} `, 'm').exec(before)?.[1];
      return `a=crypto:${tag} ${suite}`;
    });
  for (const { kind, fromCallee, sdp, flags } of steps) {
    const isByCallee = fromCallee === true;
    // Tags are those of the request that is answered.
    const offerIsByCallee = kind === 'offer' ? isByCallee : !isByCallee;
    const [from, to] = offerIsByCallee ? ['callee', 'caller'] : ['caller', 'callee'];
    const parameters: Parameters = { 'call-id': callId, 'from-tag': from, DTLS: 'off', ICE: 'remove', ...flags };
    if (kind === 'answer' || answered) parameters['to-tag'] = to;
    answered ||= kind === 'answer';
    const reply = await peer.ask(kind, { ...parameters, sdp: `${sdp.map(tagged).join('\r\n')}\r\n` });
    before = String(reply.sdp);
    results.push(normalised(String(reply.sdp)));
  }
  return results;
}

describe('what we make of descriptions is what rtpengine makes of them', () => {
  it('in a table of offers and answers, but for addresses, ports and keys', async () => {
    const rtpengine = await RtpEngine.start(['127.0.0.1', '::1']);
    const ours = new NgHarness(undefined, [
      { name: 'default', address: '127.0.0.1' },
      { name: 'default', address: '::1' },
    ]);
    try {
      for (const [name, steps] of Object.entries(SDP_CASES)) {
        const expected = await through(rtpengine, name, steps);
        expect.soft(await through(ours, name, steps), name).toEqual(expected);
      }
      for (const [name, sdp] of Object.entries(REFUSED_SDP)) {
        const parameters = { 'call-id': name, 'from-tag': 'a', sdp };
        const reasons = [rtpengine, ours].map(async (peer) => (await peer.ask('offer', parameters))['error-reason']);
        const [expected, own] = await Promise.all(reasons);
        expect.soft(expected, name).toBeDefined();
        expect.soft(own, name).toBe(expected);
      }
    } finally {
      await rtpengine.stop();
    }
  });
});

/** Every key of an answer with the kind of its value; of lists the first item. Tags, ports and interfaces have names of their own. */
function shapeOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [] : shapeOf(value[0], `${path}[]`);
  if (typeof value !== 'object' || value === null) return [`${path}: ${typeof value}`];
  return Object.entries(value).flatMap(([key, of]) => shapeOf(of, `${path}/${key}`));
}

describe('what is told of calls has rtpengine’s form', () => {
  it('by query, list, delete and statistics: the same keys with the same kinds of values', async () => {
    const rtpengine = await RtpEngine.start();
    const ours = new NgHarness();
    const shapes: string[][][] = [];
    try {
      for (const peer of [rtpengine, ours]) {
        const both = { 'call-id': 'c1', 'from-tag': 'a', 'to-tag': 'b' };
        await peer.ask('offer', { 'call-id': 'c1', 'from-tag': 'a', sdp: audio(4000, '127.0.0.1') });
        await peer.ask('answer', { ...both, sdp: audio(5000, '127.0.0.1') });
        const answers = [
          await peer.ask('query', { 'call-id': 'c1' }),
          await peer.ask('list'),
          await peer.ask('statistics'),
          await peer.ask('delete', { ...both, 'delete delay': 0 }),
        ];
        shapes.push(answers.map((answer) => shapeOf(answer)));
      }
    } finally {
      await rtpengine.stop();
    }
    const [theirs, own] = shapes;
    // Of packets that came, of which there were none at rtpengine.
    const ofPackets = /\/(codec|SSRC): /;
    for (const [i, shape] of own.entries())
      expect(shape.filter((key) => !theirs[i].includes(key) && !ofPackets.test(key))).toEqual([]);
    const missing = theirs.flatMap((shape, i) => shape.filter((key) => !own[i].includes(key)));
    const isLeftOut =
      /\/(intervalstatistics|mos)\/|(zero|one)waystreams:|byterate(_user)?:|relayedbytes(_user)?:|media_(userspace|kernel|mixed):|ports\/last:/;
    expect(missing.filter((key) => !isLeftOut.test(key))).toEqual([]);
  });
});
