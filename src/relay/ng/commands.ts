import type { RelayBlocks } from '../../media/link/relay-messages.js';
import type { Party } from '../../sdp/relay-party.js';
import type { Bencodable, BencodedDictionary } from './bencode.js';
import type { CallParty, NgCall } from './call.js';
import { reportCall } from './call-report.js';
import type { NgCalls } from './calls.js';
import { type Dialogue, NO_PORTS, TOO_MANY_CALLS } from './dialogue.js';
import type { NgInterfaces } from './interfaces.js';
import { type NgRequest, readRequest } from './request.js';
import { isKnownCommand } from './statistics.js';

/** An answer without its `result`; or what went wrong, in rtpengine's words where it has some. */
export type Outcome = Map<string, Bencodable> | { error: string } | { loadLimit: string };

/** rtpengine lists so many calls where the controller says nothing. */
const DEFAULT_LIST_LIMIT = 32;

/** Commands that throw away or silence media of a call or a party, and those that let it through again. */
const BLOCKS: ReadonlyMap<string, { what: keyof RelayBlocks; begins: boolean }> = new Map([
  ['block media', { what: 'media', begins: true }],
  ['unblock media', { what: 'media', begins: false }],
  ['block DTMF', { what: 'events', begins: true }],
  ['unblock DTMF', { what: 'events', begins: false }],
  ['silence media', { what: 'silence', begins: true }],
  ['unsilence media', { what: 'silence', begins: false }],
]);

export interface CommandSurroundings {
  calls: NgCalls;
  interfaces: NgInterfaces;
  /** The line of `loop protect`, the same as long as the relay is up. */
  mark: string;
  onIgnored(what: string): void;
  statistics(): Bencodable;
  now(): number;
  unixMs(atMs: number): number;
}

/** Carries out the commands of the ng protocol. What is known and not done here is an error, never a false ok. */
export class NgCommands {
  constructor(private readonly around: CommandSurroundings) {}

  run(command: string, dictionary: BencodedDictionary): Outcome | Promise<Outcome> {
    const { around } = this;
    if (command === 'ping') return new Map([['result', 'pong']]);
    if (command === 'statistics') return new Map([['statistics', around.statistics()]]);
    const request = readRequest(dictionary, around.mark, around.onIgnored);
    switch (command) {
      case 'offer':
      case 'answer':
        return this.describe(command, request);
      case 'delete':
        return this.delete(request);
      case 'query':
        return this.query(request);
      case 'list':
        return this.list(request);
      default: {
        const block = BLOCKS.get(command);
        if (block) return this.block(block.what, block.begins, request);
        return { error: isKnownCommand(command) ? `Not supported: ${command}` : 'Unrecognized command' };
      }
    }
  }

  private describe(kind: 'offer' | 'answer', request: NgRequest): Outcome {
    const { calls, interfaces, onIgnored, mark } = this.around;
    if (request.sdp === '') return { error: 'No SDP body in message' };
    if (request.callId === '') return { error: 'No call-id in message' };
    if (request.fromTag === '') return { error: 'No from-tag in message' };
    if (kind === 'answer' && request.toTag === '') return { error: 'No to-tag in message' };
    // It came by here before: a proxy that loops hands it in twice.
    if (request.options.mark !== null && request.sdp.split(/\r?\n/).includes(mark))
      return new Map([['sdp', request.sdp]]);
    for (const name of request.interfaces) if (!interfaces.knows(name)) onIgnored(`direction=${name}`);
    const call = kind === 'offer' ? calls.getOrCreate(request.callId) : calls.get(request.callId);
    if (!call) {
      if (kind === 'answer') return { error: 'Unknown call-id' };
      return tooMany(request);
    }
    const sender = call.senderOf(kind, request);
    if (!sender) return { error: 'Invalid dialogue association' };
    if (request.dropsTraffic !== null) call.block('traffic', request.dropsTraffic);
    return this.pass(call, sender, kind, request);
  }

  private pass(call: NgCall, { dialogue, party }: CallParty, kind: 'offer' | 'answer', request: NgRequest): Outcome {
    const { calls, onIgnored } = this.around;
    const passed = dialogue.pass(party, kind, request);
    if ('sdp' in passed) {
      for (const protocol of passed.opaque) onIgnored(`a medium of ${protocol}, as only RTP is relayed`);
      return new Map([['sdp', passed.sdp]]);
    }
    // As rtpengine does: half a call is of no use, and its ports are.
    if (passed.error === NO_PORTS) calls.end(call, 'noPorts');
    else if (passed.error === TOO_MANY_CALLS) calls.end(call, null);
    else if (!dialogue.answered && dialogue.mediaCount === 0) calls.endDialogue(call, dialogue, null);
    return passed.error === TOO_MANY_CALLS ? tooMany(request) : passed;
  }

  private async delete(request: NgRequest): Promise<Outcome> {
    const { calls, now, unixMs } = this.around;
    if (request.callId === '') return { error: 'No call-id in message' };
    const call = calls.get(request.callId);
    const dialogues = call ? meant(call, request) : [];
    if (!call || dialogues.length === 0) {
      const reason = "Call-ID not found or tags didn't match";
      return request.fatal ? { error: reason } : new Map([['warning', reason]]);
    }
    // Asked before anything is closed; whatever comes after that does not count.
    const report = reportCall(call, dialogues, unixMs);
    const delayS = request.deleteDelayS ?? 0;
    for (const dialogue of dialogues)
      if (delayS > 0) dialogue.deleteAtMs = now() + delayS * 1000;
      else calls.endDialogue(call, dialogue, 'deleted');
    return await report;
  }

  private async query(request: NgRequest): Promise<Outcome> {
    if (request.callId === '') return { error: 'No call-id in message' };
    const call = this.around.calls.get(request.callId);
    if (!call) return { error: 'Unknown call-id' };
    const tag = request.toTag || request.fromTag;
    const dialogues = tag === '' ? call.dialogues : call.withTag(tag).map(({ dialogue }) => dialogue);
    return reportCall(call, dialogues, this.around.unixMs);
  }

  private list({ limit }: NgRequest): Outcome {
    if (limit !== null && limit < 0) return { error: 'invalid limit, must be >= 0' };
    return new Map([['calls', this.around.calls.ids(limit ?? DEFAULT_LIST_LIMIT)]]);
  }

  private block(what: keyof RelayBlocks, isBlocked: boolean, request: NgRequest): Outcome {
    if (request.callId === '') return { error: 'No call-id in message' };
    const call = this.around.calls.get(request.callId);
    if (!call) return { error: 'Unknown call-ID' };
    const parties = request.all ? null : selected(call, request);
    if (parties !== null && 'error' in parties) return parties;
    if (parties === null) {
      call.block(what, isBlocked);
      if (!isBlocked && request.all) for (const { dialogue, party } of call.parties) dialogue.block(party, what, false);
    } else {
      for (const { dialogue, party } of parties) {
        if (request.setLabel !== '') dialogue.labels[party] = request.setLabel;
        dialogue.block(party, what, isBlocked);
      }
    }
    return new Map();
  }
}

function tooMany({ supportsLoadLimit }: NgRequest): Outcome {
  return supportsLoadLimit ? { loadLimit: TOO_MANY_CALLS } : { error: TOO_MANY_CALLS };
}

/** The dialogues that a delete means: all of the call where it names no tag. */
function meant(call: NgCall, { fromTag, toTag, viaBranch }: NgRequest): Dialogue[] {
  if (fromTag === '') return [...call.dialogues];
  const ofBranch = call.dialogues.filter((dialogue) => viaBranch !== '' && dialogue.viaBranch === viaBranch);
  if (toTag === '' && ofBranch.length > 0) return ofBranch;
  const ofTag = call.withTag(toTag || fromTag).map(({ dialogue }) => dialogue);
  if (ofTag.length > 0 || toTag === '') return ofTag;
  if (ofBranch.length > 0) return ofBranch;
  // The other party of an offer that was never answered has no tag yet.
  const other: Record<Party, Party> = { a: 'b', b: 'a' };
  return call
    .withTag(fromTag)
    .filter(({ dialogue, party }) => dialogue.tags[other[party]].size === 0)
    .map(({ dialogue }) => dialogue);
}

/** The parties that a command means, by label, address or tag; `null` where it means the whole call. */
function selected(call: NgCall, { label, address, fromTag }: NgRequest): CallParty[] | null | { error: string } {
  if (label !== '') {
    const found = call.parties.filter(({ dialogue, party }) => dialogue.labels[party] === label);
    return found.length > 0 ? found : { error: 'No monologue matching the given label' };
  }
  if (address !== '') {
    const found = call.parties.filter(
      ({ dialogue, party }) => dialogue.medium(party, 0)?.endpoint?.address === address,
    );
    return found.length > 0 ? found : { error: 'Failed to match address to any tag' };
  }
  if (fromTag === '') return null;
  const found = call.withTag(fromTag);
  return found.length > 0 ? found : { error: 'From-tag given, but no such tag exists' };
}
