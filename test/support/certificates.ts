import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.js';

/** PEM texts. */
export interface Certificate {
  cert: string;
  key: string;
}

const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = '06082a8648ce3d040302';
const COMMON_NAME = '0603550403';
const BASIC_CONSTRAINTS = '0603551d13';
const SUBJECT_ALT_NAME = '0603551d11';

/** One DER element (ITU-T X.690): tag, length, content. */
function der(tag: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const sequence = (...content: Uint8Array[]): Buffer => der(0x30, ...content);
const named = (commonName: string): Buffer =>
  sequence(der(0x31, sequence(hex(COMMON_NAME), der(0x0c, Buffer.from(commonName)))));
const utcTime = (ms: number): Buffer =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/(.{64})(?=.)/g, '$1\n')}\n-----END ${label}-----\n`;

/** `DNS:name` and `IP:a.b.c.d`, comma-separated, as RFC 5280 4.2.1.6 has them. */
function altNames(names: string): Buffer {
  const entries = names.split(',').map((entry) => {
    const value = entry.slice(entry.indexOf(':') + 1);
    if (!entry.startsWith('IP:')) return der(0x82, Buffer.from(value));
    if (!isIPv4(value)) throw new Error(`${value} is no IPv4 address`);
    return der(0x87, Buffer.from(value.split('.').map(Number)));
  });
  return sequence(...entries);
}

/** A certificate authority for a test: X.509 v3 certificates on P-256 (RFC 5280), valid for a day, with no program's help. */
export class Authority {
  private readonly folder = temporaryFolder();
  private readonly keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly ca: string;

  constructor() {
    const critical = der(0x01, Buffer.from([0xff]));
    const isAuthority = der(0x04, sequence(der(0x01, Buffer.from([0xff]))));
    this.ca = this.certify(
      'test authority',
      this.keys.publicKey,
      sequence(hex(BASIC_CONSTRAINTS), critical, isAuthority),
    );
  }

  /** A certificate for such names, e.g. `DNS:trunk.test,IP:127.0.0.1`. */
  issue(names: string): Certificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const extension = sequence(hex(SUBJECT_ALT_NAME), der(0x04, altNames(names)));
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    return { cert: this.certify('leaf', publicKey, extension), key };
  }

  /** The path of a file of a temporary folder with this content. */
  file(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  private certify(subject: string, publicKey: KeyObject, extension: Buffer): string {
    const now = Date.now();
    const serial = Buffer.concat([Buffer.from([1]), randomBytes(8)]);
    const algorithm = sequence(hex(ECDSA_WITH_SHA256));
    const toBeSigned = sequence(
      der(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, serial),
      algorithm,
      named('test authority'),
      sequence(utcTime(now - DAY_MS), utcTime(now + DAY_MS)),
      named(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(extension)),
    );
    const signature = sign('sha256', toBeSigned, this.keys.privateKey);
    return pem('CERTIFICATE', sequence(toBeSigned, algorithm, der(0x03, Buffer.from([0]), signature)));
  }
}
