/**
 * INVITE server transaction: RFC 3261 17.2.1 with the accepted state of RFC 6026. The 2xx is repeated by the UAS core,
 * not here (RFC 3261 13.3.1.4).
 *
 * | state      | request again | 1xx from TU | 2xx from TU      | 300–699 from TU           | ACK               | timer                              |
 * |------------|---------------|-------------|------------------|---------------------------|-------------------|------------------------------------|
 * | proceeding | repeat        | send        | send, L → accepted | send, G, H → completed  | –                 | –                                  |
 * | completed  | repeat        | –           | –                | –                         | I → confirmed     | G: repeat, double up to T2 · H: timeout → terminated |
 * | confirmed  | –             | –           | –                | –                         | –                 | I → terminated                     |
 * | accepted   | –             | –           | send             | –                         | deliver           | L → terminated                     |
 */
export type InviteServerState = 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated';

export type InviteServerInput =
  | 'request'
  | 'ack'
  | 'provisional'
  | 'success'
  | 'failure'
  | 'G'
  | 'H'
  | 'I'
  | 'L'
  /** Nobody answered the request for so long that no client can still wait. */
  | 'abandon'
  | 'transportError';

export type InviteServerAction =
  | 'send'
  | 'repeat'
  | 'deliver'
  | 'startG'
  | 'startH'
  | 'startI'
  | 'startL'
  | 'stopGH'
  | 'timeout'
  | 'fail'
  | 'end';

export interface InviteServerStep {
  readonly state: InviteServerState;
  readonly actions: readonly InviteServerAction[];
}

const step = (state: InviteServerState, ...actions: InviteServerAction[]): InviteServerStep => ({ state, actions });

const PROCEEDING_STAY = step('proceeding');
const PROCEEDING_SEND = step('proceeding', 'send');
const PROCEEDING_REPEAT = step('proceeding', 'repeat');
const TO_ACCEPTED = step('accepted', 'send', 'startL');
const TO_COMPLETED = step('completed', 'send', 'startG', 'startH');
const COMPLETED_STAY = step('completed');
const COMPLETED_REPEAT = step('completed', 'repeat');
const COMPLETED_G = step('completed', 'repeat', 'startG');
const TO_CONFIRMED = step('confirmed', 'stopGH', 'startI');
const CONFIRMED_STAY = step('confirmed');
const ACCEPTED_STAY = step('accepted');
const ACCEPTED_SEND = step('accepted', 'send');
const ACCEPTED_DELIVER = step('accepted', 'deliver');
const TIMED_OUT = step('terminated', 'stopGH', 'timeout', 'end');
const FAILED = step('terminated', 'stopGH', 'fail', 'end');
const ENDED = step('terminated', 'end');
const TERMINATED_STAY = step('terminated');

/** What an input leads to; what does not belong in a state changes nothing. */
export function inviteServer(state: InviteServerState, input: InviteServerInput): InviteServerStep {
  switch (state) {
    case 'proceeding':
      return proceeding(input);
    case 'completed':
      return completed(input);
    case 'confirmed':
      return input === 'I' ? ENDED : CONFIRMED_STAY;
    case 'accepted':
      return accepted(input);
    case 'terminated':
      return TERMINATED_STAY;
    default:
      return state satisfies never;
  }
}

function proceeding(input: InviteServerInput): InviteServerStep {
  switch (input) {
    case 'request':
      return PROCEEDING_REPEAT;
    case 'provisional':
      return PROCEEDING_SEND;
    case 'success':
      return TO_ACCEPTED;
    case 'failure':
      return TO_COMPLETED;
    case 'abandon':
      return ENDED;
    case 'transportError':
      return FAILED;
    default:
      return PROCEEDING_STAY;
  }
}

function completed(input: InviteServerInput): InviteServerStep {
  switch (input) {
    case 'request':
      return COMPLETED_REPEAT;
    case 'ack':
      return TO_CONFIRMED;
    case 'G':
      return COMPLETED_G;
    case 'H':
      return TIMED_OUT;
    case 'transportError':
      return FAILED;
    default:
      return COMPLETED_STAY;
  }
}

function accepted(input: InviteServerInput): InviteServerStep {
  switch (input) {
    case 'success':
      return ACCEPTED_SEND;
    case 'ack':
      return ACCEPTED_DELIVER;
    case 'L':
      return ENDED;
    default:
      return ACCEPTED_STAY;
  }
}
