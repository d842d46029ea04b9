import type { Dialog } from './dialog.js';
import type { DialogTable } from './dialog-table.js';
import type { SipMessage } from './message.js';
import type { Refusal } from './request-checks.js';

/** Which call an INVITE shall take the place of (RFC 3891 6.1). Tags as the receiver sees them: To is its own. */
export interface Replaces {
  callId: string;
  toTag: string;
  fromTag: string;
  earlyOnly: boolean;
}

/** Reads a Replaces value; `null` when it is none. */
export function readReplaces(value: string): Replaces | null {
  const [callId, ...params] = value.split(';').map((part) => part.trim());
  const named = new Map<string, string>();
  for (const param of params) {
    const [name, text = ''] = param.split(/\s*=\s*/, 2);
    named.set(name, text);
  }
  const [toTag, fromTag] = [named.get('to-tag'), named.get('from-tag')];
  if (!callId || !toTag || !fromTag || named.size < params.length) return null;
  return { callId, toTag, fromTag, earlyOnly: named.has('early-only') };
}

const NO_SUCH_CALL: Refusal = { status: 481, phrase: 'Call/Transaction Does Not Exist', lines: '' };
const BAD_REPLACES: Refusal = { status: 400, phrase: 'Bad Request - Replaces', lines: '' };

/** The call that a request with a Replaces header means, or why there is none (RFC 3891 3). */
export function replacedBy(request: SipMessage, dialogs: DialogTable): Dialog | Refusal {
  const values = request.headers('replaces');
  const replaces = readReplaces(values[0]);
  if (request.method !== 'INVITE' || values.length > 1 || request.has('join') || replaces === null) return BAD_REPLACES;
  const { callId, toTag, fromTag, earlyOnly } = replaces;
  const dialog = dialogs.find(callId, toTag, fromTag);
  if (dialog === undefined)
    return dialogs.endedLately(callId, toTag, fromTag) ? { status: 603, phrase: 'Decline', lines: '' } : NO_SUCH_CALL;
  // Of early calls only those that we placed can be replaced here.
  if (!dialog.inCall || (dialog.early && dialog.role === 'uas')) return NO_SUCH_CALL;
  if (earlyOnly && !dialog.early) return { status: 486, phrase: 'Busy Here', lines: '' };
  return dialog;
}
