import type { SrfDialog, SrfResult } from '../drachtio/srf-types.js';
import type { CallCredentials } from './call-credentials.js';

/** A request within a dialog, as srf takes it. */
interface WithinDialog {
  method: 'INVITE' | 'BYE' | 'INFO' | 'UPDATE' | 'REFER' | 'NOTIFY';
  headers: Record<string, string>;
  body?: string;
}

/**
 * Sends a request within a dialog with the credentials that its call has, and once more with others where it is
 * challenged (RFC 3261 22). The last try's responses are reported, or why srf could not send it.
 */
export function requestWithin(
  dialog: SrfDialog,
  request: WithinDialog,
  credentials: CallCredentials | null,
  answered: (error: unknown, response?: SrfResult) => void,
  uri?: string,
): void {
  const headers = { ...request.headers, ...credentials?.headers(request.method, uri ?? dialog.remote.uri) };
  dialog.request({ ...request, headers }, (error, response) => {
    // The Request-URI is what is digested, and srf does not know of one that a re-INVITE changed.
    if (response && credentials?.learn(response))
      requestWithin(dialog, request, credentials, answered, response.req.uri);
    else answered(error, response);
  });
}
