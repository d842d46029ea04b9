// First, before anything imports React.
import './react-mode.js';
import type { Snapshot } from '../metrics/snapshot.js';
import { composeFrame } from './frame.js';
import { FramePacer } from './frame-pacer.js';
import { History } from './history.js';
import type { LiveView } from './live-view.js';
import { Painter } from './painter.js';
import { mountScreen, type ScreenKeys } from './screen-view.js';
import type { Title } from './sections.js';

export interface ScreenOptions extends ScreenKeys {
  title: Title;
  stdout?: NodeJS.WriteStream;
  stdin?: NodeJS.ReadStream;
}

/** Whether the terminal and the user want colours (https://no-color.org). */
export function wantsColours(): boolean {
  return !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

/** At most five frames a second, however often snapshots come. */
const FRAME_MS = 200;

/** Opens the live screen on the terminal's alternate screen; `finish` gives the shell's screen back. */
export function openScreen(options: ScreenOptions): LiveView {
  const painter = new Painter(options.stdout ?? process.stdout);
  const history = new History();
  let latest: Snapshot | null = null;
  let finished: Promise<void> | null = null;
  painter.enter();
  const screen = mountScreen(painter, options.stdin ?? process.stdin, options, wantsColours());
  const pacer = new FramePacer(() => {
    if (latest) screen.draw(composeFrame(options.title, latest, history, painter.columns, painter.rows));
  }, FRAME_MS);
  painter.on('resize', () => pacer.drawNow());
  return {
    update(snapshot) {
      if (finished) return;
      latest = snapshot;
      history.add(snapshot);
      pacer.request();
    },
    finish() {
      finished ??= (async () => {
        pacer.stop();
        await screen.unmount();
        painter.close();
      })();
      return finished;
    },
  };
}
