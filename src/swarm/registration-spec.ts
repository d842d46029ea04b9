import { z } from 'zod';
import { duration, ratio } from '../core/units.js';
import { readTarget } from './target.js';

const cps = z.number().gt(0).max(20_000);

/** A granted time is whole seconds (RFC 3261 10.2.1.1). */
const expires = duration.refine((ms) => ms >= 1000 && ms <= 0xffffffff * 1000, 'must be 1s or more');

const storm = z
  .strictObject({
    at: duration.describe('When it begins, from the start of the calls'),
    cps: cps.describe('Accounts that register again per second'),
    cold: z
      .boolean()
      .default(true)
      .describe('As phones do after a power cut, with a Call-ID of their own and without a nonce; or as a refresh'),
  })
  .describe('Every account registers again at that rate');

/** Accounts that are registered while a run lasts, in a profile. */
export const registrationsSpec = z
  .strictObject({
    accounts: z
      .string()
      .describe('CSV file with the columns user, password and, if needed, domain, auth_user and realm'),
    registrar: z
      .string()
      .refine(
        (uri) => readTarget(uri)?.user === null,
        'expected a SIP URI without a user, such as sip:example.net:5060',
      )
      .describe('Where REGISTER goes'),
    cps: cps.default(50).describe('Accounts that begin to register per second, and are taken off at the end'),
    expires: expires.default(3_600_000).describe('Time that is asked for; what the registrar grants is obeyed'),
    refresh: ratio
      .refine((share) => share >= 0.1 && share <= 0.95, 'must lie within 10 % and 95 %')
      .default(0.9)
      .describe('Share of the granted time after which an account registers again, or up to a tenth of it earlier'),
    calls: z.enum(['after', 'beside']).default('after').describe('Whether calls wait until every account was tried'),
    hold: duration
      .default(0)
      .describe('Without `load`: how long the accounts stay registered once every one was tried'),
    unregister: z
      .union([z.boolean(), z.strictObject({ cps: cps.describe('Accounts that are taken off per second') })])
      .default(true)
      .describe('Takes every account off at the end, after Ctrl-C too, at a rate of its own where one is given'),
    storm: storm.optional(),
  })
  .describe('Accounts that register (RFC 3261 10) and stay registered while the run lasts');

export type RegistrationsSpec = z.infer<typeof registrationsSpec>;
