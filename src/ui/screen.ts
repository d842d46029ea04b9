// First, before anything imports React.
import './react-mode.js';
import type { LiveView } from './live-view.js';
import { Painter } from './painter.js';
import { ScreenStore } from './screen-store.js';
import { mountScreen, type ScreenKeys } from './screen-view.js';
import type { Title } from './sections.js';

export interface ScreenOptions extends ScreenKeys {
  title: Title;
  stdout?: NodeJS.WriteStream;
  stdin?: NodeJS.ReadStream;
}

/** Whether the terminal and the user want colours (https://no-color.org). */
function wantsColours(): boolean {
  return !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

/** Opens the live screen on the terminal's alternate screen; `finish` gives the shell's screen back. */
export function openScreen(options: ScreenOptions): LiveView {
  const stdin = options.stdin ?? process.stdin;
  const painter = new Painter(options.stdout ?? process.stdout);
  const store = new ScreenStore();
  painter.enter();
  const app = mountScreen(
    { store, painter, colours: wantsColours(), keys: stdin.isTTY === true, on: options, title: options.title },
    stdin,
  );
  painter.on('resize', () => store.show());
  let finished: Promise<void> | null = null;
  return {
    update(snapshot) {
      if (!finished) store.set(snapshot);
    },
    finish() {
      finished ??= (async () => {
        store.stop();
        const exited = app.waitUntilExit();
        app.unmount();
        await exited;
        painter.close();
      })();
      return finished;
    },
  };
}
