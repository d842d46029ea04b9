import { isIP } from 'node:net';
import type { Dns } from '../sip/dns.js';
import { type HopPlan, planHops, type Reach, usableTransports } from '../sip/next-hop.js';
import { RESOLVER_LIMITS } from '../sip/resolver.js';
import { parseSipUri, type SipUri } from '../sip/uri.js';
import type { ServerBook } from './group-servers.js';
import type { GroupTarget } from './group-target.js';
import { uriAt } from './target.js';

/** A TTL of 0 does not have the DNS asked for ever. */
const LEAST_MS = 1000;

export interface GroupDnsOptions {
  targets: readonly GroupTarget[];
  book: ServerBook;
  dns: Dns;
  reach: Reach;
  /** The book has changed. */
  onChange(): void;
  onLog(level: 'info' | 'warn', text: string): void;
}

/**
 * Finds the servers that the names of a group's targets lead to (RFC 3263 4), and asks anew whenever a record's time is over.
 * While the DNS does not answer, what it said last holds; once it knows no server, the target is tried by its name.
 */
export class GroupDns {
  private readonly timers = new Map<number, NodeJS.Timeout>();
  private closed = false;

  constructor(private readonly options: GroupDnsOptions) {}

  /** Resolves when each name was asked for once. */
  async open(): Promise<void> {
    const { targets, reach } = this.options;
    await Promise.all(
      targets.map((target, i) => {
        const uri = parseSipUri(uriAt(target, ''));
        const isNamed = uri !== null && isIP(uri.maddr ?? uri.host) === 0;
        return isNamed && usableTransports(uri, reach.transports).length > 0 ? this.ask(i, uri, true) : null;
      }),
    );
  }

  close(): void {
    this.closed = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
  }

  private async ask(i: number, uri: SipUri, isFirst: boolean): Promise<void> {
    const { dns, reach } = this.options;
    const plan = await planHops(uri, dns, reach);
    if (this.closed) return;
    const { negativeMs, failureMs } = RESOLVER_LIMITS;
    const isFound = plan.groups.length > 0;
    if (plan.isWhole || (isFirst && isFound)) this.take(i, plan, isFirst);
    else this.options.onLog('warn', `${this.options.targets[i].trunk}: the DNS does not answer all that it was asked`);
    const againMs = !plan.isWhole ? failureMs : isFound ? plan.ttlS * 1000 : negativeMs;
    this.timers.set(
      i,
      setTimeout(() => void this.ask(i, uri, false), Math.max(LEAST_MS, againMs)),
    );
  }

  private take(i: number, plan: HopPlan, isFirst: boolean): void {
    const { book, targets, onChange, onLog } = this.options;
    const { trunk } = targets[i];
    const { came, left } = book.take(i, plan);
    if (isFirst && came.length > 1) onLog('info', `${trunk} leads to ${came.length} servers`);
    if (!isFirst && came.length > 0) onLog('info', `${trunk}: the DNS names ${came.join(', ')}`);
    if (left.length > 0) onLog('warn', `${trunk}: the DNS no longer names ${left.join(', ')}`);
    onChange();
  }
}
