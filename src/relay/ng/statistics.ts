import type { RelaySnapshot } from '../../media/link/relay-messages.js';
import type { Bencodable } from './bencode.js';
import type { NgCalls } from './calls.js';
import type { NgInterface } from './interfaces.js';

/** Commands that rtpengine 10 counts, in its order, by the names that it counts them under. */
const COUNTED_AS: ReadonlyMap<string, string> = new Map([
  ['ping', 'ping'],
  ['offer', 'offer'],
  ['answer', 'answer'],
  ['delete', 'delete'],
  ['query', 'query'],
  ['list', 'list'],
  ['start recording', 'startrec'],
  ['stop recording', 'stoprec'],
  ['start forwarding', 'startfwd'],
  ['stop forwarding', 'stopfwd'],
  ['block DTMF', 'blkdtmf'],
  ['unblock DTMF', 'unblkdtmf'],
  ['block media', 'blkmedia'],
  ['unblock media', 'unblkmedia'],
  ['play media', 'playmedia'],
  ['stop media', 'stopmedia'],
  ['play DTMF', 'playdtmf'],
  ['statistics', 'stats'],
  ['silence media', 'slnmedia'],
  ['unsilence media', 'unslnmedia'],
  ['publish', 'pub'],
  ['subscribe request', 'subreq'],
  ['subscribe answer', 'subans'],
  ['unsubscribe', 'unsub'],
]);

/** Commands that rtpengine has, whether they are carried out here or refused. */
export function isKnownCommand(command: string): boolean {
  return COUNTED_AS.has(command);
}

/** Controllers that are told apart; what further ones send is counted in the totals only. */
const MAX_PROXIES = 256;

/** Commands by controller. */
export class CommandCounts {
  private readonly byProxy = new Map<string, { counts: Map<string, { count: number; ms: number }>; errors: number }>();
  errors = 0;

  /** @param command `null` for what could not be read */
  count(proxy: string, command: string | null, ms: number, isError: boolean): void {
    if (isError) this.errors++;
    let known = this.byProxy.get(proxy);
    if (!known && this.byProxy.size < MAX_PROXIES) {
      known = { counts: new Map(), errors: 0 };
      this.byProxy.set(proxy, known);
    }
    if (!known) return;
    if (isError) known.errors++;
    if (command === null || !COUNTED_AS.has(command)) return;
    const one = known.counts.get(command) ?? { count: 0, ms: 0 };
    one.count++;
    one.ms += ms;
    known.counts.set(command, one);
  }

  /** As `controlstatistics` has it. */
  report(): Bencodable {
    const totals = new Map<string, number>();
    const proxies: Bencodable[] = [];
    for (const [proxy, { counts, errors }] of this.byProxy) {
      const report = new Map<string, Bencodable>([['proxy', proxy]]);
      for (const [command, name] of COUNTED_AS) {
        const { count, ms } = counts.get(command) ?? { count: 0, ms: 0 };
        report.set(`${name}count`, count);
        report.set(`${name}duration`, seconds(ms));
        totals.set(name, (totals.get(name) ?? 0) + count);
      }
      report.set('errorcount', errors);
      proxies.push(report);
    }
    const result = new Map<string, Bencodable>([['proxies', proxies]]);
    for (const name of COUNTED_AS.values()) result.set(`total${name}count`, totals.get(name) ?? 0);
    return result;
  }
}

/**
 * The answer to `statistics`, with the names and types that rtpengine 10 gives them. What a relay without kernel module and
 * transcoding has no figure for is 0; `intervalstatistics` of commands and `mos` are left out.
 */
export function statistics(
  { size: calls, ended, portsInUse }: Pick<NgCalls, 'size' | 'ended' | 'portsInUse'>,
  upMs: number,
  commands: CommandCounts,
  interfaces: readonly NgInterface[],
  { min, max }: { min: number; max: number },
  now: RelaySnapshot | null,
  before: RelaySnapshot | null,
): Bencodable {
  const packets = (snapshot: RelaySnapshot | null): number =>
    snapshot ? snapshot.directions.aToB.sent + snapshot.directions.bToA.sent + snapshot.rtcp : 0;
  const errors = (snapshot: RelaySnapshot | null): number => (snapshot ? snapshot.malformed + snapshot.unopened : 0);
  const spanS = now && before ? (now.atMs - before.atMs) / 1000 : 0;
  const rate = (figure: (snapshot: RelaySnapshot | null) => number): number =>
    spanS > 0 ? (figure(now) - figure(before)) / spanS : 0;
  const managed = ended.deleted + ended.timeout + ended.offerTimeout + ended.noPorts;
  const meanMs = managed > 0 ? ended.durationMs / managed : 0;
  const varianceS2 = managed > 0 ? Math.max(0, ended.durationS2 / managed - (meanMs / 1000) ** 2) : 0;
  return {
    currentstatistics: {
      sessionsown: calls,
      sessionsforeign: 0,
      sessionstotal: calls,
      transcodedmedia: 0,
      packetrate_user: rate(packets),
      errorrate_user: rate(errors),
      packetrate_kernel: 0,
      byterate_kernel: 0,
      errorrate_kernel: 0,
      packetrate: rate(packets),
      errorrate: rate(errors),
    },
    totalstatistics: {
      uptime: String(Math.floor(upMs / 1000)),
      managedsessions: managed,
      rejectedsessions: ended.refused,
      timeoutsessions: ended.timeout,
      silenttimeoutsessions: 0,
      finaltimeoutsessions: 0,
      offertimeoutsessions: ended.offerTimeout,
      regularterminatedsessions: ended.deleted,
      forcedterminatedsessions: ended.noPorts,
      relayedpackets_user: packets(now),
      relayedpacketerrors_user: errors(now),
      relayedpackets_kernel: 0,
      relayedpacketerrors_kernel: 0,
      relayedbytes_kernel: 0,
      relayedpackets: packets(now),
      relayedpacketerrors: errors(now),
      avgcallduration: seconds(meanMs),
      totalcallsduration: seconds(ended.durationMs),
      totalcallsduration2: ended.durationS2.toFixed(6),
      totalcallsduration_stddev: Math.sqrt(varianceS2).toFixed(6),
    },
    controlstatistics: commands.report(),
    interfaces: interfaces.map(({ name, address }) => {
      const totals = max - min + 1;
      const used = portsInUse(address);
      const free = totals - used;
      return { name, address, ports: { min, max, used, used_pct: ((used * 100) / totals).toFixed(2), free, totals } };
    }),
    transcoders: [],
  };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(6);
}
