import type { Dialog } from './dialog.js';
import type { Failover } from './failover.js';
import type { SipMessage } from './message.js';
import type { Peer } from './transport.js';

/** An ACK, for as long as its 2xx may come again. */
export interface Acknowledged {
  ack: Buffer | null;
  ackPeer: Peer | null;
  /** How often the 2xx came again before there was an ACK: each gets its own (RFC 3261 13.2.2.4). */
  acksOwed: number;
  /** Header lines with the credentials of the INVITE, which its ACK repeats (RFC 3261 22.1). */
  readonly credentials: string;
}

/** Told of the final response to a request of the core's own, in place of the application. */
export type OwnListener = (response: SipMessage) => void;

/** What the core keeps with a request that it sent. */
export class ClientContext implements Acknowledged {
  ack: Buffer | null = null;
  ackPeer: Peer | null = null;
  acksOwed = 0;
  readonly credentials: string;
  /** To tag of the 2xx that was taken. */
  acceptedTag: string | null = null;
  /** Waits for a provisional response. */
  cancel: Buffer | null = null;
  /** Dialogs of provisional responses, one for each branch of a forked call. */
  early: Dialog[] | null = null;
  /** By To tag: answers of further branches, which were hung up. */
  refused: Map<string, Acknowledged> | null = null;
  /** Where there is more than one target. */
  failover: Failover | null = null;
  /** Nobody is to hear of it any more. */
  silent = false;
  /** How often it was sent anew with other headers. */
  repeats = 0;

  constructor(
    public dialog: Dialog | null,
    /** What a further attempt repeats; emptied once there can be none. */
    public headerLines: string,
    public body: string,
    /** The dialog ends with the response. */
    readonly last: boolean,
    readonly own: OwnListener | null,
  ) {
    this.credentials = headerLines.includes('uthorization:') ? credentialsOf(headerLines) : '';
  }

  /** The call within a dialog is over; the INVITE's transaction stays for a while (timer M), but not for the dialog. */
  forget(dialog: Dialog): void {
    if (this.dialog === dialog) this.dialog = null;
    if (this.early?.length === 1 && this.early[0] === dialog) this.early = null;
  }
}

function credentialsOf(headerLines: string): string {
  return headerLines.match(/^(?:Proxy-)?Authorization:.*\r\n/gim)?.join('') ?? '';
}

export function earlyOf(context: ClientContext, toTag: string | null): Dialog | undefined {
  return context.early?.find((dialog) => dialog.remoteTag === toTag);
}

/** The dialog that a response belongs to, where the request keeps it. */
export function dialogOf(context: ClientContext, response: SipMessage): Dialog | null {
  const dialog = context.dialog ?? earlyOf(context, response.toTag);
  return dialog && !dialog.terminated && dialog.remoteTag === response.toTag ? dialog : null;
}
