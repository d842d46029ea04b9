import type {
  SrfApp,
  SrfCallError,
  SrfDialog,
  SrfRequest,
  SrfResult,
  SrfUnacknowledged,
  UacOptions,
} from '../drachtio/srf-types.js';
import { refusal } from '../sdp/refusal.js';
import type { CallScope } from './call-scope.js';
import type { Tries } from './tries.js';

/** What comes of an INVITE. */
export interface InviteUser {
  onRequest(request: SrfRequest | undefined): void;
  onProvisional(response: SrfResult): void;
  onFailure(error: SrfCallError): void;
  /** The 200 carries the far end's offer. */
  onOffer(answered: SrfUnacknowledged): void;
  onAnswer(dialog: SrfDialog): void;
}

/**
 * Sends the INVITE of the present try. Once that is given up, a request that only then leaves is cancelled, and an answer
 * that still comes is acknowledged and ended.
 * @param call number of the attempt
 */
export function placeInvite(
  { srf, scope, tries, call }: { srf: SrfApp; scope: CallScope; tries: Tries; call: number },
  options: UacOptions,
  user: InviteUser,
): void {
  srf.createUAC(
    tries.uri,
    options,
    {
      cbRequest: scope.guarded(
        tries.ofPresent(
          (_error: unknown, request?: SrfRequest) => user.onRequest(request),
          (_error, request) => request?.cancel(() => {}),
        ),
      ),
      cbProvisional: scope.guarded(tries.ofPresent((response: SrfResult) => user.onProvisional(response))),
    },
    scope.guarded(
      tries.ofPresent(
        (error: SrfCallError | null, dialog?: SrfDialog | SrfUnacknowledged) => {
          if (!dialog) user.onFailure(error ?? new Error('no dialog and no error'));
          // Every dialog of srf has an `ack` that must not be called.
          else if ('sdp' in dialog) user.onOffer(dialog);
          else user.onAnswer(dialog);
        },
        (_error, dialog) => endLateAnswer(call, dialog),
      ),
    ),
  );
}

function endLateAnswer(call: number, answered: SrfDialog | SrfUnacknowledged | undefined): void {
  if (!answered) return;
  if ('sdp' in answered)
    answered.ack(refusal(call + 1)).then(
      (dialog) => dialog.destroy({}, () => {}),
      () => {},
    );
  else answered.destroy({}, () => {});
}
