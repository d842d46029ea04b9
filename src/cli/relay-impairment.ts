import { type ImpairmentSpec, impairmentSpec } from '../impair/impairment-spec.js';
import { isSelected } from '../impair/selection.js';
import type { RelaySide } from '../media/link/relay-messages.js';
import { readImpairment, readSdpFaults } from '../profile/read.js';
import type { CallTraits } from '../relay/relay.js';
import type { SdpFault } from '../sdp/fault-spec.js';
import { profilePath } from './effective-profile.js';

export interface RelayImpairment {
  /** For people: what network this is. */
  label: string;
  impairment: ImpairmentSpec;
  /** Whether the file has faults of descriptions at all. */
  hasSdpFaults: boolean;
  /** Faults of what each side's descriptions say, for a door that sees them. */
  sdpFaultsOf(call: CallTraits): Record<RelaySide, readonly SdpFault[]>;
}

/**
 * What is done to calls, by the `impairment` of a file and by `--network`, which takes the place of the file's network.
 *
 * @throws AppError ARGUMENT_INVALID, PROFILE_INVALID, FILE_UNREADABLE
 */
export function relayImpairment(flags: { network?: string; impairment?: string }): RelayImpairment {
  const ofFile = flags.impairment === undefined ? null : readImpairment(profilePath(flags.impairment));
  const impairment = ofFile ?? impairmentSpec.parse({});
  const sdp = flags.impairment === undefined ? null : readSdpFaults(profilePath(flags.impairment));
  const faulty = { a: sdp?.calls ?? [], b: sdp?.trunk ?? [] };
  const faultless = { a: [], b: [] };
  const label = [flags.impairment, flags.network].filter((name) => name !== undefined).join(' and ');
  return {
    label: label === '' ? 'none' : label,
    impairment: flags.network === undefined ? impairment : { ...impairment, network: flags.network },
    hasSdpFaults: faulty.a.length + faulty.b.length > 0,
    sdpFaultsOf: (call) => (isSelected(ofFile?.select, call) ? faulty : faultless),
  };
}
