import { networkInterfaces } from 'node:os';
import { AppError } from '../core/errors.js';

export type AddressFault = AppError;

/** Why a local address and port could not be bound, for the user. */
export function addressFault(address: string, port: number, code: string, cause?: unknown): AppError {
  const where = port === 0 ? address : `${address}:${port}`;
  if (code === 'EADDRINUSE')
    return new AppError('PORT_TAKEN', `The SIP port ${where} is taken`, {
      where,
      found: code,
      hint: 'Choose another port, or end the program that has it.',
      cause,
    });
  return new AppError('ADDRESS_UNUSABLE', `SIP cannot use ${where}`, {
    where,
    found: code,
    hint: 'The address must belong to this machine; ports below 1024 need privileges.',
    cause,
  });
}

/** A wildcard address cannot be written into a Contact: takes the first address that others can reach. */
export function reachableAddress(bound: string): string {
  if (bound !== '0.0.0.0' && bound !== '::') return bound;
  const family = bound === '::' ? 'IPv6' : 'IPv4';
  for (const entries of Object.values(networkInterfaces()))
    for (const entry of entries ?? []) if (!entry.internal && entry.family === family) return entry.address;
  return bound === '::' ? '::1' : '127.0.0.1';
}
