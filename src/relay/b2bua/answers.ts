import type { SendOptions, SrfMessage, SrfResponder } from '../../drachtio/srf-types.js';

/**
 * Sends a response. drachtio-srf throws on a status that is in no RFC: the one that stands for its class goes in its place
 * (RFC 3261 8.1.3.2), with the phrase as it came.
 */
export function answer(
  response: SrfResponder,
  status: number,
  reason: string,
  options: SendOptions = {},
  onSent: (error: unknown, sent?: SrfMessage) => void = () => {},
): void {
  try {
    response.send(status, reason, options, onSent);
  } catch {
    response.send(status < 200 ? 183 : Math.floor(status / 100) * 100, reason, options, onSent);
  }
}

/** Methods that the relay passes on; what stands in an Allow header of its own. */
export const PASSED_METHODS =
  'INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, MESSAGE, REGISTER';
