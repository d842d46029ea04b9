import { pipelinesOf } from '../impair/compose.js';
import { networkOf } from '../impair/networks.js';
import { isSelected } from '../impair/selection.js';
import type { Pipeline } from '../impair/spec.js';
import type { RelayDirection, RelaySide } from '../media/link/relay-messages.js';
import { readImpairment, readSdpFaults } from '../profile/read.js';
import type { CallTraits } from '../relay/relay.js';
import type { SdpFault } from '../sdp/fault-spec.js';
import { profilePath } from './effective-profile.js';

export interface RelayImpairment {
  /** For people: what network this is. */
  label: string;
  pipelinesOf(call: CallTraits): Record<RelayDirection, Pipeline>;
  /** Faults of what each side's descriptions say, for a door that sees them. */
  sdpFaultsOf(call: CallTraits): Record<RelaySide, readonly SdpFault[]>;
}

/**
 * What is done to calls, by `--network` and by the `impairment` of a file; the file's stages come before those of the network.
 *
 * @throws AppError ARGUMENT_INVALID, PROFILE_INVALID, FILE_UNREADABLE
 */
export function relayImpairment(flags: { network?: string; impairment?: string }): RelayImpairment {
  const ofFile = flags.impairment === undefined ? null : readImpairment(profilePath(flags.impairment));
  const stages = ofFile ? pipelinesOf(ofFile) : { uplink: [], downlink: [] };
  const network = flags.network === undefined ? null : networkOf(flags.network);
  const impaired = {
    aToB: [...stages.uplink, ...(network?.uplink ?? [])],
    bToA: [...stages.downlink, ...(network?.downlink ?? [])],
  };
  const sdp = flags.impairment === undefined ? null : readSdpFaults(profilePath(flags.impairment));
  const faulty = { a: sdp?.calls ?? [], b: sdp?.trunk ?? [] };
  const faultless = { a: [], b: [] };
  const clean = { aToB: [], bToA: [] };
  const label = [flags.impairment, flags.network].filter((name) => name !== undefined).join(' and ');
  return {
    label: label === '' ? 'none' : label,
    pipelinesOf: (call) => (isSelected(ofFile?.select, call) ? impaired : clean),
    sdpFaultsOf: (call) => (isSelected(ofFile?.select, call) ? faulty : faultless),
  };
}
