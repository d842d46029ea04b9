import { type AppError, errorMessage } from '../core/errors.js';
import type { HeardNow, Lease, MediaCommand, MediaEvent, MediaReport } from './link/messages.js';
import type { RelayEvent } from './link/relay-messages.js';
import { Plane, type PlaneListener, type PlaneOptions } from './plane.js';
import type { Said } from './sayings.js';

const SNAPSHOT_MS = 1000;

/** A plane behind messages: commands in, events out, a snapshot a second. Knows no thread and no port. */
export class MediaHost implements PlaneListener {
  /** Set by the command `stop`; the loop then ends. */
  stopped = false;
  private readonly plane: Plane;
  private nextSnapshotMs: number | null = null;

  constructor(
    options: PlaneOptions,
    private readonly post: (event: MediaEvent) => void,
  ) {
    this.plane = new Plane(options, this);
    const { kind, timestampSource } = options.driver;
    post({ kind: 'ready', driver: kind, timestampSource });
  }

  handle(command: MediaCommand, nowMs: number): void {
    const { plane } = this;
    switch (command.kind) {
      case 'lease':
        plane.lease(command.count, command.address);
        break;
      case 'release':
        plane.release(command.pair, nowMs);
        break;
      case 'open':
        plane.open(command.pair, command);
        break;
      case 'connect':
        plane.connect(command.call, command.remote, command.answered, nowMs);
        break;
      case 'impair':
        plane.impair(command.calls, command.uplink, command.downlink, command.name, nowMs);
        break;
      case 'digits':
        plane.sendDigits(command.call, command.digits, command.toneMs, command.gapMs, command.volume);
        break;
      case 'say':
        plane.say(command.call, command.sound);
        break;
      case 'play':
        plane.play(command.call, command.sound, nowMs);
        break;
      case 'hush':
        plane.hush(command.call);
        break;
      case 'close':
        plane.close(command.call, nowMs);
        break;
      case 'relay':
        plane.relay.handle(command.command, nowMs);
        break;
      case 'snapshot':
        this.post({ kind: 'snapshot', snapshot: plane.snapshot(nowMs), asked: true });
        break;
      case 'stop':
        this.stopped = true;
        break;
      default:
        command satisfies never;
    }
  }

  tick(nowMs: number): void {
    this.plane.tick(nowMs);
    if (this.nextSnapshotMs === null) this.nextSnapshotMs = nowMs + SNAPSHOT_MS;
    if (nowMs < this.nextSnapshotMs) return;
    this.nextSnapshotMs = Math.max(this.nextSnapshotMs + SNAPSHOT_MS, nowMs);
    this.post({ kind: 'snapshot', snapshot: this.plane.snapshot(nowMs), asked: false });
    this.plane.relay.tell();
  }

  onLeased(address: string | null, leases: Lease[], refusal: AppError | null): void {
    const reason = refusal && errorMessage(refusal);
    this.post({ kind: 'leased', address, leases, exhausted: refusal !== null, reason });
  }

  onRelay(event: RelayEvent): void {
    this.post({ kind: 'relay', event });
  }

  onDigitsSent(call: number, digits: string): void {
    this.post({ kind: 'digits-sent', call, digits });
  }

  onSaid(call: number, said: Said | null): void {
    this.post({ kind: 'said', call, said });
  }

  onHeard(call: number, heard: HeardNow): void {
    this.post({ kind: 'heard', call, heard });
  }

  onClosed(call: number, report: MediaReport): void {
    this.post({ kind: 'closed', call, report });
  }
}
