import { splitList } from '../../sip/header-values.js';
import { parseMessage } from '../../sip/message.js';

/** Headers as drachtio-srf sends them; where one comes in several lines, all but the first are in the value. */
export type Headers = Record<string, string>;

/**
 * Headers that belong to one leg: what places a message in its transaction and dialog, what the server writes itself
 * (session timers among them: each leg keeps its own), and what names dialogs and is not translated.
 */
const OF_ONE_LEG = new Set([
  'via',
  'from',
  'to',
  'call-id',
  'cseq',
  'contact',
  'max-forwards',
  'route',
  'record-route',
  'path',
  'service-route',
  'content-length',
  'rseq',
  'rack',
  'session-expires',
  'min-se',
  'max-breadth',
  'proxy-require',
  'join',
  'target-dialog',
  'x-tried-targets',
]);

/** Headers that list option tags. */
const OPTION_LISTS = new Set(['require', 'supported', 'unsupported']);

/** Extensions in which a relay would have to take part, and those that the server adds for itself. */
const NOT_PASSED = new Set([
  'timer',
  'path',
  'outbound',
  'gruu',
  'gin',
  'join',
  'tdialog',
  'sec-agree',
  'ice',
  'trickle-ice',
]);

/** The headers of a message, as it came, that go on to the other leg: all but those of its own leg. */
export function passedHeaders(raw: string): Headers {
  const headers: Headers = {};
  const message = parseMessage(raw);
  if (message === null) return headers;
  const { keys, names, values } = message;
  const written = new Map<string, string>();
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (OF_ONE_LEG.has(key)) continue;
    const value = OPTION_LISTS.has(key) ? passedOptions(values[i]) : values[i];
    if (value === '') continue;
    const name = written.get(key);
    if (name !== undefined) headers[name] += `\r\n${name}: ${value}`;
    else {
      // A compact name would mean nothing to those who look for the long one.
      const long = names[i].length === 1 ? key : names[i];
      written.set(key, long);
      headers[long] = value;
    }
  }
  return headers;
}

/** Every line of a header, by its lower-case long name. */
export function linesOf(raw: string, key: string): string[] {
  return parseMessage(raw)?.headers(key) ?? [];
}

/** Takes a header out, however it is spelled, and tells what it said. */
export function takeOut(headers: Headers, key: string): string | undefined {
  const name = Object.keys(headers).find((written) => written.toLowerCase() === key);
  if (name === undefined) return undefined;
  const value = headers[name];
  delete headers[name];
  return value;
}

/** A From or To value without its tag: each leg has its own. */
export function withoutTag(value: string): string {
  return value.replace(/;\s*tag\s*=\s*[^;,\s>"]*(?=[^<>"]*$)/i, '');
}

function passedOptions(list: string): string {
  return splitList(list)
    .filter((tag) => !NOT_PASSED.has(tag.toLowerCase()))
    .join(', ');
}
