/**
 * INVITE client transaction: RFC 3261 17.1.1 with the accepted state of RFC 6026.
 *
 * | state      | provisional          | success                        | failure               | timer                       |
 * |------------|----------------------|--------------------------------|-----------------------|-----------------------------|
 * | calling    | deliver → proceeding | deliver, M → accepted          | ack, deliver, D → completed | A: send, double · B: timeout → terminated |
 * | proceeding | deliver              | deliver, M → accepted          | ack, deliver, D → completed | abandon: timeout → terminated |
 * | completed  | –                    | –                              | ack                   | D → terminated              |
 * | accepted   | –                    | deliver                        | –                     | M → terminated              |
 */
export type InviteClientState = 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated';

export type InviteClientInput =
  | 'provisional'
  | 'success'
  | 'failure'
  | 'A'
  | 'B'
  | 'D'
  | 'M'
  /** No final response within 64·T1 of our CANCEL (RFC 3261 9.1). A UAC has no Timer C: its patience is the application's. */
  | 'abandon'
  | 'transportError';

export type InviteClientAction =
  | 'deliver'
  | 'ack'
  | 'retransmit'
  | 'stopRequest'
  | 'startA'
  | 'startD'
  | 'startM'
  | 'timeout'
  | 'fail'
  | 'end';

/** A transition. Steps are constants, so that a machine allocates nothing. */
export interface InviteClientStep {
  readonly state: InviteClientState;
  readonly actions: readonly InviteClientAction[];
}

const step = (state: InviteClientState, ...actions: InviteClientAction[]): InviteClientStep => ({ state, actions });

const CALLING_STAY = step('calling');
const CALLING_A = step('calling', 'retransmit', 'startA');
const TO_PROCEEDING = step('proceeding', 'stopRequest', 'deliver');
const PROCEEDING_STAY = step('proceeding');
const PROCEEDING_DELIVER = step('proceeding', 'deliver');
const TO_ACCEPTED = step('accepted', 'stopRequest', 'startM', 'deliver');
const TO_COMPLETED = step('completed', 'stopRequest', 'ack', 'startD', 'deliver');
const COMPLETED_STAY = step('completed');
const COMPLETED_ACK = step('completed', 'ack');
const ACCEPTED_STAY = step('accepted');
const ACCEPTED_DELIVER = step('accepted', 'deliver');
const TIMED_OUT = step('terminated', 'stopRequest', 'timeout', 'end');
const FAILED = step('terminated', 'stopRequest', 'fail', 'end');
const ENDED = step('terminated', 'end');
const TERMINATED_STAY = step('terminated');

/** What an input leads to; what does not belong in a state changes nothing. */
export function inviteClient(state: InviteClientState, input: InviteClientInput): InviteClientStep {
  switch (state) {
    case 'calling':
      return calling(input);
    case 'proceeding':
      return proceeding(input);
    case 'completed':
      return completed(input);
    case 'accepted':
      return accepted(input);
    case 'terminated':
      return TERMINATED_STAY;
    default:
      return state satisfies never;
  }
}

function calling(input: InviteClientInput): InviteClientStep {
  switch (input) {
    case 'provisional':
      return TO_PROCEEDING;
    case 'success':
      return TO_ACCEPTED;
    case 'failure':
      return TO_COMPLETED;
    case 'A':
      return CALLING_A;
    case 'B':
    case 'abandon':
      return TIMED_OUT;
    case 'transportError':
      return FAILED;
    default:
      return CALLING_STAY;
  }
}

function proceeding(input: InviteClientInput): InviteClientStep {
  switch (input) {
    case 'provisional':
      return PROCEEDING_DELIVER;
    case 'success':
      return TO_ACCEPTED;
    case 'failure':
      return TO_COMPLETED;
    case 'abandon':
      return TIMED_OUT;
    default:
      return PROCEEDING_STAY;
  }
}

function completed(input: InviteClientInput): InviteClientStep {
  switch (input) {
    case 'failure':
      return COMPLETED_ACK;
    case 'D':
      return ENDED;
    default:
      return COMPLETED_STAY;
  }
}

function accepted(input: InviteClientInput): InviteClientStep {
  switch (input) {
    case 'success':
      return ACCEPTED_DELIVER;
    case 'M':
      return ENDED;
    default:
      return ACCEPTED_STAY;
  }
}
