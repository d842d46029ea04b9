import { type AddressFamily, familyOf } from '../../sdp/relayed-media.js';

/** A local address of the relay under the name by which controllers choose it (`direction`). */
export interface NgInterface {
  name: string;
  /** Bound by the media thread. */
  address: string;
  /** Written into descriptions in its place, behind NAT. */
  advertised?: string;
}

/** The relay's addresses, the first of which is the default. */
export class NgInterfaces {
  /** @param all at least one */
  constructor(readonly all: readonly NgInterface[]) {}

  /**
   * The address for a party: of the interface that is asked for, else of the first; of the family that is asked for where that
   * has one, else any. `internal` and `external` mean IPv4 and IPv6 where no interfaces have these names, as with rtpengine.
   */
  choose(name: string, family: AddressFamily): NgInterface {
    const named = this.all.filter((one) => one.name === name);
    const wanted = named.length > 0 ? family : (LEGACY_NAMES.get(name) ?? family);
    const candidates = named.length > 0 ? named : this.all.filter((one) => one.name === this.all[0].name);
    const isWanted = ({ address }: NgInterface): boolean => familyOf(address) === wanted;
    return candidates.find(isWanted) ?? this.all.find(isWanted) ?? candidates[0];
  }

  /** Whether there is an interface of that name, or the name means something anyway. */
  knows(name: string): boolean {
    return name === '' || LEGACY_NAMES.has(name) || this.all.some((one) => one.name === name);
  }
}

const LEGACY_NAMES: ReadonlyMap<string, AddressFamily> = new Map([
  ['internal', 'IP4'],
  ['external', 'IP6'],
]);
