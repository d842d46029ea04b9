/** The three base values of RFC 3261 17.1.1.1, in ms. */
export interface SipTimers {
  /** Round-trip estimate. */
  t1Ms: number;
  /** Longest interval between retransmissions. */
  t2Ms: number;
  /** Longest time a message stays in the network. */
  t4Ms: number;
}

export const DEFAULT_TIMERS: SipTimers = { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 };

/** All timers of RFC 3261 table 4 and RFC 6026, in ms; `null` where a reliable transport needs none. */
export interface TimerTable {
  /** First interval of an INVITE's retransmissions, doubled without limit. */
  A: number | null;
  /** INVITE client transaction timeout. */
  B: number;
  /** Wait for repeated non-2xx responses. */
  D: number;
  /** First interval of a non-INVITE request's retransmissions, doubled up to T2. */
  E: number | null;
  /** Non-INVITE client transaction timeout. */
  F: number;
  /** First interval of a non-2xx response's retransmissions, doubled up to T2. */
  G: number | null;
  /** Wait for the ACK of a non-2xx response. */
  H: number;
  /** Wait for repeated ACKs. */
  I: number;
  /** Wait for repeated non-INVITE requests. */
  J: number;
  /** Wait for repeated non-INVITE responses. */
  K: number;
  /** Wait for an accepted INVITE's repetitions (RFC 6026). */
  L: number;
  /** Wait for repeated or further 2xx responses (RFC 6026). */
  M: number;
  t1: number;
  t2: number;
}

/** The only place where a timer is derived from T1, T2 and T4. */
export function deriveTimers(base: SipTimers, reliable: boolean): TimerTable {
  const { t1Ms: t1, t2Ms: t2, t4Ms: t4 } = base;
  return {
    A: reliable ? null : t1,
    B: 64 * t1,
    D: reliable ? 0 : 64 * t1,
    E: reliable ? null : t1,
    F: 64 * t1,
    G: reliable ? null : t1,
    H: 64 * t1,
    I: reliable ? 0 : t4,
    J: reliable ? 0 : 64 * t1,
    K: reliable ? 0 : t4,
    L: 64 * t1,
    M: 64 * t1,
    t1,
    t2,
  };
}
