import type { ReadinessResult, Summary } from '../metrics/summary.js';
import { percent, printable } from './format.js';
import type { Paint } from './text-layout.js';
import { gateValue } from './verdict.js';

/** What was measured of a criterion, in the unit of its gate. */
export function measuredText({ expression, measured }: ReadinessResult): string {
  if (measured === null) return 'not measured';
  // Headroom has no gate: it is a share.
  if (expression === null) return percent(Number(measured));
  return gateValue({ expression, observed: measured });
}

/** How many criteria are met, missed and not measured, and whether the run can claim it. */
export function readinessCounts({ readiness, run }: Summary): string {
  const n = (pass: boolean | null): number => readiness.filter((one) => one.pass === pass).length;
  const counts = `${n(true)} met, ${n(false)} not met, ${n(null)} not measured`;
  return run.valid ? counts : `${counts}; the run is invalid: nothing is claimed`;
}

/** The table of criteria; nothing where the profile has none. */
export function readinessText(summary: Summary, paint: Paint): string[] {
  const { readiness } = summary;
  if (readiness.length === 0) return [];
  const width = (of: (one: ReadinessResult) => string, least: string): number =>
    Math.max(least.length, ...readiness.map((one) => of(one).length));
  const criterion = Math.min(
    40,
    width((one) => one.criterion, 'criterion'),
  );
  const threshold = Math.min(
    20,
    width((one) => one.threshold, 'threshold'),
  );
  const line = (result: string, name: string, bound: string, value: string): string =>
    `  ${result}  ${name.padEnd(criterion)}  ${bound.padEnd(threshold)}  ${value}`;
  return [
    `${paint('READINESS', 'bold')}  ${readinessCounts(summary)}`,
    paint(line('      ', 'criterion', 'threshold', 'measured'), 'dim'),
    ...readiness.map((one) => {
      const result =
        one.pass === null
          ? paint('○ –   ', 'dim')
          : one.pass
            ? paint('✓ pass', 'green')
            : paint('✗ FAIL', 'red', 'bold');
      return line(result, printable(one.criterion), printable(one.threshold), measuredText(one));
    }),
  ];
}
