import type { Clock } from '../core/clock.js';
import type { SrfResult } from '../drachtio/srf-types.js';
import { triedTargets } from '../drachtio/tried-targets.js';
import type { CallRecord } from '../metrics/call-record.js';
import type { CallRoute, Destination } from './call-route.js';
import type { CallScope } from './call-scope.js';
import type { Failure } from './final-response.js';

/** The tries of one attempt, one after the other: where each goes, and how it ended. */
export class Tries {
  /** The present try has heard more than a 100. */
  heard = false;
  private number = 0;
  private startedMs: number;
  /** Entries of the record that the present try has. */
  private noted = 0;

  /** @param route where else the attempt may go; `undefined` for nowhere */
  constructor(
    private readonly record: CallRecord,
    private readonly clock: Clock,
    private present: Destination,
    private readonly route: CallRoute | undefined,
  ) {
    this.startedMs = record.startedMs;
  }

  get uri(): string {
    return this.present.uri;
  }

  get proxy(): string | undefined {
    return this.present.proxy;
  }

  /** The INVITE of the present try left then. */
  left(atMs: number): void {
    this.startedMs = atMs;
  }

  /** Tells when the present try has heard nothing above a 100 in the time that it has. */
  watch(scope: CallScope, onSilence: (failure: Failure) => void): void {
    const { route } = this;
    if (!route) return;
    const reason = `no response above 100 within ${route.noResponseMs} ms`;
    const tell = this.ofPresent(() => {
      if (!this.heard) onSilence({ cause: 'timeout', status: 408, reason, q850: null, retryAfterS: null });
    });
    // The first try may be made before it is due.
    scope.after(Math.max(0, this.startedMs - this.clock.now()) + route.noResponseMs, tell);
  }

  /** A callback of the present try; once that is given up, `late` takes what still comes. */
  ofPresent<A extends unknown[]>(callback: (...args: A) => void, late?: (...args: A) => void): (...args: A) => void {
    const { number } = this;
    return (...args) => (number === this.number ? callback(...args) : late?.(...args));
  }

  /** The present target took the call. */
  answered(response: SrfResult): void {
    this.noteServers(response);
    this.route?.answered(this.startedMs);
  }

  /** The present try failed. Whether there is another one, which has begun then. */
  failed(failure: Failure, response: SrfResult | undefined, finalMs: number, mayGoOn: boolean): boolean {
    if (response) this.noteServers(response);
    if (!mayGoOn) return false;
    const next = this.route?.failed(failure, this.startedMs) ?? null;
    if (next === null) return false;
    this.conclude(failure, finalMs);
    this.record.trunk = next.trunk;
    this.present = next;
    this.leave();
    this.startedMs = this.clock.now();
    return true;
  }

  /** Nothing that still comes of the present try counts. */
  leave(): void {
    this.number++;
    this.noted = 0;
    this.heard = false;
  }

  /** Writes down how the present try ended. */
  conclude({ status, reason, cause }: Pick<CallRecord, 'status' | 'reason' | 'cause'>, finalMs: number | null): void {
    const { record, startedMs } = this;
    if (this.noted === 0)
      record.tries.push({ trunk: record.trunk, status, reason, cause: null, startedMs: null, ms: null });
    const last = record.tries.at(-1)!;
    last.cause = record.answeredMs === null ? cause : null;
    last.startedMs = startedMs;
    last.ms = finalMs === null ? null : Math.max(0, finalMs - startedMs);
  }

  /** Which servers of the target were tried, where the first one did not serve the call. */
  private noteServers(response: SrfResult): void {
    const { trunk } = this.record;
    for (const { uri, status, reason } of triedTargets(response)) {
      this.record.tries.push({ trunk: uri, status, reason, cause: null, startedMs: null, ms: null, target: trunk });
      this.noted++;
    }
  }
}
