import { lookup } from 'node:dns';
import { isIP } from 'node:net';

const KEEP_MS = 60_000;

/** Turns host names into addresses by the system's resolver, and remembers them for a minute. */
export class Resolver {
  private readonly known = new Map<string, { address: string; untilMs: number }>();

  /**
   * Calls back with the address, or with `null` and the reason. Numeric and remembered hosts are answered before this
   * returns.
   */
  resolve(host: string, family: 0 | 4 | 6, done: (address: string | null, reason: string) => void): void {
    const hit = this.known.get(host);
    if (hit && hit.untilMs > performance.now()) {
      done(hit.address, '');
      return;
    }
    if (isIP(host) !== 0) {
      this.known.set(host, { address: host, untilMs: Number.POSITIVE_INFINITY });
      done(host, '');
      return;
    }
    lookup(host, { family }, (error, address) => {
      if (error) {
        done(null, error.code ?? error.message);
        return;
      }
      this.known.set(host, { address, untilMs: performance.now() + KEEP_MS });
      done(address, '');
    });
  }
}
