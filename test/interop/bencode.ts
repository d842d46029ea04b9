/** A value of bencode; texts and keys are read as UTF-8. */
export type Bencoded = string | number | Bencoded[] | { [key: string]: Bencoded };

export function bencode(value: Bencoded): string {
  if (typeof value === 'number') return `i${value}e`;
  if (typeof value === 'string') return `${Buffer.byteLength(value)}:${value}`;
  if (Array.isArray(value)) return `l${value.map(bencode).join('')}e`;
  return `d${Object.entries(value)
    .map(([key, of]) => bencode(key) + bencode(of))
    .join('')}e`;
}

/** Reads one value that takes up all the bytes; an error where it does not. */
export function readBencoded(bytes: Buffer): Bencoded {
  let at = 0;
  const until = (end: string): string => {
    const to = bytes.indexOf(end, at);
    if (to < 0) throw new Error(`bencode: no '${end}' behind byte ${at}`);
    const text = bytes.toString('latin1', at, to);
    at = to + 1;
    return text;
  };
  const isEnd = (): boolean => {
    if (at >= bytes.length) throw new Error('bencode: ends too early');
    if (bytes[at] !== 0x65) return false;
    at++;
    return true;
  };
  const text = (): string => {
    const length = Number(until(':'));
    if (!(length <= bytes.length - at)) throw new Error(`bencode: no length of a text before byte ${at}`);
    at += length;
    return bytes.toString('utf8', at - length, at);
  };
  const value = (): Bencoded => {
    switch (String.fromCharCode(bytes[at])) {
      case 'i':
        at++;
        return Number(until('e'));
      case 'l': {
        at++;
        const list: Bencoded[] = [];
        while (!isEnd()) list.push(value());
        return list;
      }
      case 'd': {
        at++;
        const dictionary: Record<string, Bencoded> = {};
        while (!isEnd()) dictionary[text()] = value();
        return dictionary;
      }
      default:
        return text();
    }
  };
  const read = value();
  if (at !== bytes.length) throw new Error(`bencode: ${bytes.length - at} bytes too many`);
  return read;
}
