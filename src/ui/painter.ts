import { EventEmitter } from 'node:events';

const ESC = '\u001b[';

/**
 * Stands between ink and the terminal: ink hands over the lines that changed, and the painter puts each in its row of the
 * alternate screen, all in one write. So the last row can be used (ink itself clears the whole screen when a frame is as
 * high as the terminal), nothing flickers, and the shell's screen comes back as it was.
 */
export class Painter extends EventEmitter {
  /** Keeps ink from sending cursor commands of its own. */
  readonly isTTY = false;
  readonly writable = true;
  private targets: readonly number[] = [];
  private open = false;
  private clear = true;
  private readonly onResize = (): void => {
    this.clear = true;
    this.emit('resize');
  };
  private readonly onExit = (): void => this.close();

  constructor(private readonly out: NodeJS.WriteStream) {
    super();
  }

  get columns(): number {
    return this.out.columns || 80;
  }

  get rows(): number {
    return this.out.rows || 24;
  }

  /** Goes to the alternate screen and hides the cursor. */
  enter(): void {
    if (this.open) return;
    this.open = true;
    this.out.write(`${ESC}?1049h${ESC}?25l${ESC}2J${ESC}H`);
    this.out.on('resize', this.onResize);
    process.once('exit', this.onExit);
  }

  /** The rows (from 0) that the lines of ink's next frames belong to, in their order. */
  place(rows: readonly number[]): void {
    this.targets = rows;
  }

  /** Called by ink with a frame. Ink's empty writes only ask whether all before has been taken. */
  write(frame: string, done?: () => void): boolean {
    if (frame !== '' && this.open) this.paint(frame.split('\n'));
    if (done) setImmediate(done);
    return true;
  }

  /** Back to the shell's screen. Idempotent. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.out.off('resize', this.onResize);
    process.off('exit', this.onExit);
    this.out.write(`${ESC}0m${ESC}?25h${ESC}?1049l`);
  }

  private paint(lines: string[]): void {
    let text = this.clear ? `${ESC}2J` : '';
    this.clear = false;
    this.targets.forEach((row, i) => {
      // Clearing after a line that fills the last column would take that column away, so the row is cleared before it.
      if (row < this.rows) text += `${ESC}${row + 1};1H${ESC}2K${lines[i] ?? ''}`;
    });
    // Mode 2026 lets terminals that know it show the frame at once; others ignore it.
    if (text !== '') this.out.write(`${ESC}?2026h${text}${ESC}?2026l`);
  }
}
