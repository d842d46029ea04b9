import type { CallRecord } from '../metrics/call-record.js';
import type { TracedMessage } from '../sip/trace.js';
import { msDigits, printable } from './format.js';

/** The messages of one call as a ladder shows them. */
export interface Ladder {
  /** Whose socket they crossed. */
  side: 'caller' | 'trunk';
  /** Transport and address of the far end. */
  towards: string;
  rungs: Rung[];
}

export interface Rung {
  /** After the first message; `null` for a line that stands for messages left out. */
  atMs: number | null;
  sent: boolean;
  label: string;
  /** How often it was repeated right afterwards. */
  repeats: number;
}

/** A ladder is to be read at a glance. */
const MOST_RUNGS = 24;
const MOST_LABEL = 64;

/** The ladder of a call whose record carries a trace: the callers' one, or that of the built-in trunk. */
export function ladderOf(record: CallRecord): Ladder | null {
  // Records of earlier versions have none.
  const { trace = null, trunkTrace = null } = record;
  const shown = trace ?? trunkTrace;
  const first = shown?.messages[0];
  if (!shown || first === undefined) return null;
  const rungs: Rung[] = [];
  for (const message of shown.messages) {
    const sent = message.direction === 'sent';
    const label = labelOf(message);
    const last = rungs.at(-1);
    if (message.repeated && last?.label === label && last.sent === sent) last.repeats++;
    else rungs.push({ atMs: message.atMs - first.atMs, sent, label, repeats: 0 });
  }
  const surplus = rungs.length - MOST_RUNGS;
  if (surplus > 0) rungs.splice(MOST_RUNGS / 2, surplus, leftOut(surplus));
  if (shown.leftOut > 0) rungs.splice(Math.min(rungs.length, MOST_RUNGS / 2), 0, leftOut(shown.leftOut));
  const towards = `${printable(first.transport).toUpperCase()} ${printable(first.remote)}`;
  return { side: trace ? 'caller' : 'trunk', towards, rungs };
}

const leftOut = (messages: number): Rung => ({
  atMs: null,
  sent: false,
  label: `… ${messages} more`,
  repeats: 0,
});

/** The lines of a ladder, in a font of one width. */
export function ladderLines({ rungs }: Ladder): string[] {
  return rungs.map(({ atMs, sent, label, repeats }) => {
    if (atMs === null) return `${''.padStart(12)}      ${label}`;
    const again = repeats === 0 ? '' : ` (and ${repeats} × again)`;
    return `${`${msDigits(atMs)} ms`.padStart(12)}  ${sent ? '──►' : '◄──'} ${label}${again}`;
  });
}

/** The method, or the status with its method where that is not INVITE; then what tells most of the rest. */
function labelOf({ text }: TracedMessage): string {
  const status = /^SIP\/2\.0 (\d{3}[^\r\n]*)/.exec(text)?.[1];
  const method = /^(?:CSeq)\s*:\s*\d+\s+([^\s]+)/im.exec(text)?.[1] ?? '';
  let label = status === undefined ? (/^\S+/.exec(text)?.[0] ?? '') : status;
  if (status !== undefined && method !== 'INVITE') label += ` (${method})`;
  if (/^m=/m.test(text)) label += ', SDP';
  const reason = /^Reason\s*:\s*([^\r\n]+)/im.exec(text)?.[1];
  if (reason) label += `, ${reason}`;
  const plain = printable(label);
  return plain.length > MOST_LABEL ? `${plain.slice(0, MOST_LABEL - 1)}…` : plain;
}
