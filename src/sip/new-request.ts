/** A request outside any dialog, as the application wants it. */
export interface NewRequest {
  method: string;
  requestUri: string;
  /** With tag. */
  from: string;
  to: string;
  callId: string;
  cseq: number;
  /** Further header lines, each with CRLF: Contact, Content-Type and the application's own. */
  headerLines: string;
  body: string;
  /** Outbound proxy; the Request-URI decides without it. */
  proxy: string | null;
}
