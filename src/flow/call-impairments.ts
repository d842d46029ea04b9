import type { Impairments } from '../impair/compose.js';
import { isSelected, type SelectedBy } from '../impair/selection.js';
import type { Pipeline } from '../impair/spec.js';
import type { MediaClient } from '../media/link/client.js';

/** What a call is set up with, as far as its path is concerned. */
interface PathSetup {
  media: MediaClient;
  uplink: Pipeline;
  downlink: Pipeline;
}

/** What the paths of a population's calls do: those of its calls that are up, and those of calls that come. */
export class CallImpairments<C extends PathSetup> {
  private impaired: C;
  private readonly spared: C;

  constructor(
    private readonly setup: Omit<C, 'uplink' | 'downlink'>,
    private impairments: Impairments,
  ) {
    this.spared = this.with([], []);
    this.impaired = this.with(impairments.uplink, impairments.downlink);
  }

  /** What a call that comes is set up with. */
  setupOf(call: SelectedBy): C {
    return isSelected(this.impairments.select, call) ? this.impaired : this.spared;
  }

  /** Others from now on, for calls that come. */
  change(impairments: Impairments): void {
    this.impairments = impairments;
    this.impaired = this.with(impairments.uplink, impairments.downlink);
  }

  /** Has the paths of calls that are up do it, too. `name` is for the ground truth. */
  apply(calls: Iterable<SelectedBy>, name: string): void {
    const { media, uplink, downlink } = this.impaired;
    const chosen: number[] = [];
    const others: number[] = [];
    for (const call of calls) (isSelected(this.impairments.select, call) ? chosen : others).push(call.id);
    if (chosen.length > 0) media.impair(chosen, uplink, downlink, name);
    if (others.length > 0) media.impair(others, [], [], name);
  }

  private with(uplink: Pipeline, downlink: Pipeline): C {
    return { ...this.setup, uplink, downlink } as C;
  }
}
