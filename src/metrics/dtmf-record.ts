import type { DtmfReport } from '../media/link/messages.js';
import { type DigitFault, eventFaults, type HeardDigit, type SentDigit } from '../quality/digits.js';
import { type MatchedDigit, matchDigits } from '../quality/dtmf-match.js';
import type { DigitRecord, DtmfRecord } from './call-record.js';

/**
 * The digits of one direction: what its sender sent against what its receiver heard. Both ends are ours and on one clock
 * where both are known.
 */
export function dtmfRecord(sender: DtmfReport | null, receiver: DtmfReport | null): DtmfRecord {
  const common = {
    sent: sender && keysOf(sender.sent),
    heard: receiver && keysOf(receiver.heard),
    unnegotiated: receiver?.unnegotiated ?? null,
  };
  if (sender === null || receiver === null) {
    const digits = [
      ...(sender?.sent ?? []).map((sent) => digitRecord({ result: null, sent, heard: null, delayMs: null })),
      ...(receiver?.heard ?? []).map((heard) => digitRecord({ result: null, sent: null, heard, delayMs: null })),
    ];
    return { ...common, counts: null, digits };
  }
  const { digits, ...counts } = matchDigits(sender.sent, receiver.heard, sender.lateMs ?? Number.POSITIVE_INFINITY);
  return { ...common, counts, digits: digits.map(digitRecord) };
}

function keysOf(digits: readonly { digit: string }[]): string {
  return digits.map(({ digit }) => digit).join('');
}

type Known = Omit<MatchedDigit, 'result' | 'isLate' | 'isShort'> & {
  result: MatchedDigit['result'] | null;
  isLate?: boolean;
  isShort?: boolean;
};

function digitRecord({ result, sent, heard, delayMs, isLate, isShort }: Known): DigitRecord {
  const faults: DigitFault[] = [];
  if (isLate) faults.push('late');
  if (isShort) faults.push('short');
  if (heard) faults.push(...eventFaults(heard));
  return {
    result,
    sent: sent?.digit ?? null,
    heard: heard?.digit ?? null,
    method: methodOf(sent, heard),
    sentMs: sent?.startMs ?? null,
    heardMs: heard?.startMs ?? null,
    delayMs: delayMs === null ? null : tenths(delayMs),
    sentDurationMs: sent?.durationMs ?? null,
    heardDurationMs: tenths(heard?.durationMs ?? null),
    volumeDbm0: tenths(heard?.volumeDbm0 ?? null),
    twistDb: tenths(heard?.twistDb ?? null),
    status: sent?.status ?? null,
    packets: heard?.packets ?? null,
    faults,
  };
}

function methodOf(sent: SentDigit | null, heard: HeardDigit | null): DigitRecord['method'] {
  return (heard ?? sent)!.method;
}

function tenths(value: number | null): number | null {
  return value === null ? null : Math.round(value * 10) / 10;
}
