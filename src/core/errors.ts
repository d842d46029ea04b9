/** Exit statuses of the command line; where several hold, `docs/exit-codes.md` gives the order. */
export const ExitCode = {
  ok: 0,
  gateFailed: 1,
  badInput: 2,
  unusable: 3,
  invalid: 4,
  interrupted: 130,
  terminated: 143,
} as const;

/** Stable codes of errors that a user can mend. */
export type ErrorCode =
  | 'PROFILE_INVALID'
  | 'ARGUMENT_INVALID'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'ADDRESS_UNUSABLE'
  | 'PORT_TAKEN'
  | 'PORTS_EXHAUSTED'
  | 'PORTS_NOT_READY'
  | 'CALLS_EXHAUSTED'
  | 'TLS_UNUSABLE'
  | 'DESCRIPTORS_EXHAUSTED'
  | 'HOST_UNKNOWN'
  | 'TARGET_NOT_ALLOWED'
  | 'DRACHTIO_UNREACHABLE'
  | 'TARGET_SILENT'
  | 'NO_CALL'
  | 'THREAD_CRASHED';

export interface ErrorDetail {
  /** Where the fault lies: a file with line, an option, an address. */
  where?: string;
  expected?: string;
  found?: string;
  /** What the user can do about it. */
  hint?: string;
  cause?: unknown;
}

/** An error in a form that crosses threads. */
export interface ErrorMessage {
  code: string;
  message: string;
  detail: Record<string, string>;
}

/** An error for the user: says what was expected, what was found, where, and what to do. Never for failed calls. */
export class AppError extends Error {
  override readonly name = 'AppError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly detail: ErrorDetail = {},
  ) {
    super(message, { cause: detail.cause });
  }

  /** The exit status that belongs to this error. */
  get exitCode(): number {
    switch (this.code) {
      case 'PROFILE_INVALID':
      case 'ARGUMENT_INVALID':
      case 'FILE_UNREADABLE':
      case 'TARGET_NOT_ALLOWED':
        return ExitCode.badInput;
      default:
        return ExitCode.unusable;
    }
  }

  /** The message with its details, one a line, ready to print: what a file or a peer put into it cannot steer a terminal. */
  format(): string {
    const lines = [this.message];
    if (this.detail.where) lines.push(`  where:    ${this.detail.where}`);
    if (this.detail.expected) lines.push(`  expected: ${this.detail.expected}`);
    if (this.detail.found) lines.push(`  found:    ${this.detail.found}`);
    if (this.detail.hint) lines.push(`  hint:     ${this.detail.hint}`);
    return lines.join('\n').replace(CONTROL, '\ufffd');
  }

  static fromMessage({ code, message, detail }: ErrorMessage): AppError {
    return new AppError(code as ErrorCode, message, detail);
  }
}

/** Control characters but the newline. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g;

/** What crosses to another thread of any error; one that is no AppError is a crash of the thread, stack and all. */
export function errorMessage(error: unknown): ErrorMessage {
  const detail: Record<string, string> = {};
  if (!(error instanceof AppError)) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { code: 'THREAD_CRASHED' satisfies ErrorCode, message, detail };
  }
  for (const [name, value] of Object.entries(error.detail)) if (typeof value === 'string') detail[name] = value;
  return { code: error.code, message: error.message, detail };
}
