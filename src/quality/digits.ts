/**
 * How a digit travels: as telephone-event in RTP (RFC 4733), in the body of a SIP INFO (`application/dtmf-relay` or
 * `application/dtmf`), or as a pair of tones within the audio (ITU-T Q.23).
 */
export const DTMF_METHODS = ['rfc4733', 'info-dtmf-relay', 'info-dtmf', 'inband'] as const;
export type DtmfMethod = (typeof DTMF_METHODS)[number];

/** A digit that was sent to its end. Times are on the run's clock in ms. */
export interface SentDigit {
  digit: string;
  method: DtmfMethod;
  startMs: number;
  durationMs: number;
  /** Final status of the INFO that carried it; `null` where none did or none came. */
  status: number | null;
}

/** A digit that was heard. Times are on the run's clock in ms; what its method does not tell is `null`. */
export interface HeardDigit {
  digit: string;
  method: DtmfMethod;
  /** When it was first heard of: the first packet that came, the INFO, or the onset of the tones. */
  startMs: number;
  /** By its packets (the highest that any of them told), by the INFO, or as long as the tones were heard. */
  durationMs: number | null;
  /** By the packets, or the mean of both tones as heard, in dBm0. */
  volumeDbm0: number | null;
  /** Column over row, in dB; of tones only. */
  twistDb: number | null;
  /** Of telephone-events only: packets that came, and whether the first one (marker) and an end were among them. */
  packets: number | null;
  hasStart: boolean | null;
  hasEnd: boolean | null;
  /** The telephone-event went on after its end: its sender, or something on the way, began it anew. */
  isResumed: boolean;
}

/**
 * `late`: heard after the limit; `short`: told to be shorter than it was sent; `no-start`, `no-end`: the first packet of
 * its event, or every end of it, did not come; `resumed`: its event went on after its end.
 */
export type DigitFault = 'late' | 'short' | 'no-start' | 'no-end' | 'resumed';

/** What the packets of a telephone-event tell by themselves. */
export function eventFaults({ hasStart, hasEnd, isResumed }: HeardDigit): DigitFault[] {
  const faults: DigitFault[] = [];
  if (hasStart === false) faults.push('no-start');
  if (hasEnd === false) faults.push('no-end');
  if (isResumed) faults.push('resumed');
  return faults;
}
