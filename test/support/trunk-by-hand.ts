import type {
  RequestHandler,
  SendOptions,
  SrfApp,
  SrfDialog,
  SrfRequest,
  SrfResponder,
} from '../../src/drachtio/srf-types.js';
import { Population } from '../../src/flow/population.js';
import { mediaSpec } from '../../src/flow/spec.js';
import type { Verify } from '../../src/identity/keys.js';
import type { Impairments } from '../../src/impair/compose.js';
import type { MediaClient } from '../../src/media/link/client.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { trunkSpec } from '../../src/trunk/spec.js';
import { Trunk } from '../../src/trunk/trunk.js';

const OFFER = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';

/** One call as its caller sees it. */
export class HandCall {
  readonly responses: { status: number; reason?: string; headers: Record<string, string> }[] = [];
  answered = false;
  /** Methods of what the trunk asked within the dialog. */
  readonly requests: string[] = [];
  /** What the trunk heard of no more: it let go of the dialog. */
  letGo = false;
  private readonly listeners: [event: string, listener: (message: object) => void][] = [];

  constructor(readonly headers: Record<string, string>) {}

  get status(): number | undefined {
    return this.answered ? 200 : this.responses.at(-1)?.status;
  }

  on(event: string, listener: (message: object) => void): void {
    this.listeners.push([event, listener]);
  }

  private hear(event: string, message: object): void {
    for (const [name, listener] of this.listeners) if (name === event) listener(message);
  }

  cancel(): void {
    this.hear('cancel', {});
  }

  acknowledge(): void {
    this.hear('ack', { body: '' });
  }

  /** @param reason the BYE's Reason header */
  hangUp(reason?: string): void {
    this.hear('destroy', { get: () => reason });
  }
}

/** What `media` of a trunk was asked for. */
export interface MediaAsked {
  opened: { call: number; uplink: number }[];
  hushed: number[];
  impaired: { calls: readonly number[]; uplink: number }[];
  said: { call: number; sound: string }[];
}

/** A media thread that does nothing and has ports without end. */
export function handMedia(asked: MediaAsked = { opened: [], hushed: [], impaired: [], said: [] }): MediaClient {
  let pairs = 0;
  return {
    lease: () => ({ pair: pairs++, address: '127.0.0.1', rtpPort: 4000, rtcpPort: 4001 }),
    open: (call: number, _pair: number, _name: string, _session: object, uplink: readonly unknown[]) =>
      asked.opened.push({ call, uplink: uplink.length }),
    connect: () => {},
    hear: () => {},
    hush: (call: number) => asked.hushed.push(call),
    impair: (calls: readonly number[], uplink: readonly unknown[]) =>
      asked.impaired.push({ calls, uplink: uplink.length }),
    say: (call: number, sound: string) => {
      asked.said.push({ call, sound });
      return Promise.resolve({ startMs: 0, endMs: 1000, whole: true });
    },
    close: () => Promise.resolve(null),
  } as unknown as MediaClient;
}

/** A trunk with srf, its server and the media thread played by hand. Timers are vitest's. */
export class HandTrunk {
  readonly population = new Population();
  readonly records: CallRecord[] = [];
  readonly notes: string[] = [];
  readonly asked: MediaAsked = { opened: [], hushed: [], impaired: [], said: [] };
  readonly media = handMedia(this.asked);
  silent = false;
  restarts = 0;
  readonly trunk: Trunk;
  private invite!: RequestHandler;
  private options!: RequestHandler;
  private calls = 0;

  constructor(
    spec: object = {},
    verify: Verify | null = null,
    intake?: { most: number | undefined },
    impairment: Impairments = { select: undefined, uplink: [], downlink: [] },
  ) {
    const parsed = trunkSpec.parse(spec);
    const srf = {
      invite: (handler: RequestHandler) => {
        this.invite = handler;
      },
      options: (handler: RequestHandler) => {
        this.options = handler;
      },
      createUAS: (
        request: { call: HandCall },
        _response: object,
        _options: object,
        done: (error: unknown, dialog: SrfDialog) => void,
      ) => {
        const { call } = request;
        call.answered = true;
        done(null, {
          sip: { callId: call.headers['call-id'], localTag: 'b', remoteTag: 'a' },
          on: (event: string, listener: (message: object) => void) => call.on(event, listener),
          removeAllListeners: () => {
            call.letGo = true;
          },
          request: ({ method }: { method: string }, answered: (error: unknown, response: null) => void) => {
            call.requests.push(method);
            answered(null, null);
          },
        } as unknown as SrfDialog);
      },
      removeDialog: () => {},
    } as unknown as SrfApp;
    this.trunk = new Trunk({
      srf,
      // vitest's clock, as its timers are.
      clock: { now: () => Date.now() },
      population: this.population,
      media: this.media,
      mediaSpec: mediaSpec.parse({}),
      conversation: parsed,
      impairment,
      probe: null,
      advertise: undefined,
      trunk: parsed,
      intake,
      seed: 1,
      verify,
      failing: {
        setSilent: (silent) => {
          this.silent = silent;
        },
        unheard: () => 0,
        restart: () => {
          this.restarts++;
        },
      },
      onScript: (text) => this.notes.push(text),
      onRecord: (record) => this.records.push(record),
      onRefused: () => {},
      onError: (error) => {
        throw error;
      },
    });
  }

  call(from = '100', headers: Record<string, string> = {}, to = '200'): HandCall {
    const call = new HandCall({
      'call-id': `call-${this.calls++}`,
      from: `<sip:${from}@192.0.2.1>;tag=a`,
      to: `<sip:${to}@192.0.2.2>`,
      ...headers,
    });
    this.invite(requestOf(call, from, to), responderOf(call));
    return call;
  }

  /** Status of the answer to OPTIONS; `undefined` where there is none. */
  ping(): HandCall {
    const ping = new HandCall({});
    this.options(requestOf(ping, '', ''), responderOf(ping));
    return ping;
  }
}

function requestOf(call: HandCall, from: string, to: string): SrfRequest {
  return {
    call,
    body: OFFER,
    payload: [{ type: call.headers['content-type'], content: OFFER }],
    callingNumber: from,
    calledNumber: to,
    uri: `sip:${to}@192.0.2.2`,
    source_address: '192.0.2.1',
    source_port: 5060,
    get: (name: string) => call.headers[name.toLowerCase()],
    has: (name: string) => call.headers[name.toLowerCase()] !== undefined,
    on: (event: string, listener: (message: object) => void) => call.on(event, listener),
  } as unknown as SrfRequest;
}

function responderOf(call: HandCall): SrfResponder {
  return {
    get finalResponseSent() {
      return (call.status ?? 0) >= 200;
    },
    send: (status: number, ...rest: (string | SendOptions)[]) => {
      const options = rest.find((part) => typeof part === 'object');
      const reason = rest.find((part) => typeof part === 'string');
      call.responses.push({ status, reason, headers: options?.headers ?? {} });
    },
  } as unknown as SrfResponder;
}
