import type { CapacityResult } from '../load/capacity/capacity-result.js';
import { failuresOf } from '../load/capacity/judge.js';
import type { Dimension } from '../load/capacity/step.js';
import type { CapacityReport } from './capacity-report.js';
import { carriedOf, stepsByLevel } from './capacity-words.js';
import type { ChartData, ChartsData } from './html-charts.js';

/** What was carried at each level and how well; the levels ascending, without those that only the generator failed. */
export function capacityCharts({ steps, result, search }: CapacityReport): ChartsData {
  const told = steps.filter(({ finding }) => finding.kind !== 'strained');
  const charts = (['concurrency', 'cps'] as const).flatMap((dimension) => {
    const rows = stepsByLevel(told, dimension);
    const isCps = dimension === 'cps';
    const unit = isCps ? ('rate' as const) : ('count' as const);
    const label = isCps ? 'cps' : 'calls';
    const limit = (value: number | null): (number | null)[] => rows.map(() => value);
    const over: ChartData['over'] = {
      label,
      unit,
      values: rows.map((r) => r.plan.level),
      mark: markOf(result, dimension),
    };
    const ours: Omit<ChartData, 'over'>[] = [
      {
        id: `${label}-carried`,
        title: isCps ? 'Attempts a second carried' : 'Calls at once carried',
        unit,
        least: 1,
        series: [
          { label: 'tried', colour: '--soft', dash: true, values: rows.map((r) => r.plan.level) },
          { label: 'carried', colour: '--accent', fill: true, values: rows.map(carriedOf) },
        ],
      },
      {
        id: `${label}-setup`,
        title: 'Setup success',
        unit: 'percent',
        range: [0, 1],
        series: [
          {
            label: 'set up',
            colour: '--good',
            values: rows.map(({ figures }) => {
              const { of, bad } = failuresOf(figures);
              return of > 0 ? 1 - bad / of : null;
            }),
          },
          { label: 'least', colour: '--bad', dash: true, values: limit(1 - search.criteria.failureRatio) },
        ],
      },
      {
        id: `${label}-srd`,
        title: 'Session request delay, p95',
        unit: 'ms',
        least: 1,
        series: [
          { label: 'SRD p95', colour: '--accent', values: rows.map((r) => r.figures.srdP95Ms) },
          { label: 'most', colour: '--bad', dash: true, values: limit(result.srdLimitMs) },
        ],
      },
      {
        id: `${label}-mos`,
        title: 'MOS-LQ, p5 of the calls, worse direction',
        unit: 'mos',
        range: [1, 5],
        series: [
          { label: 'MOS p5', colour: '--accent', values: rows.map((r) => r.figures.mosP5) },
          { label: 'least of a call', colour: '--bad', dash: true, values: limit(search.criteria.leastMos) },
        ],
      },
    ];
    return ours
      .map((chart) => ({ ...chart, over }))
      .filter(
        ({ series }) => rows.length > 0 && series.some((s) => s.dash !== true && s.values.some((v) => v !== null)),
      );
  });
  for (const chart of charts) chart.series = chart.series.filter((s) => s.values.some((v) => v !== null));
  return { seconds: [], markSeconds: null, charts };
}

/** The limit, where it is one of the trunk. */
function markOf(result: CapacityResult, dimension: Dimension): number | null {
  const limit = result[dimension];
  return limit && !limit.isAtLeast ? limit.value : null;
}
