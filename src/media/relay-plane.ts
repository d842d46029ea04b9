import { AppError, errorMessage } from '../core/errors.js';
import { DueWheel } from './due-wheel.js';
import type { MediaHealth } from './link/messages.js';
import type { RelayCallSpec, RelayCommand, RelayEvent, RelaySnapshot } from './link/relay-messages.js';
import { PacketLog } from './packet-log.js';
import type { PortPool } from './ports.js';
import { RelayTally } from './relay-tally.js';
import { RelayedCall, type RelaySurroundings } from './relayed-call.js';

/** Calls that are added up in one tick: some 0.2 ms. */
const SURVEYED_A_TICK = 32;

/** A snapshot in the making: all calls that were up when it was begun. */
interface Survey {
  calls: RelayedCall[];
  added: number;
  tally: RelayTally;
}

/** The relayed calls of a plane, which calls `tick` once a tick and shares ports, queue and driver with them. */
export class RelayPlane {
  private readonly calls = new Map<number, RelayedCall>();
  private closing: RelayedCall[] = [];
  private readonly timeouts = new DueWheel();
  private readonly ended = new RelayTally();
  private readonly log: PacketLog;
  private survey: Survey | null = null;
  /** Whether a relay command ever came: other planes tell nothing of relays. */
  private isUsed = false;

  constructor(
    private readonly ports: PortPool,
    private readonly around: RelaySurroundings,
    private readonly healthOf: () => MediaHealth,
    private readonly post: (event: RelayEvent) => void,
    utcOffsetMs: number,
  ) {
    this.log = new PacketLog(utcOffsetMs, (batch, bytes) => post({ kind: 'log', batch, bytes }));
  }

  get size(): number {
    return this.calls.size;
  }

  handle(command: RelayCommand, nowMs: number): void {
    this.isUsed = true;
    switch (command.kind) {
      case 'bind':
        this.bind(command.request, command.address, command.port);
        break;
      case 'open':
        this.open(command.spec, nowMs);
        break;
      case 'connect':
        this.calls.get(command.call)?.connect(command.side, command.remote);
        break;
      case 'impair':
        this.calls.get(command.call)?.impair(command.direction, command.pipeline, command.name, nowMs);
        break;
      case 'block':
        this.calls.get(command.call)?.block(command.direction, command.blocks);
        break;
      case 'query':
        this.post({
          kind: 'report',
          call: command.call,
          report: this.calls.get(command.call)?.report(nowMs) ?? null,
        });
        break;
      case 'close':
        this.close(command.call, nowMs);
        break;
      case 'snapshot':
        this.post({ kind: 'snapshot', snapshot: this.snapshot(nowMs), asked: true });
        break;
      case 'log-read':
        this.log.giveBack(command.batch);
        break;
      default:
        command satisfies never;
    }
  }

  /** Called at the start of a tick. */
  begin(nowMs: number): void {
    this.log.nowMs = nowMs;
  }

  /** Called at the end of a tick: ends calls whose delayed packets have gone, tells of silent ones, hands over what was logged. */
  tick(nowMs: number): void {
    if (!this.isUsed) return;
    this.timeouts.run(nowMs);
    if (this.closing.length > 0) this.endDrained(nowMs);
    if (this.survey !== null) this.goOnWithSurvey(this.survey, nowMs);
    this.log.tick(nowMs);
  }

  /** Tells how things stand; called once a second. It is added up over some ticks, so that no packet waits for it. */
  tell(): void {
    if (!this.isUsed || this.survey !== null) return;
    this.survey = { calls: [...this.calls.values()], added: 0, tally: new RelayTally(this.ended) };
  }

  /** Adds up some more calls; those that have ended meanwhile are still what they were. */
  private goOnWithSurvey(survey: Survey, nowMs: number): void {
    const { calls, tally } = survey;
    const end = Math.min(calls.length, survey.added + SURVEYED_A_TICK);
    while (survey.added < end) tally.add(calls[survey.added++]);
    if (end < calls.length) return;
    this.survey = null;
    this.post({ kind: 'snapshot', snapshot: this.snapshotOf(tally, nowMs), asked: false });
  }

  private snapshot(nowMs: number): RelaySnapshot {
    const tally = new RelayTally(this.ended);
    for (const call of this.calls.values()) tally.add(call);
    return this.snapshotOf(tally, nowMs);
  }

  private snapshotOf(tally: RelayTally, nowMs: number): RelaySnapshot {
    return {
      atMs: nowMs,
      calls: this.calls.size,
      ...tally.totals(),
      unlogged: this.log.unlogged,
      health: this.healthOf(),
    };
  }

  private bind(request: number, address: string, port: number): void {
    const bound = this.ports.bind(address, port);
    if (bound instanceof AppError) this.post({ kind: 'bound', request, lease: null, refusal: errorMessage(bound) });
    else this.post({ kind: 'bound', request, lease: bound.lease, refusal: null });
  }

  private open(spec: RelayCallSpec, nowMs: number): void {
    const a = this.ports.get(spec.pairs.a);
    const b = this.ports.get(spec.pairs.b);
    if (!a || !b) throw new Error(`port pairs ${spec.pairs.a} and ${spec.pairs.b} were not both leased`);
    if (this.calls.has(spec.call)) throw new Error(`call ${spec.call} is already open`);
    const call = new RelayedCall(spec, { a, b }, this.around, this.log.of(spec), nowMs);
    this.calls.set(spec.call, call);
    if (spec.mediaTimeoutMs === 0) return;
    call.onTimeout = () => this.post({ kind: 'timeout', call: spec.call });
    this.timeouts.add(call);
  }

  private close(id: number, nowMs: number): void {
    const call = this.calls.get(id);
    if (!call) this.post({ kind: 'closed', call: id, report: null });
    if (!call || this.closing.includes(call)) return;
    call.close(nowMs);
    this.closing.push(call);
  }

  private endDrained(nowMs: number): void {
    // What was logged of a call comes before its end.
    if (this.closing.some((call) => call.drained(nowMs))) this.log.handOver();
    this.closing = this.closing.filter((call) => {
      if (!call.drained(nowMs)) return true;
      call.forget();
      this.calls.delete(call.id);
      this.ended.add(call);
      this.ports.release(call.ends.a.pair, nowMs);
      this.ports.release(call.ends.b.pair, nowMs);
      for (const port of call.spares) port.close();
      this.post({ kind: 'closed', call: call.id, report: call.report(nowMs) });
      return false;
    });
  }
}
