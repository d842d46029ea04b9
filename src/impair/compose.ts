import type { ImpairmentSpec, Phase, Selection } from './impairment-spec.js';
import { networkOf } from './networks.js';
import type { Pipeline, PlainStage, TimelineStage } from './spec.js';

type DirectionName = 'uplink' | 'downlink';

/** Impairments as paths take them: networks and timelines are stages, and which calls they are for. */
export interface Impairments extends Record<DirectionName, Pipeline> {
  select: Selection | undefined;
}

const OUTAGE: PlainStage = { kind: 'loss', ratio: 1, burst: 1 };

/** The stages of each direction: those written, those of the network, and what the timeline has on top, in this order. */
export function pipelinesOf(impairment: ImpairmentSpec): Record<DirectionName, Pipeline> {
  const of = (direction: DirectionName): Pipeline => {
    const { timeline, repeat } = impairment;
    const stages: Pipeline = stagesOf(impairment, direction);
    if (timeline === undefined) return stages;
    const phases: TimelineStage['phases'] = timeline.map((phase) => ({
      name: nameOf(phase),
      for: phase.for,
      stages: stagesOf(phase, direction),
    }));
    return [...stages, { kind: 'timeline', phases, repeat }];
  };
  return { uplink: of('uplink'), downlink: of('downlink') };
}

/** @throws AppError for the name of a network that does not exist */
export function impairmentsOf(impairment: ImpairmentSpec): Impairments {
  return { select: impairment.select, ...pipelinesOf(impairment) };
}

function stagesOf(part: Phase | ImpairmentSpec, direction: DirectionName): PlainStage[] {
  const ofNetwork = part.network === undefined ? [] : networkOf(part.network)[direction];
  const outage = 'outage' in part && part.outage !== undefined ? [OUTAGE] : [];
  return [...part[direction], ...ofNetwork, ...outage];
}

function nameOf({ name, network, outage, uplink, downlink }: Phase): string {
  if (name !== undefined) return name;
  if (outage !== undefined) return 'outage';
  return network ?? (uplink.length + downlink.length === 0 ? 'clean' : 'faults');
}
