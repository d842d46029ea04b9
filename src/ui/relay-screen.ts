// First, before anything imports React.
import './react-mode.js';
import { FramePacer } from './frame-pacer.js';
import { Painter } from './painter.js';
import { relayFrame } from './relay-frame.js';
import { RelayHistory } from './relay-history.js';
import type { RelayShown, RelayTitle, RelayView } from './relay-plain.js';
import { wantsColours } from './screen.js';
import { mountScreen } from './screen-view.js';

const FRAME_MS = 200;

export interface RelayScreenOptions {
  title: RelayTitle;
  /** `q` or Ctrl-C. May come more than once. */
  onQuit(): void;
  /** `n`: the next one of the named networks. */
  onNetwork(): void;
  stdout?: NodeJS.WriteStream;
  stdin?: NodeJS.ReadStream;
}

/** Opens a relay's live screen on the terminal's alternate screen; `finish` gives the shell's screen back. */
export function openRelayScreen({ title, onQuit, onNetwork, stdout, stdin }: RelayScreenOptions): RelayView {
  const painter = new Painter(stdout ?? process.stdout);
  const history = new RelayHistory();
  let latest: RelayShown | null = null;
  let finished: Promise<void> | null = null;
  painter.enter();
  const keys = { onQuit, onNetwork, onPause: () => {}, onRate: () => {} };
  const screen = mountScreen(painter, stdin ?? process.stdin, keys, wantsColours());
  const pacer = new FramePacer(() => {
    if (latest) screen.draw(relayFrame(title, latest, history, painter.columns, painter.rows));
  }, FRAME_MS);
  painter.on('resize', () => pacer.drawNow());
  return {
    update(state) {
      if (finished) return;
      latest = state;
      history.add(state.media);
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
