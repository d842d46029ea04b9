/** What a pipeline did to the packets of one direction. */
export interface DirectionTruth {
  packets: number;
  delivered: number;
  dropped: number;
  /** Drops before the first packet delivered since the answer, between, and after the last delivered: a receiver sees only `droppedWithin`. */
  droppedBefore: number;
  droppedWithin: number;
  droppedAfter: number;
  duplicated: number;
  /** Packets that were delivered after one with a higher position. */
  reordered: number;
  /** Packets that were delivered with flipped bits. */
  corrupted: number;
  /** Packets whose payload was relabelled or encoded anew. */
  recoded: number;
  /** Telephone-event packets removed. */
  eventsDropped: number;
  /**
   * What faults, queues and corruption did, by kind of stage: packets dropped or written to; for `ssrc-change`, `port-change`,
   * `sequence-jump` and `timestamp-jump` how often the stream changed.
   */
  faults: Record<string, number>;
  /** What was in force when, where that changed: by a timeline, or while the call was up. */
  periods: TruthPeriod[];
  delayMeanMs: number | null;
  delayMaxMs: number | null;
}

/** A time in which the same stages were in force. */
export interface TruthPeriod {
  name: string;
  /** Since when, on the run's clock. */
  fromMs: number;
  /** Packets that entered, and those that were dropped. */
  packets: number;
  dropped: number;
}
