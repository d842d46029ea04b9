import { randomBytes } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import type { RelaySnapshot } from '../../media/link/relay-messages.js';
import { AnswerCache } from './answer-cache.js';
import { type Bencodable, type BencodedDictionary, readBencode, writeBencode } from './bencode.js';
import { type CallsLimits, NgCalls } from './calls.js';
import { NgCommands, type Outcome } from './commands.js';
import type { DialogueSurroundings, NgMedia } from './dialogue.js';
import { type NgInterface, NgInterfaces } from './interfaces.js';
import { CommandCounts, statistics } from './statistics.js';

/** Cookies are a few letters and digits; beyond this it is no message of the protocol. */
export const MAX_COOKIE_BYTES = 256;
const SPACE = 0x20;
const DICTIONARY = 0x64;

const NO_FAULTS = { a: [], b: [] };

/** Takes the answer to one message, cookie and all. */
export type Reply = (answer: Buffer) => void;

export interface NgEngineSetup {
  media: NgMedia;
  /** Faults of what each party of a call says, by the number of its first medium; none when it is left out. */
  sdpFaultsOf?: DialogueSurroundings['sdpFaultsOf'];
  clock: Clock;
  interfaces: readonly NgInterface[];
  limits: CallsLimits;
  /** The range that media ports are taken of. */
  ports: { min: number; max: number };
  /** A line for the log: what has no effect, what was refused. Each at most once in the same words. */
  onNote(note: string): void;
  /** A time of the clock as milliseconds since 1970. */
  unixMs(atMs: number): number;
}

/** Messages so far. */
export interface NgCounts {
  messages: number;
  /** Told to the controller as such. */
  errors: number;
  /** Without a cookie, so that nobody can be told. */
  malformed: number;
  /** Came again, and were answered from memory or not a second time. */
  retransmissions: number;
}

/** Notes that are kept in mind, so that no controller fills the log by making up flags; and how much of one is. */
const MAX_NOTES = 1000;
const MAX_NOTE_LENGTH = 200;

/** The ng protocol, whatever its messages come by: `cookie SP dictionary` in, the same out (rtpengine's ng_control_protocol). */
export class NgEngine {
  readonly counts: NgCounts = { messages: 0, errors: 0, malformed: 0, retransmissions: 0 };
  readonly calls: NgCalls;
  private readonly commands: NgCommands;
  private readonly commandCounts = new CommandCounts();
  private readonly cache: AnswerCache;
  private readonly noted = new Set<string>();
  private readonly startedMs: number;
  private snapshots: [RelaySnapshot | null, RelaySnapshot | null] = [null, null];

  constructor(private readonly setup: NgEngineSetup) {
    const { clock, media, limits, unixMs, sdpFaultsOf = () => NO_FAULTS } = setup;
    const interfaces = new NgInterfaces(setup.interfaces);
    const now = (): number => clock.now();
    this.startedMs = now();
    this.cache = new AnswerCache();
    this.calls = new NgCalls({ media, interfaces, now, sdpFaultsOf }, limits);
    const { calls } = this;
    this.commands = new NgCommands({
      calls,
      interfaces,
      mark: `a=trunkstorm:${randomBytes(8).toString('hex')}`,
      onIgnored: (what) => this.note(`ignored, as it has no effect here: ${what}`),
      statistics: () => this.statistics(),
      now,
      unixMs,
    });
  }

  /**
   * Takes a message. A cookie that came before from the same address gets the same answer again, or none where the first is
   * still being worked on: a retransmission never opens a second call.
   */
  take(message: Buffer, address: string, reply: Reply): void {
    const { counts, cache } = this;
    const space = message.subarray(0, MAX_COOKIE_BYTES + 1).indexOf(SPACE);
    counts.messages++;
    if (space <= 0) {
      counts.malformed++;
      return;
    }
    const nowMs = this.setup.clock.now();
    const cookie = message.toString('latin1', 0, space);
    const key = `${address} ${cookie}`;
    const known = cache.get(key, nowMs);
    if (known !== undefined) {
      counts.retransmissions++;
      if (known !== null) reply(known);
      return;
    }
    const { command, outcome } = this.outcomeOf(message.subarray(space + 1));
    const settle = (settled: Outcome): void => {
      const answer = Buffer.concat([message.subarray(0, space + 1), writeBencode(withResult(settled))]);
      this.account(address, command, settled, this.setup.clock.now() - nowMs);
      cache.set(key, answer, this.setup.clock.now());
      reply(answer);
    };
    if (!(outcome instanceof Promise)) {
      settle(outcome);
      return;
    }
    cache.set(key, null, nowMs);
    void outcome.then(settle);
  }

  /** Answers that are kept for messages that come again. */
  get remembered(): number {
    return this.cache.size;
  }

  onSnapshot(snapshot: RelaySnapshot): void {
    this.snapshots = [this.snapshots[1], snapshot];
  }

  /** To be called about once a second. */
  tick(): Promise<void> {
    return this.calls.tick();
  }

  /** Ends all calls. */
  close(): void {
    for (const id of this.calls.ids(Number.POSITIVE_INFINITY)) {
      const call = this.calls.get(id);
      if (call) this.calls.end(call, 'deleted');
    }
  }

  private outcomeOf(payload: Buffer): { command: string | null; outcome: Outcome | Promise<Outcome> } {
    const refused = (error: string) => ({ command: null, outcome: { error } });
    if (payload.length === 0) return refused('Invalid data (no payload)');
    if (payload[0] !== DICTIONARY) return refused('Invalid NG data format');
    const dictionary = readBencode(payload);
    if (!(dictionary instanceof Map)) return refused('Could not decode bencode dictionary');
    const command = dictionary.get('command');
    if (typeof command !== 'string') return refused('Dictionary contains no key "command"');
    return { command, outcome: this.run(command, dictionary) };
  }

  /** A fault of ours costs the one command. */
  private run(command: string, dictionary: BencodedDictionary): Outcome | Promise<Outcome> {
    const broken = (error: unknown): Outcome => {
      this.note(`a fault in the program itself: ${error instanceof Error ? error.stack : error}`);
      return { error: 'Internal error' };
    };
    try {
      const outcome = this.commands.run(command, dictionary);
      return outcome instanceof Promise ? outcome.catch(broken) : outcome;
    } catch (error) {
      return broken(error);
    }
  }

  private account(address: string, command: string | null, outcome: Outcome, ms: number): void {
    const isRefused = !(outcome instanceof Map);
    if (isRefused) this.counts.errors++;
    if ('error' in outcome) this.note(`${command ?? 'message'} refused: ${outcome.error}`);
    this.commandCounts.count(address, command, ms, isRefused);
  }

  private statistics(): Bencodable {
    const { calls, commandCounts, setup } = this;
    const upMs = setup.clock.now() - this.startedMs;
    const [before, now] = this.snapshots;
    return statistics(calls, upMs, commandCounts, setup.interfaces, setup.ports, now, before);
  }

  private note(written: string): void {
    const note = written.slice(0, MAX_NOTE_LENGTH).replace(/[^\x20-\x7e]/g, '\ufffd');
    if (this.noted.has(note) || this.noted.size >= MAX_NOTES) return;
    this.noted.add(note);
    this.setup.onNote(note);
  }
}

function withResult(outcome: Outcome): Bencodable {
  if ('error' in outcome) return { result: 'error', 'error-reason': outcome.error };
  if ('loadLimit' in outcome) return { result: 'load limit', message: outcome.loadLimit };
  if (!outcome.has('result')) outcome.set('result', 'ok');
  return outcome;
}
