import { z } from 'zod';
import { duration } from '../core/units.js';
import { readTarget } from './target.js';

/** Timer B and F: 64·T1 (RFC 3261 17.1). */
const TIMER_B_MS = 32_000;
const LEAST_EVERY_MS = 100;

export const targetUri = z
  .string()
  .refine((uri) => readTarget(uri) !== null, 'expected a SIP URI such as sip:trunk.example.net:5060');

/** The targets of a trunk group. */
export const targetsSpec = z
  .array(
    z.strictObject({
      uri: targetUri.describe(
        'SIP URI; its user part is called where `calls.to` is not given. Each server that its name leads to is a target',
      ),
      name: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, 'up to 32 letters, digits, dots, hyphens and underscores')
        .optional()
        .describe('Name in records, figures and on the screen; without it the URI'),
      priority: z
        .number()
        .int()
        .min(0)
        .max(65_535)
        .default(1)
        .describe('Lower ones are tried first, as in SRV records'),
      weight: z
        .number()
        .int()
        .min(0)
        .max(65_535)
        .default(1)
        .describe('Share of the calls among targets of one priority; 0: only where no other of them can take the call'),
    }),
  )
  .min(1)
  .max(100)
  .superRefine((targets, context) => {
    for (const key of ['uri', 'name'] as const)
      targets.forEach((target, i) => {
        const value = target[key];
        if (value !== undefined && targets.findIndex((other) => other[key] === value) < i)
          context.addIssue({ code: 'custom', path: [i, key], message: `${value} is a target already` });
      });
  });

/** When an attempt goes on to the next target, and when a target is no longer tried. */
export const failoverSpec = z
  .strictObject({
    statuses: z
      .array(z.number().int().min(300).max(699))
      .default([503])
      .describe('Final statuses after which the next target is tried; so it is after a timeout or a transport error'),
    noResponseMs: duration
      .refine((ms) => ms > 0, 'must be above 0')
      .default(TIMER_B_MS)
      .describe('A try without a response above 100 by then is cancelled, and the next target tried (64·T1)'),
    honourRetryAfter: z
      .boolean()
      .default(true)
      .describe('A target whose refusal has a Retry-After is left alone for that long (RFC 3261 21.5.4)'),
    keepalive: z
      .strictObject({
        every: duration
          .refine((ms) => ms >= LEAST_EVERY_MS, `must be ${LEAST_EVERY_MS} ms or more`)
          .default(10_000)
          .describe('How often each target gets an OPTIONS; one without an answer until the next has failed'),
        failures: z.number().int().min(1).max(100).default(2).describe('So many failures in a row mark a target down'),
        successes: z.number().int().min(1).max(100).default(1).describe('So many answers in a row mark it up again'),
      })
      .optional()
      .describe('OPTIONS to each target, by which it is marked down and up again; without it no target is'),
  })
  .describe('Failover between `targets`');

export type TargetSpec = z.infer<typeof targetsSpec>[number];
export type FailoverSpec = z.infer<typeof failoverSpec>;
