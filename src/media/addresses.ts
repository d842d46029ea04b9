import { ipBytes } from '../core/ip-bytes.js';
import { formatIpv4, parseIpv4 } from './udp.js';

/**
 * IP addresses as signed 32-bit numbers, which V8 passes on without allocating. An IPv4 address is its own number; an IPv6
 * address has one that IPv4 does not use for a host (0.0.0.1–0.0.127.255), under which this thread keeps it.
 */

/** IPv6 addresses that are kept: those that were described and, up to half as many, those that something came from. */
const MOST = 0x7fff;
const MOST_HEARD = MOST >> 1;
/** Slots of the hash table; never more than half full. */
const SLOTS = 0x10000;
/** The number of an IPv6 address that there was no room for: the broadcast address, which nobody sends from. */
const UNKNOWN = -1;

/** Four words of each address, as they lie in struct in6_addr. */
const words = new Int32Array(4 * (MOST + 1));
/** Numbers of addresses by the hash of their words; 0 is free. */
const slots = new Uint16Array(SLOTS);
let kept = 0;

function numberOf(a: number, b: number, c: number, d: number, most: number): number {
  let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f);
  hash ^= hash >>> 15;
  for (let slot = hash & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
    const number = slots[slot];
    if (number === 0) {
      if (kept >= most) return UNKNOWN;
      kept++;
      slots[slot] = kept;
      words[4 * kept] = a;
      words[4 * kept + 1] = b;
      words[4 * kept + 2] = c;
      words[4 * kept + 3] = d;
      return kept;
    }
    const at = 4 * number;
    if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return number;
  }
}

/** The number of the IPv6 address that lies in memory at this word; −1 for one too many. */
export function readIpv6(memory: Int32Array, at: number): number {
  return numberOf(memory[at], memory[at + 1], memory[at + 2], memory[at + 3], MOST_HEARD);
}

/** Writes the words of an IPv6 address into memory. */
export function writeIpv6(memory: Int32Array, at: number, number: number): void {
  for (let i = 0; i < 4; i++) memory[at + i] = words[4 * number + i];
}

/** Whether a number stands for an IPv6 address. */
export function isIpv6Number(number: number): boolean {
  return number >>> 15 === 0 && number !== 0;
}

/**
 * The number of an address: 0 for the unspecified one, `null` for what is none, for an IPv4 address of the network 0.0.0.0/8
 * (no host has one) and for an IPv6 address with a zone.
 */
export function parseAddress(text: string): number | null {
  if (text.includes(':')) return parseIpv6(text);
  const number = parseIpv4(text);
  return number !== null && number !== 0 && number >>> 24 === 0 ? null : number;
}

/** The text of an address; IPv6 as RFC 5952 writes it. */
export function formatAddress(number: number): string {
  if (!isIpv6Number(number)) return formatIpv4(number);
  const bytes = new DataView(words.buffer, 16 * number, 16);
  const groups = Array.from({ length: 8 }, (_, i) => bytes.getUint16(2 * i).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

function parseIpv6(text: string): number | null {
  const bytes = ipBytes(text);
  if (bytes === null) return null;
  const [a, b, c, d] = new Int32Array(bytes.buffer);
  if ((a | b | c | d) === 0) return 0;
  const number = numberOf(a, b, c, d, MOST);
  return number === UNKNOWN ? null : number;
}
