import { CallCredentials, type KnownChallenges } from '../flow/call-credentials.js';
import { retryAfterSeconds } from '../flow/reason-header.js';
import type { RegistrationKind, RegistrationResult } from '../metrics/registration-metrics.js';
import type { Credentials } from '../sip/digest.js';
import { headerParam, splitList, uriOf } from '../sip/header-values.js';
import type { Account } from './account-file.js';

/** A failed REGISTER is tried again after this time, or after as little as half of it; Retry-After goes first. */
const RETRY_MS = 30_000;
/** A refresh comes up to that share of its time earlier, so that accounts that began together drift apart. */
const SPREAD = 0.1;
/** Whatever a registrar says, an account does not come more often. */
const LEAST_MS = 1000;
/** Longer times that a registrar may ask for, one after the other. */
const MOST_LONGER = 3;

/** What an account answers challenges with. */
export function credentialsOf({ user, password, authUser, realm }: Account): Credentials {
  return { username: authUser ?? user, password, realm };
}

/** What an account asks of its surroundings. */
export interface RegistrationContext {
  /** Request-URI of REGISTER. */
  uri: string;
  /** Host of addresses of record that have none of their own. */
  domain: string;
  expiresMs: number;
  /** Share of the granted time after which it is refreshed. */
  refresh: number;
  /** A name that no other call and no other account has. */
  unique(): string;
  /** Uniform in [0, 1). */
  draw(): number;
}

/** A final response, or what takes its place. */
export interface RegistrarAnswer {
  status: number;
  /** None came: Timer F, or the request could not be sent. */
  missing: 'timeout' | 'transport' | null;
  get(name: string): string | undefined;
}

/** What follows an answer: the REGISTER anew with those headers, or the end of the attempt. */
export type RegistrationStep = { again: Record<string, string> } | { result: RegistrationResult };

interface Attempt {
  kind: RegistrationKind;
  startedMs: number;
  credentials: CallCredentials;
  challenges: number;
  longer: number;
}

/**
 * One account at its registrar (RFC 3261 10.2), without any I/O or timer: at most one REGISTER is under way.
 *
 * | while              | event                    | what follows                                                     |
 * |--------------------|--------------------------|------------------------------------------------------------------|
 * | nothing under way  | `begin`                  | REGISTER, with the nonce that is known                           |
 * | a REGISTER         | 401, 407 to be answered  | REGISTER anew with credentials                                   |
 * | a REGISTER         | 423 with a longer time   | REGISTER anew with that time (10.3, 7)                           |
 * | register, refresh  | 2xx                      | registered; due before the granted time is over                  |
 * | register           | 408, 480, 5xx, no answer | due again later                                                  |
 * | refresh            | the same                 | due again later; lost where that is after the granted time       |
 * | register, refresh  | any other final response | never due again; lost                                            |
 * | unregister         | any final response       | never due again                                                  |
 */
export class Registration {
  /** When it has to `begin` again; `null`: never by itself. */
  dueMs: number | null = null;
  /** Our own Contact as it was sent, by which it is found among others of the account. */
  contact: string | null = null;
  private readonly known: KnownChallenges = new Map();
  private attempt: Attempt | null = null;
  private registered = false;
  private expiresAtMs = 0;
  private hasBeen = false;
  private expiresS: number;
  private callId: string;
  private tag: string;
  private cseq = 0;

  constructor(
    private readonly account: Account,
    private readonly context: RegistrationContext,
  ) {
    this.expiresS = Math.round(context.expiresMs / 1000);
    this.callId = context.unique();
    this.tag = context.unique();
  }

  get isRegistered(): boolean {
    return this.registered;
  }

  get isBusy(): boolean {
    return this.attempt !== null;
  }

  /** Where it registers: the domain of its address of record. */
  get uri(): string {
    return this.account.domain === null ? this.context.uri : `sip:${this.account.domain}`;
  }

  /** As after a restart of the phone: another call, and no nonce. */
  forget(): void {
    this.known.clear();
    this.callId = this.context.unique();
    this.tag = this.context.unique();
    this.cseq = 0;
  }

  /** Headers of a REGISTER; only while none is under way. */
  begin(kind: RegistrationKind, nowMs: number): Record<string, string> {
    const credentials = new CallCredentials(credentialsOf(this.account), this.known);
    this.attempt = { kind, startedMs: nowMs, credentials, challenges: 0, longer: 0 };
    this.dueMs = null;
    return this.headers(this.attempt);
  }

  /** Takes the final response to the REGISTER that is under way. */
  answer(answer: RegistrarAnswer, nowMs: number): RegistrationStep | null {
    const { attempt } = this;
    if (attempt === null) return null;
    if (answer.missing === null && attempt.credentials.learn(answer)) {
      attempt.challenges++;
      return { again: this.headers(attempt) };
    }
    if (answer.status === 423 && this.takeLonger(attempt, answer)) return { again: this.headers(attempt) };
    this.attempt = null;
    return { result: this.settle(attempt, answer, nowMs) };
  }

  private settle(
    { kind, startedMs, challenges, credentials }: Attempt,
    answer: RegistrarAnswer,
    nowMs: number,
  ): RegistrationResult {
    const was = this.registered;
    const isOk = answer.status >= 200 && answer.status < 300;
    const isFirst = isOk && kind === 'register' && !this.hasBeen;
    if (kind === 'unregister') {
      if (isOk) this.registered = false;
    } else if (isOk) this.holdFor(this.grantedS(answer), nowMs);
    else this.retry(answer, nowMs);
    if (this.registered) this.hasBeen = true;
    return {
      kind,
      isOk,
      status: answer.status,
      response: answer.missing ?? String(answer.status),
      delayMs: nowMs - startedMs,
      challenges,
      otherRealm: credentials.otherRealm,
      isFirst,
      change: was === this.registered ? 0 : was ? -1 : 1,
    };
  }

  private holdFor(seconds: number, nowMs: number): void {
    const { refresh } = this.context;
    const grantedMs = Math.max(LEAST_MS, seconds * 1000);
    this.registered = true;
    this.expiresAtMs = nowMs + grantedMs;
    this.dueMs = nowMs + grantedMs * refresh * (1 - SPREAD * this.context.draw());
  }

  private retry(answer: RegistrarAnswer, nowMs: number): void {
    const { status, missing } = answer;
    const isPassing = missing !== null || status === 408 || status === 480 || (status >= 500 && status < 600);
    if (!isPassing) {
      this.registered = false;
      return;
    }
    const afterS = retryAfterSeconds(answer.get('Retry-After'));
    this.dueMs =
      nowMs + (afterS === null ? RETRY_MS * (1 - this.context.draw() / 2) : Math.max(LEAST_MS, afterS * 1000));
    if (this.dueMs >= this.expiresAtMs) this.registered = false;
  }

  private takeLonger(attempt: Attempt, answer: RegistrarAnswer): boolean {
    const seconds = Number(answer.get('Min-Expires'));
    if (attempt.kind === 'unregister' || !(seconds > this.expiresS) || ++attempt.longer > MOST_LONGER) return false;
    this.expiresS = seconds;
    return true;
  }

  /** Of our own Contact where it is listed, or the shortest of all; without any what the response or we say. */
  private grantedS(answer: RegistrarAnswer): number {
    const general = secondsOf(answer.get('Expires')) ?? this.expiresS;
    let least = Number.POSITIVE_INFINITY;
    for (const contact of splitList(answer.get('Contact') ?? '')) {
      const seconds = secondsOf(headerParam(contact, 'expires')) ?? general;
      if (this.contact !== null && isSame(uriOf(contact), this.contact)) return seconds;
      if (seconds < least) least = seconds;
    }
    return least === Number.POSITIVE_INFINITY ? general : least;
  }

  private headers({ kind, credentials }: Attempt): Record<string, string> {
    const { user, domain } = this.account;
    const record = `<sip:${user}@${domain ?? this.context.domain}>`;
    return {
      From: `${record};tag=${this.tag}`,
      To: record,
      'Call-ID': this.callId,
      CSeq: `${++this.cseq} REGISTER`,
      Contact: `<sip:${user}@localhost>`,
      Expires: String(kind === 'unregister' ? 0 : this.expiresS),
      ...credentials.headers('REGISTER', this.uri),
    };
  }
}

function secondsOf(text: string | null | undefined): number | null {
  return typeof text === 'string' && /^\s*\d+/.test(text) ? Number.parseInt(text, 10) : null;
}

/** The same place, whatever its parameters. */
function isSame(a: string, b: string): boolean {
  return a.split(';')[0] === b.split(';')[0];
}
