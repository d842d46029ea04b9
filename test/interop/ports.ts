import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** The first of so many neighbouring ports of 127.0.0.1 that were free a moment ago, for UDP and TCP. */
export async function freePort(count = 1): Promise<number> {
  for (;;) {
    const first = await portFor(0);
    let free = first !== null;
    for (let i = 0; free && i < count; i++) free = (await isFree(first! + i)) && first! + i < 65_536;
    if (free) return first!;
  }
}

async function isFree(port: number): Promise<boolean> {
  if ((await portFor(port)) === null) return false;
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A free UDP port; `null` when the given one is not. */
function portFor(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(null));
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      const bound = socket.address().port;
      socket.close(() => resolve(bound));
    });
  });
}
