import type { SrfApp, SrfCallError, SrfDialog, SrfRequest, SrfResponder } from '../drachtio/srf-types.js';
import type { CallCredentials } from './call-credentials.js';
import { requestWithin } from './request-within.js';
import type { Outcome } from './steps/step.js';

/** A call that transfers its far end, and what the call to the target needs. */
export interface TransferSetup {
  srf: SrfApp;
  credentials: CallCredentials | null;
  /** Of calls to the target: who calls, as a URI. */
  from: string;
  auth: { username: string; password: string } | undefined;
  proxy: string | undefined;
  /** A description without audio, of a call that only asks the target. */
  silentOffer(): string;
  guarded<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void;
}

const SIPFRAG = /^SIP\/2\.0 (\d{3}) ?(.*?)\r?$/m;

/**
 * Transfers the far end of a call (RFC 5589): REFER, and what became of it by the NOTIFYs (RFC 3515 2.4.4). Attended, the target is
 * called before, without audio, and the far end's call takes the place of that one (Replaces, RFC 3891).
 */
export class Transfers {
  /** Calls to targets that are up. */
  private readonly asked = new Set<SrfDialog>();
  private told: ((outcome: Outcome) => void) | null = null;
  private ended = false;

  constructor(
    private readonly dialog: SrfDialog,
    private readonly setup: TransferSetup,
  ) {
    dialog.on(
      'notify',
      setup.guarded((request: SrfRequest, response: SrfResponder) => this.onNotify(request, response)),
    );
  }

  /** @returns the final response of the far end's call to the target, or of a REFER that was refused */
  async refer(target: string, isAttended: boolean): Promise<Outcome> {
    if (!isAttended) return this.send(target);
    const asked = await this.ask(target);
    if ('status' in asked) return asked;
    const { callId, localTag, remoteTag } = asked.sip;
    const replaces = encodeURIComponent(`${callId};to-tag=${remoteTag};from-tag=${localTag}`);
    const outcome = await this.send(`${asked.remote.uri.replace(/\?.*$/, '')}?Replaces=${replaces}`);
    // Whoever took its place has hung it up; without a transfer it would stay.
    this.hangUp(asked);
    return outcome;
  }

  /** The call is over, and the calls to targets with it. */
  end(): void {
    this.ended = true;
    for (const dialog of [...this.asked]) this.hangUp(dialog);
  }

  private ask(target: string): Promise<SrfDialog | Outcome> {
    const { srf, from, auth, proxy, silentOffer, guarded } = this.setup;
    const headers = { From: `<${from}>`, Contact: `<${from}>` };
    return new Promise((resolve) => {
      let invite: SrfRequest | undefined;
      srf.createUAC(
        target,
        { localSdp: silentOffer(), headers, auth, proxy },
        {
          cbRequest: (_error, request) => {
            invite = request;
          },
          cbProvisional: guarded(() => {
            if (this.ended) invite?.cancel(() => {});
          }),
        },
        guarded((error: SrfCallError | null, dialog?: SrfDialog) => {
          if (!dialog) {
            const { status, reason, message } = error!;
            resolve({ status: status ?? null, reason: `of the target: ${reason ?? message}`, mismatch: null });
            return;
          }
          this.asked.add(dialog);
          dialog.on('destroy', () => this.asked.delete(dialog));
          if (!this.ended) {
            resolve(dialog);
            return;
          }
          this.hangUp(dialog);
          resolve({ status: null, reason: 'the call was over before the target answered', mismatch: null });
        }),
      );
    });
  }

  private send(target: string): Promise<Outcome> {
    return new Promise((resolve) => {
      this.told = resolve;
      const headers = { Contact: this.dialog.local.contact, 'Refer-To': `<${target}>` };
      requestWithin(this.dialog, { method: 'REFER', headers }, this.setup.credentials, (error, response) => {
        if (response && response.status < 300) return;
        const reason = response?.reason ?? (error instanceof Error ? error.message : String(error));
        this.tell(response?.status ?? null, reason);
      });
    });
  }

  private onNotify(request: SrfRequest, response: SrfResponder): void {
    if (!/^\s*refer\b/i.test(request.get('Event') ?? '')) {
      response.send(489);
      return;
    }
    response.send(200);
    const [, status, reason] = SIPFRAG.exec(request.body) ?? [];
    const isOver = /^\s*terminated\b/i.test(request.get('Subscription-State') ?? '');
    if (status !== undefined && Number(status) >= 200) this.tell(Number(status), reason ?? '');
    else if (isOver) this.tell(null, 'the NOTIFYs ended without a final response');
  }

  /** Once for each REFER. */
  private tell(status: number | null, reason: string): void {
    this.told?.({ status, reason, mismatch: null });
    this.told = null;
  }

  private hangUp(dialog: SrfDialog): void {
    if (this.asked.delete(dialog)) dialog.destroy({}, () => {});
  }
}
