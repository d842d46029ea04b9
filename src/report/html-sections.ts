import type { DirectionSummary } from '../metrics/media-summary.js';
import type { LowPercentiles, Percentiles } from '../metrics/percentiles.js';
import type { Summary } from '../metrics/summary.js';
import {
  clock,
  count,
  decimal,
  FAULT_CAUSES,
  isSuccess,
  milliseconds,
  mosBandLabel,
  msDigits,
  NONE,
  percent,
  printable,
  responseName,
  sortedCauses,
  sortedResponses,
} from './format.js';
import { listeners } from './inbound.js';
import { injectedKinds } from './injected.js';
import { LEVEL_ROWS } from './levels.js';
import { loadNotes } from './load.js';
import { mosModelNotes, otherScaleNotes } from './mos-model.js';
import { ownTrunkLines } from './own-trunk.js';
import { probeRows } from './probe.js';
import { disagreementHints, rtcpNotes } from './rtcp.js';
import { sipServerNotes } from './sip-server.js';
import { gateName, gateObserved, gateReason, trunkFinding } from './verdict.js';

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for HTML content and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => ENTITIES[c]);
}

/** Text from outside: one line, no control characters, escaped. */
export function safe(text: string): string {
  return escapeHtml(printable(text));
}

type Quality = 'good' | 'warn' | 'bad' | 'soft' | '';

interface Tile {
  name: string;
  value: string;
  note: string;
  quality?: Quality;
}

/** The figures that one looks for first. */
export function keyTiles(summary: Summary): string {
  const { run, calls, sip, trunk, media, dtmf, impairment } = summary;
  const direction = (name: string, d: DirectionSummary, injected: number | null): Tile[] => [
    {
      name: `MOS ${name}, p5 / p50`,
      value: d.mosLq ? `${decimal(d.mosLq.p5, 2)} / ${decimal(d.mosLq.p50, 2)}` : NONE,
      note: `${count(d.measured)} calls measured, ${count(d.unmeasured)} not`,
      quality: mosQuality(d.mosLq?.p5 ?? null),
    },
    {
      name: `Loss ${name}`,
      value: percent(d.lossRatio),
      note: injected === null ? 'nothing injected' : `injected ${percent(injected)}`,
      quality: lossQuality(d.lossRatio),
    },
  ];
  const lost =
    dtmf.uplink.lost === null && dtmf.downlink.lost === null
      ? null
      : (dtmf.uplink.lost ?? 0) + (dtmf.downlink.lost ?? 0);
  const finding = trunkFinding(trunk, clock);
  const tiles: Tile[] = [
    {
      name: 'Attempts',
      value: count(calls.attempted),
      note: `${count(calls.answered)} answered, ${count(calls.failed)} failed`,
    },
    {
      name: 'Setup failure ratio',
      value: percent(sip.setupFailureRatio),
      note: `network effectiveness ${percent(sip.ner)}`,
      quality: lossQuality(sip.setupFailureRatio),
    },
    {
      name: 'Peak calls in progress',
      value: count(calls.peakInProgress),
      note: finding,
      quality: trunk.exhausted ? 'bad' : '',
    },
    { name: 'Attempts per second', value: decimal(sip.achievedCps, 2), note: `offered ${decimal(sip.offeredCps, 1)}` },
    ...direction('uplink', media.uplink, impairment.uplink.lossRatio),
    ...direction('downlink', media.downlink, impairment.downlink.lossRatio),
    {
      name: 'SRD p95',
      value: milliseconds(sip.srdMs.success?.p95),
      note: `setup p95 ${milliseconds(sip.setupMs?.p95)}`,
    },
    {
      name: 'One-way calls',
      value: count(media.oneWay.calls),
      note: `${count(media.noMedia.calls)} without any media, ${count(media.impaired.calls)} impaired`,
      quality: media.oneWay.calls + media.noMedia.calls + media.impaired.calls > 0 ? 'bad' : 'good',
    },
    {
      name: 'DTMF digits lost',
      value: count(lost),
      note: `uplink ${count(dtmf.uplink.lost)} of ${count(dtmf.uplink.sent)}, downlink ${count(dtmf.downlink.lost)} of ${count(dtmf.downlink.sent)}`,
      quality: lost === null ? 'soft' : lost > 0 ? 'bad' : 'good',
    },
    {
      name: 'Own pacing error p99',
      value: milliseconds(media.pacingErrorMs?.p99),
      note: run.valid ? 'the generator kept up: the run is valid' : 'the generator was the bottleneck',
      quality: run.valid ? '' : 'bad',
    },
  ];
  const html = tiles.map(
    (t) =>
      `<div class="tile"><div class="name">${escapeHtml(t.name)}</div><div class="value ${t.quality ?? ''}">${escapeHtml(t.value)}</div><div class="note">${escapeHtml(t.note)}</div></div>`,
  );
  return `<div class="tiles">${html.join('')}</div>`;
}

/** ITU-T G.107 Table B.1: below 3.1 nearly all, below 3.6 many users are dissatisfied. */
export function mosQuality(mos: number | null): Quality {
  if (mos === null) return 'soft';
  if (mos < 3.1) return 'bad';
  return mos < 3.6 ? 'warn' : 'good';
}

function lossQuality(ratio: number | null): Quality {
  if (ratio === null) return 'soft';
  if (ratio === 0) return 'good';
  return ratio < 0.01 ? 'warn' : 'bad';
}

export interface Cell {
  html: string;
  number?: boolean;
  mono?: boolean;
}

export const text = (value: string): Cell => ({ html: safe(value) });
export const figure = (value: string): Cell => ({ html: escapeHtml(value), number: true });

export function table(head: readonly (string | { right: string })[], rows: readonly Cell[][], wide = false): string {
  const th = head.map((h) =>
    typeof h === 'string' ? `<th>${escapeHtml(h)}</th>` : `<th class="n">${escapeHtml(h.right)}</th>`,
  );
  const body = rows.map(
    (cells) =>
      `<tr>${cells.map((c) => `<td${c.number ? ' class="n"' : c.mono ? ' class="mono"' : ''}>${c.html}</td>`).join('')}</tr>`,
  );
  return `<div class="scroll"><table${wide ? ' class="wide"' : ''}><thead><tr>${th.join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

export function gateTable({ gates }: Summary): string {
  if (gates.length === 0)
    return '<div class="card"><span class="soft">No gates were set: the run passes if it is valid.</span></div>';
  const reasons = gates.some((gate) => gateReason(gate) !== '');
  const rows = gates.map((gate) => [
    { html: `<span class="pill ${gate.pass ? 'pass' : 'fail'}">${gate.pass ? '✓ pass' : '✗ fail'}</span>` },
    { html: safe(gateName(gate)), mono: true },
    text(gateObserved(gate).replace(/^observed /, '')),
    ...(reasons ? [text(gateReason(gate))] : []),
  ]);
  return `<div class="card">${table(['', 'Gate', 'Observed', ...(reasons ? ['Reason'] : [])], rows)}</div>`;
}

interface Bar {
  label: string;
  value: number;
  of: number;
  quality: 'good' | 'warn' | 'bad';
}

function bars(list: readonly Bar[]): string {
  const top = Math.max(1, ...list.map((b) => b.value));
  const html = list.map((b) => {
    const width = ((b.value / top) * 100).toFixed(2);
    const fill = `<div class="fill f-${b.value > 0 ? b.quality : 'none'}" style="width:${width}%"></div>`;
    return `<div>${safe(b.label)}</div><div class="track">${fill}</div><div class="n">${count(b.value)}</div><div class="n soft">${b.of > 0 ? percent(b.value / b.of) : NONE}</div>`;
  });
  return `<div class="bars">${html.join('')}</div>`;
}

/** Final results by code, successes first; under them how the load was kept. */
export function responseBars({ responses, calls, load, inbound }: Summary): string {
  const list = sortedResponses(responses);
  if (list.length === 0) return '<span class="soft">No attempt has ended.</span>';
  const results = bars(
    list.map(([code, n]) => ({
      label: `${code} ${responseName(code)}`.trim(),
      value: n,
      of: calls.attempted,
      quality: isSuccess(code) ? 'good' : 'bad',
    })),
  );
  // Calls that come in are by no plan of ours.
  const notes = inbound ? [] : loadNotes(load);
  return `${results}${notes.map((note) => `<p class="note">${escapeHtml(note.replace(/ {3}/g, ' · '))}</p>`).join('')}`;
}

/** Calls of one direction by MOS band. */
export function mosDistribution(title: string, d: DirectionSummary): string {
  const head = `<h3>${escapeHtml(title)}</h3>`;
  const note = `<p class="note">${count(d.measured)} calls measured, ${count(d.unmeasured)} without MOS${d.mosModel ? ` · ${safe(mosModelNotes(d.mosModel).join(', '))}` : ''}</p>${otherScaleNotes(
    d,
  )
    .map((other) => `<p class="note">${safe(other)}</p>`)
    .join('')}`;
  if (!d.mosLqBands || d.mosLq === null)
    return `<div class="card">${head}<span class="soft">not measured</span>${note}</div>`;
  const list = d.mosLqBands.map((n, band): Bar => {
    const from = 1 + band * 0.5;
    return {
      label: `${mosBandLabel(band)} – ${mosBandLabel(band + 1)}`,
      value: n,
      of: d.measured,
      quality: from < 3 ? 'bad' : from < 3.5 ? 'warn' : 'good',
    };
  });
  return `<div class="card">${head}${bars(list.reverse())}${note}</div>`;
}

export function percentileRow(name: string, p: Percentiles | null): Cell[] {
  return [text(name), ...(p ? [p.p50, p.p95, p.p99, p.max] : [null, null, null, null]).map((v) => figure(msDigits(v)))];
}

/** Delays of RFC 6076 and ours, and the ratios. */
export function sipTable(summary: Summary): string {
  const { sip } = summary;
  const head = ['', { right: 'p50' }, { right: 'p95' }, { right: 'p99' }, { right: 'max' }];
  const delays = table(head, [
    percentileRow('SRD, success', sip.srdMs.success),
    percentileRow('SRD, failure', sip.srdMs.failure),
    percentileRow('SDD, success', sip.sddMs.success),
    percentileRow('SDD, failure', sip.sddMs.failure),
    percentileRow('Setup (INVITE → 2xx)', sip.setupMs),
    percentileRow('PDD (INVITE → 180/183)', sip.pddMs),
    percentileRow('SDT (session duration)', sip.sdtMs),
    ...(sip.sdtFailureMs ? [percentileRow('SDT, BYE unanswered', sip.sdtFailureMs)] : []),
  ]);
  const ratios = [
    ['NER', sip.ner],
    ['ASR', sip.asr],
    ['SER', sip.ser],
    ['SEER', sip.seer],
    ['ISA', sip.isa],
    ['SCR', sip.scr],
  ] as const;
  const list = ratios.map(([name, value]) => `${name} ${escapeHtml(percent(value))}`).join(' · ');
  const acd = sip.acdMs === null ? 'not measured' : `${decimal(sip.acdMs / 1000, 1)} s`;
  const notes = sipServerNotes(summary)
    .map((note) => `<p class="note">${escapeHtml(note)}</p>`)
    .join('');
  return `${delays}<p class="note">${list} · ACD ${acd}</p><p class="note">Retransmissions sent ${count(sip.retransmissionsSent)}, received ${count(sip.retransmissionsReceived)}; unparsable messages ${count(sip.parseErrors)}</p>${notes}`;
}

/** What the trunk did, with the evidence, and the targets of a group. */
export function trunkTable({ trunk, trunks }: Summary): string {
  const rows = trunks.map((t) => [
    text(t.target),
    figure(count(t.attempted)),
    figure(count(t.answered)),
    figure(count(t.refused)),
    figure(count(t.failed)),
    figure(count(t.timedOut)),
    figure(count(t.unreachable)),
    figure(count(t.dropped)),
  ]);
  const columns = ['Attempted', 'Answered', 'Refused', 'Failed', 'Timed out', 'Unreachable', 'Dropped'];
  const head = ['Target', ...columns.map((right) => ({ right }))];
  const finding = `<p class="note"><b class="${trunk.exhausted || trunk.cause === 'cps' ? 'bad' : ''}">${safe(trunkFinding(trunk, clock))}</b> · ${count(trunk.refusals)} refusals${trunk.evidence ? ` · ${safe(trunk.evidence)}` : ''}</p>`;
  const own = trunk.own ? `<p class="note">${ownTrunkLines(trunk.own).map(safe).join('<br>')}</p>` : '';
  return `<div class="card stacked"><h3>Trunk</h3>${rows.length > 0 ? table(head, rows, true) : ''}${finding}${own}</div>`;
}

function several(...figures: (number | null)[]): string {
  return figures.every((figure) => figure === null) ? NONE : figures.map(count).join(' / ');
}

/** Figures of both directions side by side. */
export function mediaTables(summary: Summary): string {
  const { media, dtmf } = summary;
  const row = (name: string, value: (d: DirectionSummary) => string): Cell[] => [
    text(name),
    figure(value(media.uplink)),
    figure(value(media.downlink)),
  ];
  const digit = (name: string, value: (d: Summary['dtmf']['uplink']) => string): Cell[] => [
    text(name),
    figure(value(dtmf.uplink)),
    figure(value(dtmf.downlink)),
  ];
  const low = (p: LowPercentiles | null, places: number): string =>
    p ? [p.min, p.p5, p.p50].map((v) => decimal(v, places)).join(' / ') : 'not measured';
  const high = (p: Percentiles | null, format: (v: number) => string): string =>
    p ? [p.p50, p.p95, p.max].map(format).join(' / ') : 'not measured';
  const head = ['', { right: 'Uplink' }, { right: 'Downlink' }];
  const left = table(head, [
    row('Streams', (d) => count(d.streams)),
    row('Packets sent', (d) => count(d.packetsSent)),
    row('Packets received', (d) => count(d.packetsReceived)),
    row('Packets lost', (d) => count(d.packetsLost)),
    row('Lost at the edges', (d) => count(d.edgeLost)),
    row('Late, discarded', (d) => count(d.lateDiscarded)),
    row('RFC 3550 cumulative lost', (d) => count(d.rfc3550CumulativeLost)),
  ]);
  const right = table(head, [
    row('Loss', (d) => percent(d.lossRatio)),
    row('Loss per stream p50 / p95 / max', (d) => high(d.lossRatioPerStream, percent)),
    row('Jitter p50 / p95 / max, ms', (d) => high(d.jitterMs, msDigits)),
    row('Playout delay p50 / p95 / max, ms', (d) => high(d.playoutDelayMs, msDigits)),
    row('Mouth to ear p50 / p95 / max, ms', (d) => high(d.oneWayDelayMs, msDigits)),
    row('MOS-LQ min / p5 / p50', (d) => low(d.mosLq, 2)),
    row('MOS-LQ in the worst 10 s', (d) => low(d.mosLqWorst, 2)),
    row('MOS-CQ min / p5 / p50', (d) => low(d.mosCq, 2)),
    row('R min / p5 / p50', (d) => low(d.rFactor, 1)),
    ...LEVEL_ROWS.map(([name, value]) => row(name[0].toUpperCase() + name.slice(1), value)),
    digit('DTMF sent / heard', (s) => several(s.sent, s.received)),
    digit('DTMF lost', (s) =>
      s.lost === null ? NONE : `${count(s.lost)} (${percent(s.lossRatio)}) in ${count(s.callsAffected)} calls`,
    ),
    digit('DTMF merged / duplicated / wrong', (s) => several(s.merged, s.duplicated, s.wrong)),
    digit('DTMF late / short / no end', (s) => several(s.late, s.short, s.unended)),
    digit('DTMF delay p50 / p95 / max, ms', (s) => high(s.delayMs, msDigits)),
    ...probeRows(summary).map(([name, up, down]) => [text(`Probe: ${name}`), figure(up), figure(down)]),
  ]);
  const notes = rtcpNotes(media.rtcp)
    .map((note) => `<p class="note">${note}.</p>`)
    .join('');
  const hints = disagreementHints(media.rtcp)
    .map((hint) => `<p class="note"><b class="warn">${hint}.</b></p>`)
    .join('');
  return `<div class="grid stacked"><div class="card"><h3>Packets</h3>${left}</div><div class="card"><h3>Quality and DTMF</h3>${right}</div></div>${notes}${hints}`;
}

export function oneWayTable(summary: Summary): string {
  const { oneWay, noMedia, impaired, unknown } = summary.media;
  const who = listeners(summary);
  const rowsOf = (kind: string, byCause: Partial<Record<string, number>>): Cell[][] =>
    sortedCauses(byCause).map(([cause, n]) => [
      text(kind),
      text(cause),
      text(FAULT_CAUSES[cause] ?? ''),
      figure(count(n)),
    ]);
  const rows = [...rowsOf('one-way', oneWay.byCause), ...rowsOf('impaired', impaired.byCause)];
  const causes =
    rows.length > 0 ? table(['', 'Cause', '', { right: 'Calls' }], rows) : '<span class="good">none</span>';
  return `${causes}<p class="note">${count(oneWay.calls)} calls one-way: the ${who.uplink} hears nothing in ${count(oneWay.byDirection.uplink)}, the ${who.downlink} in ${count(oneWay.byDirection.downlink)}. ${count(noMedia.calls)} without media in either direction. ${count(impaired.calls)} heard both ways but impaired: for the ${who.uplink} in ${count(impaired.byDirection.uplink)}, for the ${who.downlink} in ${count(impaired.byDirection.downlink)}. Not known: uplink of ${count(unknown.uplink)}, downlink of ${count(unknown.downlink)}.</p>`;
}

export function impairmentTable({ impairment: i }: Summary): string {
  const row = (name: string, value: (t: Summary['impairment']['uplink']) => string): Cell[] => [
    text(name),
    figure(value(i.uplink)),
    figure(value(i.downlink)),
  ];
  return table(
    ['', { right: 'Uplink' }, { right: 'Downlink' }],
    [
      row('Packets', (t) => count(t.packets)),
      row('Dropped', (t) => `${count(t.dropped)} (${percent(t.lossRatio)})`),
      row('Dropped within a stream', (t) => count(t.droppedWithin)),
      row('Reordered', (t) => count(t.reordered)),
      row('Duplicated', (t) => count(t.duplicated)),
      row('Corrupted / recoded', (t) => `${count(t.corrupted)} / ${count(t.recoded)}`),
      row('DTMF events dropped', (t) => count(t.eventsDropped)),
      ...injectedKinds(i).map((kind) => row(`By ${kind}`, (t) => count(t.faults[kind] ?? 0))),
      row('Delay mean / max, ms', (t) =>
        t.delayMs ? `${msDigits(t.delayMs.mean)} / ${msDigits(t.delayMs.max)}` : NONE,
      ),
    ],
  );
}
