import type { CallRecord } from '../../src/metrics/call-record.js';
import type { Direction } from '../../src/metrics/call-verdict.js';
import type { FinishedRun } from './run-profile.js';

/** What is wrong with a direction, or `ok`, `held` or `unknown`. */
export type Finding = string;

/** Calls of one kind: what half of them suffers in each direction, or all. */
export interface Scenario {
  name: string;
  /** Left out: nothing is wrong with that direction. */
  uplink?: Finding;
  downlink?: Finding;
  calls?: string;
  trunk?: string;
  /** Stages of the impairment. */
  stages?: string;
  /** Whether every call suffers it; otherwise every second one, and the others are sound. */
  all?: boolean;
}

const OUTAGES = '{ kind: outage, from: 1s, for: 400ms, every: 1500ms }';

/** Every cause, each within the reach of a call of 7 s. */
export const FAULTS: readonly Scenario[] = [
  {
    name: 'no RTP, late',
    uplink: 'no-rtp',
    downlink: 'late',
    stages: 'uplink: [{ kind: one-way }], downlink: [{ kind: late-media, by: 1500ms }]',
  },
  {
    name: 'stopped, garbled',
    uplink: 'stopped',
    downlink: 'garbled',
    stages: 'uplink: [{ kind: one-way, after: 2s }], downlink: [{ kind: recode, to: PCMA }]',
  },
  {
    name: 'silence, undecodable',
    uplink: 'silence',
    downlink: 'undecodable',
    stages: 'uplink: [{ kind: silence }], downlink: [{ kind: relabel, payloadType: 18 }]',
  },
  {
    name: 'garbled, no RTP',
    uplink: 'garbled',
    downlink: 'no-rtp',
    stages: 'uplink: [{ kind: recode, to: PCMA }], downlink: [{ kind: one-way }]',
  },
  {
    name: 'late and held back, silence',
    uplink: 'late',
    downlink: 'silence',
    stages: 'uplink: [{ kind: late-media, by: 2s, packets: held }], downlink: [{ kind: silence }]',
  },
  {
    name: 'intermittent, stopped',
    uplink: 'intermittent',
    downlink: 'stopped',
    stages: `uplink: [${OUTAGES}], downlink: [{ kind: one-way, after: 2s }]`,
  },
  {
    name: 'a NAT rebinds',
    uplink: 'wrong-source',
    // What is sent to where the NAT was is lost.
    downlink: 'stopped',
    stages: 'uplink: [{ kind: port-change, after: 1500ms }]',
  },
  {
    name: 'undecodable, intermittent',
    uplink: 'undecodable',
    downlink: 'intermittent',
    stages: `uplink: [{ kind: codec-change, to: PCMA }], downlink: [${OUTAGES}]`,
  },
  {
    name: 'A-law garbled both ways',
    uplink: 'garbled',
    downlink: 'garbled',
    calls: 'codecs: [PCMA], gain: -12',
    trunk: 'codecs: [PCMA], gain: 6',
    stages: 'uplink: [{ kind: recode, to: PCMU }], downlink: [{ kind: recode, to: PCMU }]',
  },
  {
    name: 'comfort noise only',
    downlink: 'silence',
    calls: 'comfortNoise: true',
    trunk: 'audio: silence, comfortNoise: true',
    all: true,
  },
  { name: 'no RTP from the trunk', downlink: 'no-rtp', trunk: 'faults: { noRtp: 100% }', all: true },
  { name: 'silence from the trunk', downlink: 'silence', trunk: 'faults: { silence: 100% }', all: true },
];

/** What may look like a fault and is none. */
export const SOUND: readonly Scenario[] = [
  { name: 'quiet speech', calls: 'gain: -14', trunk: 'gain: -18' },
  {
    name: 'noise',
    calls: 'audio: silence, noise: { level: -30 }',
    trunk: 'audio: silence, noise: { kind: pink, level: -20 }',
  },
  { name: 'tones', calls: 'audio: "tone:425"', trunk: 'audio: "tone:350+440"' },
  {
    name: 'digits',
    calls: 'dtmf: { digits: "1234567890", after: 500ms }',
    trunk: 'dtmf: { digits: "*0#", after: 1s }',
  },
  {
    name: 'hold',
    // Held for long enough to be taken for a stop.
    uplink: 'ok',
    downlink: 'held',
    calls: 'putOnHold: { after: 1s, for: 4s }',
    all: true,
  },
  { name: 'comfort noise in pauses', calls: 'comfortNoise: true', trunk: 'comfortNoise: true' },
  {
    name: '5 % loss',
    stages: 'uplink: [{ kind: loss, ratio: 5% }], downlink: [{ kind: loss, ratio: 5%, burst: 3 }]',
    all: true,
  },
  {
    name: '40 ms jitter',
    stages:
      'uplink: [{ kind: delay, base: 80ms, jitter: { distribution: normal, spread: 40ms } }], downlink: [{ kind: delay, base: 80ms, jitter: { distribution: uniform, spread: 40ms } }]',
    all: true,
  },
  { name: 'clipped', calls: 'gain: 12, clip: -12', trunk: 'clip: -24' },
  { name: 'G.722', calls: 'codecs: [G722]', trunk: 'codecs: [G722]' },
  { name: 'L16', calls: 'codecs: [L16/8000]', trunk: 'codecs: [L16/8000], gain: -14' },
  { name: 'starts after half a second', stages: 'uplink: [{ kind: late-media, by: 500ms }], downlink: []', all: true },
];

/** The profile of such calls. */
export function profileOf(
  { calls, trunk, stages, all }: Scenario,
  count: number,
  cps: number,
  rtpPorts: string,
  hold = '7s',
): string {
  const select = all ? '' : ', select: { every: 2 }';
  return `
name: diagnosis
load: [{ shape: constant, cps: ${cps}, for: ${Math.round((1000 * count) / cps)}ms }]
calls: { hold: ${hold}${calls ? `, ${calls}` : ''} }
media: { rtpPorts: ${rtpPorts}, timeout: 3s }
trunk: { channels: ${2 * count}, answerAfter: 20ms${trunk ? `, ${trunk}` : ''} }
${stages ? `impairment: { ${stages}${select} }` : ''}
`;
}

/** How often what was injected was found as what, over the directions of calls. */
export class Confusion {
  readonly counts = new Map<Finding, Map<Finding, number>>();
  calls = 0;
  /** Directions found to be what they are not, by the scenario that they were of. */
  readonly wrong: string[] = [];

  /** Takes the answered calls of a run. What was injected is what the scenario says of those calls that it chose. */
  add(scenario: Scenario, { records }: Pick<FinishedRun, 'records'>): void {
    for (const record of records) {
      if (record.answeredMs === null) continue;
      this.calls++;
      const suffers = scenario.all || record.id % 2 === 0;
      for (const way of ['uplink', 'downlink'] as const) {
        const injected = (suffers ? scenario[way] : undefined) ?? 'ok';
        const found = findingOf(record, way);
        const row = this.counts.get(injected) ?? new Map<Finding, number>();
        this.counts.set(injected, row);
        row.set(found, (row.get(found) ?? 0) + 1);
        if (found !== injected) this.wrong.push(`${scenario.name}, call ${record.id}, ${way}: ${injected} → ${found}`);
      }
    }
  }

  /** The matrix as text: a row for what was injected, a column for what was found. */
  table(): string {
    const rows = [...this.counts.keys()].sort();
    const columns = [...new Set([...rows, ...[...this.counts.values()].flatMap((row) => [...row.keys()])])].sort();
    const widths = columns.map((column) => Math.max(6, column.length + 2));
    const line = (head: string, cells: readonly string[]): string =>
      head.padEnd(14) + cells.map((cell, i) => cell.padStart(widths[i])).join('');
    return [
      line('', columns),
      ...rows.map((row) =>
        line(
          row,
          columns.map((column) => String(this.counts.get(row)!.get(column) ?? '·')),
        ),
      ),
    ].join('\n');
  }
}

function findingOf(record: CallRecord, way: Direction): Finding {
  const heard = record[way]?.heard;
  if (!heard) return 'unknown';
  const { state, cause } = heard.verdict;
  if (state === 'ok' && heard.heldMs > 0) return 'held';
  return cause ?? state;
}
