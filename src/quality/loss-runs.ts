import { MAX_MISORDER } from './rtp-receiver.js';

const WINDOW = 4096;

/** Runs of packets that were lost or came too late to be played. */
export interface RunTotals {
  /** Packets in all, those that were not played, and the runs that they form. */
  packets: number;
  missing: number;
  runs: number;
}

/**
 * Counts the runs of packets that were not played, in the order of the sequence numbers. A packet that may still come is
 * judged only when it is `MAX_MISORDER` behind.
 */
export class LossRuns {
  private readonly played = new Uint32Array(WINDOW / 32);
  private started = false;
  /** The next sequence number to be judged, and the highest so far. */
  private next = 0;
  private highest = 0;
  private packets = 0;
  private missing = 0;
  private runs = 0;
  private inRun = false;

  /** Takes the extended sequence number of a received packet and whether it could be played. */
  add(extended: number, isPlayed: boolean): void {
    if (!this.started) {
      this.started = true;
      this.next = extended;
      this.highest = extended;
    }
    if (extended > this.highest) {
      const judged = extended - MAX_MISORDER;
      while (this.next < judged) this.judge(this.take(this.next++));
      this.highest = extended;
    } else if (extended < this.next) {
      // Before the first packet, as long as nothing has been judged: the span begins there.
      if (this.packets > 0) return;
      this.next = extended;
    }
    if (isPlayed) this.played[(extended & (WINDOW - 1)) >> 5] |= 1 << (extended & 31);
  }

  /** Judges all that is outstanding and begins a new span with the next packet. */
  restart(): void {
    if (!this.started) return;
    while (this.next <= this.highest) this.judge(this.take(this.next++));
    this.started = false;
    this.inRun = false;
  }

  /** Totals up to the highest packet, without changing anything. */
  totals(): RunTotals {
    let { packets, missing, runs } = this;
    let inRun = this.inRun;
    if (this.started) {
      for (let extended = this.next; extended <= this.highest; extended++) {
        packets++;
        const isPlayed = this.has(extended);
        if (!isPlayed) {
          missing++;
          if (!inRun) runs++;
        }
        inRun = !isPlayed;
      }
    }
    return { packets, missing, runs };
  }

  private judge(isPlayed: boolean): void {
    this.packets++;
    if (!isPlayed) {
      this.missing++;
      if (!this.inRun) this.runs++;
    }
    this.inRun = !isPlayed;
  }

  private has(extended: number): boolean {
    return (this.played[(extended & (WINDOW - 1)) >> 5] & (1 << (extended & 31))) !== 0;
  }

  private take(extended: number): boolean {
    const isPlayed = this.has(extended);
    this.played[(extended & (WINDOW - 1)) >> 5] &= ~(1 << (extended & 31));
    return isPlayed;
  }
}

/**
 * Burst ratio (G.107, 7.2): the mean observed run of missing packets ÷ the mean run of independent losses at the same
 * ratio, 1/(1 − loss). Never below 1, and 1 when nothing is missing.
 */
export function burstRatio(totals: RunTotals): number {
  if (totals.runs === 0 || totals.missing === totals.packets) return 1;
  const meanRun = totals.missing / totals.runs;
  return Math.max(1, meanRun * (1 - totals.missing / totals.packets));
}
