/**
 * Non-INVITE client transaction: RFC 3261 17.1.2.
 *
 * | state      | provisional          | final                     | timer                                            |
 * |------------|----------------------|---------------------------|--------------------------------------------------|
 * | trying     | deliver → proceeding | deliver, K → completed    | E: send, double up to T2 · F: timeout → terminated |
 * | proceeding | deliver              | deliver, K → completed    | E: send, T2 · F: timeout → terminated            |
 * | completed  | –                    | –                         | K → terminated                                   |
 */
export type NonInviteClientState = 'trying' | 'proceeding' | 'completed' | 'terminated';

export type NonInviteClientInput = 'provisional' | 'final' | 'E' | 'F' | 'K' | 'transportError';

export type NonInviteClientAction =
  | 'deliver'
  | 'retransmit'
  | 'stopRequest'
  | 'startE'
  | 'startET2'
  | 'startK'
  | 'timeout'
  | 'fail'
  | 'end';

export interface NonInviteClientStep {
  readonly state: NonInviteClientState;
  readonly actions: readonly NonInviteClientAction[];
}

const step = (state: NonInviteClientState, ...actions: NonInviteClientAction[]): NonInviteClientStep => ({
  state,
  actions,
});

const TRYING_STAY = step('trying');
const TRYING_E = step('trying', 'retransmit', 'startE');
const TO_PROCEEDING = step('proceeding', 'deliver');
const PROCEEDING_STAY = step('proceeding');
const PROCEEDING_E = step('proceeding', 'retransmit', 'startET2');
const TO_COMPLETED = step('completed', 'stopRequest', 'startK', 'deliver');
const COMPLETED_STAY = step('completed');
const TIMED_OUT = step('terminated', 'stopRequest', 'timeout', 'end');
const FAILED = step('terminated', 'stopRequest', 'fail', 'end');
const ENDED = step('terminated', 'end');
const TERMINATED_STAY = step('terminated');

/** What an input leads to; what does not belong in a state changes nothing. */
export function nonInviteClient(state: NonInviteClientState, input: NonInviteClientInput): NonInviteClientStep {
  switch (state) {
    case 'trying':
      return trying(input);
    case 'proceeding':
      return proceeding(input);
    case 'completed':
      return input === 'K' ? ENDED : COMPLETED_STAY;
    case 'terminated':
      return TERMINATED_STAY;
    default:
      return state satisfies never;
  }
}

function trying(input: NonInviteClientInput): NonInviteClientStep {
  switch (input) {
    case 'provisional':
      return TO_PROCEEDING;
    case 'final':
      return TO_COMPLETED;
    case 'E':
      return TRYING_E;
    case 'F':
      return TIMED_OUT;
    case 'transportError':
      return FAILED;
    default:
      return TRYING_STAY;
  }
}

function proceeding(input: NonInviteClientInput): NonInviteClientStep {
  switch (input) {
    case 'provisional':
      return TO_PROCEEDING;
    case 'final':
      return TO_COMPLETED;
    case 'E':
      return PROCEEDING_E;
    case 'F':
      return TIMED_OUT;
    case 'transportError':
      return FAILED;
    default:
      return PROCEEDING_STAY;
  }
}
