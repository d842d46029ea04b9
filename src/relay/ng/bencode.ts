/** A value as it is read. Texts are latin1: byte for byte what came, whatever its encoding. */
export type Bencoded = string | number | Bencoded[] | BencodedDictionary;

/** A map and no object: keys come from the wire. */
export type BencodedDictionary = Map<string, Bencoded>;

/** A value that can be written; the keys of an object go in its own order. */
export type Bencodable = string | number | readonly Bencodable[] | ReadonlyMap<string, Bencodable> | BencodableObject;

interface BencodableObject {
  readonly [key: string]: Bencodable;
}

/** Dictionaries and lists within one another. The ng protocol needs five. */
export const MAX_DEPTH = 16;
/** As many digits as a whole number may have that JavaScript holds exactly. */
const MAX_DIGITS = 16;

const COLON = 0x3a;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const DICTIONARY = 0x64;
const END = 0x65;
const INTEGER = 0x69;
const LIST = 0x6c;

/** Why reading stopped; never leaves this file. */
const MALFORMED = Symbol('malformed');
type Malformed = typeof MALFORMED;

/**
 * Reads one value that takes up all the bytes; `null` where it does not: cut short, too deep, a length or number with
 * leading zeros or beyond what can be held, a key that is no text. Keys need no order; of equal ones the last holds.
 */
export function readBencode(bytes: Buffer): Bencoded | null {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  return value === MALFORMED || reader.at !== bytes.length ? null : value;
}

class Reader {
  at = 0;

  constructor(private readonly bytes: Buffer) {}

  value(depth: number): Bencoded | Malformed {
    const first = this.bytes[this.at];
    if (first === INTEGER) {
      this.at++;
      return this.number(END, true);
    }
    if (first === LIST || first === DICTIONARY) {
      if (depth === MAX_DEPTH) return MALFORMED;
      this.at++;
      return first === LIST ? this.list(depth + 1) : this.dictionary(depth + 1);
    }
    return this.text();
  }

  private list(depth: number): Bencoded[] | Malformed {
    const list: Bencoded[] = [];
    while (!this.isEnd()) {
      const value = this.value(depth);
      if (value === MALFORMED) return MALFORMED;
      list.push(value);
    }
    return list;
  }

  private dictionary(depth: number): BencodedDictionary | Malformed {
    const dictionary: BencodedDictionary = new Map();
    while (!this.isEnd()) {
      const key = this.text();
      if (key === MALFORMED) return MALFORMED;
      const value = this.value(depth);
      if (value === MALFORMED) return MALFORMED;
      dictionary.set(key, value);
    }
    return dictionary;
  }

  /** What is missing at the end of the bytes is no end: the next value is malformed then. */
  private isEnd(): boolean {
    if (this.bytes[this.at] !== END) return false;
    this.at++;
    return true;
  }

  private text(): string | Malformed {
    const length = this.number(COLON, false);
    if (length === MALFORMED || length > this.bytes.length - this.at) return MALFORMED;
    this.at += length;
    return this.bytes.toString('latin1', this.at - length, this.at);
  }

  /** Reads digits up to `end` and passes it. */
  private number(end: number, signed: boolean): number | Malformed {
    const { bytes } = this;
    const isNegative = signed && bytes[this.at] === MINUS;
    if (isNegative) this.at++;
    const start = this.at;
    let value = 0;
    while (bytes[this.at] >= ZERO && bytes[this.at] <= NINE) value = value * 10 + (bytes[this.at++] - ZERO);
    const digits = this.at - start;
    if (digits === 0 || digits > MAX_DIGITS || !Number.isSafeInteger(value)) return MALFORMED;
    if (bytes[start] === ZERO && (digits > 1 || isNegative)) return MALFORMED;
    if (bytes[this.at++] !== end) return MALFORMED;
    return isNegative ? -value : value;
  }
}

/** Writes a value. Numbers are rounded: bencode knows whole ones only. */
export function writeBencode(value: Bencodable): Buffer {
  const parts: string[] = [];
  write(value, parts);
  return Buffer.from(parts.join(''), 'latin1');
}

function write(value: Bencodable, parts: string[]): void {
  if (typeof value === 'string') writeText(value, parts);
  else if (typeof value === 'number') parts.push(`i${Math.round(value)}e`);
  else if (Array.isArray(value)) {
    parts.push('l');
    for (const item of value) write(item, parts);
    parts.push('e');
  } else {
    parts.push('d');
    for (const [key, item] of value instanceof Map ? value : Object.entries(value)) {
      writeText(key, parts);
      write(item, parts);
    }
    parts.push('e');
  }
}

function writeText(text: string, parts: string[]): void {
  parts.push(`${text.length}:`, text);
}

/** What a `BencodeScanner` found: the value ends here, more is needed, or it is none. */
export type Scan = 'whole' | 'more' | 'malformed';

/**
 * Finds where a dictionary ends in a stream, looking at each byte once, however small the pieces are in which they come.
 * It tells dictionaries from lists only as far as that needs: the reader has the last word.
 */
export class BencodeScanner {
  /** Bytes of the value that were looked at so far. */
  length = 0;
  private depth = 0;
  /** Bytes of a text that are still to be passed over. */
  private skip = 0;
  /** Digits of a length (`text`) or number (`integer`) that is being read. */
  private within: 'value' | 'text' | 'integer' = 'value';
  private digits = 0;
  private number = 0;

  /** @param maxBytes a text that would reach beyond is malformed */
  constructor(private readonly maxBytes: number) {}

  /** Looks at the bytes from `at` on, which go on where the last call ended. */
  scan(bytes: Buffer, at: number): Scan {
    while (at < bytes.length) {
      if (this.skip > 0) {
        const passed = Math.min(this.skip, bytes.length - at);
        this.skip -= passed;
        this.length += passed;
        at += passed;
        continue;
      }
      const result = this.byte(bytes[at++]);
      this.length++;
      if (result !== 'more') return result;
      if (this.length + this.skip > this.maxBytes) return 'malformed';
    }
    return 'more';
  }

  private byte(byte: number): Scan {
    if (this.within === 'value') return this.startOfValue(byte);
    if (byte >= ZERO && byte <= NINE) {
      if (++this.digits > MAX_DIGITS) return 'malformed';
      this.number = this.number * 10 + (byte - ZERO);
      return 'more';
    }
    if (this.within === 'integer' && byte === MINUS && this.digits === 0) return 'more';
    if (this.digits === 0 || byte !== (this.within === 'integer' ? END : COLON)) return 'malformed';
    if (this.within === 'text') this.skip = this.number;
    this.within = 'value';
    return 'more';
  }

  private startOfValue(byte: number): Scan {
    if (byte === DICTIONARY || byte === LIST) return ++this.depth > MAX_DEPTH ? 'malformed' : 'more';
    // Only a dictionary or list may stand alone.
    if (this.depth === 0) return 'malformed';
    if (byte === END) return --this.depth === 0 ? 'whole' : 'more';
    const isInteger = byte === INTEGER;
    if (!isInteger && (byte < ZERO || byte > NINE)) return 'malformed';
    this.within = isInteger ? 'integer' : 'text';
    this.digits = isInteger ? 0 : 1;
    this.number = isInteger ? 0 : byte - ZERO;
    return 'more';
  }
}
