import type { AcceptedInvite } from './accepted-invite.js';
import type { RequestHead } from './client-transaction.js';
import { splitList, tagOf, uriOf } from './header-values.js';
import type { SipMessage } from './message.js';
import type { SessionTimer } from './session-timer.js';
import type { Subscription } from './subscriptions.js';
import { parseSipUri } from './uri.js';

/** A dialog's state (RFC 3261 12). Party values are whole From/To values with their tags. */
export class Dialog {
  /** Our own last sequence number. */
  localCseq: number;
  /** The other side's last sequence number, -1 before its first request. */
  remoteCseq: number;
  /** Our last INVITE's sequence number, which its ACK repeats. */
  inviteCseq: number;
  /** The sequence number of our last INVITE that was accepted: only that one takes an ACK of ours. */
  acceptedCseq = -1;
  /** By this messages find it. */
  readonly key: string;
  terminated = false;
  /** Made by a provisional response and not accepted yet (RFC 3261 12.1). */
  early = false;
  /** By this the application knows it; the table sees to it that no two have the same. */
  name: string;
  /** Transactions that change the session and have no final response yet: ours and the other side's. */
  ownInvite = false;
  ownUpdate = false;
  peerInvite = false;
  peerUpdate = false;
  /** The INVITE under way has no reliable answer to its offer yet (RFC 3261 13.2.1, RFC 3262 5). */
  offerOpen = false;
  /** Our 2xx to an INVITE of theirs whose ACK has not come. */
  unacknowledged: AcceptedInvite | null = null;
  /** What the application wants of it while it may not be hung up (RFC 3261 15). */
  private heldBack: (() => void)[] | null = null;
  /** A call is up in it or being set up; without one it ends with its last subscription (RFC 5057 4.1). */
  inCall = false;
  /** Usages besides the call (RFC 6665 4.4.1), where there are any. */
  subscriptions: Subscription[] | null = null;
  /** RSeq of the last reliable provisional response taken for our INVITE (RFC 3262 4); 0 before the first. */
  remoteRseq = 0;
  /** Keeps it alive, where the two sides agreed on that (RFC 4028). */
  session: SessionTimer | null = null;
  /** What the core keeps with it. */
  context: unknown = null;
  /** What the application keeps with it. */
  owner: unknown = null;

  constructor(
    readonly role: 'uac' | 'uas',
    readonly callId: string,
    readonly localTag: string,
    readonly remoteTag: string,
    readonly localParty: string,
    readonly remoteParty: string,
    /** Where requests go: the other side's last Contact. */
    public remoteTarget: string,
    public routeSet: readonly string[],
    localCseq: number,
    remoteCseq: number,
  ) {
    this.localCseq = localCseq;
    this.remoteCseq = remoteCseq;
    this.inviteCseq = localCseq;
    this.name = this.baseName;
    this.key = dialogKey(callId, localTag, remoteTag);
  }

  /** Call-ID and the tag of whoever sent the first request: the same for all branches of a forked call. */
  get baseName(): string {
    return dialogName(this.callId, this.role === 'uac' ? this.localTag : this.remoteTag);
  }

  /** The callee may send no BYE before its 2xx was acknowledged, nor while the INVITE has no answer (RFC 3261 15). */
  get mayHangUp(): boolean {
    return !this.inCall || (this.unacknowledged === null && !(this.early && this.role === 'uas'));
  }

  /** Keeps for later what it may not be told now. */
  holdBack(act: () => void): void {
    this.heldBack ??= [];
    this.heldBack.push(act);
  }

  /** Lets go what was held back; `false` where there was nothing. */
  release(): boolean {
    const held = this.heldBack;
    if (held === null) return false;
    this.heldBack = null;
    for (const act of held) act();
    return true;
  }

  /** A 2xx decides what the provisional response before it had only proposed (RFC 3261 13.2.2.4). */
  settleBy(response: SipMessage): void {
    this.routeSet = recordRoutes(response).reverse();
    this.refreshTarget(response);
  }

  /** Takes a new remote target from a target refresh request or its response (RFC 3261 12.2). */
  refreshTarget(message: SipMessage): void {
    const contact = contactOf(message);
    if (contact !== null) this.remoteTarget = contact;
  }
}

/** Would part the start line of the requests that go to such a URI. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
const NOT_IN_A_URI = /[\u0000-\u0020\u007f]/;

export function dialogName(callId: string, initiatorTag: string): string {
  return `${callId};from-tag=${initiatorTag}`;
}

export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId} ${localTag} ${remoteTag}`;
}

/** The dialog that a response to our request makes (RFC 3261 12.1.2): the route set is the Record-Route reversed. */
export function uacDialog(head: RequestHead, response: SipMessage): Dialog {
  const routes = recordRoutes(response).reverse();
  const target = contactOf(response) ?? head.requestUri;
  const dialog = new Dialog(
    'uac',
    head.callId,
    tagOf(head.from) ?? '',
    response.toTag ?? '',
    head.from,
    response.header('to') ?? head.to,
    target,
    routes,
    head.cseq,
    -1,
  );
  dialog.inCall = head.method === 'INVITE';
  return dialog;
}

/** The dialog that our response to a request makes (RFC 3261 12.1.1): the route set is the Record-Route as it stands. */
export function uasDialog(request: SipMessage, localTag: string): Dialog {
  const to = request.header('to') ?? '';
  const from = request.header('from') ?? '';
  const dialog = new Dialog(
    'uas',
    request.callId,
    localTag,
    request.fromTag ?? '',
    request.toTag === null ? `${to};tag=${localTag}` : to,
    from,
    targetOf(request) ?? uriOf(from),
    recordRoutes(request),
    0,
    request.cseqNumber,
  );
  dialog.inCall = request.method === 'INVITE';
  return dialog;
}

/** How a request within a dialog is addressed (RFC 3261 12.2.1.1). */
export interface Addressing {
  requestUri: string;
  routes: readonly string[];
  /** The URI that decides where it is sent. */
  hop: string;
}

export function addressing(dialog: Dialog): Addressing {
  const { routeSet, remoteTarget } = dialog;
  if (routeSet.length === 0) return { requestUri: remoteTarget, routes: routeSet, hop: remoteTarget };
  const first = uriOf(routeSet[0]);
  if (parseSipUri(first)?.looseRouting) return { requestUri: remoteTarget, routes: routeSet, hop: first };
  // A strict router finds itself in the Request-URI and the target at the end of the routes.
  return { requestUri: first, routes: [...routeSet.slice(1), `<${remoteTarget}>`], hop: first };
}

function recordRoutes(message: SipMessage): string[] {
  if (!message.has('record-route')) return [];
  return message
    .headers('record-route')
    .flatMap(splitList)
    .filter((route) => !NOT_IN_A_URI.test(uriOf(route)));
}

/** The URI of the first Contact; `null` where there is none that requests can go to. */
export function contactOf(message: SipMessage): string | null {
  const value = message.header('contact');
  if (value === undefined || value === '*') return null;
  const first = value.includes(',') ? splitList(value)[0] : value;
  return first === undefined ? null : usable(uriOf(first));
}

/** Where requests to whoever sent this one go: to its Contact, or where it has none to its From; `null` for nowhere. */
export function targetOf(request: SipMessage): string | null {
  return contactOf(request) ?? usable(uriOf(request.header('from') ?? ''));
}

function usable(uri: string): string | null {
  return uri === '' || NOT_IN_A_URI.test(uri) ? null : uri;
}
