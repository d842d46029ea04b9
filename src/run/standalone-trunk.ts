import { systemClock } from '../core/clock.js';
import type { AppError } from '../core/errors.js';
import type { CallRecord } from '../metrics/call-record.js';
import { FlowMetrics } from '../metrics/flow-metrics.js';
import type { FlowSummary } from '../metrics/summary.js';
import type { Profile } from '../profile/schema.js';
import { isImpairing } from '../quality/one-way.js';
import type { Pulse, ShardEvent } from '../shard/messages.js';
import { Shard } from '../shard/shard.js';
import { hostPort } from '../sip/uri.js';
import type { OutcomeCounts } from '../trunk/answering.js';
import type { ScriptCounts, TrunkCounts } from '../trunk/trunk.js';
import { mediaSetup } from './media-setup.js';
import { wholeSpan } from './rtp-ports.js';

const STATUS_MS = 1000;

export interface StandaloneTrunkOptions {
  profile: Profile;
  address: string;
  sipPort: number;
  advertise?: string;
}

/** What a trunk of its own saw until it was stopped. */
export interface TrunkResult {
  answered: number;
  endedByCaller: number;
  /** Calls that were up when the trunk was stopped, and that it hung up itself. */
  stillUp: number;
  peak: number;
  refusedFull: number;
  refusedTooFast: number;
  /** Calls whose number might not be shown; `null` without screening. */
  screening: TrunkCounts['screening'];
  /** Calls by what their Identity header was worth; `null` where none is verified. */
  identity: TrunkCounts['identity'];
  /** Calls beyond the limits of their caller number; `null` without such. */
  refusedPerCaller: TrunkCounts['refusedPerCaller'];
  /** Calls that were set up later for the channels in use; `null` where none would be. */
  slowed: number | null;
  /** Calls by what was dealt to them; `null` where every call is answered. */
  outcomes: OutcomeCounts | null;
  /** What the script did; `null` without one. */
  script: Omit<ScriptCounts, 'state'> | null;
  packetsReceived: number;
  packetsLost: number;
  callsWithDigits: number;
  /** Calls whose caller was not heard, by verdict. */
  silentCalls: number;
  /** How calls went through the list of steps; `null` without one. */
  flow: FlowSummary | null;
}

/** The built-in trunk without a run: until it is stopped. */
export class StandaloneTrunk {
  private shard: Shard | null = null;
  private pulse: Pulse | null = null;
  private isListening = false;
  private readonly flow = new FlowMetrics();
  private settle!: () => void;
  private reject!: (error: AppError) => void;
  private readonly over: Promise<void>;
  private readonly seen = {
    answered: 0,
    endedByCaller: 0,
    stillUp: 0,
    packetsReceived: 0,
    packetsLost: 0,
    callsWithDigits: 0,
    silentCalls: 0,
  };

  constructor(private readonly options: StandaloneTrunkOptions) {
    this.over = new Promise((resolve, reject) => {
      this.settle = resolve;
      this.reject = reject;
    });
  }

  /** Runs until `stop`; a line a second goes to `write` while calls come. */
  async execute(write: (line: string) => void): Promise<TrunkResult> {
    const { address, sipPort, advertise } = this.options;
    // There is no record to carry a trace, and calls are taken until it is stopped.
    const { profile: given } = this.options;
    const profile: Profile = { ...given, inbound: undefined, sip: { ...given.sip, trace: 'none' } };
    this.shard = new Shard(
      {
        name: 'trunk',
        signalling: { role: { kind: 'trunk' }, profile, network: { address, sipPort, advertise } },
        media: mediaSetup(
          'trunk',
          profile,
          { burst: Math.ceil(profile.trunk.channels / 2) },
          address,
          wholeSpan(profile.media.rtpPorts),
        ),
      },
      {
        onEvent: (event) => this.onEvent(event, write),
        onFailed: (error) => this.reject(error),
        onOutput: (text) => write(`# ${text.trim()}`),
      },
    );
    const startMs = systemClock.now();
    let last = '';
    const timer = setInterval(() => {
      if (!this.isListening) return;
      const line = this.status();
      if (line !== last) write(`${((systemClock.now() - startMs) / 1000).toFixed(0).padStart(6)} s  ${line}`);
      last = line;
    }, STATUS_MS);
    try {
      await this.over;
    } finally {
      clearInterval(timer);
      await this.shard.close();
    }
    const trunk = this.pulse?.trunk;
    return {
      ...this.seen,
      flow: this.flow.summary(),
      peak: trunk?.peak ?? 0,
      refusedFull: trunk?.refusedFull ?? 0,
      refusedTooFast: trunk?.refusedTooFast ?? 0,
      screening: trunk?.screening ?? null,
      identity: trunk?.identity ?? null,
      refusedPerCaller: trunk?.refusedPerCaller ?? null,
      slowed: trunk?.slowed ?? null,
      outcomes: trunk?.outcomes ?? null,
      script: trunk?.script ? withoutState(trunk.script) : null,
    };
  }

  /** Hangs up every call and ends. */
  stop(): void {
    this.shard?.send({ kind: 'stop' });
  }

  private onEvent(event: ShardEvent, write: (line: string) => void): void {
    switch (event.kind) {
      case 'ready':
        this.isListening = true;
        write(
          `trunk of ${this.options.profile.trunk.channels} channels at sip:${event.sip && hostPort(event.sip.address, event.sip.port)}, UDP and TCP (Ctrl-C ends it)`,
        );
        break;
      case 'records':
        for (const record of event.records) this.see(record);
        break;
      case 'pulse':
        this.pulse = event.pulse;
        break;
      case 'log':
        write(`# ${event.text}`);
        break;
      case 'done':
        this.settle();
        break;
      case 'media':
      case 'registered':
      case 'failed':
        break;
      default:
        event satisfies never;
    }
  }

  private see(record: CallRecord): void {
    if (record.flow) this.flow.add(record.flow);
    if (record.answeredMs === null) return;
    const { seen } = this;
    seen.answered++;
    if (record.hangupBy === 'remote') seen.endedByCaller++;
    if (record.outcome === 'stillUp') seen.stillUp++;
    if (!record.media) return;
    const { heard, dtmf } = record.media;
    seen.packetsReceived += heard.packetsReceived;
    seen.packetsLost += heard.packetsLost;
    if (dtmf.heard.length > 0) seen.callsWithDigits++;
    if (heard.verdict.state === 'fault' && !isImpairing(heard.verdict.cause)) seen.silentCalls++;
  }

  private status(): string {
    const trunk = this.pulse?.trunk;
    const { trunk: spec } = this.options.profile;
    const refused = [`${trunk?.refusedFull ?? 0} full`, `${trunk?.refusedTooFast ?? 0} too fast`];
    const perCaller = trunk?.refusedPerCaller;
    if (perCaller) refused.push(`${perCaller.full + perCaller.tooFast} by caller`);
    if (trunk?.screening) refused.push(`${trunk.screening.refused} by screening`);
    if (trunk?.identity) refused.push(`${sum(trunk.identity.refused)} by identity`);
    const slowed = trunk?.slowed ? ` · ${trunk.slowed} slowed` : '';
    const script = trunk?.script;
    if (script) refused.push(`${script.refused} by script`);
    const outcomes = trunk?.outcomes ? ` · ${outcomesText(trunk.outcomes)}` : '';
    const unheard = script && script.unheard > 0 ? ` · ${script.unheard} messages unheard` : '';
    const state = script && script.state !== 'serve' ? ` · ${script.state === 'refuse' ? 'REFUSES' : 'SILENT'}` : '';
    return `channels ${trunk?.inUse ?? 0} of ${trunk?.channels ?? spec.channels} · admitted ${trunk?.admitted ?? 0} · refused ${refused.join(', ')}${slowed}${outcomes}${unheard}${state}`;
  }
}

function sum(counts: object): number {
  return Object.values(counts).reduce((a, b) => a + b, 0);
}

/** Those that came; calls are answered unless something else is said. */
export function outcomesText(outcomes: OutcomeCounts): string {
  return Object.entries(outcomes)
    .filter(([name, n]) => n > 0 || name === 'answered')
    .map(([name, n]) => `${name} ${n}`)
    .join(', ');
}

function withoutState({ refused, unheard, restarts, forgotten }: ScriptCounts): Omit<ScriptCounts, 'state'> {
  return { refused, unheard, restarts, forgotten };
}
