import type { RegistrationsSpec } from './registration-spec.js';

/** Accounts that are taken off per second at the end; `null` where none is. */
export function leavingCps({ unregister, cps }: Pick<RegistrationsSpec, 'unregister' | 'cps'>): number | null {
  if (typeof unregister === 'object') return unregister.cps;
  return unregister ? cps : null;
}
