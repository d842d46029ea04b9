/**
 * Lines of the screen as data: runs of text with a meaning (`tone`), not with a colour. What a line says never depends on
 * its colour. Lines are cut to the terminal's width here, by whole fields, so that a figure is either shown or left out,
 * never shown in part.
 */

/** What a piece of text means; the screen turns it into a colour where there are colours. */
export type Tone = 'plain' | 'title' | 'label' | 'dim' | 'good' | 'warn' | 'bad' | 'accent' | 'alarm';

export interface Span {
  text: string;
  tone: Tone;
}

export type Line = readonly Span[];

/** A figure with its label. Where the line is too short, fields with the highest `rank` go first. */
export interface Field {
  spans: Line;
  rank: number;
}

export function span(text: string, tone: Tone = 'plain'): Span {
  return { text, tone };
}

/** A label and its value: `answered 296`. */
export function field(label: string, value: string, rank = 1, tone: Tone = 'plain'): Field {
  const spans = label === '' ? [span(value, tone)] : [span(`${label} `, 'label'), span(value, tone)];
  return { spans, rank };
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;
const ZERO = /\p{Mark}|[\ufe00-\ufe0f\u200d]/u;

/** Cells that a text takes on a terminal: wide characters count two, combining marks none. */
export function cellWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0x300) width += 1;
    else if (!ZERO.test(character)) width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

/** A text cut to at most `width` cells, with an ellipsis where something was cut. */
export function clip(text: string, width: number): string {
  if (width <= 0) return '';
  if (cellWidth(text) <= width) return text;
  let out = '';
  let used = 0;
  for (const character of text) {
    const w = cellWidth(character);
    if (used + w > width - 1) break;
    out += character;
    used += w;
  }
  return `${out}…`;
}

export function lineWidth(line: Line): number {
  let width = 0;
  for (const s of line) width += cellWidth(s.text);
  return width;
}

/** A line cut or padded to exactly `width` cells. */
export function fitLine(line: Line, width: number): Line {
  const out: Span[] = [];
  let left = width;
  for (const s of line) {
    if (left <= 0) break;
    const text = clip(s.text, left);
    push(out, text, s.tone);
    left -= cellWidth(text);
  }
  if (left > 0) push(out, ' '.repeat(left), 'plain');
  return out;
}

/** Neighbours of the same tone become one span. */
function push(line: Span[], text: string, tone: Tone): void {
  const last = line[line.length - 1];
  if (last?.tone === tone) line[line.length - 1] = { text: last.text + text, tone };
  else line.push({ text, tone });
}

/** Text padded on the right, or with `right` on the left, and cut to `width` cells. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const cut = clip(text, width);
  const fill = ' '.repeat(Math.max(0, width - cellWidth(cut)));
  return align === 'right' ? fill + cut : cut + fill;
}

/** As many fields as fit on a line, in their order; those with the highest rank are left out first. */
export function fields(list: readonly Field[], width: number, gap = 2): Line {
  const kept = [...list];
  const total = (): number => kept.reduce((sum, f) => sum + lineWidth(f.spans), 0) + gap * (kept.length - 1);
  while (kept.length > 1 && total() > width) {
    let worst = 0;
    for (let i = 1; i < kept.length; i++) if (kept[i].rank >= kept[worst].rank) worst = i;
    kept.splice(worst, 1);
  }
  const out: Span[] = [];
  kept.forEach((f, i) => {
    if (i > 0) out.push(span(' '.repeat(gap)));
    out.push(...f.spans);
  });
  return fitLine(out, width);
}

/** The left part cut so that the right part stands whole at the end of the line. */
export function spread(left: Line, right: Line, width: number): Line {
  const rightWidth = Math.min(width, lineWidth(right));
  return [...fitLine(left, width - rightWidth), ...fitLine(right, rightWidth)];
}

/** Two lines side by side, each in its own half, with a bar between. */
export function beside(left: Line, right: Line, width: number): Line {
  const half = Math.floor((width - 3) / 2);
  return [...fitLine(left, half), span(' │ ', 'dim'), ...fitLine(right, width - 3 - half)];
}

/** A section's title in a rule: `── TRUNK ─────`. */
export function rule(title: string, width: number, note: Line = []): Line {
  const noteWidth = lineWidth(note);
  const head = `── ${title} `;
  const tail = noteWidth > 0 ? 3 : 0;
  const dashes = width - cellWidth(head) - noteWidth - tail;
  if (dashes < 1) return fitLine([span(clip(head.trimEnd(), width), 'title')], width);
  const out: Span[] = [span('── ', 'dim'), span(`${title} `, 'title'), span('─'.repeat(dashes), 'dim')];
  if (noteWidth > 0) out.push(span(' '), ...note, span(' ─', 'dim'));
  return out;
}
