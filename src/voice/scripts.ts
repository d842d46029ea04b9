import type { Sound } from '../audio/sound.js';
import type { AgentScript } from './agent.js';
import type { CallerScript } from './caller.js';
import type { AgentSpec, TurnsSpec } from './spec.js';

const GREETING = 'agent greeting';

/** What the caller does, by the names of `turnSounds`. */
export function callerScript(spec: TurnsSpec): CallerScript {
  return {
    say: namesOf('turn', spec.say),
    count: spec.count,
    speaksFirst: spec.speaksFirst,
    pauseMs: spec.pause,
    waitMs: spec.wait,
    bargeInAfterMs: spec.bargeIn?.after ?? null,
    deadAirMs: spec.deadAir,
  };
}

export function agentScript(spec: AgentSpec): AgentScript {
  return {
    greeting: spec.greeting === null ? null : GREETING,
    afterMs: spec.after,
    says: namesOf('agent', spec.says),
    respondsAfterMs: spec.respondsAfter,
    stopsAfterMs: spec.stopsOnBargeIn ?? null,
  };
}

type Colour = Pick<Sound, 'noise' | 'gain' | 'clip'>;

/** The sounds of a caller or an agent, by name. @param colour what the side adds to all that it plays */
export function turnSounds(
  { turns, agent }: { turns?: TurnsSpec; agent?: AgentSpec },
  colour: Colour,
): Record<string, Sound> {
  const result: Record<string, Sound> = {};
  const add = (name: string, audio: string, lengthMs: number): void => {
    result[name] = { audio, seconds: lengthMs / 1000, once: true, ...colour };
  };
  for (const [i, audio] of (turns?.say ?? []).entries()) add(`turn ${i}`, audio, turns!.length);
  for (const [i, audio] of (agent?.says ?? []).entries()) add(`agent ${i}`, audio, agent!.length);
  if (agent && agent.greeting !== null) add(GREETING, agent.greeting, agent.length);
  return result;
}

function namesOf(kind: string, list: readonly string[]): string[] {
  return list.map((_, i) => `${kind} ${i}`);
}
