/** What a packet carries, as far as an impairment has to know. */
export const Carried = {
  unknownAudio: 0,
  pcmu: 1,
  pcma: 2,
  l16: 3,
  g722: 4,
  opus: 5,
  event: 6,
  comfortNoise: 7,
  notRtp: 8,
} as const;
export type Carried = (typeof Carried)[keyof typeof Carried];

export function isAudio(carried: Carried): boolean {
  return carried <= Carried.opus;
}

/**
 * One packet on its way through a pipeline: where its bytes are and what has been decided so far. One object is used for
 * all packets of a pipeline, and the stages change it in place.
 */
export interface Fate {
  bytes: Uint8Array;
  offset: number;
  length: number;
  /** When the packet entered the pipeline, in ms of the run's clock. */
  arrivalMs: number;
  /** When the pipeline's first packet entered it: windows of time count from here. */
  startMs: number;
  carried: Carried;
  /** RTP clock of the direction in Hz. */
  clockRate: number;
  /** Copies that go on: 0, 1 or 2. */
  copies: number;
  /** Delay of the first and the second copy so far, from `arrivalMs` on. */
  delayMs: number;
  delayMs2: number;
  /** Set by stages that wrote another payload type or payload. */
  recoded: boolean;
  /** Whether the packets are carried as SRTP, which takes none with a wrong bit. */
  isSealed: boolean;
  /** Set by the stage that flipped bits. */
  corrupted: boolean;
  /** Set by the stage that removes telephone-events. */
  eventDropped: boolean;
  /** The packet's audio goes on within a later one: it is neither delivered nor dropped. */
  isAbsorbed: boolean;
  /** A further packet that came of the one that entered. */
  isPart: boolean;
  /** How often the direction has gone over to another source port so far. */
  portChanges: number;
}

/** The fate of no packet yet. */
export function newFate(): Fate {
  return {
    bytes: new Uint8Array(0),
    offset: 0,
    length: 0,
    arrivalMs: 0,
    startMs: 0,
    carried: Carried.notRtp,
    clockRate: 8000,
    copies: 1,
    delayMs: 0,
    delayMs2: 0,
    recoded: false,
    isSealed: false,
    corrupted: false,
    eventDropped: false,
    isAbsorbed: false,
    isPart: false,
    portChanges: 0,
  };
}

/**
 * One impairment. It is called for every packet, also for those that an earlier stage has dropped, and makes the same
 * number of draws for each: what it decides for packet n depends on its seed and on n alone.
 */
export interface StageModel {
  apply(fate: Fate): void;
  /** Makes the fate that of a further packet which came of the last one; false when there is none. */
  more?(fate: Fate): boolean;
  /** Whether the direction's RTCP is dropped so long after its first packet; it is not, without this. */
  blocksRtcp?(sinceMs: number): boolean;
}

/** Takes away the copies that were lost; a second copy that survives alone becomes the first. */
export function loseCopies(fate: Fate, first: boolean, second: boolean): void {
  if (fate.copies === 2) {
    if (first) {
      fate.delayMs = fate.delayMs2;
      fate.copies = second ? 0 : 1;
    } else if (second) {
      fate.copies = 1;
    }
  } else if (first) {
    fate.copies = 0;
  }
}
