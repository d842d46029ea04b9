import { PTIMES_MS } from '../../src/core/codecs.js';
import { Rng } from '../../src/core/rng.js';
import type { SrtpSuite } from '../../src/rtp/srtp-keys.js';
import { type Exchange, isExchange, Negotiation } from '../../src/sdp/negotiation.js';
import { mutate } from './mutators.js';
import { Failure } from './oracles.js';

/** What a campaign did. */
export interface DescriptionFuzzResult {
  descriptions: number;
  /** Times that one was taken, as an offer or as an answer. */
  taken: number;
  refused: number;
}

const SUITES: readonly SrtpSuite[] = ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM'];
const NUMBERS = [
  '0',
  '-1',
  '127',
  '128',
  '300',
  '65535',
  '65536',
  '99999',
  '1e3',
  '4294967296',
  '',
  ' ',
  '0x10',
  '1.5',
];
const MOST_CPU_MS = 1000;

/**
 * Has mutated session descriptions answered, and taken as answers, in clear and with SRTP.
 * @throws Failure when anything is thrown, takes long, or leads to what cannot be sent
 */
export function fuzzDescriptions(seed: number, count: number): DescriptionFuzzResult {
  const rng = new Rng(seed);
  const result: DescriptionFuzzResult = { descriptions: count, taken: 0, refused: 0 };
  for (let n = 0; n < count; n++) {
    const suites = n % 3 === 0 ? SUITES : [];
    const text = mutated(side(suites).offer(), rng);
    const startedUs = cpuUs();
    for (const exchange of exchangesOf(text, suites)) {
      if (exchange === null) result.refused++;
      else {
        result.taken++;
        expectUsable(exchange, text);
      }
    }
    if (cpuUs() - startedUs > MOST_CPU_MS * 1000) throw new Failure('a description takes too long', [text]);
  }
  return result;
}

function side(suites: readonly SrtpSuite[]): Negotiation {
  const local = { address: '127.0.0.1', port: 20_000, ptimeMs: 20, sessionId: 9, rtcpMux: true };
  return new Negotiation(local, ['opus', 'G722', 'PCMU', 'PCMA', 'L16/8000'], suites, true);
}

/** As an answer, as an offer after it, and as a first offer. */
function exchangesOf(text: string, suites: readonly SrtpSuite[]): (Exchange | null)[] {
  try {
    const us = side(suites);
    us.offer();
    const answered = us.takeAnswer(text);
    const exchanges = [isExchange(answered) ? answered : null, us.answer(text), side(suites).answer(text)];
    us.offer();
    return exchanges;
  } catch (error) {
    throw new Failure(`a description throws: ${(error as Error).stack}`, [text]);
  }
}

/** Changes a description in one or two ways: numbers that it holds, or anything. */
function mutated(text: string, rng: Rng): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(rng.uniform() * list.length)];
  let result = text;
  for (let times = 1 + Math.floor(rng.uniform() * 2); times > 0; times--)
    result =
      rng.uniform() < 0.5
        ? result.replace(/\d+/g, (number) => (rng.uniform() < 0.1 ? pick(NUMBERS) : number))
        : mutate(result, result, rng, 60_000);
  return result;
}

/** What the media plane is told can be sent and received: RFC 3551, and ports that there are. */
function expectUsable({ remote, agreement, accept, srtp }: Exchange, text: string): void {
  const within = (value: unknown, least: number, most: number): boolean =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  const isType = (type: unknown): boolean => within(type, 0, 127);
  const { sendPayloadType, eventPayloadType, comfortPayloadType, ptimeMs } = agreement;
  const oracles: Record<string, boolean> = {
    port: within(remote.port, 1, 65_535) && within(remote.rtcp.port, 0, 65_535),
    address: typeof remote.address === 'string' && typeof remote.rtcp.address === 'string',
    'payload type':
      isType(sendPayloadType) &&
      [eventPayloadType, comfortPayloadType].every((type) => type === null || isType(type)) &&
      Object.keys(accept).map(Number).every(isType),
    'packet interval': (PTIMES_MS as readonly number[]).includes(ptimeMs),
    SSRC: remote.ssrcs.every((ssrc) => within(ssrc, 0, 0xffffffff)),
    key: srtp === null || Buffer.from(srtp.receive, 'base64').length >= 28,
  };
  for (const [what, holds] of Object.entries(oracles))
    if (!holds) throw new Failure(`a description leads to an impossible ${what}`, [text]);
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
