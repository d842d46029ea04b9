import type { CodecName } from '../../core/codecs.js';
import type { DtmfSpec } from '../dtmf-spec.js';

/** The side of a call whose list it is. */
export type Side = 'caller' | 'callee';

/** Digits of a step, as they are sent. */
export type StepDigits = Pick<DtmfSpec, 'digits' | 'method' | 'tone' | 'gap' | 'level' | 'twist'>;

/** What a re-INVITE changes; nothing refreshes the session. */
export interface Change {
  /** Whether the far end is held. */
  hold?: boolean;
  /** What is offered from now on. */
  codecs?: readonly CodecName[];
}

/** The final response to a request of a step. */
export interface Outcome {
  /** `null` where the request could not be sent. */
  status: number | null;
  reason: string;
  /** Why an answer is of no use, though it came with a 2xx. */
  mismatch: string | null;
}

/** Why an outcome is not the one that a step expects, `null` where it is. @param status any 2xx when it is left out */
function unexpected(status: number | undefined, outcome: Outcome): string | null {
  if (outcome.mismatch !== null) return outcome.mismatch;
  const isExpected = status === undefined ? outcome.status !== null && outcome.status < 300 : outcome.status === status;
  if (isExpected) return null;
  const got = `${outcome.status ?? ''} ${outcome.reason}`.trim();
  return status === undefined ? got : `expected ${status}, got ${got}`;
}

/** What a step can do with its call. Nothing of it throws; a promise is never rejected. */
export interface CallControl {
  readonly side: Side;
  /** Callee: rings by 180, or by 183 with a description and audio. @returns why it cannot, `null` when it does */
  ring(earlyMedia: boolean): string | null;
  /** Callee: sends the 200; that the call is answered is told as an event. @returns why it cannot, `null` when it does */
  answer(): string | null;
  /** Sends digits one after the other. @param sound name of their tones @returns those that went out */
  sendDigits(digits: StepDigits, sound: string): Promise<string>;
  /** Says a sound once. @returns how far: `unsaid` where no audio is being sent */
  say(sound: string): Promise<'whole' | 'cut' | 'unsaid'>;
  /** Plays a sound over and over, or, with `null`, again what the side plays otherwise. */
  play(sound: string | null): void;
  /** Sends a re-INVITE with our description, changed as it is asked for; one that is refused changes nothing. */
  reinvite(change: Change): Promise<Outcome>;
  /** Sends an UPDATE without a description (RFC 3311): the session goes on as it is. */
  update(): Promise<Outcome>;
  /**
   * Transfers the far end to a target, attended or not. @returns the final response of its call there, as its NOTIFYs tell, or of a
   * REFER that it refused
   */
  refer(target: string, isAttended: boolean): Promise<Outcome>;
  /** Ends the call: by BYE, or before the answer by CANCEL or a final response of `status`. */
  hangUp(status: number | null): void;
}

/** What the far end did. */
export type CallEvent =
  | { kind: 'ringing' }
  | { kind: 'early-media' }
  | { kind: 'answered' }
  | { kind: 'digit'; digit: string }
  | { kind: 'speech' }
  | { kind: 'silence' };

/** What is known of the far end since the list began. */
export interface FarEnd {
  isRinging: boolean;
  hasEarlyMedia: boolean;
  isAnswered: boolean;
  isSpeaking: boolean;
  /** Digits heard and not yet taken by a step, so that those that came ahead of it count. */
  digits: string;
}

/** What a step is given. Its first `pass` or `fail` ends it; later ones change nothing. */
export interface StepContext {
  readonly call: CallControl;
  readonly farEnd: FarEnd;
  /** Names the sound that belongs to the step. */
  readonly sound: string;
  /** Does something so many ms later, unless the step is over by then. */
  after(ms: number, action: () => void): void;
  pass(): void;
  /** @param reason as the record has it, such as `heard 12 of 1234` */
  fail(reason: string): void;
}

/** Begins a step. @returns what it does at each event until it is over, and what it says when its time is up */
export type Begin<Spec> = (spec: Spec, context: StepContext) => Running | null;

export interface Running {
  onEvent?(event: CallEvent): void;
  /** What is missing when `within` is over. */
  missing?(): string;
}

/** Ends a step with the outcome of its request. @param status what is expected, any 2xx when it is left out */
export function awaitOutcome(
  request: Promise<Outcome>,
  status: number | undefined,
  { pass, fail }: Pick<StepContext, 'pass' | 'fail'>,
): void {
  void request.then((outcome) => {
    const reason = unexpected(status, outcome);
    if (reason === null) pass();
    else fail(reason);
  });
}
