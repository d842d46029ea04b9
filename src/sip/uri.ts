import { ownCopy } from './own-copy.js';

/** The parts of a SIP or SIPS URI that routing needs (RFC 3261 19.1). */
export interface SipUri {
  scheme: 'sip' | 'sips';
  user: string | null;
  /** Without brackets for IPv6. */
  host: string;
  port: number | null;
  /** Value of `transport=`, lower case. */
  transport: string | null;
  maddr: string | null;
  /** Loose router (`lr`). */
  looseRouting: boolean;
}

const known = new Map<string, SipUri | null>();
const MAX_KNOWN = 4096;

/** Reads a SIP or SIPS URI; `null` when it is none. Results are shared: do not change them. */
export function parseSipUri(text: string): SipUri | null {
  const seen = known.get(text);
  if (seen !== undefined) return seen;
  const own = ownCopy(text);
  const uri = readSipUri(own);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(own, uri);
  return uri;
}

function readSipUri(text: string): SipUri | null {
  const match =
    /^\s*(sips?):(?:([^@\s<>]*)@)?(\[[0-9A-Fa-f:.%]+\]|[^\s:;?@<>[\]]+)(?::(\d{1,5}))?((?:;[^?\s]*)?)(?:\?\S*)?\s*$/i.exec(
      text,
    );
  if (!match) return null;
  const port = match[4] === undefined ? null : Number(match[4]);
  if (port !== null && port > 65535) return null;
  let transport: string | null = null;
  let maddr: string | null = null;
  let looseRouting = false;
  for (const param of match[5].split(';')) {
    const equals = param.indexOf('=');
    const name = unescaped(equals < 0 ? param : param.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? '' : param.slice(equals + 1);
    if (name === 'transport') transport = value.toLowerCase();
    else if (name === 'maddr') maddr = value;
    else if (name === 'lr') looseRouting = true;
  }
  const host = match[3].startsWith('[') ? match[3].slice(1, -1) : match[3];
  return {
    scheme: match[1].toLowerCase() as 'sip' | 'sips',
    user: match[2] === undefined ? null : match[2].split(':')[0],
    host,
    port,
    transport,
    maddr,
    looseRouting,
  };
}

/** `host:port` with brackets where the host is an IPv6 address. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The port that holds where none is given (RFC 3261 19.1.2). */
export function defaultPort(protocol: string): number {
  return protocol === 'tls' ? 5061 : protocol === 'ws' ? 80 : protocol === 'wss' ? 443 : 5060;
}

/** RFC 3261 19.1.2: an escaped character means the same as itself. */
function unescaped(text: string): string {
  return text.includes('%')
    ? text.replace(/%([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text;
}
