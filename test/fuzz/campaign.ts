import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Rng } from '../../src/core/rng.js';
import { type Link, StreamLink, UdpLink } from './links.js';
import { type Fuel, Messages } from './messages.js';
import { Failure, Ledger } from './oracles.js';
import { Rig, settle } from './rig.js';

export interface CampaignOptions {
  seed: number;
  /** Messages to send, without those that keep calls alive and probe the server. */
  count: number;
  /** Names of links, such as `udp4` and `tls6`; all without it. */
  transports?: readonly string[];
  onProgress?(sent: number): void;
}

/** What a campaign did. */
export interface CampaignResult {
  /** Mutated messages by link. */
  sent: Record<string, number>;
  kinds: Record<string, number>;
  /** Of these the SIP stack read as messages, clean ones included. */
  received: number;
  malformed: number;
  bytesIn: number;
  bytesOut: number;
  slowestCpuMs: number;
  /** Chunks that drew more than is due once, and not when they were sent again. */
  seenOnce: readonly Failure[];
  heapBeforeBytes: number;
  heapAfterBytes: number;
}

/** Of a hundred chunks, which go where. Streams cost more: one that loses step needs a new connection. */
const SHARES: Record<string, number> = { udp4: 46, udp6: 16, tcp4: 14, tcp6: 10, tls4: 8, tls6: 6 };
const BROKEN: Record<string, number> = { tcp4: 0.1, tcp6: 0.1, tls4: 0.02, tls6: 0.02 };
const KINDS: Record<Fuel['kind'], number> = { fresh: 50, dialog: 24, answers: 14, strays: 12 };
const CHUNK = 100;
/** Chunks between two steps of the clock. */
const CHUNKS_A_STEP = 6;
const STEP_MS = 700;
/** After this share of the messages the heap is as large as it may become. */
const WARM = 0.1;
/** What the heap may grow by after that, however many messages follow. */
export const HEAP_GROWTH_BYTES = 12 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Runs a campaign. @throws Failure when an oracle objects */
export async function campaign({ seed, count, transports, onProgress }: CampaignOptions): Promise<CampaignResult> {
  const rng = new Rng(seed);
  const rig = await Rig.open();
  const links = await openLinks(rig, rng, transports);
  const ledger = new Ledger(rig);
  const messages = new Messages(rig, rng);
  const sent = Object.fromEntries(links.map(({ name }) => [name, 0]));
  const kinds: Record<string, number> = {};
  let total = 0;
  let heapBeforeBytes = 0;
  try {
    for (let chunk = 1; total < count; chunk++) {
      const link = byShare(rng, links, ({ name }) => SHARES[name]);
      const kind = byShare(rng, Object.keys(KINDS) as Fuel['kind'][], (name) => KINDS[name]);
      const fuel = await messages.chunk(kind, link, Math.min(CHUNK, count - total));
      await ledger.check(link, fuel);
      total += fuel.texts.length;
      sent[link.name] += fuel.texts.length;
      kinds[kind] = (kinds[kind] ?? 0) + fuel.texts.length;
      if (chunk % CHUNKS_A_STEP === 0) {
        await rig.pass(chunk % (CHUNKS_A_STEP * 60) === 0 ? 40_000 : STEP_MS);
        ledger.checkFailures([]);
        onProgress?.(total);
      }
      if (heapBeforeBytes > 0 || total < count * WARM) continue;
      heapBeforeBytes = await restingHeap(rig, ledger);
      for (const each of links) await each.renew();
    }
    for (const link of links) await messages.cleanCall(link);
    const heapAfterBytes = await restingHeap(rig, ledger);
    if (heapAfterBytes - heapBeforeBytes > HEAP_GROWTH_BYTES)
      throw new Failure(`the heap grew from ${heapBeforeBytes} to ${heapAfterBytes} bytes`, []);
    for (const link of links.splice(0)) await link.close();
    await ledger.checkConnections();
    const { messagesReceived: received, malformed } = rig.stats;
    const { bytesIn, slowestCpuMs, seenOnce } = ledger;
    return {
      sent,
      kinds,
      received,
      malformed,
      bytesIn,
      bytesOut: rig.tap.bytes,
      slowestCpuMs,
      seenOnce,
      heapBeforeBytes,
      heapAfterBytes,
    };
  } finally {
    for (const link of links) await link.close();
    await rig.close();
  }
}

async function openLinks(rig: Rig, rng: Rng, wanted?: readonly string[]): Promise<Link[]> {
  const links: Link[] = [];
  for (const listener of rig.listeners) {
    const name = `${listener.protocol}${listener.address === '::1' ? '6' : '4'}`;
    if (wanted && !wanted.includes(name)) continue;
    links.push(
      listener.protocol === 'udp'
        ? await UdpLink.open(rig, listener)
        : await StreamLink.open(rig, listener, BROKEN[name], () => rng.uniform()),
    );
  }
  return links;
}

/** The heap once every call has ended and every timer has run out. */
async function restingHeap(rig: Rig, ledger: Ledger): Promise<number> {
  await rig.drain();
  ledger.checkEmpty();
  await settle();
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function byShare<T>(rng: Rng, list: readonly T[], shareOf: (item: T) => number): T {
  let draw = rng.uniform() * list.reduce((sum, item) => sum + shareOf(item), 0);
  for (const item of list) if ((draw -= shareOf(item)) < 0) return item;
  return list[list.length - 1];
}
