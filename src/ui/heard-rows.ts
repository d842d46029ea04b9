import type { ProbeSnapshot, Snapshot } from '../metrics/snapshot.js';
import { count, msDigits } from '../report/format.js';
import { labelled, type Row, row } from './sections.js';
import { type Field, field, span } from './spans.js';

/** What callers feel of conversations, and what markers tell of the audio: a line each, where the calls have them. */
export function heardRows({ voice, probe }: Snapshot, width: number): Row[] {
  const rows: Row[] = [];
  if (voice) {
    rows.push(
      row(
        labelled(
          'Voice ms',
          [
            field('first word', both(voice.ttfwMs), 0),
            field('response', both(voice.responseMs), 1),
            warned('unanswered', voice.unanswered, 2),
            warned('dead air', voice.deadAirCalls, 3),
          ],
          width,
        ),
        4.1,
      ),
    );
  }
  if (probe) {
    const { uplink, downlink } = probe;
    rows.push(
      row(
        labelled(
          'Mouth-to-ear',
          [
            field('↑', both(uplink.mouthToEarMs), 0),
            field('↓', both(downlink.mouthToEarMs), 0),
            warned('missed', sum(uplink, downlink, 'missed'), 3),
            warned('crossed', sum(uplink, downlink, 'crossedCalls'), 1),
            warned('echo', sum(uplink, downlink, 'echoCalls'), 2),
          ],
          width,
        ),
        4.2,
      ),
    );
  }
  return rows;
}

/** Median and p95. */
function both(times: { p50: number; p95: number } | null): string {
  return `${msDigits(times?.p50)}/${msDigits(times?.p95)}`;
}

function warned(name: string, calls: number | null, rank: number): Field {
  const tone = calls === null ? 'dim' : calls > 0 ? 'bad' : 'plain';
  return { spans: [span(`${name} `, 'label'), span(count(calls), tone)], rank };
}

/** Of both directions, as far as they are known. */
function sum(
  uplink: ProbeSnapshot,
  downlink: ProbeSnapshot,
  figure: 'missed' | 'crossedCalls' | 'echoCalls',
): number | null {
  const known = [uplink[figure], downlink[figure]].filter((calls) => calls !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
}
