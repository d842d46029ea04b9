import type { MediaReport } from '../media/link/messages.js';
import type { AgentReport } from '../voice/talker.js';
import type { Tone } from '../voice/tones.js';
import { measureTurns, type Response, type TurnReport } from '../voice/turns.js';

/** What a caller felt of a conversation, and what is known of why; see docs/figures.md. */
export interface TurnRecord extends Omit<TurnReport, 'responses'> {
  responses: (Response & {
    /** Calls in progress when our utterance ended. */
    inProgress: number | null;
  })[];
  /** Tones that were heard: no speech. */
  tones: Tone[];
  /** The part of the times that the paths and jitter buffers of ours make: on the way there, and back. */
  pathMs: { uplink: number | null; downlink: number | null };
  /** What our own simulated agent did, by its own clock and ears; `null` for any other far end. */
  agent: AgentReport | null;
}

/** @param own what the built-in trunk tells of the same call; `null` for any other far end */
export function turnRecord(
  media: MediaReport,
  own: MediaReport | null,
  answeredMs: number,
  endMs: number,
): TurnRecord | undefined {
  const { talk } = media;
  if (!talk) return undefined;
  const report = measureTurns({ answeredMs, endMs, ours: talk.ours, theirs: talk.theirs }, talk);
  const { uplink, downlink } = media.truth;
  return {
    ...report,
    responses: report.responses.map((response) => ({ ...response, inProgress: null })),
    tones: talk.tones,
    pathMs: {
      uplink: plus(own?.talk?.bufferMs ?? null, uplink.delayMeanMs),
      downlink: plus(talk.bufferMs, downlink.delayMeanMs),
    },
    agent: own?.talk?.agent ?? null,
  };
}

function plus(bufferMs: number | null, delayMeanMs: number | null): number | null {
  return bufferMs === null ? null : bufferMs + (delayMeanMs ?? 0);
}
