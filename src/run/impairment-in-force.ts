import { type ImpairmentSpec, impairmentSpec } from '../impair/impairment-spec.js';
import { networkNames } from '../impair/networks.js';

/** What is in force in a run, and how it came to that. */
export class ImpairmentInForce {
  private readonly changes: { name: string; atMs: number }[] = [];
  private current: ImpairmentSpec;
  /** Place of the network that the key chose last; −1 for none. */
  private network = -1;

  constructor(private readonly ofProfile: ImpairmentSpec) {
    this.current = ofProfile;
  }

  /** Takes note of a change and names it. `atMs` since the start of the run. */
  change(impairment: ImpairmentSpec, atMs: number): string {
    this.current = impairment;
    const name = `change ${this.changes.length + 1}${impairment.network === undefined ? '' : ` (${impairment.network})`}`;
    this.changes.push({ name, atMs: Math.max(0, Math.round(atMs)) });
    return name;
  }

  /** What was changed last; `null` while all is as the profile has it. */
  get changed(): { impairment: ImpairmentSpec; name: string } | null {
    const last = this.changes.at(-1);
    return last ? { impairment: this.current, name: last.name } : null;
  }

  /** The named network after the one that was asked for last; after the last of them what the profile has. */
  nextNetwork(): ImpairmentSpec {
    const names = networkNames();
    this.network = this.network + 1 < names.length ? this.network + 1 : -1;
    return this.network < 0 ? this.ofProfile : impairmentSpec.parse({ network: names[this.network] });
  }

  /** What is in force, and the changes so far, in ms since the start of the run. */
  report(): { impairment: ImpairmentSpec; changes: { name: string; atMs: number }[] } {
    return { impairment: this.current, changes: [...this.changes] };
  }
}
