import { randomBytes } from 'node:crypto';
import type { SrtpSuite } from '../rtp/srtp-keys.js';
import type { SrtpKeys } from '../rtp/srtp-session.js';
import { type CryptoLine, masterBytes, type SdesKey, usableKeys } from './sdes.js';

/** In the order in which they are offered to a party that was offered none. */
const SUITES: readonly SrtpSuite[] = ['AEAD_AES_128_GCM', 'AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'];

/**
 * The SDES keys of one medium towards one party of a relay (RFC 4568). Each party has keys of its own: what crosses the
 * relay in between is clear. Our key of a suite stays the same within the call, so that repeating it changes nothing.
 */
export class RelayKeys {
  /** What we wrote into the last description for the party. */
  written: SdesKey[] = [];
  /** What both sides use; `null` until then. */
  agreed: SrtpKeys | null = null;
  /** What the party's last description has. */
  private theirs: SdesKey[] = [];
  private readonly masters = new Map<SrtpSuite, Uint8Array>();

  /** Takes the party's keys; false where none of them can be used. */
  take(lines: readonly CryptoLine[], without: ReadonlySet<string>): boolean {
    this.theirs = usableKeys(lines).filter(({ suite }) => !without.has(suite));
    const kept = this.theirs.find(({ suite }) => suite === this.agreed?.suite);
    // A new offer with another key of the suite in use: the party may use it at once (RFC 4568, section 7.1.4).
    if (kept) this.agree(kept);
    return this.theirs.length > 0;
  }

  /** What the party uses of what we offered; false where that is nothing. */
  takeAnswer(lines: readonly CryptoLine[]): boolean {
    this.theirs = usableKeys(lines);
    const chosen = this.theirs.find(({ tag, suite }) =>
      this.written.some((own) => own.tag === tag && own.suite === suite),
    );
    if (!chosen) return false;
    this.written = this.written.filter(({ tag }) => tag === chosen.tag);
    this.agree(chosen);
    return true;
  }

  /** Offers what the other party offered, under its tags, then the suites that it did not. */
  offer(from: RelayKeys | null, without: ReadonlySet<string>): void {
    const offered = from?.theirs ?? [];
    const keys = offered.map(({ tag, suite }) => this.own(tag, suite));
    let tag = Math.max(0, ...offered.map((key) => key.tag));
    const inUse = this.written.map(({ suite }) => suite);
    for (const suite of new Set([...inUse, ...SUITES]))
      if (!without.has(suite) && !keys.some((key) => key.suite === suite)) keys.push(this.own(++tag, suite));
    this.written = keys;
  }

  /** Answers with one of the suites that the party offered: the one that the other party took, if it can be. */
  answer(from: RelayKeys | null): void {
    const chosen = this.theirs.find(({ suite }) => suite === from?.agreed?.suite) ?? this.theirs[0];
    if (!chosen) return;
    this.written = [this.own(chosen.tag, chosen.suite)];
    this.agree(chosen);
  }

  private agree({ suite, master }: SdesKey): void {
    const base64 = (key: Uint8Array): string => Buffer.from(key).toString('base64');
    this.agreed = { suite, send: base64(this.own(0, suite).master), receive: base64(master) };
  }

  private own(tag: number, suite: SrtpSuite): SdesKey {
    let master = this.masters.get(suite);
    if (!master) {
      master = randomBytes(masterBytes(suite));
      this.masters.set(suite, master);
    }
    return { tag, suite, master };
  }
}
