import { Box, type Instance, render, Text, useInput } from 'ink';
import { memo, useSyncExternalStore } from 'react';
import { composeFrame } from './frame.js';
import type { Painter } from './painter.js';
import type { ScreenStore } from './screen-store.js';
import type { Title } from './sections.js';
import type { Line, Tone } from './spans.js';

export interface ScreenKeys {
  /** `q` or Ctrl-C: stop and hang up. May come more than once. */
  onQuit(): void;
  /** `p`: stop placing calls, or go on. */
  onPause(): void;
  /** `+` and `-`: place calls faster or slower. */
  onRate(direction: 1 | -1): void;
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

const ScreenLine = memo(
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
  },
  (a, b) => a.colours === b.colours && sameLine(a.line, b.line),
);

function sameLine(a: Line, b: Line): boolean {
  return a.length === b.length && a.every((s, i) => s.text === b[i].text && s.tone === b[i].tone);
}

interface ScreenProps {
  store: ScreenStore;
  painter: Painter;
  colours: boolean;
  keys: boolean;
  on: ScreenKeys;
  title: Title;
}

function Screen({ store, painter, colours, keys, on, title }: ScreenProps) {
  useSyncExternalStore(store.subscribe, store.getVersion);
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
        else if (struck === '+' || struck === '=') on.onRate(1);
        else if (struck === '-' || struck === '_') on.onRate(-1);
      }
    },
    { isActive: keys },
  );
  const { snapshot } = store;
  if (!snapshot) return <Text> trunkstorm starts …</Text>;
  const lines = composeFrame(title, snapshot, store.history, painter.columns, painter.rows);
  return (
    <Box flexDirection="column" width={painter.columns}>
      {lines.map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line of the screen is its place
        <ScreenLine key={i} line={line} colours={colours} />
      ))}
    </Box>
  );
}

/** Mounts the screen: ink lays out and colours the frames, the painter brings them to the terminal. */
export function mountScreen(props: ScreenProps, stdin: NodeJS.ReadStream): Instance {
  return render(<Screen {...props} />, {
    stdout: props.painter as unknown as NodeJS.WriteStream,
    stdin,
    exitOnCtrlC: false,
    patchConsole: false,
    // Hands each frame over whole: the painter decides what of it the terminal needs.
    debug: true,
  });
}
