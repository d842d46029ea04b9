import type { Sound } from '../../src/audio/sound.js';
import { ManualClock } from '../../src/core/clock.js';
import type { AppError } from '../../src/core/errors.js';
import type { Pipeline } from '../../src/impair/spec.js';
import { AudioLibrary } from '../../src/media/audio-library.js';
import type { HeardNow, Lease, MediaRemote, MediaReport, SessionSpec } from '../../src/media/link/messages.js';
import type { PacketLog } from '../../src/media/packet-log.js';
import { Plane, type PlaneListener } from '../../src/media/plane.js';
import type { Said } from '../../src/media/sayings.js';
import { MemoryNet } from './memory-net.js';

export const ADDRESS = '10.0.0.1';
const UTC_OFFSET_MS = Date.UTC(2026, 0, 1);

const SESSION: SessionSpec = {
  audio: 'tone',
  ptimeMs: 20,
  hearDigits: true,
  expectAudio: true,
  jitterBuffer: { kind: 'fixed', delayMs: 60 },
  mediaTimeoutMs: 5000,
  bpl: 25.1,
};

const SOUNDS: Record<string, Sound> = {
  tone: { audio: 'tone:400' },
  speech: { audio: 'speech' },
  greeting: { audio: 'tone:1000', once: true },
  keys: {
    audio: 'silence',
    dtmf: { digits: '0123456789*#ABCD', toneMs: 80, gapMs: 80, levelDbm0: -12, twistDb: 3 },
    once: true,
  },
  question: { audio: 'speech', seconds: 1.5, once: true },
  reply: { audio: 'speech', seconds: 3, once: true, gain: -6 },
  'marker-2': { audio: 'silence', marker: 2, once: true },
  'marker-4': { audio: 'silence', marker: 4, once: true },
  hum: { audio: 'silence', noise: { kind: 'white', level: -60 } },
};

const AUDIO = new AudioLibrary(SOUNDS, 1);

export function remoteAt(port: number, more: Partial<MediaRemote> = {}): MediaRemote {
  return {
    address: ADDRESS,
    port,
    codec: 'PCMU',
    sendPayloadType: 0,
    acceptPayloadTypes: { 0: 'PCMU', 8: 'PCMA', 101: 'telephone-event' },
    eventPayloadType: 101,
    ...more,
  };
}

/** A listener that keeps all it is told. */
class Listener implements PlaneListener {
  leases: Lease[] = [];
  refusals: AppError[] = [];
  digits: { call: number; digits: string }[] = [];
  said: { call: number; said: Said | null }[] = [];
  heard: { call: number; heard: HeardNow }[] = [];
  reports = new Map<number, MediaReport>();

  onLeased(_address: string | null, leases: Lease[], refusal: AppError | null): void {
    this.leases.push(...leases);
    if (refusal) this.refusals.push(refusal);
  }

  onRelay(): void {}

  onDigitsSent(call: number, digits: string): void {
    this.digits.push({ call, digits });
  }

  onSaid(call: number, said: Said | null): void {
    this.said.push({ call, said });
  }

  onHeard(call: number, heard: HeardNow): void {
    this.heard.push({ call, heard });
  }

  onClosed(call: number, report: MediaReport): void {
    this.reports.set(call, report);
  }
}

export interface Side {
  plane: Plane;
  told: Listener;
}

/** Two planes over a network in memory, moved on together by a clock of their own. */
export class TwoPlanes {
  readonly clock = new ManualClock(5000);
  readonly net = new MemoryNet(this.clock);
  readonly near: Side;
  readonly far: Side;

  private readonly audio: AudioLibrary;

  /**
   * @param sharedPorts whether the calls of each plane share one pair of ports
   * @param sounds beside those that there are, by name
   * @param log of the near side
   */
  constructor(
    private readonly sharedPorts = false,
    sounds: Record<string, Sound> = {},
    log?: PacketLog,
  ) {
    this.audio = Object.keys(sounds).length === 0 ? AUDIO : new AudioLibrary({ ...SOUNDS, ...sounds }, 1);
    this.near = this.side(20000, undefined, log);
    this.far = this.side(30000);
  }

  side(portMin: number, portMax = portMin + 199, log?: PacketLog): Side {
    const told = new Listener();
    const plane = new Plane(
      {
        driver: this.net.driver(),
        clock: this.clock,
        utcOffsetMs: UTC_OFFSET_MS,
        // Calls that share ports draw their SSRCs from it: two sides with the same would hear themselves.
        seed: this.sharedPorts ? portMin : 7,
        addresses: [ADDRESS],
        portMin,
        portMax,
        sharedPorts: this.sharedPorts,
        audio: this.audio,
        log,
      },
      told,
    );
    return { plane, told };
  }

  /** Ticks both planes every `stepMs` for `ms`. */
  run(ms: number, stepMs = 1): void {
    const endMs = this.clock.now() + ms;
    while (this.clock.now() < endMs) {
      this.clock.advance(Math.min(stepMs, endMs - this.clock.now()));
      this.near.plane.tick(this.clock.now());
      this.far.plane.tick(this.clock.now());
    }
  }

  /** Opens one call on both sides without connecting it. */
  open(
    call: number,
    session: Partial<SessionSpec> = {},
    uplink: Pipeline = [],
    downlink: Pipeline = [],
  ): { near: Lease; far: Lease } {
    this.near.plane.lease(1);
    this.far.plane.lease(1);
    this.run(1);
    const near = this.near.told.leases.shift()!;
    const far = this.far.told.leases.shift()!;
    const common = { call, session: { ...SESSION, ...session } };
    this.near.plane.open(near.pair, { ...common, name: `call-${call}`, uplink, downlink });
    this.far.plane.open(far.pair, { ...common, name: `far-${call}`, uplink: [], downlink: [] });
    return { near, far };
  }

  /** Opens and connects one call on both sides. */
  call(
    call: number,
    session: Partial<SessionSpec> = {},
    uplink: Pipeline = [],
    downlink: Pipeline = [],
    remote: Partial<MediaRemote> = {},
  ): { near: Lease; far: Lease } {
    const leases = this.open(call, session, uplink, downlink);
    this.near.plane.connect(call, remoteAt(leases.far.rtpPort, remote), true, this.clock.now());
    this.far.plane.connect(call, remoteAt(leases.near.rtpPort, remote), true, this.clock.now());
    return leases;
  }

  /** Closes a call, near side first, and brings both reports. */
  close(call: number): { near: MediaReport; far: MediaReport } {
    this.near.plane.close(call, this.clock.now());
    this.run(1500);
    this.far.plane.close(call, this.clock.now());
    this.run(1500);
    return { near: this.near.told.reports.get(call)!, far: this.far.told.reports.get(call)! };
  }
}
