import type { DirectionSummary } from '../metrics/media-summary.js';
import type { LowPercentiles, Percentiles } from '../metrics/percentiles.js';
import type { Summary } from '../metrics/summary.js';
import { count, decimal, FAULT_CAUSES, msDigits, NONE, percent, printable, sortedCauses } from './format.js';
import { listeners } from './inbound.js';
import { injectedKinds } from './injected.js';
import { LEVEL_ROWS } from './levels.js';
import { mosModelNotes, otherScaleNotes } from './mos-model.js';
import { probeRows } from './probe.js';
import { disagreementHints, rtcpNotes } from './rtcp.js';
import { left, NAME, type Paint, right, sideHead, sides, title } from './text-layout.js';

function low(p: LowPercentiles | null, places = 2): string {
  return p ? `${decimal(p.p5, places)} / ${decimal(p.p50, places)}` : 'not measured';
}

function high(p: Percentiles | null, format: (value: number) => string): string {
  return p ? `${format(p.p50)} / ${format(p.p95)}` : 'not measured';
}

function measuredOr(value: string): string {
  return value === NONE ? 'not measured' : value;
}

export function mediaLines({ media: m, impairment: truth }: Summary, paint: Paint): string[] {
  const row = (name: string, value: (d: DirectionSummary) => string): string =>
    sides(name, value(m.uplink), value(m.downlink));
  const lines = [
    sideHead(m.label === 'loop' ? 'MEDIA (loop: the far end echoes)' : 'MEDIA', paint),
    row('streams', (d) => count(d.streams)),
    row('with MOS / without', (d) => `${count(d.measured)} / ${count(d.unmeasured)}`),
    row('packets sent', (d) => count(d.packetsSent)),
    row('packets received', (d) => count(d.packetsReceived)),
    row('packets lost', (d) => count(d.packetsLost)),
    row('lost at the edges', (d) => count(d.edgeLost)),
    row('late, discarded', (d) => count(d.lateDiscarded)),
    row('loss observed', (d) => measuredOr(percent(d.lossRatio))),
    sides('loss injected', percent(truth.uplink.lossRatio), percent(truth.downlink.lossRatio)),
    row('jitter p50 / p95 ms', (d) => high(d.jitterMs, msDigits)),
    row('playout p50 / p95 ms', (d) => high(d.playoutDelayMs, msDigits)),
    row('mouth to ear p50/p95 ms', (d) => high(d.oneWayDelayMs, msDigits)),
    row('MOS-LQ p5 / p50', (d) => low(d.mosLq)),
    row('  in the worst 10 s', (d) => low(d.mosLqWorst)),
    row('MOS-CQ p5 / p50', (d) => low(d.mosCq)),
    row('R p5 / p50', (d) => low(d.rFactor, 1)),
    ...LEVEL_ROWS.map(([name, value]) => row(name, value)),
  ];
  const models = [m.uplink.mosModel, m.downlink.mosModel].filter((model) => model !== null);
  const notes = new Set(models.map((model) => mosModelNotes(model).join('\n')));
  for (const note of [...notes].flatMap((text) => text.split('\n'))) lines.push(`  ${paint(printable(note), 'dim')}`);
  for (const [name, d] of [['uplink', m.uplink] as const, ['downlink', m.downlink] as const])
    for (const note of otherScaleNotes(d)) lines.push(`  ${paint(printable(`${name}: ${note}`), 'dim')}`);
  for (const note of rtcpNotes(m.rtcp)) lines.push(`  ${note}`);
  for (const hint of disagreementHints(m.rtcp)) lines.push(`  ${paint(hint, 'yellow')}`);
  return lines;
}

export function faultLines(summary: Summary, paint: Paint): string[] {
  const { media: m } = summary;
  const who = listeners(summary);
  const { oneWay, noMedia, impaired, unknown } = m;
  const found = (n: number): string => paint(count(n), n > 0 ? 'red' : 'green');
  const causes = (byCause: Partial<Record<string, number>>): string[] =>
    sortedCauses(byCause).map(([cause, calls]) => {
      const name = FAULT_CAUSES[cause] ? `${cause}: ${FAULT_CAUSES[cause]}` : printable(cause);
      return `  ${left(name, NAME + 14)}${right(count(calls), 8)}`;
    });
  const lines = [
    title('ONE-WAY AUDIO', paint),
    `  one-way ${found(oneWay.calls)}: the ${who.uplink} hears nothing ${count(oneWay.byDirection.uplink)}, the ${who.downlink} hears nothing ${count(oneWay.byDirection.downlink)}`,
    ...causes(oneWay.byCause),
    `  no media either way ${found(noMedia.calls)}`,
    `  impaired ${found(impaired.calls)}: what the ${who.uplink} hears ${count(impaired.byDirection.uplink)}, what the ${who.downlink} hears ${count(impaired.byDirection.downlink)}`,
    ...causes(impaired.byCause),
  ];
  if (unknown.uplink > 0 || unknown.downlink > 0) {
    lines.push(
      `  not known: uplink of ${count(unknown.uplink)} calls, downlink of ${count(unknown.downlink)} (the far end gave no evidence)`,
    );
  }
  return lines;
}

export function dtmfLines({ dtmf: d }: Summary, paint: Paint): string[] {
  const row = (name: string, value: (side: Summary['dtmf']['uplink']) => string): string =>
    sides(name, value(d.uplink), value(d.downlink));
  return [
    sideHead('DTMF', paint),
    row('sent', (s) => count(s.sent)),
    row('heard', (s) => count(s.received)),
    row('lost', (s) => (s.lost === null ? NONE : `${count(s.lost)} (${percent(s.lossRatio)})`)),
    row('merged/duplicated/wrong', (s) => several(s.merged, s.duplicated, s.wrong)),
    row('late / short / no end', (s) => several(s.late, s.short, s.unended)),
    row('delay p50 / p95 ms', (s) => (s.delayMs ? `${msDigits(s.delayMs.p50)} / ${msDigits(s.delayMs.p95)}` : NONE)),
    row('calls affected', (s) => count(s.callsAffected)),
  ];
}

export function probeLines(summary: Summary, paint: Paint): string[] {
  const rows = probeRows(summary).map(([name, up, down]) => sides(name, up, down));
  return rows.length === 0 ? [] : [sideHead('AUDIO PROBE', paint), ...rows];
}

function several(...figures: (number | null)[]): string {
  return figures.every((figure) => figure === null) ? NONE : figures.map(count).join(' / ');
}

export function impairmentLines({ impairment: i }: Summary, paint: Paint): string[] {
  const row = (name: string, value: (t: Summary['impairment']['uplink']) => string): string =>
    sides(name, value(i.uplink), value(i.downlink));
  if (i.uplink.packets === 0 && i.downlink.packets === 0)
    return [title('INJECTED (ground truth)', paint), `  ${paint('no packet passed a path of ours', 'dim')}`];
  return [
    sideHead('INJECTED (ground truth)', paint),
    row('packets', (t) => count(t.packets)),
    row('dropped', (t) => count(t.dropped)),
    row('dropped within a stream', (t) => count(t.droppedWithin)),
    row('reordered', (t) => count(t.reordered)),
    row('duplicated', (t) => count(t.duplicated)),
    row('corrupted / recoded', (t) => `${count(t.corrupted)} / ${count(t.recoded)}`),
    row('DTMF events dropped', (t) => count(t.eventsDropped)),
    ...injectedKinds(i).map((kind) => row(`by ${printable(kind)}`, (t) => count(t.faults[kind] ?? 0))),
    row('delay mean / max ms', (t) => (t.delayMs ? `${msDigits(t.delayMs.mean)} / ${msDigits(t.delayMs.max)}` : NONE)),
  ];
}
