import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { type AskedType, type DnsReply, type RecordOf, readReply, writeQuery } from './dns-message.js';

/**
 * Asks a server once over UDP, for what node does not tell of SRV and NAPTR records: their TTL. `null` where that brings
 * nothing certain in time.
 * @param server `address`, `address:port` or `[address]:port`, as node's resolver names it
 */
export function queryOnce<T extends AskedType>(
  server: string,
  name: string,
  type: T,
  timeoutMs: number,
): Promise<DnsReply<RecordOf<T>> | null> {
  const query = writeQuery(randomInt(0x10000), name, type);
  if (query === null) return Promise.resolve(null);
  const { address, port } = addressOf(server);
  return new Promise((resolve) => {
    // A socket of its own has a port that nobody can guess, and hears that server alone.
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    let hasEnded = false;
    const end = (reply: DnsReply<RecordOf<T>> | null): void => {
      if (hasEnded) return;
      hasEnded = true;
      clearTimeout(timer);
      socket.close();
      resolve(reply);
    };
    const timer = setTimeout(() => end(null), timeoutMs);
    socket.on('error', () => end(null));
    socket.once('message', (message) => end(readReply(query, message, type)));
    socket.once('connect', () => socket.send(query));
    socket.connect(port, address);
  });
}

function addressOf(server: string): { address: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(server) ?? [];
  return { address: bracketed ?? plain ?? server, port: Number(port ?? 53) };
}
