/** Via of RFC 3261 20.42: `SIP/2.0/UDP host:port;branch=…`. */
export interface Via {
  transport: string;
  host: string;
  /** `null` where the sender gave none: the transport's default holds. */
  port: number | null;
  branch: string | null;
  /** Whether the sender asks for RFC 3581 (`rport` with or without a value). */
  rport: boolean;
}

/** CSeq of RFC 3261 20.16. */
export interface CSeq {
  number: number;
  method: string;
}

/** Reads a CSeq value; `null` when it is none, or its number too large. */
export function parseCSeq(value: string): CSeq | null {
  let i = 0;
  let number = 0;
  for (; i < 10; i++) {
    const digit = value.charCodeAt(i) - 0x30;
    if (!(digit >= 0 && digit <= 9)) break;
    number = number * 10 + digit;
  }
  if (i === 0 || number >= 2 ** 31) return null;
  let from = i;
  while (value.charCodeAt(from) === 0x20 || value.charCodeAt(from) === 0x09) from++;
  if (from === i || from === value.length) return null;
  const method = value.slice(from);
  return /\s/.test(method) ? null : { number, method };
}

/** Where the `<uri>` part of a name-addr ends and its parameters begin; the length when there are none. */
function paramsStart(value: string): number {
  let i = 0;
  if (value.charCodeAt(0) === 0x22) {
    i = 1;
    while (i < value.length && value.charCodeAt(i) !== 0x22) i += value.charCodeAt(i) === 0x5c ? 2 : 1;
  }
  const open = value.indexOf('<', i);
  if (open >= 0) {
    const close = value.indexOf('>', open);
    return close < 0 ? value.length : close + 1;
  }
  const semicolon = value.indexOf(';', i);
  return semicolon < 0 ? value.length : semicolon;
}

/** The value of one header parameter, unquoted; `''` when it stands without value, `null` when absent. */
export function headerParam(value: string, name: string): string | null {
  return paramFrom(value, paramsStart(value), name);
}

function paramFrom(value: string, from: number, name: string): string | null {
  let i = value.indexOf(';', from);
  while (i >= 0) {
    i++;
    while (value.charCodeAt(i) === 0x20 || value.charCodeAt(i) === 0x09) i++;
    let end = i;
    let quoted = false;
    while (end < value.length) {
      const c = value.charCodeAt(end);
      if (c === 0x22) quoted = !quoted;
      else if (c === 0x5c && quoted) end++;
      else if (!quoted && (c === 0x3b || c === 0x2c)) break;
      end++;
    }
    const after = i + name.length;
    if (after <= end && (value.startsWith(name, i) || value.slice(i, after).toLowerCase() === name)) {
      let j = after;
      while (value.charCodeAt(j) === 0x20 || value.charCodeAt(j) === 0x09) j++;
      if (j >= end) return '';
      if (value.charCodeAt(j) === 0x3d) {
        const text = value.slice(j + 1, end).trim();
        return text.charCodeAt(0) === 0x22 && text.endsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
      }
    }
    if (end >= value.length || value.charCodeAt(end) === 0x2c) return null;
    i = end;
  }
  return null;
}

/** The tag of a From or To value; `null` when it has none. */
export function tagOf(value: string): string | null {
  return headerParam(value, 'tag');
}

/** The URI of a name-addr or addr-spec, without brackets and header parameters. */
export function uriOf(value: string): string {
  const end = paramsStart(value);
  if (value.charCodeAt(end - 1) === 0x3e) return value.slice(value.lastIndexOf('<', end) + 1, end - 1).trim();
  return value.slice(0, end).trim();
}

/** Splits a comma-separated header value; commas within quotes or brackets do not split. */
export function splitList(value: string): string[] {
  if (!value.includes(',')) {
    const only = value.trim();
    return only === '' ? [] : [only];
  }
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  let depth = 0;
  for (let i = 0; i <= value.length; i++) {
    const c = i === value.length ? 0x2c : value.charCodeAt(i);
    if (quoted && i < value.length) {
      if (c === 0x5c) i++;
      else if (c === 0x22) quoted = false;
    } else if (c === 0x22) quoted = true;
    else if (c === 0x3c) depth++;
    else if (c === 0x3e) depth--;
    else if (c === 0x2c && (depth <= 0 || i === value.length)) {
      const part = value.slice(start, i).trim();
      if (part !== '') parts.push(part);
      start = i + 1;
    }
  }
  return parts;
}

/** Reads the topmost Via of a header line; `null` when it is none, or of another version of the protocol. */
export function parseVia(line: string, version = '2.0'): Via | null {
  return plainVia(line, version) ?? anyVia(line, version);
}

/** `SIP/2.0/UDP 192.0.2.1:5060;…`, as nearly all are written; `null` for any other, which may be right all the same. */
function plainVia(line: string, version: string): Via | null {
  if (version !== '2.0' || !line.startsWith('SIP/2.0/')) return null;
  const blank = line.indexOf(' ');
  const end = line.indexOf(';', blank);
  if (blank < 0 || end < 0) return null;
  const transport = line.slice('SIP/2.0/'.length, blank);
  if (transport !== 'UDP' && transport !== 'TCP' && transport !== 'TLS') return null;
  let hostEnd = blank + 1;
  for (; hostEnd < end; hostEnd++) if (!isPlainHost(line.charCodeAt(hostEnd))) break;
  if (hostEnd === blank + 1) return null;
  let port: number | null = null;
  if (hostEnd < end) {
    if (line.charCodeAt(hostEnd) !== 0x3a || end - hostEnd > 6 || end - hostEnd < 2) return null;
    port = 0;
    for (let i = hostEnd + 1; i < end; i++) {
      const digit = line.charCodeAt(i) - 0x30;
      if (!(digit >= 0 && digit <= 9)) return null;
      port = port * 10 + digit;
    }
    if (port > 65535) return null;
  }
  return {
    transport,
    host: line.slice(blank + 1, hostEnd),
    port,
    branch: paramFrom(line, end, 'branch') || null,
    rport: paramFrom(line, end, 'rport') !== null,
  };
}

/** Digits, letters, points and hyphens. */
function isPlainHost(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || c === 0x2e || c === 0x2d;
}

function anyVia(line: string, version: string): Via | null {
  const match =
    /^SIP\s*\/\s*(\d{1,3}\.\d{1,3})\s*\/\s*([A-Za-z0-9]+)\s+(\[[^\]]+\]|[^\s;:,]+)\s*(?::\s*(\d{1,5}))?/.exec(line);
  if (match?.[1] !== version) return null;
  const port = match[4] === undefined ? null : Number(match[4]);
  if (port !== null && port > 65535) return null;
  const from = match[0].length;
  return {
    transport: match[2].toUpperCase(),
    host: match[3],
    port,
    branch: paramFrom(line, from, 'branch') || null,
    rport: paramFrom(line, from, 'rport') !== null,
  };
}

/** The first Via of a line with `received` and `rport` filled in (RFC 3261 18.2.1, RFC 3581 4); the rest stays as it is. */
export function stampVia(line: string, via: Via, address: string, port: number): string {
  const sameHost = via.host === address || via.host === `[${address}]`;
  if (sameHost && !via.rport) return line;
  const comma = line.indexOf(',');
  let top = comma < 0 ? line : line.slice(0, comma);
  if (via.rport) top = top.replace(/;\s*rport(\s*=[^;,]*)?(?=\s*(;|$))/i, `;rport=${port}`);
  if (!sameHost || via.rport) top = `${top.replace(/;\s*received\s*=[^;,]*/i, '')};received=${address}`;
  return comma < 0 ? top : top + line.slice(comma);
}
