/** Select graphic rendition of a terminal (ECMA-48 8.3.117). */
export const SGR = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36' } as const;
/** Puts text in styles, where the summary is printed in colour. */
export type Paint = (text: string, ...styles: (keyof typeof SGR)[]) => string;

/** Width of the names of figures. */
export const NAME = 24;
export const CELL = 12;

export const left = (text: string, width: number): string => text.padEnd(width);
export const right = (text: string, width: number): string => text.padStart(width);

export const title = (text: string, paint: Paint): string => paint(text, 'bold');

/** A row of the table that has uplink and downlink side by side. */
export function sides(name: string, up: string, down: string): string {
  return `  ${left(name, NAME)}${right(up, CELL + 6)}${right(down, CELL + 6)}`;
}

export function sideHead(text: string, paint: Paint): string {
  return `${title(left(text, NAME + 2), paint)}${paint(`${right('uplink', CELL + 6)}${right('downlink', CELL + 6)}`, 'dim')}`;
}

/** What the text is laid out for: terminals of so many columns. */
const COLUMNS = 80;

/** Words in lines of 80 columns, where no word is longer. @param first what the first line begins with, in place of `indent` */
export function wrapped(text: string, indent: string, first = indent): string[] {
  const lines: string[] = [];
  const [start, ...words] = text.split(' ');
  let line = `${first}${start}`;
  for (const word of words) {
    if (line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = `${line} ${word}`;
  }
  return [...lines, line];
}
