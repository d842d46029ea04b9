import { EventEmitter } from 'node:events';
import { stripVTControlCharacters } from 'node:util';

/** A terminal that keeps what is on its screen, as far as the painter's sequences go: cursor position and clearing. */
export class FakeTerminal extends EventEmitter {
  readonly isTTY = true;
  raw = '';
  writes = 0;
  private lines: string[] = [];

  constructor(
    public columns: number,
    public rows: number,
  ) {
    super();
  }

  write(text: string): boolean {
    this.raw += text;
    this.writes++;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what a terminal reads
    for (const part of text.split(/(?=\u001b\[\d+;1H)|(?=\u001b\[2J)/)) {
      if (part.startsWith('\u001b[2J')) this.lines = [];
      // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
      const at = /^\u001b\[(\d+);1H/.exec(part);
      if (at) this.lines[Number(at[1]) - 1] = stripVTControlCharacters(part);
    }
    return true;
  }

  /** The lines on the screen, without colours. */
  frame(): string[] {
    return Array.from({ length: this.lines.length }, (_, i) => this.lines[i] ?? '');
  }

  text(): string {
    return this.frame().join('\n');
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.emit('resize');
  }
}

/** Keys of a terminal in raw mode. */
export class FakeKeyboard extends EventEmitter {
  readonly isTTY = true;
  isRaw = false;
  private queue: string[] = [];

  setRawMode(on: boolean): this {
    this.isRaw = on;
    return this;
  }
  setEncoding(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  read(): string | null {
    return this.queue.shift() ?? null;
  }
  strike(text: string): void {
    this.queue.push(text);
    this.emit('readable');
  }
}

/** Cells of a text whose wide characters are CJK or emoji; written apart from the screen's own measure on purpose. */
export function cells(text: string): number {
  let width = 0;
  for (const c of text) {
    const code = c.codePointAt(0) ?? 0;
    const wide =
      (code >= 0x1100 && code <= 0x115f) ||
      (code >= 0x2e80 && code <= 0xa4cf) ||
      (code >= 0xac00 && code <= 0xd7a3) ||
      (code >= 0xf900 && code <= 0xfaff) ||
      (code >= 0xfe30 && code <= 0xfe6f) ||
      (code >= 0xff00 && code <= 0xff60) ||
      code >= 0x1f300;
    width += /\p{Mark}/u.test(c) ? 0 : wide ? 2 : 1;
  }
  return width;
}
