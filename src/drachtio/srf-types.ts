import type { Socket } from 'node:net';
import Srf from 'drachtio-srf';

/** drachtio-srf's own typings miss much of what it does; this is what it does, as far as we use it. */

export interface SrfMessage {
  readonly type: 'request' | 'response';
  readonly body: string;
  readonly raw: string;
  readonly headers: Record<string, string>;
  /** The body by its parts; one where it has no parts, and where there is none. */
  readonly payload: { type?: string; content: string }[];
  /** UTC time of day at which the server sent or received the message, `HH:MM:SS.uuuuuu`. */
  readonly stackTime?: string;
  get(name: string): string | undefined;
  has(name: string): boolean;
  getParsedHeader(name: 'contact'): { uri: string; params: Record<string, string | undefined> }[];
  getParsedHeader(name: 'from' | 'to'): { uri: string; params: Record<string, string | undefined> };
  getParsedHeader(name: 'cseq'): { seq: number; method: string };
  getParsedHeader(name: string): unknown;
}

export interface SrfResult extends SrfMessage {
  /** The request that this answers. */
  readonly req: SrfRequest;
  readonly status: number;
  readonly reason: string;
  readonly source_address: string;
  readonly source_port: number;
  /** `udp`, `tcp` or `tls`. */
  readonly protocol: string;
  /** Name of the dialog that it made or belongs to; empty where there is none. */
  readonly stackDialogId: string;
}

export interface SrfRequest extends SrfMessage {
  readonly method: string;
  readonly uri: string;
  readonly source: 'network' | 'application';
  readonly source_address: string;
  readonly source_port: number;
  /** `udp`, `tcp` or `tls`. */
  readonly protocol: string;
  readonly callingNumber: string;
  readonly calledNumber: string;
  readonly isNewInvite: boolean;
  /** Name of the dialog that it belongs to; empty outside any. */
  readonly stackDialogId: string;
  cancel(callback?: (error: unknown, cancel?: SrfRequest) => void): void;
  cancel(options: { headers?: Record<string, string> }, callback?: (error: unknown) => void): void;
  on(event: 'response', listener: (response: SrfResult, ack: (options?: SendOptions) => void) => void): this;
  on(event: 'cancel', listener: (cancel: SrfMessage) => void): this;
  on(event: 'authenticate', listener: (request: SrfRequest) => void): this;
  on(event: 'update', listener: (request: SrfRequest, response: SrfResponder) => void): this;
}

export interface SendOptions {
  headers?: Record<string, string>;
  body?: string;
}

/** How a received request is answered. */
export interface SrfResponder {
  readonly finalResponseSent: boolean;
  status: number;
  /** Name of the dialog that it was sent in; known once the callback of a `send` was called. */
  readonly stackDialogId: string | undefined;
  send(status: number, options?: SendOptions): void;
  send(status: number, reason: string, options?: SendOptions): void;
  send(status: number, options: SendOptions, callback: (error: unknown, sent?: SrfMessage) => void): void;
  send(
    status: number,
    reason: string,
    options: SendOptions,
    callback: (error: unknown, sent?: SrfMessage) => void,
  ): void;
}

export type RequestHandler = (request: SrfRequest, response: SrfResponder, next?: (error?: unknown) => void) => void;

export interface SrfDialog {
  readonly id: string;
  readonly type: 'uac' | 'uas';
  readonly connected: boolean;
  readonly sip: { callId: string; localTag: string; remoteTag: string };
  readonly local: { uri: string; sdp: string; contact: string };
  readonly remote: { uri: string; sdp: string };
  readonly req: SrfRequest;
  readonly res: SrfResult;
  /** Hangs up; resolves with the BYE once it is answered, in whatever way. */
  destroy(options?: { headers?: Record<string, string> }): Promise<SrfRequest>;
  destroy(options: { headers?: Record<string, string> }, callback: (error: unknown, bye?: SrfRequest) => void): void;
  modify(sdp: string, options?: { headers?: Record<string, string> }): Promise<string>;
  request(options: { method: string; headers?: Record<string, string>; body?: string }): Promise<SrfResult>;
  request(
    options: { method: string; headers?: Record<string, string>; body?: string },
    callback: (error: unknown, response?: SrfResult) => void,
  ): void;
  removeAllListeners(): this;
  on(event: 'destroy', listener: (bye: SrfRequest, reason: string) => void): this;
  on(event: 'ack', listener: (ack: SrfRequest) => void): this;
  on(
    event: 'info' | 'message' | 'modify' | 'notify' | 'options' | 'refer' | 'update',
    listener: (request: SrfRequest, response: SrfResponder) => void,
  ): this;
  on(event: 'refresh' | 'hold' | 'unhold', listener: (request: SrfRequest) => void): this;
  once(event: 'ack', listener: (ack: SrfRequest) => void): this;
}

/** What `createUAC` gives with `noAck` when the 200 carries the far end's offer. */
export interface SrfUnacknowledged {
  /** The offer. */
  readonly sdp: string;
  /** Sends the ACK with our answer. */
  ack(answer: string): Promise<SrfDialog>;
}

export interface UacOptions {
  method?: 'INVITE' | 'SUBSCRIBE';
  headers?: Record<string, string>;
  localSdp?: string;
  proxy?: string;
  auth?: { username: string; password: string };
  callingNumber?: string;
  callingName?: string;
  noAck?: boolean;
  followRedirects?: boolean;
}

export interface UacCallbacks {
  cbRequest?: (error: unknown, request?: SrfRequest) => void;
  cbProvisional?: (response: SrfResult) => void;
}

export interface RequestOptions {
  method: string;
  headers?: Record<string, string>;
  body?: string;
  proxy?: string;
  auth?: { username: string; password: string };
  /** The dialog that it is sent within, by its name; the URI says nothing then. */
  stackDialogId?: string;
}

/** The error that a failed `createUAC` gives: the final response, when there was one, is in `res`. */
export interface SrfCallError extends Error {
  status?: number;
  reason?: string;
  res?: SrfResult;
}

export interface SrfApp {
  on(event: 'connect', listener: (error: Error | null, hostPorts: string, version?: string) => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
  on(event: 'close' | 'reconnecting', listener: (...details: unknown[]) => void): this;
  off(event: string, listener: (...details: never[]) => void): this;
  removeAllListeners(event?: string): this;
  connect(options: { host: string; port: number; secret: string; reconnect?: { maxAttempts?: number } }): unknown;
  listen(options: { server: unknown; secret: string }): unknown;
  disconnect(): void;
  use(handler: RequestHandler): this;
  use(method: string, handler: RequestHandler): this;
  invite(handler: RequestHandler): this;
  options(handler: RequestHandler): this;
  info(handler: RequestHandler): this;
  message(handler: RequestHandler): this;
  register(handler: RequestHandler): this;
  request(uri: string, options: RequestOptions): Promise<SrfRequest>;
  request(uri: string, options: RequestOptions, callback: (error: unknown, request?: SrfRequest) => void): this;
  createUAC(uri: string, options: UacOptions, callbacks?: UacCallbacks): Promise<SrfDialog>;
  createUAC(
    uri: string,
    options: UacOptions,
    callbacks: UacCallbacks,
    callback: (error: SrfCallError | null, dialog?: SrfDialog) => void,
  ): this;
  createUAS(
    request: SrfRequest,
    response: SrfResponder,
    options: { localSdp: string; headers?: Record<string, string> },
  ): Promise<SrfDialog>;
  createUAS(
    request: SrfRequest,
    response: SrfResponder,
    options: { localSdp: string; headers?: Record<string, string> },
    callback: (error: unknown, dialog?: SrfDialog) => void,
  ): this;
  /** Forgets a dialog whose BYE was sent by `SrfDialog.request`. */
  removeDialog(dialog: SrfDialog): void;
}

/** How srf speaks to a server: it frames payloads, numbers them, and tells of those that come. Made by `listen`. */
export interface SrfWire {
  /** Returns the number of the payload, by which its answer will name it. */
  send(socket: Socket, message: string): string;
  emit(event: 'msg', socket: Socket, payload: unknown): boolean;
}

/** A new srf, seen through the typings above. */
export function newSrf(): SrfApp {
  return new Srf() as unknown as SrfApp;
}
