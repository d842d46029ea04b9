/** A time for which a target of a group was down; moments in ms on the clock of whoever tells of it. */
export interface Outage {
  /** Place of the target in the group. */
  target: number;
  /** The first request left that failed, and after which none was served. */
  sinceMs: number;
  /** The target was marked down. */
  downMs: number;
  /** The first OPTIONS left of those that were answered again; `null` while there is none. */
  backMs: number | null;
  /** The target was marked up again. */
  upMs: number | null;
  /** The first call after that was answered. */
  firstCallMs: number | null;
}
