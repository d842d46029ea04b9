import type { RelayBlocks } from '../../media/link/relay-messages.js';
import type { Party } from '../../sdp/relay-party.js';
import { Dialogue, type DialogueSurroundings, NO_BLOCKS } from './dialogue.js';
import type { NgRequest } from './request.js';

/** A party of a call: one side of one of its dialogues. */
export interface CallParty {
  dialogue: Dialogue;
  party: Party;
}

/** Branches that one call may have, and tags of one party; forking is bounded by what a proxy does, this is for hostile controllers. */
const MAX_DIALOGUES = 64;
const MAX_TAGS = 64;

/** All that goes by one Call-ID: one dialogue, or several where the call was forked. */
export class NgCall {
  readonly dialogues: Dialogue[] = [];
  readonly createdMs: number;
  lastSignalMs: number;
  /** Offers and answers of the call so far. */
  private made = 0;
  private blocks = NO_BLOCKS;

  constructor(
    readonly id: string,
    private readonly around: DialogueSurroundings,
  ) {
    this.createdMs = around.now();
    this.lastSignalMs = this.createdMs;
  }

  /** The party that an offer or answer comes from, in the dialogue that it belongs to; `null` where it belongs to none. */
  senderOf(kind: 'offer' | 'answer', request: NgRequest): CallParty | null {
    this.lastSignalMs = this.around.now();
    return kind === 'offer' ? this.offerer(request) : this.answerer(request);
  }

  /** Parties that have a tag, the newest last. */
  withTag(tag: string): CallParty[] {
    return this.parties.filter(({ dialogue, party }) => dialogue.tags[party].has(tag));
  }

  get parties(): CallParty[] {
    return this.dialogues.flatMap((dialogue) => [
      { dialogue, party: 'a' as const },
      { dialogue, party: 'b' as const },
    ]);
  }

  /** What of the whole call is thrown away or silenced, whatever is of single parties. */
  block(what: keyof RelayBlocks, isBlocked: boolean): void {
    this.blocks = { ...this.blocks, [what]: isBlocked };
    for (const dialogue of this.dialogues) dialogue.blockAll(this.blocks);
  }

  /** Takes a dialogue out and gives its ports back. */
  end(dialogue: Dialogue): void {
    const at = this.dialogues.indexOf(dialogue);
    if (at < 0) return;
    this.dialogues.splice(at, 1);
    dialogue.close();
  }

  private offerer({ fromTag, toTag, viaBranch }: NgRequest): CallParty | null {
    const known = this.withTag(fromTag);
    if (toTag !== '') {
      const between = known.find(({ dialogue, party }) => dialogue.tags[party === 'a' ? 'b' : 'a'].has(toTag));
      if (between) return between;
      // An offer within a dialogue whose answer never came by here.
      const half = known.find(({ dialogue, party }) => party === 'a' && dialogue.tags.b.size === 0);
      if (half) return this.tagged(half, toTag);
    } else {
      const again = known.find((one) => this.isOfBranch(one, viaBranch));
      if (again) return again;
    }
    return this.make(fromTag, toTag, viaBranch);
  }

  private answerer({ fromTag, toTag, viaBranch }: NgRequest): CallParty | null {
    const offerers = this.withTag(fromTag);
    const answerer = ({ dialogue, party }: CallParty): CallParty => ({ dialogue, party: party === 'a' ? 'b' : 'a' });
    const candidates = offerers.map(answerer);
    const known = candidates.find(({ dialogue, party }) => dialogue.tags[party].has(toTag));
    if (known) return known;
    const ofBranch = viaBranch === '' ? undefined : candidates.find(({ dialogue }) => dialogue.viaBranch === viaBranch);
    const untagged = candidates.find(({ dialogue, party }) => dialogue.tags[party].size === 0);
    const found = ofBranch ?? untagged ?? candidates.at(-1);
    if (!found || found.dialogue.tags[found.party].size === MAX_TAGS) return null;
    found.dialogue.tags[found.party].add(toTag);
    return found;
  }

  /** An offer without a To tag: the same branch again, or the first one whose branch was not told. */
  private isOfBranch({ dialogue, party }: CallParty, viaBranch: string): boolean {
    if (party !== 'a') return false;
    if (viaBranch !== '' && dialogue.viaBranch === '') dialogue.viaBranch = viaBranch;
    return viaBranch === '' || dialogue.viaBranch === viaBranch;
  }

  private tagged(found: CallParty, toTag: string): CallParty {
    found.dialogue.tags.b.add(toTag);
    return found;
  }

  private make(fromTag: string, toTag: string, viaBranch: string): CallParty | null {
    if (this.dialogues.length === MAX_DIALOGUES) return null;
    const dialogue = new Dialogue(`${this.id}/${this.made++}`, this.around);
    dialogue.tags.a.add(fromTag);
    if (toTag !== '') dialogue.tags.b.add(toTag);
    dialogue.viaBranch = viaBranch;
    this.dialogues.push(dialogue);
    dialogue.blockAll(this.blocks);
    return { dialogue, party: 'a' };
  }
}
