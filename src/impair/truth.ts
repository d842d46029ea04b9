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
  corrupted: number;
  /** Packets whose payload was relabelled or encoded anew. */
  recoded: number;
  /** Telephone-event packets removed. */
  eventsDropped: number;
  delayMeanMs: number | null;
  delayMaxMs: number | null;
}
