import type { RequestHandler, SendOptions, SrfApp, SrfRequest, SrfResult } from '../../drachtio/srf-types.js';
import type { RelaySide } from '../../media/link/relay-messages.js';
import type { Headers } from './passed-headers.js';

/** Acknowledges the 2xx to an INVITE of ours. */
export type Acknowledge = (options?: SendOptions) => void;

export type ResponseListener = (response: SrfResult, acknowledge: Acknowledge) => void;

/** What the legs of all calls stand on. */
export interface LegHost {
  srf: SrfApp;
  /** The server has a dialog of that name for the leg. */
  named(name: string, leg: Leg): void;
  /** Takes a request within any dialog. */
  within: RequestHandler;
}

/** One of the two dialogs of a relayed call. */
export class Leg {
  /** What the server calls its dialog; empty before there is one. While several phones ring: that of the last one heard. */
  dialogId = '';
  callId = '';
  localTag = '';
  remoteTag = '';
  /** By which its far end is reached from elsewhere: what was called, or the caller's Contact; and where that is sent. */
  farUri = '';
  farProxy = '';
  /** All names that its dialogs ever had. */
  readonly names: string[] = [];
  /** Sequence numbers of the REFERs that we sent here, and what they were on the other leg (RFC 3515 2.4.6). */
  readonly referrals = new Map<string, string>();
  /** Takes the ACK of our last 2xx, where anything waits for it. */
  onAck: ((ack: SrfRequest) => void) | null = null;

  constructor(
    readonly side: RelaySide,
    private readonly host: LegHost,
  ) {}

  /** The server has a dialog for it. */
  name(dialogId: string | undefined): void {
    if (!dialogId) return;
    if (!this.names.includes(dialogId)) {
      this.names.push(dialogId);
      this.host.named(dialogId, this);
    }
    this.dialogId = dialogId;
  }

  /** Whether a Call-ID and tags, as the far end has them, mean this dialog. */
  is(callId: string, farTag: string, ownTag: string): boolean {
    return this.callId === callId && this.remoteTag === farTag && this.localTag === ownTag;
  }

  /**
   * Sends a request within the dialog.
   * @param onSent told of the request as it left, or `null` where it could not be sent: the dialog is gone
   */
  request(
    options: { method: string; headers: Headers; body?: string; dialogId?: string },
    onResponse: ResponseListener,
    onSent: (request: SrfRequest | null) => void,
  ): void {
    const { method, headers, body, dialogId = this.dialogId } = options;
    if (dialogId === '') {
      onSent(null);
      return;
    }
    this.host.srf.request('sip:dialog', { method, headers, body, stackDialogId: dialogId }, (error, request) => {
      if (error || !request) {
        onSent(null);
        return;
      }
      this.listen(request, onResponse);
      onSent(request);
    });
  }

  listen(request: SrfRequest, onResponse: ResponseListener): void {
    request.on('response', onResponse);
    this.watch(request);
  }

  /** srf hands an UPDATE to whatever request of the same Call-ID still waits for its answer. */
  watch(request: SrfRequest): void {
    request.on('update', this.host.within);
  }
}
