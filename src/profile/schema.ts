import { z } from 'zod';
import { callSpec, mediaSpec } from '../flow/spec.js';
import { infeasibility } from '../impair/infeasibility.js';
import { impairmentSpec } from '../impair/spec.js';
import { loadSpec } from '../load/spec.js';
import { type Gate, parseGate } from '../metrics/gate-parser.js';
import { NumberPattern, PatternError } from '../swarm/number-pattern.js';
import { readTarget } from '../swarm/target.js';
import { trunkSpec } from '../trunk/spec.js';

const gates = z
  .array(z.string())
  .default([])
  .describe(
    'Bounds that decide the verdict, such as `sip.setupFailureRatio < 2%`; a figure that was not measured fails its gate',
  );

/** A profile as written, with every default filled in. */
export const profileSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/, 'small letters, digits and hyphens: it becomes part of a folder name')
      .describe('Name of the run'),
    description: z.string().default('').describe('What the run is for'),
    seed: z.number().int().min(0).max(0xffffffff).default(1).describe('All random decisions follow from it'),
    target: z
      .string()
      .refine((uri) => readTarget(uri) !== null, 'expected a SIP URI such as sip:trunk.example.net:5060')
      .optional()
      .describe('What is called; without it (and without --to) the run starts its own trunk on loopback'),
    load: loadSpec.describe('When calls are attempted: stages, one after the other'),
    calls: callSpec.prefault({}),
    media: mediaSpec.prefault({}),
    impairment: impairmentSpec.prefault({}),
    trunk: trunkSpec.prefault({}),
    refusals: z
      .array(z.number().int().min(300).max(699))
      .default([503, 486, 480, 600, 403, 603, 500])
      .describe('Statuses that mean "the trunk is full"; a Q.850 cause in a Reason header goes before them'),
    gates,
  })
  .superRefine((profile, context) => {
    const issue = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    for (const direction of ['uplink', 'downlink'] as const)
      for (const [i, stage] of profile.impairment[direction].entries()) {
        const reason = infeasibility(stage);
        if (reason !== null) issue(['impairment', direction, i], reason);
      }
    for (const [i, expression] of profile.gates.entries()) {
      const parsed = parseGate(expression);
      if (!parsed.ok) issue(['gates', i], parsed.message);
    }
    const patterns: [(string | number)[], string | undefined][] = [
      [['calls', 'from'], profile.calls.from],
      [['calls', 'to'], profile.calls.to],
      ...Object.entries(profile.calls.headers).map(([name, value]): [string[], string] => [
        ['calls', 'headers', name],
        value,
      ]),
    ];
    for (const [path, pattern] of patterns) {
      if (pattern === undefined) continue;
      try {
        const { variables } = new NumberPattern(pattern);
        if (variables.length > 0 && profile.calls.numbers === undefined)
          issue(path, `takes the variable {${variables[0]}}, but there is no \`numbers\` file to take it from`);
      } catch (error) {
        if (!(error instanceof PatternError)) throw error;
        issue(path, error.message);
      }
    }
  });

export type Profile = z.infer<typeof profileSchema>;

/** The gates of a valid profile, parsed. */
export function gatesOf(profile: Profile): Gate[] {
  return profile.gates.map((expression) => {
    const parsed = parseGate(expression);
    if (!parsed.ok) throw new Error(parsed.message);
    return parsed.gate;
  });
}

/** The JSON Schema of a profile as a user writes it, for editors. */
export function profileJsonSchema(): unknown {
  return z.toJSONSchema(profileSchema, { io: 'input', unrepresentable: 'any' });
}
