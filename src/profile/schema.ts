import { z } from 'zod';
import { controlSpec } from '../control/spec.js';
import { duration } from '../core/units.js';
import { callSpec, conversationMistakes, mediaSpec } from '../flow/spec.js';
import { flowMistakes } from '../flow/steps/mistakes.js';
import { impairmentSpec } from '../impair/impairment-spec.js';
import { loadSpec } from '../load/spec.js';
import type { Gate } from '../metrics/gate-parser.js';
import { gateFrom, gatesSpec } from '../metrics/gate-spec.js';
import { readinessSpec } from '../metrics/readiness-spec.js';
import { sipSpec } from '../sip/spec.js';
import { failoverSpec, targetsSpec, targetUri } from '../swarm/group-spec.js';
import { NumberPattern, PatternError } from '../swarm/number-pattern.js';
import { registrationsSpec } from '../swarm/registration-spec.js';
import { inboundSpec } from '../trunk/inbound-spec.js';
import { trunkSpec } from '../trunk/spec.js';

const allowed = z.union(
  [
    z.ipv4(),
    z.ipv6(),
    z.cidrv4(),
    z.cidrv6(),
    z
      .string()
      .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i)
      .regex(/[a-z]/i),
  ],
  'expected a host name, an address or a network such as 198.51.100.0/24',
);

type Table = Record<string, unknown>;
type Path = (string | number)[];

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What no field can be checked for by itself. Takes nothing for granted: any part may be missing or of another shape. */
function checkBeyondFields(profile: Table, context: z.RefinementCtx): void {
  const issue = (path: Path, message: string): void => context.addIssue({ code: 'custom', path, message });
  checkRegistrations(profile, issue);
  checkInbound(profile, issue);
  for (const side of ['calls', 'trunk'] as const) {
    if (!isTable(profile[side])) continue;
    for (const { field, message } of conversationMistakes(profile[side])) issue([side, field], message);
    const who = side === 'calls' ? 'caller' : 'callee';
    for (const { path, message } of flowMistakes(who, profile[side])) issue([side, ...path], message);
  }
  if (isTable(profile.media) && profile.media.sharedPorts === true) {
    for (const side of ['calls', 'trunk'] as const) {
      const latch = isTable(profile[side]) ? profile[side].latch : undefined;
      if (latch !== undefined && latch !== 'off')
        issue(
          [side, 'latch'],
          'cannot work with `media.sharedPorts`: a packet from an address that no SDP named is no call’s',
        );
    }
  }
  if (profile.targets !== undefined && profile.target !== undefined)
    issue(['target'], 'cannot stand beside `targets`: make it one of them');
  if (profile.failover !== undefined && profile.targets === undefined)
    issue(['failover'], 'has no effect without `targets`');
  checkPortChanges(profile, issue);
  if (!isTable(profile.calls)) return;
  const { from, to, headers, numbers } = profile.calls;
  const recorded = recordedNumbers(profile.load);
  const patterns: [Path, unknown][] = [
    [['calls', 'from'], from],
    [['calls', 'to'], to],
  ];
  if (isTable(headers))
    for (const [name, value] of Object.entries(headers)) patterns.push([['calls', 'headers', name], value]);
  for (const [path, pattern] of patterns) {
    const mistake =
      typeof pattern === 'string' ? patternMistake(pattern, numbers === undefined ? recorded : null) : null;
    if (mistake !== null) issue(path, mistake);
  }
}

/** Without a load a run can only be a test of registrations, which has to last as long as what is to happen in it. */
function checkRegistrations(
  { load, calls, registrations, inbound }: Table,
  issue: (path: Path, message: string) => void,
): void {
  if (isTable(calls) && calls.byAccounts === true) {
    if (registrations === undefined)
      issue(['calls', 'byAccounts'], 'has no accounts to take: they are those of `registrations`');
    if (calls.credentials !== undefined)
      issue(['calls', 'credentials'], 'excludes `byAccounts`: each account has its own');
  }
  const hasLoad = Array.isArray(load) && load.length > 0;
  const recorded = recordedNumbers(load);
  for (const [side, field] of [
    ['from', 'byAccounts'],
    ['to', 'toAccounts'],
  ] as const)
    if (isTable(calls) && calls[field] === true && recorded.includes(side))
      issue(['calls', field], `excludes numbers of recorded calls: leave \`${side}\` out of the stage’s \`columns\``);
  if (isTable(calls) && calls.toAccounts === true) {
    if (registrations === undefined)
      issue(['calls', 'toAccounts'], 'has no accounts to call: they are those of `registrations`');
    else if (!hasLoad) issue(['calls', 'toAccounts'], 'has no calls to place: give a `load`');
    if (calls.to !== undefined) issue(['calls', 'to'], 'excludes `toAccounts`: the accounts are called, each in turn');
  }
  if (registrations === undefined) {
    if (inbound === undefined && !hasLoad)
      issue(['load'], 'is missing: a run places calls, or has `registrations` or `inbound`');
    return;
  }
  if (!isTable(registrations)) return;
  const { hold, storm } = registrations;
  if (hasLoad && typeof hold === 'number' && hold > 0)
    issue(['registrations', 'hold'], 'is for runs without `load`: with one, accounts stay registered until its end');
  if (!hasLoad && isTable(storm) && typeof storm.at === 'number' && typeof hold === 'number' && storm.at >= hold)
    issue(['registrations', 'storm', 'at'], 'comes when the accounts are taken off again: make `hold` longer');
}

/** A run whose load is what comes in calls nobody. */
function checkInbound(profile: Table, issue: (path: Path, message: string) => void): void {
  if (profile.inbound === undefined) {
    if (isTable(profile.trunk) && profile.trunk.turns !== undefined)
      issue(['trunk', 'turns'], 'is for runs whose load is what comes in: it needs `inbound`');
    return;
  }
  for (const field of ['target', 'targets', 'registrations'])
    if (profile[field] !== undefined) issue([field], 'cannot stand beside `inbound`: such a run calls nobody');
  if (Array.isArray(profile.load) && profile.load.length > 0)
    issue(['load'], 'cannot stand beside `inbound`: the load is what comes in');
  const { trunk } = profile;
  if (isTable(trunk) && trunk.agent !== undefined)
    issue(['trunk', 'agent'], 'cannot stand beside `inbound`: persons that answer speak by `trunk.turns`');
}

/** Only what we send by a port of our own can go over to another one. */
function checkPortChanges(profile: Table, issue: (path: Path, message: string) => void): void {
  if (!isTable(profile.impairment)) return;
  const { impairment } = profile;
  const timeline = Array.isArray(impairment.timeline) ? impairment.timeline : [];
  const parts: [Path, unknown][] = [
    [[], impairment],
    ...timeline.map((part, i): [Path, unknown] => [['timeline', i], part]),
  ];
  const isShared = isTable(profile.media) && profile.media.sharedPorts === true;
  for (const [path, part] of parts)
    for (const direction of ['uplink', 'downlink']) {
      const stages = isTable(part) ? part[direction] : undefined;
      if (!Array.isArray(stages)) continue;
      for (const [i, stage] of stages.entries()) {
        if (!isTable(stage) || stage.kind !== 'port-change') continue;
        const at = ['impairment', ...path, direction, i];
        if (direction === 'downlink') issue(at, 'the far end’s port is its own: `port-change` belongs into the uplink');
        else if (isShared) issue(at, 'cannot work with `media.sharedPorts`: calls have no port of their own');
      }
    }
}

/** Which numbers of recorded calls a load has: variables as those of a file of numbers are. */
function recordedNumbers(load: unknown): string[] {
  const columns = (Array.isArray(load) ? load : []).map((stage) => (isTable(stage) ? stage.columns : undefined));
  return ['from', 'to'].filter((side) => columns.some((of) => isTable(of) && of[side] !== undefined));
}

/** @param known all variables that there are; `null`: a file's */
function patternMistake(pattern: string, known: readonly string[] | null): string | null {
  try {
    const { variables } = new NumberPattern(pattern);
    const unknown = known && variables.find((name) => !known.includes(name));
    return unknown ? `takes the variable {${unknown}}, but there is no \`numbers\` file to take it from` : null;
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}

/** A profile as written, with every default filled in. */
export const profileSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/, 'small letters, digits and hyphens: it becomes part of a folder name')
      .describe('Name of the run'),
    description: z.string().default('').describe('What the run is for'),
    seed: z.number().int().min(0).max(0xffffffff).default(1).describe('All random decisions follow from it'),
    target: targetUri
      .optional()
      .describe(
        'What is called; without it (and without --to) the registrar of `registrations`, or a trunk of the run’s own on loopback',
      ),
    targets: targetsSpec
      .optional()
      .describe('In place of `target`: a trunk group, between whose targets attempts fail over'),
    failover: failoverSpec.optional(),
    allow: z
      .array(allowed)
      .default([])
      .describe(
        'Hosts, addresses and networks (`198.51.100.0/24`) with public addresses that may get more than 10 attempts a second',
      ),
    load: loadSpec
      .default([])
      .describe(
        'When calls are attempted: stages, one after the other; `registrations` can do without, and `inbound` does',
      ),
    registrations: registrationsSpec.optional(),
    inbound: inboundSpec.optional(),
    calls: callSpec.prefault({}),
    sip: sipSpec.prefault({}),
    media: mediaSpec.prefault({}),
    impairment: impairmentSpec.prefault({}),
    control: controlSpec.optional(),
    trunk: trunkSpec.prefault({}),
    warmUp: duration.default(10_000).describe('Attempts that start before are cold; slopes over time begin there'),
    refusals: z
      .array(z.number().int().min(300).max(699))
      .default([503, 486, 480, 600, 403, 603, 500])
      .describe('Statuses that mean "the trunk is full"; a Q.850 cause in a Reason header goes before them'),
    gates: gatesSpec,
    readiness: readinessSpec,
  })
  // Also where another field is wrong already, so that a profile's mistakes are all told at once.
  .superRefine((profile, context) => checkBeyondFields(profile, context), { when: ({ value }) => isTable(value) });

export type Profile = z.infer<typeof profileSchema>;

/** The gates of a valid profile, parsed: its `gates`, then those of its criteria of readiness. */
export function gatesOf({ gates, readiness }: Profile): Gate[] {
  return [...gates, ...readiness.map(({ gate }) => gate).filter((gate) => gate !== undefined)].map(gateFrom);
}

/** The JSON Schema of a profile as a user writes it, for editors. */
export function profileJsonSchema(): unknown {
  return z.toJSONSchema(profileSchema, { io: 'input', unrepresentable: 'any' });
}
