/**
 * Non-INVITE server transaction: RFC 3261 17.2.2.
 *
 * | state      | request again | 1xx from TU       | final from TU        | timer           |
 * |------------|---------------|-------------------|----------------------|-----------------|
 * | trying     | –             | send → proceeding | send, J → completed  | –               |
 * | proceeding | repeat        | send              | send, J → completed  | –               |
 * | completed  | repeat        | –                 | –                    | J → terminated  |
 */
export type NonInviteServerState = 'trying' | 'proceeding' | 'completed' | 'terminated';

export type NonInviteServerInput = 'request' | 'provisional' | 'final' | 'J' | 'abandon' | 'transportError';

export type NonInviteServerAction = 'send' | 'repeat' | 'startJ' | 'fail' | 'end';

export interface NonInviteServerStep {
  readonly state: NonInviteServerState;
  readonly actions: readonly NonInviteServerAction[];
}

const step = (state: NonInviteServerState, ...actions: NonInviteServerAction[]): NonInviteServerStep => ({
  state,
  actions,
});

const TRYING_STAY = step('trying');
const TO_PROCEEDING = step('proceeding', 'send');
const PROCEEDING_STAY = step('proceeding');
const PROCEEDING_REPEAT = step('proceeding', 'repeat');
const TO_COMPLETED = step('completed', 'send', 'startJ');
const COMPLETED_STAY = step('completed');
const COMPLETED_REPEAT = step('completed', 'repeat');
const FAILED = step('terminated', 'fail', 'end');
const ENDED = step('terminated', 'end');
const TERMINATED_STAY = step('terminated');

/** What an input leads to; what does not belong in a state changes nothing. */
export function nonInviteServer(state: NonInviteServerState, input: NonInviteServerInput): NonInviteServerStep {
  switch (state) {
    case 'trying':
      return trying(input);
    case 'proceeding':
      return input === 'request' ? PROCEEDING_REPEAT : early(input, PROCEEDING_STAY);
    case 'completed':
      return completed(input);
    case 'terminated':
      return TERMINATED_STAY;
    default:
      return state satisfies never;
  }
}

function trying(input: NonInviteServerInput): NonInviteServerStep {
  return early(input, TRYING_STAY);
}

function early(input: NonInviteServerInput, stay: NonInviteServerStep): NonInviteServerStep {
  switch (input) {
    case 'provisional':
      return TO_PROCEEDING;
    case 'final':
      return TO_COMPLETED;
    case 'abandon':
      return ENDED;
    case 'transportError':
      return FAILED;
    default:
      return stay;
  }
}

function completed(input: NonInviteServerInput): NonInviteServerStep {
  switch (input) {
    case 'request':
      return COMPLETED_REPEAT;
    case 'J':
      return ENDED;
    case 'transportError':
      return FAILED;
    default:
      return COMPLETED_STAY;
  }
}
