import { pipelinesOf } from '../impair/compose.js';
import type { ImpairmentSpec } from '../impair/impairment-spec.js';
import { isSelected } from '../impair/selection.js';
import type { RelayOptions } from './relay.js';

/** What is done to relayed calls: side A is the caller's, and what it sends the uplink. */
export function relayPipelines(impairment: ImpairmentSpec): RelayOptions['pipelinesOf'] {
  const { uplink, downlink } = pipelinesOf(impairment);
  const impaired = { aToB: uplink, bToA: downlink };
  const clean = { aToB: [], bToA: [] };
  return (call) => (isSelected(impairment.select, call) ? impaired : clean);
}
