import { setImmediate as turn } from 'node:timers/promises';
import { ManualClock, systemClock } from '../../src/core/clock.js';
import { connectEmbedded, type DrachtioConnection } from '../../src/drachtio/connect.js';
import { guard } from '../../src/drachtio/guard.js';
import type { SrfDialog, SrfRequest, SrfResponder } from '../../src/drachtio/srf-types.js';
import type { Dns } from '../../src/sip/dns.js';
import type { SipStats } from '../../src/sip/stats.js';
import { Authority } from '../support/certificates.js';
import { Tap } from './tap.js';

const SDP = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4002 RTP/AVP 0\r\n';
/** Real time in which the server's timer wheel surely turns. */
const WHEEL_MS = 25;

/** Knows no name. */
export const NO_DNS: Dns = (() => {
  const none = () => Promise.reject(Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND' }));
  return { a: none, aaaa: none, srv: none, naptr: none };
})();

export interface Listener {
  protocol: 'udp' | 'tcp' | 'tls';
  address: string;
  port: number;
}

/**
 * The embedded server with a drachtio-srf application on it, on every transport and a clock that only moves when it is
 * told to: while it stands, whatever the server sends is a direct consequence of what it received.
 *
 * The application answers at once, by the user part that is called: `answer`, `ring`, `busy`, `reliable`, `move`.
 */
export class Rig {
  private dialogs: { dialog: SrfDialog; turnsLeft: number }[] = [];
  private inviting: { request: SrfRequest; turnsLeft: number }[] = [];
  private ringing: { response: SrfResponder; turnsLeft: number }[] = [];
  private readonly onCrash = (error: unknown): void => {
    this.failures.push(`uncaught: ${error instanceof Error ? error.stack : String(error)}`);
  };

  private readonly consoleError = console.error;

  private constructor(
    readonly connection: DrachtioConnection,
    readonly tap: Tap,
    private readonly clock: ManualClock,
    /** What must never happen, as it happened. */
    readonly failures: string[],
  ) {}

  static async open(): Promise<Rig> {
    const tap = new Tap();
    tap.install();
    const authority = new Authority();
    const clock = new ManualClock(systemClock.now());
    const also = (['udp', 'tcp', 'tls'] as const).map((protocol) => ({ protocol, address: '::1', port: 0 }));
    const failures: string[] = [];
    const connection = await connectEmbedded({
      address: '127.0.0.1',
      port: 0,
      tls: { ...authority.issue('IP:127.0.0.1'), port: 0 },
      also,
      clock,
      dns: NO_DNS,
      onFatal: (error) => failures.push(`fatal: ${error.stack}`),
      onUnread: (startLine) => failures.push(`drachtio-srf broke on a message: ${startLine}`),
    });
    const rig = new Rig(connection, tap, clock, failures);
    for (const { port } of rig.listeners) tap.ports.add(port);
    process.on('uncaughtException', rig.onCrash);
    process.on('unhandledRejection', rig.onCrash);
    // drachtio-srf says so here when it cannot read what it got.
    console.error = (...details: unknown[]) => {
      const text = details.join(' ');
      if (/unable to parse|invalid client message/.test(text)) failures.push(`drachtio-srf: ${text.slice(0, 2000)}`);
    };
    rig.serve();
    return rig;
  }

  get listeners(): readonly Listener[] {
    return this.connection.listens as readonly Listener[];
  }

  get stats(): SipStats {
    return this.connection.stats()!;
  }

  get openDialogs(): number {
    return this.dialogs.length;
  }

  /** Moves the server's clock, lets its timers fire, and has the application hang up what is old. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await new Promise((resolve) => setTimeout(resolve, WHEEL_MS));
    this.tidy(false);
    await settle();
  }

  /** Ends every call and lets all timers run out. */
  async drain(): Promise<void> {
    this.tidy(true);
    await settle();
    // An INVITE that nobody answers is abandoned after 10 minutes, a subscription ends after a week at most; each gives
    // rise to messages of its own.
    for (const ms of [700_000, 40_000, 8 * 86_400_000, 40_000, 40_000]) {
      await this.pass(ms);
      this.tidy(true);
      await settle();
    }
  }

  /** Places calls and other requests from the application to a peer of the fuzzer. */
  call(uri: string, method: string): void {
    const { srf } = this.connection;
    if (method === 'INVITE') {
      srf.createUAC(
        uri,
        { localSdp: SDP, headers: {}, auth: { username: 'u', password: 'p' } },
        {
          cbRequest: this.guarded((_error: unknown, request?: SrfRequest) => {
            if (request) this.inviting.push({ request, turnsLeft: 3 });
          }),
        },
        this.guarded((_error: unknown, dialog?: SrfDialog) => this.keep(dialog)),
      );
      return;
    }
    srf.request(
      uri,
      { method, headers: method === 'SUBSCRIBE' ? { Event: 'presence', Expires: '60' } : {} },
      this.guarded((_error: unknown, request?: SrfRequest) => request?.on('response', () => {})),
    );
  }

  async close(): Promise<void> {
    await this.connection.close();
    process.off('uncaughtException', this.onCrash);
    process.off('unhandledRejection', this.onCrash);
    console.error = this.consoleError;
    this.tap.remove();
  }

  private serve(): void {
    const { srf } = this.connection;
    srf.invite(this.guarded((request: SrfRequest, response: SrfResponder) => this.answer(request, response)));
    srf.use(this.guarded((_request: SrfRequest, response: SrfResponder) => response.send(200)));
  }

  private answer(request: SrfRequest, response: SrfResponder): void {
    const user = /^sips?:([a-z]+)@/.exec(request.uri)?.[1] ?? '';
    if (user === 'ring') {
      response.send(180);
      this.ringing.push({ response, turnsLeft: 2 });
    } else if (user === 'move') response.send(302, { headers: { Contact: '<sip:b@127.0.0.1>' } });
    else if (user === 'answer' || user === 'reliable') {
      if (user === 'reliable') response.send(183, { headers: { Require: '100rel' }, body: SDP });
      const { srf } = this.connection;
      srf.createUAS(
        request,
        response,
        { localSdp: SDP },
        this.guarded((_error: unknown, dialog?: SrfDialog) => this.keep(dialog)),
      );
    } else response.send(486);
  }

  private keep(dialog: SrfDialog | undefined): void {
    if (!dialog) return;
    const kept = { dialog, turnsLeft: 2 };
    this.dialogs.push(kept);
    dialog.on('destroy', () => {
      this.dialogs = this.dialogs.filter((other) => other !== kept);
    });
    const accept = this.guarded((_request: SrfRequest, response: SrfResponder) => response.send(200));
    for (const event of ['info', 'message', 'notify', 'options', 'refer', 'update'] as const) dialog.on(event, accept);
    dialog.on(
      'modify',
      this.guarded((_request: SrfRequest, response: SrfResponder) => response.send(200, { body: SDP })),
    );
  }

  private tidy(all: boolean): void {
    for (const entry of this.dialogs.filter((kept) => all || --kept.turnsLeft <= 0)) {
      this.dialogs = this.dialogs.filter((other) => other !== entry);
      this.guarded(() => entry.dialog.destroy({}, () => {}))();
    }
    // What was answered takes no harm of it.
    for (const { request } of this.inviting.filter((waiting) => all || --waiting.turnsLeft <= 0))
      this.guarded(() => request.cancel(() => {}))();
    this.inviting = this.inviting.filter(({ turnsLeft }) => !all && turnsLeft > 0);
    for (const { response } of this.ringing.filter((waiting) => all || --waiting.turnsLeft <= 0))
      this.guarded(() => response.send(480))();
    this.ringing = this.ringing.filter(({ turnsLeft }) => !all && turnsLeft > 0);
  }

  /** As the swarm and the trunk do: what a callback throws concerns one call. */
  private guarded<A extends unknown[]>(callback: (...args: A) => unknown): (...args: A) => void {
    return guard(callback, () => {});
  }
}

/** Lets everything that is ready in this process happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 6; i++) await turn();
}
