import { readFileSync } from 'node:fs';
import { type Document, isMap, isNode, isPair, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { AppError } from '../core/errors.js';
import { type ImpairmentSpec, impairmentSpec } from '../impair/impairment-spec.js';
import { type SdpFault, sdpFault } from '../sdp/fault-spec.js';
import { FieldHints } from './field-hint.js';
import { type Profile, profileSchema } from './schema.js';

/** One mistake in a profile. */
export interface Mistake {
  /** Dotted path, empty for the whole file. */
  path: string;
  line: number | null;
  message: string;
}

/** All mistakes of a profile at once. */
export class ProfileError extends AppError {
  constructor(
    readonly file: string,
    readonly mistakes: readonly Mistake[],
  ) {
    super('PROFILE_INVALID', summaryOf(file, mistakes), {
      hint: '`trunkstorm profile schema` prints every field; the files in profiles/ are commented.',
    });
  }
}

/** A file that is no profile at all has hundreds of mistakes. */
const MOST_LISTED = 50;

function summaryOf(file: string, mistakes: readonly Mistake[]): string {
  const count = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`;
  const lines = mistakes
    .slice(0, MOST_LISTED)
    .map((m) => `  ${file}${m.line === null ? '' : `:${m.line}`}  ${m.path === '' ? '' : `${m.path}: `}${m.message}`);
  if (mistakes.length > MOST_LISTED) lines.push(`  … and ${mistakes.length - MOST_LISTED} more`);
  return `The profile has ${count}:\n${lines.join('\n')}`;
}

/** Reads and checks a profile. Throws ProfileError with every mistake, or AppError when the file cannot be read. */
export function readProfile(file: string): { profile: Profile; text: string } {
  const text = readText(file);
  return { profile: parseProfile(text, file), text };
}

const sideWithFaults = z.looseObject({ sdpFaults: z.array(sdpFault).optional() }).optional();
const sdpFaultsOnly = z.looseObject({ calls: sideWithFaults, trunk: sideWithFaults });

/** The `impairment` of a profile, or of a file that has nothing else; none in a file of `sdpFaults` alone. Throws as `readProfile`. */
export function readImpairment(file: string): ImpairmentSpec {
  const text = readText(file);
  const { calls, trunk } = parseBy(sdpFaultsOnly, text, file);
  const impairment = calls?.sdpFaults || trunk?.sdpFaults ? impairmentSpec.prefault({}) : impairmentSpec;
  return parseBy(z.looseObject({ impairment }), text, file).impairment;
}

/**
 * The faults that `sdpFaults` of a profile's `calls` and `trunk` has for the descriptions of who calls and who is called; such a
 * file needs nothing else. Throws as `readProfile`.
 */
export function readSdpFaults(file: string): { calls: SdpFault[]; trunk: SdpFault[] } {
  const { calls, trunk } = parseBy(sdpFaultsOnly, readText(file), file);
  return { calls: calls?.sdpFaults ?? [], trunk: trunk?.sdpFaults ?? [] };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AppError('FILE_UNREADABLE', `The profile cannot be read: ${(cause as Error).message}`, {
      where: file,
      hint: '`trunkstorm profile list` names the profiles that come with trunkstorm.',
      cause,
    });
  }
}

/** Checks the text of a profile; `file` only names it in messages. */
export function parseProfile(text: string, file: string): Profile {
  return parseBy(profileSchema, text, file);
}

function parseBy<T>(schema: z.ZodType<T>, text: string, file: string): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  if (document.errors.length > 0)
    throw new ProfileError(
      file,
      document.errors.map((e) => ({ path: '', line: lines.linePos(e.pos[0]).line, message: e.message.split('\n')[0] })),
    );
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new ProfileError(file, [{ path: '', line: null, message: (error as Error).message }]);
  }
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const read: Read = { document, lines, hints: new FieldHints(schema, value) };
  throw new ProfileError(
    file,
    inOrder(result.error.issues.flatMap(withinForm).flatMap((issue) => mistakesOf(issue, read))),
  );
}

/** By line, as they are mended; what is of no line comes first. */
function inOrder(mistakes: readonly Mistake[]): Mistake[] {
  return [...mistakes].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

/** What zod begins with where a field has no message of its own; of a union it is all. */
const UNNAMED = 'Invalid input';

/**
 * Of a field that may have several forms: what is wrong by the form that was meant, where the value tells which that is. A
 * value that names its kind means a form of that kind.
 */
function withinForm(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || 'options' in issue || issue.message !== UNNAMED) return [issue];
  const forms = issue.errors
    .map((branch) => branch.flatMap(withinForm))
    .filter((issues) => !issues.some(isOfAnotherType));
  const meant = forms.find((issues) => !issues.some(isOfAnotherKind)) ?? forms[0];
  return meant?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })) ?? [issue];
}

/** The value is no object, or no number, where the form is one. */
function isOfAnotherType({ path, code, ...rest }: z.core.$ZodIssue): boolean {
  return path.length === 0 && (code === 'invalid_type' || (code === 'invalid_union' && !('options' in rest)));
}

/** The value has another `kind` than the form, or has one where the form has none. */
function isOfAnotherKind(issue: z.core.$ZodIssue): boolean {
  if (issue.code === 'unrecognized_keys') return issue.path.length === 0 && issue.keys.includes('kind');
  return issue.path.length === 1 && issue.path[0] === 'kind';
}

/** What mistakes are told by. */
interface Read {
  document: Document;
  lines: LineCounter;
  hints: FieldHints;
}

function mistakesOf(issue: z.core.$ZodIssue, read: Read): Mistake[] {
  const { document, lines, hints } = read;
  const path = issue.path.map((p) => (typeof p === 'symbol' ? String(p) : p));
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: [...path, key].join('.'),
      line: lineOf(document, lines, [...path, key]),
      message: `there is no such field${hints.of(path, key)}`,
    }));
  const meant = issue.code === 'invalid_union' ? meantForm(issue) : null;
  if (meant) return meant.flatMap((one) => mistakesOf({ ...one, path: [...path, ...one.path] }, read));
  return [
    { path: path.join('.'), line: lineOf(document, lines, path), message: describe(issue, document.getIn(path)) },
  ];
}

/** What is wrong by the only form that is of the type of what was found, such as a table; `null` where that says nothing. */
function meantForm({ errors }: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] | null {
  const forms = errors.filter((form) => form.every((one) => one.path.length > 0 || one.code === 'unrecognized_keys'));
  return forms.length === 1 ? forms[0] : null;
}

function describe(issue: z.core.$ZodIssue, found: unknown): string {
  const text = found === undefined || typeof found === 'object' ? '' : `, found ${JSON.stringify(found)}`;
  switch (issue.code) {
    case 'invalid_type':
      if (found !== undefined && !issue.message.startsWith(UNNAMED)) return `${issue.message}${text}`;
      return found === undefined ? `is missing (expected ${issue.expected})` : `expected ${issue.expected}${text}`;
    case 'invalid_union': {
      const { options } = issue as { options?: string[] };
      if (options) return `expected ${options.join(', ')}${text}`;
      if (found === undefined) return 'is missing';
      if (issue.message !== UNNAMED) return `${issue.message}${text}`;
      const custom = issue.errors
        .flat()
        .find((e) => e.code === 'custom' || e.code === 'too_big' || e.code === 'too_small');
      return `${custom ? custom.message : 'has none of the forms allowed here'}${text}`;
    }
    case 'invalid_key':
      return `${issue.issues[0]?.message ?? issue.message}${text}`;
    case 'invalid_value':
      return `expected ${issue.values.map((v) => String(v)).join(', ')}${text}`;
    default:
      return `${issue.message}${text}`;
  }
}

/** The line of the node at `path`, of its key where it has one, or of the nearest parent that is there. */
function lineOf(document: Document, lines: LineCounter, path: readonly (string | number)[]): number | null {
  for (let depth = path.length; depth > 0; depth--) {
    const key = path[depth - 1];
    const parent = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    let range: readonly number[] | null | undefined;
    if (isMap(parent)) {
      const pair = parent.items.find(
        (item) => isPair(item) && String((item.key as { value?: unknown })?.value ?? item.key) === String(key),
      );
      if (pair && isNode(pair.key)) range = pair.key.range;
    } else {
      const node = document.getIn(path.slice(0, depth), true);
      if (isNode(node)) range = node.range;
    }
    if (range) return lines.linePos(range[0]).line;
  }
  return null;
}
