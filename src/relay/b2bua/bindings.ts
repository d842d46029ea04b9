import { createHash } from 'node:crypto';
import type { Clock } from '../../core/clock.js';

/** A phone that registered through the relay. */
export interface Binding {
  /** Its address of record. */
  of: string;
  /** Its own Contact. */
  uri: string;
  /** Where its REGISTER came from, and requests for it go: behind NAT its Contact leads nowhere. */
  source: string;
  address: string;
  port: number;
}

/** Phones at once; further ones are not bound. */
export const MAX_BINDINGS = 10_000;
const PREFIX = 'tr-';
const DIGITS = 16;

/** Phones that registered through the relay, each by the user part that stands for it in the Contact which the target has. */
export class Bindings {
  private readonly byName = new Map<string, Binding & { untilMs: number }>();

  constructor(private readonly clock: Clock) {}

  /** The name of a phone's Contact: the same one each time. */
  static nameOf(addressOfRecord: string, contact: string): string {
    return PREFIX + createHash('sha256').update(`${addressOfRecord} ${contact}`).digest('hex').slice(0, DIGITS);
  }

  /** Those whose time is not up. */
  get size(): number {
    const now = this.clock.now();
    let count = 0;
    for (const { untilMs } of this.byName.values()) if (untilMs > now) count++;
    return count;
  }

  find(name: string): Binding | undefined {
    const binding = this.byName.get(name);
    return binding && binding.untilMs > this.clock.now() ? binding : undefined;
  }

  /** Whether requests of a phone come from there. */
  isSource(address: string, port: number): boolean {
    for (const binding of this.byName.values()) if (binding.address === address && binding.port === port) return true;
    return false;
  }

  /** Binds a phone for so long; `false` when there are too many. */
  bind(name: string, binding: Binding, seconds: number): boolean {
    if (!this.byName.has(name) && this.byName.size >= MAX_BINDINGS) this.forgetOld();
    if (!this.byName.has(name) && this.byName.size >= MAX_BINDINGS) return false;
    this.byName.set(name, { ...binding, untilMs: this.clock.now() + seconds * 1000 });
    return true;
  }

  remove(name: string): void {
    this.byName.delete(name);
  }

  /** Forgets all phones of an address of record. */
  removeAll(addressOfRecord: string): void {
    for (const [name, { of }] of this.byName) if (of === addressOfRecord) this.byName.delete(name);
  }

  private forgetOld(): void {
    const now = this.clock.now();
    for (const [name, { untilMs }] of this.byName) if (untilMs <= now) this.byName.delete(name);
  }
}
