import { editDistance } from '../core/edit-distance.js';
import { parseDuration } from '../core/units.js';
import { type Figure, type FigureKind, figureOf, figurePaths } from './figures.js';

export type Comparison = '<' | '<=' | '>' | '>=' | '==' | '!=';

/** A gate: a figure of the summary, or a figure over another one, a comparison and a bound. */
export interface Gate {
  expression: string;
  figure: Figure;
  /** What `figure` is divided by. */
  over: Figure | null;
  /** Of what is compared. */
  kind: FigureKind;
  comparison: Comparison;
  bound: number | string | boolean;
  /** `null`: judged once, over the whole run. */
  window: GateWindow | null;
}

/** A gate over what the last `lengthMs` held, judged each second of the run from `afterMs` on. */
export interface GateWindow {
  lengthMs: number;
  afterMs: number;
  /** How long it must be out of bounds before it trips. */
  forMs: number;
  /** Whether the run ends when it trips. */
  abort: boolean;
}

export type ParsedGate = { ok: true; gate: Gate } | { ok: false; message: string };

const NAME = '[A-Za-z0-9_.-]+';
const SHAPE = new RegExp(`^\\s*(${NAME})(?:\\s*/\\s*(${NAME}))?\\s*(<=|>=|==|!=|<|>|=)\\s*(\\S.*?)\\s*$`);

/**
 * Reads `figure comparison bound`, such as `sip.setupFailureRatio < 2%` or `sip.srdMs.success.p99.9 <= 800ms`, where a figure may be
 * divided by another one of its kind: `calls.dropped / calls.answered < 5%`.
 */
export function parseGate(expression: string): ParsedGate {
  const match = SHAPE.exec(expression);
  if (!match) return fail('expected `figure comparison bound`, such as `sip.setupFailureRatio < 2%`');
  const [, name, overName, comparison, text] = match;
  if (comparison === '=') return fail('`=` is no comparison; use == for equality');
  const figure = figureOf(name);
  if (figure === null) return fail(noFigure(name));
  const over = overName === undefined ? null : figureOf(overName);
  if (overName !== undefined && over === null) return fail(noFigure(overName));
  if (over !== null) {
    const unlike = [figure, over].find(({ kind }) => kind === 'boolean' || kind === 'text');
    if (unlike) return fail(`${unlike.path} is ${describeKind(unlike.kind)}: it cannot be divided`);
    if (figure.kind !== over.kind)
      return fail(
        `${name} is ${describeKind(figure.kind)} and ${overName} ${describeKind(over.kind)}: only figures of one kind can be divided`,
      );
  }
  const kind = over === null ? figure.kind : 'ratio';
  const bound = parseBound(kind, text);
  if (bound === null) {
    const what = over === null ? name : `${name} / ${overName}`;
    return fail(`\`${text}\` is no bound for ${what}, which is ${describeKind(kind)}`);
  }
  const ordered = kind !== 'boolean' && kind !== 'text';
  if (!ordered && comparison !== '==' && comparison !== '!=')
    return fail(`${name} is ${describeKind(kind)}: compare it with == or !=`);
  const shape = { figure, over, kind, comparison: comparison as Comparison, bound };
  return { ok: true, gate: { expression: expression.trim(), ...shape, window: null } };
}

function noFigure(name: string): string {
  const near = fullerPath(name) ?? nearestPath(name);
  return `there is no figure \`${name}\`${near ? `; did you mean \`${near}\`?` : ''}`;
}

const fail = (message: string): ParsedGate => ({ ok: false, message });

function parseBound(kind: FigureKind, text: string): number | string | boolean | null {
  switch (kind) {
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : null;
    case 'text':
      return text.replace(/^(['"])(.*)\1$/, '$2');
    case 'ratio': {
      const percent = /^(-?\d+(?:\.\d+)?)\s*%$/.exec(text);
      return percent ? Number(percent[1]) / 100 : number(text);
    }
    case 'ms':
      return parseDuration(text);
    case 'count':
    case 'mos':
    case 'r':
    case 'dbov':
    case 'cps':
    case 'erlang':
    case 'db':
    case 'msPerHour':
      return number(text);
    default:
      return kind satisfies never;
  }
}

function number(text: string): number | null {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}

function describeKind(kind: FigureKind): string {
  switch (kind) {
    case 'count':
      return 'a count';
    case 'ratio':
      return 'a ratio (2% or 0.02)';
    case 'ms':
      return 'a time in ms (800, 800ms or 1.5s)';
    case 'mos':
      return 'a MOS (1 to 4.5)';
    case 'r':
      return 'a rating R (0 to 100)';
    case 'dbov':
      return 'a level in dBov (-26)';
    case 'cps':
      return 'a rate in calls per second';
    case 'erlang':
      return 'a number of Erlangs';
    case 'db':
      return 'a level in dB';
    case 'msPerHour':
      return 'a slope in ms per hour (0.5 or -2)';
    case 'boolean':
      return 'true or false';
    case 'text':
      return 'a word';
    default:
      return kind satisfies never;
  }
}

/** The shortest path that has all of `path` and more, as `sip.srdMs.success.p95` has of `sip.srdMs.p95`. */
function fullerPath(path: string): string | null {
  const keys = path.toLowerCase().split('.');
  const hasAll = (candidate: string): boolean => {
    let found = 0;
    for (const key of candidate.toLowerCase().split('.')) if (key === keys[found]) found++;
    return found === keys.length;
  };
  const paths = figurePaths().filter(hasAll);
  return paths.sort((a, b) => a.length - b.length)[0] ?? null;
}

/** The figure that differs from `path` by the fewest edits, when it is near enough to be meant. */
function nearestPath(path: string): string | null {
  let best: string | null = null;
  let distance = Math.max(3, path.length * 0.4);
  for (const candidate of figurePaths()) {
    const d = editDistance(path.toLowerCase(), candidate.toLowerCase());
    if (d < distance) {
      distance = d;
      best = candidate;
    }
  }
  return best;
}
