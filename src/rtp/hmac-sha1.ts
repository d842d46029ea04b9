import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 20;
const TRAILER_BYTES = 4;
const MAX_BYTES = 4096;

/** What is hashed first: the inner pad, the message and its trailer. */
const inner = Buffer.alloc(BLOCK_BYTES + MAX_BYTES + TRAILER_BYTES);

/**
 * HMAC-SHA1 (RFC 2104) by two plain hashes, over memory that is there already. A node HMAC is an object for each message,
 * which takes three times as long and leaves more to collect.
 */
export class HmacSha1 {
  private readonly innerPad = Buffer.alloc(BLOCK_BYTES, 0x36);
  /** The outer pad, then the digest of what is inside. */
  private readonly outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c);

  /** @param key of 64 bytes at most */
  constructor(key: Uint8Array) {
    for (let i = 0; i < key.length; i++) {
      this.innerPad[i] ^= key[i];
      this.outer[i] ^= key[i];
    }
  }

  /**
   * The 20 bytes for `length` bytes from `offset`, 4,096 at most, and for the 32-bit `trailer` behind them unless it is −1.
   * They are the codes of the result's characters: a string is the cheapest that `hash` returns.
   */
  of(bytes: Uint8Array, offset: number, length: number, trailer: number): string {
    inner.set(this.innerPad);
    inner.set(bytes.subarray(offset, offset + length), BLOCK_BYTES);
    let end = BLOCK_BYTES + length;
    if (trailer >= 0) end = inner.writeUInt32BE(trailer, end);
    this.outer.write(hash('sha1', inner.subarray(0, end), 'binary'), BLOCK_BYTES, 'binary');
    return hash('sha1', this.outer, 'binary');
  }
}
