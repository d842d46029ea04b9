import { readFileSync } from 'node:fs';
import { AppError } from '../core/errors.js';
import type { SipSpec } from './spec.js';
import type { TlsOptions } from './stream-transport.js';

/** Reads the files that a profile names for TLS. @throws AppError FILE_UNREADABLE */
export function readTls(spec: NonNullable<SipSpec['tls']>): TlsOptions {
  const { serverName, verify, requireClientCertificate } = spec;
  const read = (field: 'ca' | 'cert' | 'key'): string | undefined => {
    const path = spec[field];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (cause) {
      throw new AppError('FILE_UNREADABLE', `A file for SIP over TLS cannot be read: ${(cause as Error).message}`, {
        where: path,
        found: (cause as NodeJS.ErrnoException).code,
        hint: `It is named by sip.tls.${field} of the profile.`,
        cause,
      });
    }
  };
  return { ca: read('ca'), cert: read('cert'), key: read('key'), serverName, verify, requireClientCertificate };
}
