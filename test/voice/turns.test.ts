import { describe, expect, it } from 'vitest';
import { measureTurns, type Span, type TurnReport } from '../../src/voice/turns.js';

const LIMITS = { turnEndMs: 1000, deadAirMs: 2000 };

function spans(...pairs: [number, number][]): Span[] {
  return pairs.map(([startMs, endMs]) => ({ startMs, endMs }));
}

/** A call that was answered at 1000 and ended at 30000. */
function measure(ours: Span[], theirs: Span[]): TurnReport {
  return measureTurns({ answeredMs: 1000, endMs: 30_000, ours, theirs }, LIMITS);
}

describe('turns', () => {
  it('are timed from the answer to the first word, and from the end of ours to the start of theirs', () => {
    const report = measure(
      spans([5000, 7000], [12_000, 14_000]),
      spans([1800, 3500], [8200, 10_000], [14_900, 29_500]),
    );
    expect(report).toMatchObject({
      ttfwMs: 800,
      responses: [
        { atMs: 7000, ms: 1200 },
        { atMs: 14_000, ms: 900 },
      ],
      deadAir: [],
      overlaps: 0,
      interruptions: 0,
      bargeInMs: [],
      talkMs: 29_000,
    });
  });

  it('take short pauses of theirs for parts of a turn', () => {
    const report = measure(spans([8000, 9000]), spans([2000, 3000], [3600, 5000], [10_000, 11_000], [11_400, 12_000]));
    expect(report.responses).toEqual([{ atMs: 9000, ms: 1000 }]);
    expect(report.ttfwMs).toBe(1000);
  });

  it('leave what was heard before the answer out of the first word', () => {
    expect(measure([], spans([200, 900], [4000, 5000])).ttfwMs).toBe(3000);
    // It began as early media and went on: the next thing said is the first word.
    expect(measure([], spans([200, 1700], [4000, 5000])).ttfwMs).toBe(3000);
  });

  it('have no time to first word where nobody spoke, or we did before them', () => {
    expect(measure([], []).ttfwMs).toBeNull();
    expect(measure(spans([2000, 3000]), spans([3500, 4000])).ttfwMs).toBeNull();
  });

  it('count dead air while the far end is expected to speak, each time from its beginning', () => {
    const report = measure(spans([8000, 10_000], [20_000, 21_000]), spans([4000, 5000], [22_000, 23_000]));
    // After the answer, and after our first utterance, until we spoke again. Not after their turn: then it was ours.
    expect(report.deadAir).toEqual([
      { atMs: 1000, ms: 3000 },
      { atMs: 10_000, ms: 10_000 },
    ]);
    expect(report.deadAirMs).toBe(13_000);
    expect(report.responses[0].ms).toBeNull();
  });

  it('expect no response to what the end of the call cut', () => {
    expect(measure(spans([28_000, 30_010]), spans([1500, 2000])).responses).toEqual([]);
  });

  it('end dead air with the call', () => {
    expect(measure(spans([2000, 5000]), spans([1100, 1900])).deadAir).toEqual([{ atMs: 5000, ms: 25_000 }]);
  });

  it('measure how fast the far end stops when we talk over it', () => {
    const report = measure(spans([5000, 7000]), spans([4000, 5350], [8000, 9000]));
    expect(report).toMatchObject({ bargeInMs: [350], overlaps: 1, overlapMs: 350, interruptions: 0 });
    expect(report.responses).toEqual([{ atMs: 7000, ms: 1000 }]);
  });

  it('take a breath of theirs, in which we begin, for no end of their turn', () => {
    const report = measure(spans([5000, 7000]), spans([4000, 4900], [5100, 5600], [8000, 9000]));
    expect(report).toMatchObject({ bargeInMs: [600], interruptions: 0 });
  });

  it('say when the far end never stopped', () => {
    const report = measure(spans([5000, 7000]), spans([4000, 30_000]));
    expect(report).toMatchObject({ bargeInMs: [null], overlapMs: 2000 });
    expect(report.responses).toEqual([{ atMs: 7000, ms: null }]);
  });

  it('count an interruption where they begin while we speak', () => {
    const report = measure(spans([5000, 8000]), spans([2000, 3000], [6000, 9000]));
    expect(report).toMatchObject({ interruptions: 1, overlaps: 1, overlapMs: 2000, bargeInMs: [] });
    expect(report.responses).toEqual([{ atMs: 8000, ms: null }]);
  });

  it('do not take a response that comes quickly after a barge-in for more of the turn that was stopped', () => {
    const report = measure(spans([5000, 5600]), spans([4000, 5400], [6000, 7000]));
    expect(report.bargeInMs).toEqual([400]);
    expect(report.responses).toEqual([{ atMs: 5600, ms: 400 }]);
  });
});
