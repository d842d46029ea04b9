import type { SrfDialog, SrfRequest, SrfResponder } from '../drachtio/srf-types.js';
import type { CallScope } from './call-scope.js';
import { requestWithin } from './request-within.js';
import type { TransfersSpec } from './transfers-spec.js';

/** One target, as name-addr or addr-spec (RFC 3515 2.1). */
const REFER_TO = /^(?:(?:"[^"]*"\s*|[^"<,]*)<sips?:[^>]+>|sips?:[^\s,;<>]+)[^,]*$/i;

/**
 * What answers REFERs of the far end (RFC 3515 2.4) as a carrier that calls the target within itself: 202, and of that call,
 * which is not placed, two NOTIFYs tell, 100 at once, and how it ended. Who does not want them (RFC 4488) gets none.
 */
export function transferTaker(
  { after, status }: TransfersSpec,
  { dialog, scope, isUp }: { dialog: SrfDialog; scope: CallScope; isUp(): boolean },
): (refer: SrfRequest, response: SrfResponder) => void {
  const notify = (state: string, fragment: string): void => {
    const headers = {
      Contact: dialog.local.contact,
      Event: 'refer',
      'Subscription-State': state,
      'Content-Type': 'message/sipfrag;version=2.0',
    };
    requestWithin(dialog, { method: 'NOTIFY', headers, body: `SIP/2.0 ${fragment}\r\n` }, null, () => {});
  };
  return (refer, response) => {
    if (!REFER_TO.test(refer.get('Refer-To')?.trim() ?? '')) {
      response.send(400, 'Bad Request - Refer-To');
      return;
    }
    if (/^\s*false\b/i.test(refer.get('Refer-Sub') ?? '')) {
      response.send(202, { headers: { 'Refer-Sub': 'false' } });
      return;
    }
    response.send(202);
    notify('active;expires=60', '100 Trying');
    scope.after(after, () => {
      if (isUp()) notify('terminated;reason=noresource', `${status} ${status === 200 ? 'OK' : 'Not Transferred'}`);
    });
  };
}
