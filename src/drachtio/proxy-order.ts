import { headerKey } from '../sip/header-names.js';
import { parseMessage, type SipMessage } from '../sip/message.js';
import type { ProxyOptions } from '../sip/proxy-context.js';

/** What an application's `proxy` message asks for. */
export interface ProxyOrder {
  transactionId: string;
  /** Whether it wants to see the final responses of the targets. */
  fullResponse: boolean;
  options: Omit<ProxyOptions, 'retarget'>;
}

/** Where the destinations begin among the tokens. */
const FIRST_DESTINATION = 9;

/**
 * Reads `id|proxy|transactionId|remainInDialog|fullResponse|followRedirects|simultaneous or serial|provisional
 * timeout|final timeout|destination|…` and the headers that go with it; `null` when something is missing.
 */
export function readProxyOrder(
  tokens: readonly string[],
  text: string,
  linesOf: (message: SipMessage) => string,
): ProxyOrder | null {
  const transactionId = tokens[2] ?? '';
  const targets = tokens.slice(FIRST_DESTINATION).filter((target) => target !== '');
  if (transactionId === '' || targets.length === 0) return null;
  const message = parseMessage(text);
  const headerLines = message === null ? '' : linesOf(message);
  return {
    transactionId,
    fullResponse: tokens[4] === 'fullResponse',
    options: {
      targets,
      recordRoute: tokens[3] === 'remainInDialog',
      followRedirects: tokens[5] === 'followRedirects',
      simultaneous: tokens[6] === 'simultaneous',
      provisionalMs: durationMs(tokens[7]),
      finalMs: durationMs(tokens[8]),
      headerLines,
      replaced: new Set(Array.from(headerLines.matchAll(/^([^\s:]+):/gm), ([, name]) => headerKey(name))),
    },
  };
}

/** `2s` or `1500ms`; anything else is no limit. */
function durationMs(text: string): number | null {
  const match = /^(\d{1,9})(ms|s)$/.exec(text);
  if (match === null || Number(match[1]) === 0) return null;
  return Number(match[1]) * (match[2] === 's' ? 1000 : 1);
}
