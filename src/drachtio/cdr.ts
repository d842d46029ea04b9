import type { Session } from './session.js';

/** Which side of a call the server played. */
export type CdrRole = 'uac' | 'uas' | 'proxy-uac' | 'proxy-uas';

export type CdrReason = 'call-rejected' | 'call-canceled' | 'normal-release' | 'system-initiated-termination';

/** Who sent the message that a record is about. */
export type CdrSource = 'network' | 'application';

/**
 * Call detail records as drachtio has them: `cdr:attempt`, `cdr:start` and `cdr:stop`, each with the message that it is
 * about, to one of the applications that asked for it.
 */
export class CdrPost {
  private next = 0;

  constructor(private readonly sessions: readonly Session[]) {}

  attempt(source: CdrSource, message: string): void {
    this.post('cdr:attempt', source, '', message);
  }

  start(source: CdrSource, role: CdrRole, message: string): void {
    this.post('cdr:start', source, `|${role}`, message);
  }

  stop(source: CdrSource, reason: CdrReason, message: string): void {
    this.post('cdr:stop', source, `|${reason}`, message);
  }

  /** The record of an INVITE's final response: a start, or the stop of a call that never was. */
  outcome(source: CdrSource, role: CdrRole, status: number, message: string): void {
    if (status < 300) this.start(source, role, message);
    else this.stop(source, status === 487 ? 'call-canceled' : 'call-rejected', message);
  }

  private post(record: string, source: CdrSource, tail: string, message: string): void {
    const count = this.sessions.length;
    for (let i = 0; i < count; i++) {
      const session = this.sessions[(this.next + i) % count];
      if (!session.asksFor(record)) continue;
      this.next = (this.next + i + 1) % count;
      session.deliverRecord(record, source, tail, message);
      return;
    }
  }
}
