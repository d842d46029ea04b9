import type { RelayReport, RelaySide } from '../../media/link/relay-messages.js';

/** The media side of one call, as its signalling sees it. */
export interface CallMedia {
  /**
   * A description of one side, as the other side is to get it: with an address and port of the relay. What it says is taken
   * to heart by `settle`, or not at all after `forget`.
   */
  pass(from: RelaySide, description: string): string;
  /** What both sides said holds from now on. */
  settle(): void;
  /** What a side said since was refused. */
  forget(): void;
  /**
   * What a side said that holds, as a new description for the other side, which has accepted one that came to nothing since; `null`
   * where the side said nothing yet.
   */
  restored(from: RelaySide): string | null;
  /** Ends it, and tells what became of the packets; `null` where nothing is known. */
  close(): Promise<RelayReport | null>;
}
