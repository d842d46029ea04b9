import { systemClock } from '../core/clock.js';
import { AppError } from '../core/errors.js';
import type { RegistrationResult } from '../metrics/registration-metrics.js';
import { leavingCps } from '../swarm/leaving-rate.js';
import type { RegistrationsSpec } from '../swarm/registration-spec.js';
import type { RunState } from './run-state.js';

/** What the last accounts that are taken off take at most, with some to spare. */
const LAST_ANSWERS_MS = 7000;

/** What becomes of the accounts of a run. */
export class Registering {
  /** Whether the registrar ever gave a response. */
  private hasHeard = false;
  private toldOfRealm = false;

  constructor(
    private readonly spec: RegistrationsSpec,
    private readonly accounts: number,
    private readonly state: RunState,
  ) {}

  /** Whether calls wait for the accounts. */
  get isBeforeCalls(): boolean {
    return this.spec.calls === 'after';
  }

  /** How long it takes to take every account off. */
  get leavingMs(): number {
    const cps = leavingCps(this.spec);
    return cps === null ? 0 : LAST_ANSWERS_MS + (this.accounts / cps) * 1000;
  }

  begin(nowMs: number): void {
    const { registrar, cps } = this.spec;
    this.state.note(nowMs, 'info', `registering ${this.accounts} accounts at ${registrar}, ${cps} a second`);
  }

  /** Takes a REGISTER that has ended; the result says why the registrar is unusable, when this one shows it. */
  take(result: RegistrationResult): AppError | null {
    this.state.registrations?.add(result);
    const { response, otherRealm } = result;
    if (otherRealm !== null) this.tellOfRealm(otherRealm);
    if (response !== 'timeout' && response !== 'transport') this.hasHeard = true;
    if (this.hasHeard) return null;
    return new AppError('TARGET_SILENT', 'The registrar never answered', {
      where: this.spec.registrar,
      found:
        response === 'timeout'
          ? 'no response to a REGISTER within 64·T1 = 32 s (Timer F)'
          : 'no REGISTER could be delivered',
      hint: 'Check address, port and transport, and that the registrar takes requests from this machine.',
    });
  }

  /** Says once that accounts could not answer a challenge, which the summary counts by realm. */
  private tellOfRealm(realm: string): void {
    if (this.toldOfRealm) return;
    this.toldOfRealm = true;
    const { accounts } = this.spec;
    const text = `the registrar challenges for the realm ${JSON.stringify(realm)}: ${accounts} names another one in the column realm`;
    this.state.note(systemClock.now(), 'error', text);
  }

  /** Every account was tried. */
  end(nowMs: number): void {
    const { state } = this;
    const afterMs = nowMs - state.startMs;
    state.registrations?.allTried(afterMs);
    const registered = state.registrations?.snapshot().registered ?? 0;
    const level = registered < this.accounts ? 'warn' : 'info';
    state.note(
      nowMs,
      level,
      `registered ${registered} of ${this.accounts} accounts in ${(afterMs / 1000).toFixed(1)} s`,
    );
  }
}
