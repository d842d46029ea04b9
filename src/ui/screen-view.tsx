import { Box, render, Text, useInput } from 'ink';
import type { Painter } from './painter.js';
import type { Line, Tone } from './spans.js';

export interface ScreenKeys {
  /** `q` or Ctrl-C: stop and hang up. May come more than once. */
  onQuit(): void;
  /** `p`: stop placing calls, or go on. */
  onPause(): void;
  /** `+` and `-`: place calls faster or slower. */
  onRate(direction: 1 | -1): void;
  /** `n`: the next one of the named networks. */
  onNetwork?(): void;
}

interface Style {
  color?: string;
  bold?: boolean;
  dimColor?: boolean;
  inverse?: boolean;
}

const COLOURS: Record<Tone, Style> = {
  plain: {},
  title: { bold: true },
  label: { dimColor: true },
  dim: { dimColor: true },
  good: { color: 'green' },
  warn: { color: 'yellow' },
  bad: { color: 'red', bold: true },
  accent: { color: 'cyan' },
  alarm: { color: 'red', bold: true, inverse: true },
};

const WITHOUT_COLOURS: Partial<Record<Tone, Style>> = {
  title: { bold: true },
  bad: { bold: true },
  alarm: { bold: true, inverse: true },
};

function ScreenLine({ line, colours }: { line: Line; colours: boolean }) {
  return (
    <Text wrap="truncate">
      {line.map((s, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the spans of a line have no other identity
        <Text key={i} {...(colours ? COLOURS[s.tone] : WITHOUT_COLOURS[s.tone])}>
          {s.text}
        </Text>
      ))}
    </Text>
  );
}

function sameLine(a: Line, b: Line): boolean {
  return a.length === b.length && a.every((s, i) => s.text === b[i].text && s.tone === b[i].tone);
}

interface ScreenProps {
  /** Rows of the terminal, from 0, whose lines have changed. */
  rows: readonly number[];
  lines: readonly Line[];
  columns: number;
  colours: boolean;
  /** Whether there is a keyboard to listen to. */
  keys: boolean;
  on: ScreenKeys;
}

function Screen({ rows, lines, columns, colours, keys, on }: ScreenProps) {
  useInput(
    (input, key) => {
      if (key.ctrl) {
        if (input === 'c') on.onQuit();
        return;
      }
      // Keys struck in quick succession arrive as one text.
      for (const struck of input) {
        if (struck === 'q') on.onQuit();
        else if (struck === 'p') on.onPause();
        else if (struck === 'n') on.onNetwork?.();
        else if (struck === '+' || struck === '=') on.onRate(1);
        else if (struck === '-' || struck === '_') on.onRate(-1);
      }
    },
    { isActive: keys },
  );
  return (
    <Box flexDirection="column" width={columns}>
      {rows.map((row) => (
        <ScreenLine key={row} line={lines[row]} colours={colours} />
      ))}
    </Box>
  );
}

/** The mounted screen. */
export interface Mounted {
  /** Brings these lines to the terminal before it returns. */
  draw(lines: readonly Line[]): void;
  /** Resolves when the keyboard has been given back. */
  unmount(): Promise<void>;
}

/** Mounts the screen: ink lays out and colours the frames, the painter brings them to the terminal. */
export function mountScreen(painter: Painter, stdin: NodeJS.ReadStream, on: ScreenKeys, colours: boolean): Mounted {
  // Ink's work grows with the characters of a frame (tens of ms for a large one), and the main thread has better things
  // to do: it is handed only the lines that changed.
  let shown: readonly Line[] = [];
  painter.on('resize', () => {
    shown = [];
  });
  const screen = (rows: readonly number[], lines: readonly Line[]) => (
    <Screen rows={rows} lines={lines} columns={painter.columns} colours={colours} keys={stdin.isTTY === true} on={on} />
  );
  const app = render(screen([], []), {
    stdout: painter as unknown as NodeJS.WriteStream,
    stdin,
    exitOnCtrlC: false,
    patchConsole: false,
    // Hands each frame over whole: the painter decides what of it the terminal needs.
    debug: true,
  });
  return {
    draw(lines) {
      const changed: number[] = [];
      for (let row = 0; row < lines.length; row++) {
        if (!shown[row] || !sameLine(lines[row], shown[row])) changed.push(row);
      }
      shown = lines;
      if (changed.length === 0) return;
      painter.place(changed);
      app.rerender(screen(changed, lines));
    },
    async unmount() {
      const exited = app.waitUntilExit();
      app.unmount();
      await exited;
    },
  };
}
