/** Direction attributes (RFC 3264 5.1 and 6.1, RFC 8866 6.7), always as seen by the side whose description it is. */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export function sends(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

export function receives(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}

function directionOf(isSending: boolean, isReceiving: boolean): Direction {
  if (isSending) return isReceiving ? 'sendrecv' : 'sendonly';
  return isReceiving ? 'recvonly' : 'inactive';
}

/** What a side that wants `wish` may do when the other side's description says `remote`. */
export function agreedDirection(wish: Direction, remote: Direction): Direction {
  return directionOf(sends(wish) && receives(remote), receives(wish) && sends(remote));
}
