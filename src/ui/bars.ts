import { type Line, type Span, span, type Tone } from './spans.js';

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const LEVELS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** A horizontal bar of `width` cells, filled to `ratio` (0–1) in eighths of a cell; what is more than nothing shows. */
export function bar(ratio: number, width: number, tone: Tone): Line {
  const clamped = Math.min(1, Math.max(0, Number.isFinite(ratio) ? ratio : 0));
  let eighths = Math.round(clamped * width * 8);
  if (clamped > 0 && eighths === 0) eighths = 1;
  const whole = Math.floor(eighths / 8);
  const filled = '█'.repeat(whole) + EIGHTHS[eighths % 8];
  const rest = width - whole - (eighths % 8 > 0 ? 1 : 0);
  return [span(filled, tone), span('░'.repeat(Math.max(0, rest)), 'dim')];
}

/** One cell of the eight heights for `ratio` of the full height; what is more than nothing is at least the lowest. */
export function level(ratio: number): string {
  if (!(ratio > 0)) return LEVELS[0];
  return LEVELS[Math.min(8, Math.max(1, Math.round(ratio * 8)))];
}

/** Quality of a MOS band of 0.5 from 1: below 2.5 bad, below 3.5 poor. */
export function bandTone(band: number): Tone {
  const from = 1 + band * 0.5;
  if (from < 2.5) return 'bad';
  return from < 3.5 ? 'warn' : 'good';
}

/** How many calls fall in each band, as one bar of `cell` cells a band, the fullest band at full height. */
export function bandBars(bands: readonly number[], cell: number): Line {
  const top = Math.max(1, ...bands);
  return bands.map((calls, band): Span => {
    const mark = calls > 0 ? level(calls / top) : '·';
    return span(mark.repeat(Math.max(1, cell - 1)) + (cell > 1 ? ' ' : ''), calls > 0 ? bandTone(band) : 'dim');
  });
}

/**
 * A filled chart of `height` lines: each column is as high as its value against `max`. Columns without a value stay
 * empty; a value above nothing shows at least the lowest mark.
 */
export function areaChart(
  columns: readonly (number | null)[],
  max: number,
  height: number,
  tone: (value: number) => Tone,
): Line[] {
  const lines: Line[] = [];
  for (let row = height - 1; row >= 0; row--) {
    const line: Span[] = [];
    for (const value of columns) {
      let mark = ' ';
      let t: Tone = 'plain';
      if (value !== null) {
        t = tone(value);
        const filled = max > 0 ? (value / max) * height : 0;
        if (filled >= row + 1) mark = '█';
        else if (filled > row) mark = level(filled - row);
        else if (row === 0) mark = value > 0 ? LEVELS[1] : '▁';
        if (row === 0 && value === 0) t = 'dim';
      }
      const last = line[line.length - 1];
      if (last && last.tone === t) last.text += mark;
      else line.push(span(mark, t));
    }
    lines.push(line);
  }
  return lines;
}
