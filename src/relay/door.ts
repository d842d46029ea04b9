/** A front door of the relay: what calls come in by. It opens them at the `Relay` and answers for their signalling. */
export interface Door {
  /** What it listens to and for, in a few words: for the screen's title and the first plain line. */
  readonly title: string;
  /** What it counted, by names that stand on the screen and in plain lines, the most important first. */
  figures(): { label: string; value: string }[];
  /** What it counted, for `--json`. */
  statistics(): Record<string, unknown>;
  /** Ends its calls as its signalling demands, then listens no more. Idempotent. */
  close(): Promise<void>;
}
