import type { RelayTotals } from '../media/link/relay-messages.js';
import { clock, count, percent, printable } from '../report/format.js';
import type { RelayState } from '../run/standalone-relay.js';
import type { RecentLines } from './recent-lines.js';
import { pad } from './spans.js';

/** What a relay is, constant over its life. */
export interface RelayTitle {
  impairment: string;
  seed: number;
  version: string;
}

/** What is shown of a relay. */
export interface RelayShown extends RelayState {
  log: RecentLines;
  /** Records of the packet log that could not be written. */
  unwritten: number;
}

/** Where the state of a relay is shown while it is up. */
export interface RelayView {
  update(state: RelayShown): void;
  /** Gives the terminal back. Idempotent. */
  finish(): Promise<void> | void;
}

const HEADER = `# ${pad('time', 5, 'right')} ${pad('calls', 7, 'right')} ${pad('A→B in', 12, 'right')} ${pad('dropped', 10, 'right')} ${pad('B→A in', 12, 'right')} ${pad('dropped', 10, 'right')} ${pad('elsewhere', 10, 'right')}`;
const LINES_PER_HEADER = 20;
const SECOND_MS = 1000;

/**
 * A relay's live view without a terminal: a line a second, as long as anything changes. Lines that start with `#` are no
 * data.
 */
export function openRelayPlain(title: RelayTitle, write: (line: string) => void): RelayView {
  let nextMs = 0;
  let logged = 0;
  let lines = 0;
  let last = '';
  let isFirst = true;
  return {
    update(state) {
      if (isFirst) {
        isFirst = false;
        write(`# trunkstorm ${title.version} relay · ${printable(state.door.title)}`);
        write(`# network ${printable(title.impairment)} · seed ${title.seed} (Ctrl-C ends it)`);
      }
      for (const text of state.log.last(state.log.total - logged)) write(`# ${printable(text)}`);
      logged = state.log.total;
      if (state.media === null || state.forMs < nextMs) return;
      nextMs = state.forMs + SECOND_MS / 2;
      const { aToB, bToA } = state.media.directions;
      const figures = [
        pad(count(state.counts.up), 7, 'right'),
        ...flow(aToB),
        ...flow(bToA),
        pad(count(state.media.wrongSource), 10, 'right'),
        ...state.door.figures().map(({ label, value }) => ` ${label} ${value}`),
      ].join(' ');
      if (figures === last) return;
      last = figures;
      if (lines++ % LINES_PER_HEADER === 0) write(HEADER);
      write(`${pad(clock(state.forMs), 7, 'right')} ${figures}`);
    },
    finish() {},
  };
}

function flow({ received, dropped, packets }: RelayTotals): string[] {
  const share = packets === 0 ? '–' : percent(dropped / packets);
  return [pad(count(received), 12, 'right'), pad(share, 10, 'right')];
}
