import { ControlServer } from '../control/server.js';
import { systemClock } from '../core/clock.js';
import { impairmentsOf } from '../impair/compose.js';
import type { ImpairmentSpec } from '../impair/impairment-spec.js';
import type { ShardCommand } from '../shard/messages.js';
import { ImpairmentInForce } from './impairment-in-force.js';
import type { RunState } from './run-state.js';

export interface ImpairingOptions {
  state: RunState;
  /** To the threads whose calls are impaired. */
  send(command: ShardCommand): void;
  onNote(text: string): void;
}

/** Changes the impairments of a run while it goes: by key, and over HTTP. */
export class Impairing {
  private readonly inForce: ImpairmentInForce;
  private control: ControlServer | null = null;

  constructor(private readonly options: ImpairingOptions) {
    this.inForce = new ImpairmentInForce(options.state.profile.impairment);
  }

  /** Listens, where the profile says so. Rejects with AppError where the port cannot be had. */
  async open(): Promise<void> {
    const { control } = this.options.state.profile;
    if (control === undefined) return;
    this.control = await ControlServer.open(control, {
      impairment: () => this.inForce.report(),
      changeImpairment: (impairment) => this.change(impairment),
    });
    this.options.onNote(`control: ${this.control.url}`);
  }

  /** The threads are up: what was asked for while they started. */
  begin(): void {
    const { changed } = this.inForce;
    if (changed) this.send(changed.impairment, changed.name);
  }

  /** Other impairments, for the calls that are up and for those that come. */
  change(impairment: ImpairmentSpec): void {
    const { state, onNote } = this.options;
    const name = this.inForce.change(impairment, state.elapsedMs(systemClock.now()));
    onNote(`impairments: ${name}`);
    if (state.phase !== 'starting') this.send(impairment, name);
  }

  /** The next one of the named networks in place of the impairments; after the last one those of the profile again. */
  nextNetwork(): void {
    this.change(this.inForce.nextNetwork());
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.control?.close();
  }

  private send(impairment: ImpairmentSpec, name: string): void {
    this.options.send({ kind: 'impair', impairment: impairmentsOf(impairment), name });
  }
}
