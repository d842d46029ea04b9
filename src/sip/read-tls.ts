import { readFileSync } from 'node:fs';
import { AppError } from '../core/errors.js';
import type { SipSpec } from './spec.js';
import type { TlsOptions } from './stream-transport.js';

type File = 'ca' | 'cert' | 'key';

/** Reads the files for TLS; `nameOf` says what names one: a field of the profile. @throws AppError FILE_UNREADABLE */
export function readTls(
  spec: NonNullable<SipSpec['tls']>,
  nameOf = (file: File) => `sip.tls.${file} of the profile`,
): TlsOptions {
  const { serverName, verify, requireClientCertificate } = spec;
  const read = (field: File): string | undefined => {
    const path = spec[field];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (cause) {
      throw new AppError('FILE_UNREADABLE', `A file for SIP over TLS cannot be read: ${(cause as Error).message}`, {
        where: path,
        found: (cause as NodeJS.ErrnoException).code,
        hint: `It is named by ${nameOf(field)}.`,
        cause,
      });
    }
  };
  return { ca: read('ca'), cert: read('cert'), key: read('key'), serverName, verify, requireClientCertificate };
}
