import type { DirectionSnapshot, DtmfSnapshot, Snapshot } from '../metrics/snapshot.js';
import { count, decimal, milliseconds, mosBandLabel, percent } from '../report/format.js';
import { bandBars, bandTone, bar } from './bars.js';
import { type Row, row } from './sections.js';
import { beside, type Field, field, fields, type Line, pad, rule, span, type Tone } from './spans.js';

/** Uplink and downlink side by side, never merged. `tall` draws the MOS histogram with a line a band. */
export function mediaRows(snapshot: Snapshot, width: number, tall: boolean): Row[] {
  const half = Math.floor((width - 3) / 2);
  const rest = width - 3 - half;
  const { uplink, downlink } = snapshot.media;
  const titles = [...rule('UPLINK us → far end', half), span('─┬─', 'dim'), ...rule('DOWNLINK far end → us', rest)];
  const rows = [row(titles, 5)];
  const both = (draw: (d: DirectionSnapshot, t: DtmfSnapshot, w: number) => Line, rank: number): void => {
    rows.push(
      row(beside(draw(uplink, snapshot.dtmf.uplink, half), draw(downlink, snapshot.dtmf.downlink, rest), width), rank),
    );
  };
  if (tall) {
    const bands = Math.max(uplink.mosLqBands.length, downlink.mosLqBands.length);
    for (let band = bands - 1; band >= 0; band--) both((d, _t, w) => bandLine(d, band, w), 8);
  } else {
    both((d, _t, w) => mosBars(d, w), 7);
  }
  both((d, _t, w) => mosLine(d, w, tall), 5);
  if (tall) both((d, _t, w) => measuredLine(d, w), 8);
  both((d, _t, w) => lossLine(d, w), 5);
  both((d, _t, w) => jitterLine(d, w), 10);
  both((_d, t, w) => dtmfLine(t, w), 7);
  return rows;
}

function mosBars(d: DirectionSnapshot, width: number): Line {
  const scale = [span(' MOS ', 'label'), span('1 ', 'dim'), ...bandBars(d.mosLqBands, 2), span('4.5', 'dim')];
  return fields([{ spans: scale, rank: 0 }, unmeasured(d)], width);
}

function unmeasured(d: DirectionSnapshot): Field {
  return field('no MOS', count(d.unmeasured), 1, d.unmeasured > 0 ? 'warn' : 'plain');
}

function bandLine(d: DirectionSnapshot, band: number, width: number): Line {
  const calls = d.mosLqBands[band] ?? 0;
  const total = d.mosLqBands.reduce((a, b) => a + b, 0);
  const figures = `${pad(count(calls), 7, 'right')} ${pad(total > 0 ? percent(calls / total) : '–', 6, 'right')}`;
  const label = ` ${mosBandLabel(band)}–${mosBandLabel(band + 1)} `;
  const room = Math.max(0, width - label.length - figures.length - 1);
  const top = Math.max(1, ...d.mosLqBands);
  return [
    span(label, 'label'),
    ...bar(calls / top, room, bandTone(band)),
    span(figures, calls > 0 ? 'plain' : 'dim'),
    span(' '),
  ];
}

function mosTone(mos: number | null): Tone {
  if (mos === null) return 'dim';
  if (mos < 3.1) return 'bad';
  return mos < 3.6 ? 'warn' : 'good';
}

function mosLine(d: DirectionSnapshot, width: number, tall: boolean): Line {
  const name = tall ? ' MOS ' : ' ';
  const list = [
    field('p5', decimal(d.mosLqP5, 2), 0, mosTone(d.mosLqP5)),
    field('p50', decimal(d.mosLqP50, 2), 2, mosTone(d.mosLqP50)),
    field('worst 10 s', decimal(d.mosLqWorstP5, 2), 1, mosTone(d.mosLqWorstP5)),
  ];
  if (!tall) list.push(field('measured', count(d.measured), 3));
  return [span(name, 'label'), ...fields(list, width - name.length)];
}

function measuredLine(d: DirectionSnapshot, width: number): Line {
  return [span(' Calls ', 'label'), ...fields([field('measured', count(d.measured), 1), unmeasured(d)], width - 7)];
}

function lossLine(d: DirectionSnapshot, width: number): Line {
  const bad: Tone = d.lossRatio === null ? 'dim' : d.lossRatio >= 0.01 ? 'bad' : d.lossRatio > 0 ? 'warn' : 'good';
  return [
    span(' Loss ', 'label'),
    ...fields(
      [
        field('observed', percent(d.lossRatio), 0, bad),
        field('injected', percent(d.injectedLossRatio), 1, d.injectedLossRatio === null ? 'dim' : 'plain'),
      ],
      width - 6,
    ),
  ];
}

function jitterLine(d: DirectionSnapshot, width: number): Line {
  return [
    span(' Jitter ', 'label'),
    ...fields(
      [
        field('p95', milliseconds(d.jitterMsP95), 0, d.jitterMsP95 === null ? 'dim' : 'plain'),
        field('packets', count(d.packetsReceived), 1),
      ],
      width - 8,
    ),
  ];
}

function dtmfLine(t: DtmfSnapshot, width: number): Line {
  const lost: Tone = t.lost === null ? 'dim' : t.lost > 0 ? 'bad' : 'plain';
  return [
    span(' DTMF ', 'label'),
    ...fields(
      [field('sent', count(t.sent), 2), field('heard', count(t.received), 1), field('lost', count(t.lost), 0, lost)],
      width - 6,
    ),
  ];
}
