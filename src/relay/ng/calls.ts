import { NgCall } from './call.js';
import type { Dialogue, DialogueSurroundings } from './dialogue.js';

/** Why a call is over, as `statistics` counts it. */
export type EndOfCall = 'deleted' | 'timeout' | 'offerTimeout' | 'noPorts';

export interface CallsLimits {
  /** Calls at a time; an offer beyond is refused. */
  calls: number;
  /** How long an offer may go without an answer. */
  offerTimeoutMs: number;
  /** How long a call on hold may be silent. */
  heldTimeoutMs: number;
  /** How long media may be silent, as the relay has it; 0 for ever. */
  mediaTimeoutMs: number;
}

/** What came to an end so far. */
export interface EndedCalls {
  deleted: number;
  timeout: number;
  offerTimeout: number;
  noPorts: number;
  refused: number;
  /** Sum over all calls, from first offer to end. */
  durationMs: number;
  /** Sum of squares, in seconds. */
  durationS2: number;
}

/** The calls that are up, by Call-ID, and their limits in number and time. */
export class NgCalls {
  readonly ended: EndedCalls = {
    deleted: 0,
    timeout: 0,
    offerTimeout: 0,
    noPorts: 0,
    refused: 0,
    durationMs: 0,
    durationS2: 0,
  };
  private readonly byId = new Map<string, NgCall>();
  private readonly byMedium = new Map<number, Dialogue>();
  private readonly around: DialogueSurroundings;

  constructor(
    surroundings: Omit<DialogueSurroundings, 'onOpened' | 'onClosed'>,
    private readonly limits: CallsLimits,
  ) {
    this.around = {
      ...surroundings,
      onOpened: (call, dialogue) => this.byMedium.set(call, dialogue),
      onClosed: (call) => this.byMedium.delete(call),
    };
  }

  get size(): number {
    return this.byId.size;
  }

  get(id: string): NgCall | null {
    return this.byId.get(id) ?? null;
  }

  /** The call of an offer; `null` where there are as many as there may be. */
  getOrCreate(id: string): NgCall | null {
    const known = this.byId.get(id);
    if (known) return known;
    if (this.byId.size >= this.limits.calls) {
      this.ended.refused++;
      return null;
    }
    const call = new NgCall(id, this.around);
    this.byId.set(id, call);
    return call;
  }

  /** Ports of a local address that media of calls hold. */
  readonly portsInUse = (address: string): number => {
    let ports = 0;
    for (const dialogue of new Set(this.byMedium.values())) ports += dialogue.portsOf(address);
    return ports;
  };

  ids(limit: number): string[] {
    const ids: string[] = [];
    for (const id of this.byId.keys()) {
      if (ids.length >= limit) break;
      ids.push(id);
    }
    return ids;
  }

  /** Ends a dialogue, and the call with its last one. */
  endDialogue(call: NgCall, dialogue: Dialogue, cause: EndOfCall | null): void {
    call.end(dialogue);
    if (call.dialogues.length === 0) this.end(call, cause);
  }

  /** @param cause `null` for a call that never was one, as its first offer was of no use */
  end(call: NgCall, cause: EndOfCall | null): void {
    for (const dialogue of [...call.dialogues]) call.end(dialogue);
    if (this.byId.get(call.id) !== call) return;
    this.byId.delete(call.id);
    if (cause === null) return;
    const durationMs = this.around.now() - call.createdMs;
    this.ended[cause]++;
    this.ended.durationMs += durationMs;
    this.ended.durationS2 += (durationMs / 1000) ** 2;
  }

  /** A medium was silent for the media timeout. */
  onSilent(medium: number): void {
    const dialogue = this.byMedium.get(medium);
    if (dialogue) dialogue.silentSinceMs ??= this.around.now();
  }

  /** To be called about once a second: ends what has lasted too long. */
  async tick(): Promise<void> {
    const nowMs = this.around.now();
    const { offerTimeoutMs, heldTimeoutMs } = this.limits;
    const silent: { call: NgCall; dialogue: Dialogue }[] = [];
    for (const call of [...this.byId.values()])
      for (const dialogue of [...call.dialogues]) {
        const { answered, lastSignalMs, deleteAtMs, silentSinceMs } = dialogue;
        if (deleteAtMs !== null && nowMs >= deleteAtMs) this.endDialogue(call, dialogue, 'deleted');
        else if (!answered && nowMs - lastSignalMs >= offerTimeoutMs) this.endDialogue(call, dialogue, 'offerTimeout');
        else if (answered && silentSinceMs !== null && (!dialogue.isHeld || nowMs - silentSinceMs >= heldTimeoutMs))
          silent.push({ call, dialogue });
      }
    await Promise.all(silent.map(({ call, dialogue }) => this.endIfSilent(call, dialogue)));
  }

  /** Silence was told of one medium, and once only: media may have come since, or come in another. */
  private async endIfSilent(call: NgCall, dialogue: Dialogue): Promise<void> {
    const media = await dialogue.query();
    if (dialogue.silentSinceMs === null) return;
    const lastMs = media.map(({ report }) => {
      const { a, b } = report?.ends ?? { a: null, b: null };
      return Math.max(report?.openedMs ?? 0, a?.lastPacketMs ?? 0, b?.lastPacketMs ?? 0);
    });
    if (this.around.now() - Math.max(0, ...lastMs) >= this.limits.mediaTimeoutMs)
      this.endDialogue(call, dialogue, 'timeout');
    else dialogue.silentSinceMs = null;
  }
}
