import { isIP } from 'node:net';

/** The 4 or 16 bytes of an IP address in network order; `null` for what is none, and for an address with a zone. */
export function ipBytes(text: string): Uint8Array<ArrayBuffer> | null {
  const family = isIP(text);
  if (family === 4) return Uint8Array.from(text.split('.'), Number);
  if (family === 0 || text.includes('%')) return null;
  // The URL parser writes every form as groups alone, the longest run of zeros as `::`.
  const [head, tail] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...new Array<string>(8 - left.length - right.length).fill('0'), ...right];
  const bytes = new DataView(new ArrayBuffer(16));
  for (const [i, group] of groups.entries()) bytes.setUint16(2 * i, Number.parseInt(group, 16));
  return new Uint8Array(bytes.buffer);
}
