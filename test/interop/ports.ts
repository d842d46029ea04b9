import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Below those that the kernel gives to whoever asks for any, and none that a test names. */
const [FIRST, LAST] = [18_000, 19_999];

/** Files of tests go two at a time: the number of the process of this one. */
export const PROCESS = Number(process.env.VITEST_POOL_ID ?? 0) % 2;

/** For the media of a run that is captured: that of no other run is seen. */
export const OWN_RTP_PORTS = ['10000-10399', '10400-10799'][PROCESS];

/** The first of so many neighbouring ports of 127.0.0.1 that were free a moment ago, for UDP and TCP. */
export async function freePort(count = 1): Promise<number> {
  for (;;) {
    const first = randomInt(FIRST, LAST + 2 - count);
    let free = true;
    for (let i = 0; free && i < count; i++) free = await isFree(first + i);
    if (free) return first;
  }
}

async function isFree(port: number): Promise<boolean> {
  if (!(await isFreeForUdp(port))) return false;
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function isFreeForUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => socket.close(() => resolve(true)));
  });
}
