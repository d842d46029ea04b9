/** What one target did with the tries that it got. */
export interface TargetSummary {
  /** Its name in the profile, or its URI. */
  target: string;
  attempted: number;
  answered: number;
  /** Of those that failed: by a status that means "full", or by silence. */
  refused: number;
  failed: number;
  timedOut: number;
  unreachable: number;
  /** Answered calls that did not end as they should have. */
  dropped: number;
}

/** A time for which a target was down. Moments are ms from the start of the run. */
export interface OutageSummary {
  target: string;
  sinceMs: number;
  downMs: number;
  upMs: number | null;
  /** downMs − sinceMs. */
  detectionMs: number;
  /** From sinceMs to the start of the last attempt that it hit; `null` where no attempt after that went well. */
  recoveryMs: number | null;
  /** From the first OPTIONS that was answered again to the first call that was. */
  failBackMs: number | null;
  lostCalls: number;
  failedAttempts: number;
  refusedAttempts: number;
  setupRatioMin: number | null;
  setupRatioBySecond: (number | null)[];
}

/** Failover within a group of targets. */
export interface FailoverSummary {
  /** Attempts that tried more than one target, and those of them that were answered. */
  failedOver: number;
  saved: number;
  /** `null` where no target is asked how it is, and so are the figures of outages. */
  outages: number | null;
  /** The longest of the outages. */
  detectionMs: number | null;
  recoveryMs: number | null;
  failBackMs: number | null;
  /** Over all outages. */
  lostCalls: number | null;
  failedAttempts: number | null;
  refusedAttempts: number | null;
  /** Of the second with the lowest one, 0–1. */
  setupRatioMin: number | null;
  eachOutage: OutageSummary[];
}
