import type { SrfMessage, SrfRequest, SrfResponder, SrfResult } from '../../drachtio/srf-types.js';
import { q850Cause } from '../../flow/reason-header.js';
import { tagOf } from '../../sip/header-values.js';
import { answer } from './answers.js';
import type { Acknowledge, Leg, ResponseListener } from './leg.js';
import type { CallMedia } from './media.js';
import { type Headers, linesOf, passedHeaders, takeOut } from './passed-headers.js';

/** What a passage needs of the call that it belongs to. */
export interface PassageHost {
  readonly media: CallMedia;
  /** A header value that names hosts, on its way to a leg. */
  translated(value: string, to: Leg): string;
  guarded<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void;
  /** The other side said something, if only that it rings. */
  onHeard(response: SrfResult): void;
  onAnswered(response: SrfResult): void;
  /** The answer could not be given to whoever asked: it had given up. */
  onUnwanted(): void;
  /** The far end of `to` has accepted a re-INVITE that the far end of `from` had given up by then. */
  onAcceptedTooLate(from: Leg, to: Leg): void;
  onRefused(status: number, reason: string, q850: number | null): void;
}

/** Sends the INVITE on; `onSent` is told of it, or `null` where it could not be sent, and why. */
export type SendInvite = (
  headers: Headers,
  body: string,
  onResponse: ResponseListener,
  onSent: (request: SrfRequest | null, problem?: string) => void,
) => void;

/** A reliable provisional response that the side which sent it wants acknowledged (RFC 3262). */
interface Unacknowledged {
  dialogId: string;
  rack: string;
}

/**
 * One INVITE, the first of a call or a later one, on its way from one leg to the other, with all that belongs to it:
 * provisional responses and their PRACKs, the final response, its ACK, the CANCEL.
 */
export class InvitePassage {
  private sent: SrfRequest | null = null;
  private isOver = false;
  private cancelHeaders: Headers | null = null;
  private isCancelled = false;
  /** Whoever asked has given up and was told 487. */
  private isGivenUp = false;
  private readonly reliable: Unacknowledged[] = [];
  /** The ACK of a 2xx that answered no offer: it waits for the answer. */
  private acknowledge: Acknowledge | null = null;

  constructor(
    private readonly host: PassageHost,
    readonly from: Leg,
    private readonly to: Leg,
    private readonly request: SrfRequest,
    private readonly response: SrfResponder,
    /** It begins the call: what is said before the answer holds already. */
    private readonly isFirst: boolean,
  ) {}

  start(send: SendInvite): void {
    const { request, host, from } = this;
    request.on(
      'cancel',
      host.guarded((cancel: SrfMessage) => this.onCancel(cancel)),
    );
    from.watch(request);
    const body = request.body === '' ? '' : host.media.pass(from.side, request.body);
    send(
      passedHeaders(request.raw),
      body,
      host.guarded((response: SrfResult, acknowledge: Acknowledge) => this.onResponse(response, acknowledge)),
      host.guarded((sent: SrfRequest | null, problem?: string) => this.onSent(sent, problem)),
    );
  }

  /** The PRACK of a provisional response that we passed on: it goes where that came from, and so does its answer back. */
  passPrack(prack: SrfRequest, response: SrfResponder): void {
    const { host, from, to } = this;
    const next = this.reliable.shift();
    if (!next) {
      response.send(200);
      return;
    }
    const body = prack.body === '' ? '' : host.media.pass(from.side, prack.body);
    if (body !== '') host.media.settle();
    const headers = { ...passedHeaders(prack.raw), RAck: next.rack };
    to.request(
      { method: 'PRACK', headers, body, dialogId: next.dialogId },
      host.guarded((result: SrfResult) => {
        if (result.status < 200) return;
        const back = result.body === '' ? '' : host.media.pass(to.side, result.body);
        if (back !== '') host.media.settle();
        answer(response, result.status, result.reason, { headers: passedHeaders(result.raw), body: back });
      }),
      host.guarded((request: SrfRequest | null) => {
        if (request === null) response.send(481);
      }),
    );
  }

  /** Ends it because the call ends: a 2xx that nobody acknowledged is, so that it is not repeated; the INVITE is cancelled. */
  abort(): void {
    this.acknowledge?.();
    this.acknowledge = null;
    if (!this.isOver) this.cancel({});
  }

  /** Gives up: the CANCEL goes on, or goes as soon as the INVITE has. */
  cancel(headers: Headers): void {
    this.cancelHeaders ??= headers;
    if (this.sent === null || this.isCancelled) return;
    this.isCancelled = true;
    this.sent.cancel({ headers: this.cancelHeaders }, () => {});
  }

  private onSent(sent: SrfRequest | null, problem = 'The Dialog Is Gone'): void {
    if (sent === null) {
      this.isOver = true;
      this.host.media.forget();
      answer(this.response, this.isFirst ? 500 : 481, problem);
      this.host.onRefused(this.isFirst ? 500 : 481, problem, null);
      return;
    }
    this.sent = sent;
    if (this.isFirst) {
      this.to.callId = sent.get('call-id') ?? '';
      this.to.localTag = tagOf(sent.get('from') ?? '') ?? '';
    }
    if (this.cancelHeaders) this.cancel(this.cancelHeaders);
  }

  /** The server has answered the CANCEL and its INVITE. */
  private onCancel(cancel: SrfMessage): void {
    const reason = cancel.get('reason');
    this.isGivenUp = true;
    this.cancel(reason ? { Reason: reason } : {});
    this.host.onRefused(487, 'Request Terminated', q850Cause(reason));
  }

  private onResponse(result: SrfResult, acknowledge: Acknowledge): void {
    this.to.name(result.stackDialogId);
    this.host.onHeard(result);
    if (result.status < 200) this.passProvisional(result);
    else if (result.status < 300) this.passAnswer(result, acknowledge);
    else this.passRefusal(result);
  }

  private passProvisional(result: SrfResult): void {
    const { host, to, request } = this;
    const headers = passedHeaders(result.raw);
    const body = this.bodyOf(result, this.isFirst);
    if (result.has('rseq') && isListed(result.get('require'))) {
      const cseq = result.req.getParsedHeader('cseq').seq;
      const unacknowledged = { dialogId: result.stackDialogId, rack: `${result.get('rseq')} ${cseq} INVITE` };
      if (isListed(request.get('supported')) || isListed(request.get('require'))) this.reliable.push(unacknowledged);
      else
        to.request(
          { method: 'PRACK', headers: { RAck: unacknowledged.rack }, dialogId: unacknowledged.dialogId },
          () => {},
          () => {},
        );
    }
    answer(
      this.response,
      result.status,
      result.reason,
      { headers, body },
      host.guarded((_error: unknown, sent?: SrfMessage) => this.onAnswerSent(sent)),
    );
  }

  private passAnswer(result: SrfResult, acknowledge: Acknowledge): void {
    const { host, from, to, request } = this;
    this.isOver = true;
    if (this.isGivenUp && !this.isFirst) {
      this.takeBack(result, acknowledge);
      return;
    }
    const body = this.bodyOf(result, true);
    if (this.isFirst) to.remoteTag = tagOf(result.get('to') ?? '') ?? '';
    if (request.body !== '') acknowledge();
    else {
      this.acknowledge = acknowledge;
      from.onAck = (ack) => this.passAck(ack);
    }
    answer(
      this.response,
      result.status,
      result.reason,
      { headers: passedHeaders(result.raw), body },
      host.guarded((error: unknown, sent?: SrfMessage) => {
        this.onAnswerSent(sent);
        if (error) host.onUnwanted();
        else host.onAnswered(result);
      }),
    );
  }

  /** A 2xx to a re-INVITE crossed its CANCEL: it is acknowledged, and both sides are brought back to what held before. */
  private takeBack(result: SrfResult, acknowledge: Acknowledge): void {
    const { host, from, to, request } = this;
    host.media.forget();
    if (request.body !== '') {
      acknowledge();
      host.onAcceptedTooLate(from, to);
      return;
    }
    // It brought an offer: what the other side said last is an answer to it.
    const body = host.media.restored(from.side) ?? undefined;
    acknowledge({ body });
    this.bodyOf(result, true);
  }

  private passAck(ack: SrfRequest): void {
    const { host, from, acknowledge } = this;
    from.onAck = null;
    this.acknowledge = null;
    const body = ack.body === '' ? undefined : host.media.pass(from.side, ack.body);
    host.media.settle();
    acknowledge?.({ headers: passedHeaders(ack.raw), body });
  }

  private passRefusal(result: SrfResult): void {
    const { host, from, response } = this;
    if (this.isOver) return;
    this.isOver = true;
    host.media.forget();
    const headers = passedHeaders(result.raw);
    takeOut(headers, 'content-type');
    if (result.status < 400) {
      const contacts = linesOf(result.raw, 'contact');
      if (contacts.length > 0) headers.Contact = host.translated(contacts.join(', '), from);
    }
    if (!response.finalResponseSent) answer(response, result.status, result.reason, { headers });
    host.onRefused(result.status, result.reason, q850Cause(result.get('reason')));
  }

  private bodyOf(result: SrfResult, holds: boolean): string {
    if (result.body === '') return '';
    const body = this.host.media.pass(this.to.side, result.body);
    if (holds) this.host.media.settle();
    return body;
  }

  private onAnswerSent(sent: SrfMessage | undefined): void {
    const { from, response } = this;
    if (!sent) return;
    from.name(response.stackDialogId);
    if (this.isFirst) from.localTag = tagOf(sent.get('to') ?? '') ?? '';
  }
}

function isListed(options: string | undefined): boolean {
  return options !== undefined && /(?:^|[\s,])100rel(?:$|[\s,])/i.test(options);
}
