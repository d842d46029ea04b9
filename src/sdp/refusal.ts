import { offeredFormats, writeDescription } from './describe.js';

/** An answer that refuses the stream that was offered: port 0 (RFC 3264 6). */
export function refusal(sessionId: number): string {
  const nowhere = { address: '0.0.0.0', port: 0, ptimeMs: 20, sessionId };
  return writeDescription(nowhere, offeredFormats(['PCMU']), 'inactive');
}
