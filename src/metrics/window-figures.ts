import type { CallRecord, DirectionRecord, DtmfRecord } from './call-record.js';
import { Distribution, round } from './distribution.js';
import type { Gate } from './gate-parser.js';
import type { Figures } from './gates.js';
import type { Answer } from './live-setup.js';
import { type Responses, sessionRatios } from './session-ratios.js';
import type { TurnRecord } from './turn-record.js';
import { CALLS, DIRECTIONS, DISTRIBUTIONS, distributionOf, FAULTS, RATIOS, VOICE } from './window-paths.js';

/** What happened within one second. */
class Pane {
  readonly counts = new Map<string, number>();
  readonly responses: Responses = {};
  readonly samples = new Map<string, Distribution>();

  constructor(readonly second: number) {}
}

/**
 * What happened within the last seconds of a run, as far as gates ask for it. A setup counts in the second in which it was
 * answered or failed, all else of a call in the second in which its record was complete. Memory is a pane a second
 * of the longest window, whatever the load.
 */
export class WindowFigures {
  private readonly panes: Pane[] = [];
  private readonly wanted: ReadonlySet<string>;
  private readonly longestSeconds: number;

  /** @param gates those with a window */
  constructor(gates: readonly Gate[]) {
    const figures = gates.flatMap(({ figure, over }) => (over === null ? [figure] : [figure, over]));
    this.wanted = new Set(figures.map(distributionOf).filter((name) => name !== null));
    this.longestSeconds = Math.max(0, ...gates.map(({ window }) => (window?.lengthMs ?? 0) / 1000));
  }

  /** @param atMs on the run's clock, never less than before */
  answer({ status, srdMs, setupMs }: Answer, atMs: number): void {
    const pane = this.paneAt(atMs);
    add(pane, 'calls.attempted', 1);
    pane.responses[status] = (pane.responses[status] ?? 0) + 1;
    this.sample(pane, 'sip.srdMs.success', srdMs);
    this.sample(pane, 'sip.setupMs', setupMs);
  }

  /** @param atMs on the run's clock, never less than before */
  add(record: CallRecord, atMs: number): void {
    const pane = this.paneAt(atMs);
    const { outcome, timings: t } = record;
    add(pane, `calls.${outcome}`, 1);
    if (record.answeredMs !== null) add(pane, 'calls.answered', 1);
    else add(pane, 'calls.attempted', 1);
    if (outcome === 'failed') {
      const { cause } = record;
      const key = cause === 'timeout' || cause === 'transport' ? cause : String(record.status ?? 'internal');
      // An answer that was no use had its 2xx counted when it came.
      if (record.answeredMs === null) pane.responses[key] = (pane.responses[key] ?? 0) + 1;
      const first = t.provisionalMs ?? t.finalMs;
      if (t.inviteMs !== null && first !== null && cause === 'status')
        this.sample(pane, 'sip.srdMs.failure', first - t.inviteMs);
    }
    if (t.inviteMs !== null && t.ringingMs !== null) this.sample(pane, 'sip.pddMs', t.ringingMs - t.inviteMs);
    if (t.byeMs !== null && t.byeFinalMs !== null && record.byeStatus !== null && record.byeStatus < 300)
      this.sample(pane, 'sip.sddMs.success', t.byeFinalMs - t.byeMs);
    if (record.answeredMs === null) return;
    for (const way of DIRECTIONS) {
      const direction = record[way];
      if (direction) this.hear(pane, way, direction);
      if (record.dtmf) this.digits(pane, way, record.dtmf[way]);
      const delayMs = record.probe?.[way].delayMs ?? null;
      if (delayMs !== null) this.sample(pane, `probe.${way}.mouthToEarMs`, delayMs);
    }
    if (record.turns) this.talk(pane, record.turns);
    add(pane, 'media.oneWay.calls', record.oneWay ? 1 : 0);
    add(pane, 'media.noMedia.calls', record.noMedia ? 1 : 0);
    add(pane, 'media.impaired.calls', record.impaired.length > 0 ? 1 : 0);
  }

  /** The figures of the `lengthMs` that end with second `last` (its number, from 0), in the shape of a summary. */
  figures(last: number, lengthMs: number): Figures {
    const first = last - lengthMs / 1000 + 1;
    const panes = this.panes.filter(({ second }) => second >= first && second <= last);
    const counts = new Map<string, number>();
    const responses: Responses = {};
    const samples = new Map<string, Distribution>();
    for (const pane of panes) {
      for (const [path, n] of pane.counts) counts.set(path, (counts.get(path) ?? 0) + n);
      for (const [key, n] of Object.entries(pane.responses)) responses[key] = (responses[key] ?? 0) + n;
      for (const [key, part] of pane.samples) {
        const whole = samples.get(key) ?? paneDistribution(key);
        whole.merge(part);
        samples.set(key, whole);
      }
    }
    return tree(counts, responses, samples);
  }

  private paneAt(atMs: number): Pane {
    const second = Math.floor(atMs / 1000);
    const newest = this.panes.at(-1);
    if (newest && newest.second >= second) return newest;
    const pane = new Pane(second);
    this.panes.push(pane);
    while (this.panes[0].second <= second - this.longestSeconds - SPARE_SECONDS) this.panes.shift();
    return pane;
  }

  /** @param scale ratings of several scales are kept apart */
  private sample(pane: Pane, path: string, value: number, scale = ''): void {
    if (!this.wanted.has(path)) return;
    const key = scale === '' ? path : `${path} ${scale}`;
    let samples = pane.samples.get(key);
    if (!samples) pane.samples.set(key, (samples = paneDistribution(key)));
    samples.record(value);
  }

  private hear(pane: Pane, way: 'uplink' | 'downlink', { heard }: DirectionRecord): void {
    const path = `media.${way}`;
    add(pane, `${path}.streams`, 1);
    add(pane, `${path}.${heard?.mos ? 'measured' : 'unmeasured'}`, 1);
    if (!heard) return;
    add(pane, `${path}.packetsExpected`, heard.packetsExpected);
    add(pane, `${path}.packetsLost`, heard.packetsLost);
    if (heard.lossRatio !== null) this.sample(pane, `${path}.lossRatioPerStream`, heard.lossRatio);
    if (heard.jitterMs !== null) this.sample(pane, `${path}.jitterMs`, heard.jitterMs);
    const { mos, worstInterval } = heard;
    if (!mos) return;
    if (mos.oneWayDelayMs !== null) this.sample(pane, `${path}.oneWayDelayMs`, mos.oneWayDelayMs);
    this.sample(pane, `${path}.mosLq`, mos.lq, mos.scale);
    if (mos.cq !== null) this.sample(pane, `${path}.mosCq`, mos.cq, mos.scale);
    if (worstInterval !== null && worstInterval.mosLq !== null)
      this.sample(pane, `${path}.mosLqWorst`, worstInterval.mosLq, mos.scale);
  }

  private digits(pane: Pane, way: 'uplink' | 'downlink', { counts, digits }: DtmfRecord): void {
    if (counts === null) return;
    add(pane, `dtmf.${way}.received`, counts.received);
    add(pane, `dtmf.${way}.lost`, counts.lost);
    for (const { result, delayMs } of digits)
      if (result === 'received' && delayMs !== null) this.sample(pane, `dtmf.${way}.delayMs`, delayMs);
  }

  private talk(pane: Pane, turns: TurnRecord): void {
    add(pane, 'voice.calls', 1);
    if (turns.ttfwMs !== null) this.sample(pane, 'voice.ttfwMs', turns.ttfwMs);
    add(pane, 'voice.utterances', turns.responses.length);
    add(pane, 'voice.unanswered', turns.responses.filter(({ ms }) => ms === null).length);
    for (const { ms } of turns.responses) if (ms !== null) this.sample(pane, 'voice.responseMs', ms);
    add(pane, 'voice.bargeIns', turns.bargeInMs.length);
    add(pane, 'voice.bargeInsIgnored', turns.bargeInMs.filter((ms) => ms === null).length);
    for (const ms of turns.bargeInMs) if (ms !== null) this.sample(pane, 'voice.bargeInMs', ms);
    add(pane, 'voice.deadAir.calls', turns.deadAir.length > 0 ? 1 : 0);
    for (const { ms } of turns.deadAir) this.sample(pane, 'voice.deadAir.ms', ms);
  }
}

/** A second that has begun does not end the window of the second before it. */
const SPARE_SECONDS = 5;

function add(pane: Pane, path: string, n: number): void {
  pane.counts.set(path, (pane.counts.get(path) ?? 0) + n);
}

/** To two significant digits: a pane of a window is small. */
function paneDistribution(key: string): Distribution {
  return new Distribution(DISTRIBUTIONS[key.split(' ')[0]].steps, 0, 2);
}

/** Puts figures where a summary has them; what did not happen is not there. */
function tree(
  counts: ReadonlyMap<string, number>,
  responses: Responses,
  samples: ReadonlyMap<string, Distribution>,
): Figures {
  const figures: Record<string, unknown> = { responses };
  const put = (path: string, value: unknown): void => {
    const keys = path.split('.');
    let node = figures;
    for (const key of keys.slice(0, -1)) node = (node[key] ??= {}) as Record<string, unknown>;
    node[keys.at(-1)!] = value;
  };
  const n = (path: string): number => counts.get(path) ?? 0;
  const share = (part: number, whole: number): number | null => (whole > 0 ? round(part / whole) : null);
  // Nothing is known of a window without any call, not even that none failed.
  const ended = CALLS.some((name) => n(`calls.${name}`) > 0);
  for (const name of CALLS) put(`calls.${name}`, ended ? n(`calls.${name}`) : null);
  const attempted = n('calls.attempted');
  const cancelled = n('calls.cancelled');
  put('sip.setupFailureRatio', share(n('calls.failed'), attempted - cancelled));
  const ratios = sessionRatios(responses, { attempted, cancelled, completed: 0 });
  for (const name of RATIOS) if (name !== 'setupFailureRatio') put(`sip.${name}`, ratios[name]);
  for (const name of FAULTS) put(`media.${name}.calls`, n('calls.answered') > 0 ? n(`media.${name}.calls`) : null);
  for (const name of [...VOICE, 'deadAir.calls'])
    put(`voice.${name}`, n('voice.calls') > 0 ? n(`voice.${name}`) : null);
  for (const way of DIRECTIONS) {
    const media = `media.${way}`;
    for (const name of ['streams', 'measured', 'unmeasured'])
      put(`${media}.${name}`, n(`${media}.streams`) > 0 ? n(`${media}.${name}`) : null);
    put(`${media}.lossRatio`, share(n(`${media}.packetsLost`), n(`${media}.packetsExpected`)));
    const [received, lost] = [n(`dtmf.${way}.received`), n(`dtmf.${way}.lost`)];
    const known = counts.has(`dtmf.${way}.lost`);
    put(`dtmf.${way}.received`, known ? received : null);
    put(`dtmf.${way}.lost`, known ? lost : null);
    put(`dtmf.${way}.lossRatio`, share(lost, received + lost));
  }
  // Of ratings those of the scale that most streams are on, which come last.
  for (const [key, whole] of [...samples].sort(([, a], [, b]) => a.count - b.count)) {
    const path = key.split(' ')[0];
    put(path, DISTRIBUTIONS[path].lowIsBad ? whole.lowPercentiles() : whole.percentiles());
  }
  return figures as unknown as Figures;
}
