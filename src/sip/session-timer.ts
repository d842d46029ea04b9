import type { Core } from './core.js';
import type { Dialog } from './dialog.js';
import { headerParam } from './header-values.js';
import type { SentListener } from './invite-answers.js';
import type { SipMessage } from './message.js';
import { listsOption, type Refusal } from './request-checks.js';
import type { TimerHandle, TimerQueue, TimerTarget } from './timer-queue.js';

/** What a far end may ask of us all the same: less would only be a flood of refreshes. */
const LEAST_INTERVAL_S = 2;
/** RFC 4028 10: a session that is not refreshed ends that long before its interval does, or a third of it. */
const MARGIN_MS = 32_000;
const EXPIRED = 'Reason: SIP;cause=200;text="Session timer expired"\r\n';
const SUPPORTED = 'Supported: timer\r\n';

/** The value of a Session-Expires header (RFC 4028 4). */
export interface SessionExpires {
  intervalS: number;
  /** Who refreshes, as the roles are in that one transaction. */
  refresher: 'uac' | 'uas' | null;
}

/** Reads a Session-Expires value; `null` when it is none. */
export function readSessionExpires(value: string): SessionExpires | null {
  const interval = /^(\d{1,9})\s*(?:;|$)/.exec(value)?.[1];
  if (interval === undefined) return null;
  const refresher = headerParam(value, 'refresher')?.toLowerCase();
  return { intervalS: Number(interval), refresher: refresher === 'uac' || refresher === 'uas' ? refresher : null };
}

/**
 * The header lines of a request that a 422 refused, with the interval that it asks for (RFC 4028 7.4); `null` when
 * they named none, or the refusal names no longer one.
 */
export function withLongerInterval(headerLines: string, refusal: SipMessage): string | null {
  const line = /^Session-Expires:\s*(\d{1,9})(.*)\r\n/im.exec(headerLines);
  const least = /^\d{1,9}$/.exec(refusal.header('min-se') ?? '')?.[0];
  if (line === null || least === undefined || Number(least) <= Number(line[1])) return null;
  const others = headerLines.replace(line[0], '').replace(/^Min-SE:.*\r\n/im, '');
  return `${others}Session-Expires: ${Number(least)}${line[2]}\r\nMin-SE: ${Number(least)}\r\n`;
}

/** What keeps a dialog alive, or ends it (RFC 4028). */
export class SessionTimer implements TimerTarget {
  intervalS = 0;
  weRefresh = false;
  /** Of a 422 in this dialog; 0 where there was none. */
  minS = 0;
  /** The far end takes UPDATE, which needs no session description. */
  updates = false;
  /** Our last session description, which a re-INVITE repeats, and the lines with its type and our Contact. */
  description = '';
  typeLine = '';
  contactLine = '';
  private refreshTimer: TimerHandle | null = null;
  private endTimer: TimerHandle | null = null;

  constructor(
    private readonly queue: TimerQueue,
    private readonly onRefresh: () => void,
    private readonly onEnd: () => void,
  ) {}

  start(intervalS: number, weRefresh: boolean): void {
    this.stop();
    this.intervalS = intervalS;
    this.weRefresh = weRefresh;
    const intervalMs = intervalS * 1000;
    if (weRefresh) this.refreshIn(intervalMs / 2);
    this.endTimer = this.queue.schedule(intervalMs - Math.min(MARGIN_MS, intervalMs / 3), this, 'end');
  }

  refreshIn(ms: number): void {
    this.queue.cancel(this.refreshTimer);
    this.refreshTimer = this.queue.schedule(ms, this, 'refresh');
  }

  stop(): void {
    this.refreshTimer = this.queue.cancel(this.refreshTimer);
    this.endTimer = this.queue.cancel(this.endTimer);
  }

  onTimer(kind: string): void {
    if (kind === 'refresh') this.onRefresh();
    else this.onEnd();
  }
}

/** What the timers have done for them. */
export interface SessionKeeper {
  sendWithin(
    dialog: Dialog,
    method: string,
    headerLines: string,
    body: string,
    cseq: number | null,
    sent: SentListener,
    own: (response: SipMessage) => void,
  ): void;
  /** Hangs up, and tells the application. */
  drop(dialog: Dialog, headerLines: string): void;
}

/** Negotiates session timers (RFC 4028) for both halves of the core, refreshes, and ends what is not refreshed. */
export class SessionTimers {
  constructor(
    private readonly core: Core,
    private readonly keeper: SessionKeeper,
  ) {}

  /** The header lines of an INVITE or UPDATE of ours, with what they say of the timer added. */
  offer(dialog: Dialog | null, headerLines: string): string {
    const lines = headerLines.includes('timer') ? headerLines : headerLines + SUPPORTED;
    const session = dialog?.session;
    if (!session || headerLines.includes('Session-Expires')) return lines;
    const minSe = session.minS > 0 ? `Min-SE: ${session.minS}\r\n` : '';
    return `${lines}Session-Expires: ${session.intervalS};refresher=${session.weRefresh ? 'uac' : 'uas'}\r\n${minSe}`;
  }

  /** A 2xx to such a request: what it says of the timer holds from now on (RFC 4028 7.2). */
  settle(dialog: Dialog, headerLines: string, body: string, response: SipMessage): void {
    const value = response.header('session-expires');
    if (value === undefined && dialog.session === null) return;
    const expires = value === undefined ? null : readSessionExpires(value);
    if (expires === null) {
      dialog.session?.stop();
      dialog.session = null;
      return;
    }
    const session = this.sessionOf(dialog, headerLines, body, response);
    session.minS = Number(/^Min-SE: (\d{1,9})/im.exec(headerLines)?.[1] ?? session.minS);
    session.start(Math.max(expires.intervalS, LEAST_INTERVAL_S), expires.refresher !== 'uas');
  }

  /** 422 for an INVITE or UPDATE whose interval is too short (RFC 4028 9); `null` when it is not. */
  refusalOf(request: SipMessage): Refusal | null {
    if (!request.has('session-expires') || !listsOption(request, 'supported', 'timer')) return null;
    const asked = readSessionExpires(request.header('session-expires')!);
    if (asked === null || asked.intervalS >= this.core.minSessionS) return null;
    return { status: 422, phrase: 'Session Interval Too Small', lines: `Min-SE: ${this.core.minSessionS}\r\n` };
  }

  /** What our 2xx to an INVITE or UPDATE says besides `headerLines` (RFC 4028 9, table 2); starts the timer. */
  answer(dialog: Dialog, request: SipMessage, headerLines: string, body: string): string {
    const asked = request.has('session-expires') ? readSessionExpires(request.header('session-expires')!) : null;
    const line = headerLines.includes('Session-Expires') ? /^Session-Expires: *(.*)/im.exec(headerLines) : null;
    const given = line && readSessionExpires(line[1]);
    const running = dialog.session;
    if ((!asked && !given && !running) || (dialog.early && request.method === 'UPDATE')) return '';
    const timely = listsOption(request, 'supported', 'timer');
    const chosen = given ?? asked ?? { intervalS: running!.intervalS, refresher: null };
    if (given === null && chosen.intervalS < this.core.minSessionS) {
      running?.stop();
      dialog.session = null;
      return '';
    }
    const wished = chosen.refresher ?? (running?.weRefresh ? 'uas' : 'uac');
    const refresher = timely || given ? wished : 'uas';
    const session = this.sessionOf(dialog, headerLines, body, request);
    // Whoever does not know the timer will not refresh, whatever was said.
    session.start(Math.max(chosen.intervalS, LEAST_INTERVAL_S), refresher === 'uas' || !timely);
    const required = timely && !headerLines.includes('Require: timer') ? 'Require: timer\r\n' : '';
    return given ? required : `Session-Expires: ${chosen.intervalS};refresher=${refresher}\r\n${required}`;
  }

  private sessionOf(dialog: Dialog, headerLines: string, body: string, theirs: SipMessage): SessionTimer {
    dialog.session ??= new SessionTimer(
      this.core.layer.queue,
      () => this.refresh(dialog),
      () => this.keeper.drop(dialog, EXPIRED),
    );
    const { session } = dialog;
    if (theirs.has('allow')) session.updates = listsOption(theirs, 'allow', 'update');
    if (body !== '') {
      session.description = body;
      session.typeLine = /^Content-Type:.*\r\n/im.exec(headerLines)?.[0] ?? '';
    }
    session.contactLine = /^Contact:.*\r\n/im.exec(headerLines)?.[0] ?? session.contactLine;
    return session;
  }

  private refresh(dialog: Dialog): void {
    const { session } = dialog;
    if (session === null) return;
    const method = session.updates ? 'UPDATE' : 'INVITE';
    const body = session.updates ? '' : session.description;
    const lines = body === '' ? session.contactLine : session.contactLine + session.typeLine;
    const listener = (response: SipMessage): void => this.onRefreshed(dialog, session, method, response.status);
    this.keeper.sendWithin(dialog, method, lines, body, null, () => {}, listener);
  }

  /** RFC 4028 10: a refresh that fails is tried again until the session ends. */
  private onRefreshed(dialog: Dialog, session: SessionTimer, method: string, status: number): void {
    if (status < 300 || dialog.terminated || dialog.session !== session) return;
    // RFC 3261 12.2.1.2: the far end knows nothing of the dialog, or is gone.
    if (status === 408 || status === 481) this.keeper.drop(dialog, EXPIRED);
    else if (method === 'UPDATE' && (status === 405 || status === 501)) {
      session.updates = false;
      this.refresh(dialog);
    } else if (status === 491) session.refreshIn(this.afterGlare(dialog));
    else session.refreshIn((session.intervalS * 1000) / 12);
  }

  /** RFC 3261 14.1: 2.1 to 4 s for the owner of the Call-ID, up to 2 s for the other side, in steps of 10 ms. */
  private afterGlare(dialog: Dialog): number {
    return (dialog.role === 'uac' ? 2100 : 0) + ((dialog.localCseq * 7) % 190) * 10;
  }
}
