import type { Failure } from './final-response.js';

/** Where an attempt goes. */
export interface Destination {
  /** Request-URI. */
  uri: string;
  /** SIP URI of the next hop, where the Request-URI does not decide it. */
  proxy: string | undefined;
  /** The target's name in records. */
  trunk: string;
}

/** Where else an attempt may go, of a group of targets. */
export interface CallRoute {
  /** A try without a response above 100 by then is given up: cancelled, and the next target tried. */
  readonly noResponseMs: number;
  /** The present target answered the call by a 2xx. `sentMs`: when its INVITE left. */
  answered(sentMs: number): void;
  /** The try at the present target failed; where the attempt goes now, or `null` where it has failed with it. */
  failed(failure: Failure, sentMs: number): Destination | null;
}
