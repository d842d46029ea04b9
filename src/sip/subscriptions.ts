import type { RequestHead } from './client-transaction.js';
import type { Core } from './core.js';
import { type Dialog, uacDialog } from './dialog.js';
import { headerParam, tagOf } from './header-values.js';
import type { SipMessage } from './message.js';
import type { TimerHandle, TimerQueue, TimerTarget } from './timer-queue.js';

/** How long a subscription holds where nobody says (RFC 6665 leaves it to the package, most take an hour). */
const DEFAULT_S = 3600;
/** Longest wait that the timer queue is asked for: what lasts longer is refreshed long before. */
const LONGEST_S = 7 * 24 * 3600;
/** How many subscriptions one dialog may have: each REFER makes one more. */
export const MAX_SUBSCRIPTIONS = 32;
/** Answers to a NOTIFY after which the subscriber wants no more (RFC 6665 4.2.2, RFC 5057 5.1). */
const GONE = new Set([404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604]);

/** Whether a request makes a subscription: SUBSCRIBE says so, REFER does it besides (RFC 3515 2.4.4). */
export function isSubscribing(method: string): boolean {
  return method === 'SUBSCRIBE' || method === 'REFER';
}

/** One usage of a dialog (RFC 6665 4.4.1): whoever subscribed is notified until it ends or its time is up. */
export class Subscription implements TimerTarget {
  /** A NOTIFY came or went. */
  heard = false;
  private timer: TimerHandle | null = null;

  constructor(
    /** Which side of it we are. */
    readonly weSubscribed: boolean,
    /** Event package, lower case. */
    readonly event: string,
    /** Of the Event header; of a REFER its sequence number. */
    readonly id: string | null,
    private readonly queue: TimerQueue,
    private readonly onEnd: (subscription: Subscription) => void,
  ) {}

  endIn(ms: number): void {
    this.stop();
    this.timer = this.queue.schedule(ms, this, 'end');
  }

  stop(): void {
    this.timer = this.queue.cancel(this.timer);
  }

  onTimer(_kind: string): void {
    this.onEnd(this);
  }
}

/** The subscriptions within dialogs (RFC 6665, RFC 3515), on both sides. */
export class Subscriptions {
  /** By Call-ID and our tag: requests of ours that may make a dialog, with the NOTIFYs that came before the answer. */
  private readonly awaited = new Map<string, (() => void)[]>();

  constructor(private readonly core: Core) {}

  /** A SUBSCRIBE or REFER of ours leaves. */
  begin(dialog: Dialog | null, head: RequestHead, headerLines: string): void {
    if (dialog === null) this.awaited.set(awaitedKey(head.callId, tagOf(head.from)), []);
    else if (!findOwn(dialog, head, headerLines))
      this.open(dialog, true, eventOf(head, headerLines), head.cseq, 2 * this.waitMs);
  }

  /** Its final response, which makes the dialog where there was none. */
  settle(dialog: Dialog | null, head: RequestHead, headerLines: string, response: SipMessage): void {
    const { status } = response;
    const known = dialog ? findOwn(dialog, head, headerLines) : undefined;
    if (status < 300) {
      if (head.method === 'REFER' && /^false$/i.test(response.header('refer-sub') ?? '')) {
        if (known) this.close(dialog!, known);
        return;
      }
      // The first NOTIFY of a REFER, which tells its time, may have come before.
      if (head.method === 'REFER' && known?.heard) return;
      const asked = /^Expires:\s*(\d{1,10})/im.exec(headerLines)?.[1];
      const granted = secondsOf(response.header('expires') ?? asked);
      const target = dialog ?? this.dialogOf(head, response);
      // A REFER says nothing of its time, and the first NOTIFY must come soon in any case (Timer N, RFC 6665 4.1.2.4).
      const waitMs = head.method === 'REFER' || granted === 0 ? this.waitMs : granted * 1000;
      if (target) this.open(target, true, eventOf(head, headerLines), head.cseq, waitMs);
    } else if (known && (status === 481 || head.method === 'REFER')) this.close(dialog!, known);
  }

  /** Lets in what came before the answer to a request outside a dialog. */
  release(head: RequestHead): void {
    const key = awaitedKey(head.callId, tagOf(head.from));
    const held = this.awaited.get(key);
    this.awaited.delete(key);
    for (const again of held ?? []) again();
  }

  /** Keeps a NOTIFY back until the request that it belongs to is answered; `false` where there is none (481). */
  hold(notify: SipMessage, again: () => void): boolean {
    const held = this.awaited.get(awaitedKey(notify.callId, notify.toTag));
    if (held === undefined || held.length > 32) return false;
    held.push(again);
    return true;
  }

  /** Whether a SUBSCRIBE or REFER of theirs asks for one more than a dialog may have. */
  isTooMany(request: SipMessage, dialog: Dialog): boolean {
    if (!isSubscribing(request.method) || (dialog.subscriptions?.length ?? 0) < MAX_SUBSCRIPTIONS) return false;
    const { event, id } = readEvent(request.header('event') ?? '');
    return request.method === 'REFER' || find(dialog, false, event, id) === undefined;
  }

  /** Whether a NOTIFY within a dialog belongs there (RFC 6665 4.1.3). In calls other packages have always come unasked. */
  belongs(notify: SipMessage, dialog: Dialog): boolean {
    const { event, id } = readEvent(notify.header('event') ?? '');
    return find(dialog, true, event, id) !== undefined || (dialog.inCall && event !== 'refer');
  }

  /** We answered a NOTIFY of theirs. */
  noted(notify: SipMessage, dialog: Dialog, status: number): void {
    if (status >= 300) return;
    const { event, id } = readEvent(notify.header('event') ?? '');
    this.follow(dialog, find(dialog, true, event, id), notify.header('subscription-state') ?? '', 0);
  }

  /** A NOTIFY of ours has its final response. */
  notified(dialog: Dialog, headerLines: string, status: number): void {
    const { event, id } = readEvent(/^Event:\s*(.*)/im.exec(headerLines)?.[1] ?? '');
    const subscription = find(dialog, false, event, id);
    if (subscription === undefined) return;
    if (GONE.has(status)) this.close(dialog, subscription);
    else if (status !== 401 && status !== 407)
      this.follow(dialog, subscription, /^Subscription-State:\s*(.*)/im.exec(headerLines)?.[1] ?? '', this.waitMs);
  }

  /** We granted a SUBSCRIBE or REFER of theirs. */
  grant(dialog: Dialog, request: SipMessage, headerLines: string): void {
    if (request.method === 'REFER' && /^Refer-Sub:\s*false/im.test(headerLines)) return;
    const event = request.method === 'REFER' ? 'refer' : (request.header('event') ?? '');
    const granted = secondsOf(/^Expires:\s*(\d{1,10})/im.exec(headerLines)?.[1] ?? request.header('expires'));
    // After its time the application still says that it ended.
    this.open(dialog, false, event, request.cseqNumber, granted * 1000 + this.waitMs);
  }

  /** Whether a response of ours makes a dialog of its own for a SUBSCRIBE or REFER. */
  grantsDialog(request: SipMessage, status: number, headerLines: string): boolean {
    if (status < 200 || status >= 300 || !isSubscribing(request.method)) return false;
    return request.method === 'SUBSCRIBE' || !/^Refer-Sub:\s*false/im.test(headerLines);
  }

  private get waitMs(): number {
    return 64 * this.core.layer.timers.t1;
  }

  private dialogOf(head: RequestHead, response: SipMessage): Dialog | null {
    if (response.toTag === null) return null;
    const dialog = uacDialog(head, response);
    this.core.dialogs.add(dialog);
    return dialog;
  }

  private open(dialog: Dialog, weSubscribed: boolean, eventValue: string, cseq: number, endMs: number): void {
    if (dialog.terminated) return;
    const { event, id } = readEvent(eventValue);
    const named = event === 'refer' ? String(cseq) : id;
    let subscription = find(dialog, weSubscribed, event, named);
    if (subscription === undefined) {
      subscription = new Subscription(weSubscribed, event, named, this.core.layer.queue, (ended) =>
        this.close(dialog, ended),
      );
      dialog.subscriptions ??= [];
      dialog.subscriptions.push(subscription);
    }
    subscription.endIn(endMs);
  }

  private follow(dialog: Dialog, subscription: Subscription | undefined, state: string, graceMs: number): void {
    if (subscription === undefined) return;
    subscription.heard = true;
    if (/^terminated\b/i.test(state)) this.close(dialog, subscription);
    else {
      const expires = headerParam(state, 'expires');
      if (expires !== null && /^\d{1,10}$/.test(expires)) subscription.endIn(secondsOf(expires) * 1000 + graceMs);
      else if (subscription.event === 'refer') subscription.endIn(DEFAULT_S * 1000 + graceMs);
    }
  }

  private close(dialog: Dialog, subscription: Subscription): void {
    subscription.stop();
    const left = (dialog.subscriptions ?? []).filter((other) => other !== subscription);
    dialog.subscriptions = left.length > 0 ? left : null;
    if (left.length === 0 && !dialog.inCall) this.core.dialogs.remove(dialog);
  }
}

function awaitedKey(callId: string, localTag: string | null): string {
  return `${callId} ${localTag}`;
}

function eventOf(head: RequestHead, headerLines: string): string {
  return head.method === 'REFER' ? 'refer' : (/^Event:\s*(.*)/im.exec(headerLines)?.[1] ?? '');
}

function readEvent(value: string): { event: string; id: string | null } {
  return { event: value.split(';')[0].trim().toLowerCase(), id: headerParam(value, 'id') };
}

function secondsOf(value: string | undefined): number {
  if (value === undefined || !/^\d{1,10}$/.test(value.trim())) return DEFAULT_S;
  return Math.min(Number(value), LONGEST_S);
}

/** A NOTIFY of a REFER may leave out which one (RFC 3515 2.4.6): then it is the first. */
function find(dialog: Dialog, weSubscribed: boolean, event: string, id: string | null): Subscription | undefined {
  return dialog.subscriptions?.find(
    (one) =>
      one.weSubscribed === weSubscribed && one.event === event && (one.id === id || (id === null && event === 'refer')),
  );
}

function findOwn(dialog: Dialog, head: RequestHead, headerLines: string): Subscription | undefined {
  const { event, id } = readEvent(eventOf(head, headerLines));
  return find(dialog, true, event, event === 'refer' ? String(head.cseq) : id);
}
