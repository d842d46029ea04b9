import type { Clock } from '../core/clock.js';
import { AppError } from '../core/errors.js';
import { deriveSeed } from '../core/rng.js';
import { threadCpuMs } from '../core/thread-cpu.js';
import { SharedImpairments } from '../impair/shared-impairments.js';
import type { Pipeline } from '../impair/spec.js';
import { isRtcp, isRtp } from '../rtp/packet.js';
import type { AudioLibrary } from './audio-library.js';
import { type CallSpec, type CallSurroundings, MediaCall } from './call.js';
import { DelayQueue } from './delay-queue.js';
import { DueWheel } from './due-wheel.js';
import type { HeardNow, Lease, MediaHealth, MediaRemote, MediaReport, MediaSnapshot } from './link/messages.js';
import type { RelayEvent } from './link/relay-messages.js';
import { PacingWheel } from './pacing-wheel.js';
import type { PacketLog } from './packet-log.js';
import { type PortPair, PortPool } from './ports.js';
import { RelayPlane } from './relay-plane.js';
import type { Said } from './sayings.js';
import { SharedPorts } from './shared-ports.js';
import { type DatagramSink, PacketMemory, type UdpDriver, type UdpPort } from './udp.js';

const SCRATCH_BYTES = 2048;
/** Port pairs bound in a tick: few while calls are up, because each costs some 20 µs that packets then wait. */
const LEASES_A_TICK = 8;
const LEASES_A_TICK_IDLE = 256;
const GOLDEN_RATIO = 0.618033988749895;

export interface PlaneOptions {
  driver: UdpDriver;
  /** Of `tick`'s times; read for RTCP, which measures how long things take. */
  clock: Clock;
  /** What brings its time to UTC. */
  utcOffsetMs: number;
  seed: number;
  addresses: readonly string[];
  portMin: number;
  portMax: number;
  /** One port pair on each address for all calls; one for each of them when it is left out. */
  sharedPorts?: boolean;
  /** What its calls may play. */
  audio: AudioLibrary;
  /** Where the traces of its impairments were read ahead. */
  shared?: SharedImpairments;
  /** Where what becomes of each packet of its calls is logged; that of relayed calls has a log of its own. */
  log?: PacketLog;
}

/** What a plane tells its owner, from within `tick`. */
export interface PlaneListener {
  /** `address` where pairs of that one were asked for. */
  onLeased(address: string | null, leases: Lease[], refusal: AppError | null): void;
  onRelay(event: RelayEvent): void;
  onDigitsSent(call: number, digits: string): void;
  onSaid(call: number, said: Said | null): void;
  /** Of a call that is listened to live. */
  onHeard(call: number, heard: HeardNow): void;
  onClosed(call: number, report: MediaReport): void;
}

/** Totals of calls that have ended, and of the plane itself. */
class Totals {
  packetsSent = 0;
  packetsReceived = 0;
  packetsLost = 0;
  packetsExpected = 0;
  digitsHeard = 0;
  malformed = 0;
  slotsSkipped = 0;
  uplinkPackets = 0;
  uplinkDropped = 0;
  downlinkPackets = 0;
  downlinkDropped = 0;

  add(call: MediaCall): void {
    const { heard } = call.session;
    this.packetsSent += call.packetsSent;
    this.packetsReceived += heard.packetsReceived;
    this.packetsLost += heard.packetsLostSoFar();
    this.packetsExpected += heard.packetsExpected();
    this.digitsHeard += heard.digits.count;
    this.malformed += call.malformed;
    this.slotsSkipped += call.slotsSkipped;
    this.uplinkPackets += call.uplink.pipeline.truth.packets;
    this.uplinkDropped += call.uplink.pipeline.truth.dropped;
    this.downlinkPackets += call.downlink.pipeline.truth.packets;
    this.downlinkDropped += call.downlink.pipeline.truth.dropped;
  }
}

/**
 * The media plane: all paths of a thread, moved on by `tick`. It knows no thread, timer or event: whoever owns it calls
 * `tick` about every millisecond or two, and the commands in between.
 */
export class Plane {
  private readonly driver: UdpDriver;
  private readonly clock: Clock;
  /** Those of calls are taken from `callPorts`, which is the same unless calls share theirs. */
  private readonly ports: PortPool;
  private readonly callPorts: PortPool | SharedPorts;
  private readonly around: CallSurroundings;
  private readonly queue: DelayQueue;
  private readonly wheel = new PacingWheel();
  private readonly calls = new Map<number, MediaCall>();
  private closing: MediaCall[] = [];
  private awaitingDigits: MediaCall[] = [];
  /** By the address that was asked for; `null` for any in turn. */
  private readonly leasesWanted = new Map<string | null, number>();
  private callsOpened = 0;
  /** Calls with two UDP ends, on the same ports, queue and driver. */
  readonly relay: RelayPlane;
  private readonly reports = new DueWheel();
  private readonly ended = new Totals();
  /** Datagrams that were neither RTP nor RTCP, on ports that no call held. */
  private malformedAside = 0;
  /** Of shared ports: packets of no call that is known. */
  private unattributed = 0;
  private readonly idleSink: DatagramSink = {
    onDatagram: (memory, offset, length) => {
      if (isRtp(memory.bytes, offset, length)) return;
      // Where both share the port, a last report may come after the call.
      if (isRtcp(memory.bytes, offset, length)) this.around.rtcp.counts.received++;
      else this.malformedAside++;
    },
  };
  private readonly rtcpSink: DatagramSink = {
    onDatagram: (memory, offset, length) => {
      if (isRtcp(memory.bytes, offset, length)) this.around.rtcp.counts.received++;
      else this.malformedAside++;
    },
  };

  private readonly straySink: DatagramSink = {
    onDatagram: ({ bytes }, offset, length) => {
      if (isRtp(bytes, offset, length) || isRtcp(bytes, offset, length)) this.unattributed++;
      else this.malformedAside++;
    },
  };

  constructor(
    options: PlaneOptions,
    private readonly listener: PlaneListener,
  ) {
    const { driver, seed, shared = new SharedImpairments(), log = null } = options;
    this.driver = driver;
    this.clock = options.clock;
    this.ports = new PortPool(
      driver,
      options.addresses,
      options.portMin,
      options.portMax,
      this.idleSink,
      this.rtcpSink,
    );
    this.callPorts = options.sharedPorts
      ? new SharedPorts(
          this.ports,
          options.addresses,
          // Shards of one run have a seed in common and ports of their own.
          deriveSeed(seed, 'shared ports', String(options.portMin)),
          this.idleSink,
          this.rtcpSink,
          this.straySink,
        )
      : this.ports;
    this.queue = new DelayQueue();
    this.around = {
      seed,
      audio: options.audio,
      queue: this.queue,
      shared,
      wheel: this.wheel,
      scratch: PacketMemory.allocate(SCRATCH_BYTES),
      sealed: PacketMemory.allocate(SCRATCH_BYTES),
      rtcp: {
        clock: options.clock,
        utcOffsetMs: options.utcOffsetMs,
        wheel: this.reports,
        scratch: PacketMemory.allocate(SCRATCH_BYTES),
        counts: { received: 0, malformed: 0 },
      },
      log,
      onHeard: (call, heard) => listener.onHeard(call, heard),
      spare: (address) => this.spare(address),
    };
    this.relay = new RelayPlane(
      this.ports,
      { seed, queue: this.queue, shared, scratch: this.around.sealed, spare: this.around.spare },
      () => this.health(0),
      (event) => listener.onRelay(event),
      options.utcOffsetMs,
    );
  }

  /** Asks for port pairs, of the addresses in turn or of one; they come by `onLeased`, a few at each tick. */
  lease(count: number, address: string | null = null): void {
    this.leasesWanted.set(address, (this.leasesWanted.get(address) ?? 0) + count);
  }

  /** Takes back a leased pair on which no call was opened. */
  release(pair: number, nowMs: number): void {
    const found = this.callPorts.get(pair);
    if (found) this.callPorts.release(found, nowMs);
  }

  /** Opens a path on a leased pair; it listens from now on. */
  open(pair: number, spec: CallSpec): void {
    const found = this.callPorts.get(pair);
    if (!found) throw new Error(`port pair ${pair} was not leased`);
    if (this.calls.has(spec.call)) throw new Error(`call ${spec.call} is already open`);
    // Multiples of the golden ratio spread any number of calls evenly over the packet interval.
    const phase = (this.callsOpened++ * GOLDEN_RATIO) % 1;
    this.calls.set(spec.call, new MediaCall(found, spec, this.around, phase));
  }

  connect(call: number, remote: MediaRemote, answered: boolean, nowMs: number): void {
    this.calls.get(call)?.connect(remote, answered, nowMs);
  }

  /** Puts other impairments in the place of those that these calls have; calls that are not up are passed over. */
  impair(calls: readonly number[], uplink: Pipeline, downlink: Pipeline, name: string, nowMs: number): void {
    for (const call of calls) this.calls.get(call)?.impair(uplink, downlink, name, nowMs);
  }

  /** Sends digits; `onDigitsSent` tells which of them were sent, none where telephone-event was not negotiated. */
  sendDigits(call: number, digits: string, toneMs: number, gapMs: number, volume?: number): void {
    const found = this.calls.get(call);
    if (!found?.sendDigits(digits, toneMs, gapMs, volume)) {
      this.listener.onDigitsSent(call, '');
      return;
    }
    if (!this.awaitingDigits.includes(found)) this.awaitingDigits.push(found);
  }

  /** Says a sound once; `onSaid` tells when it was said, `null` where it cannot be. */
  say(call: number, sound: string): void {
    const isSaid = this.calls.get(call)?.say(sound, (said) => this.listener.onSaid(call, said));
    if (!isSaid) this.listener.onSaid(call, null);
  }

  /** Plays a sound over and over from now on. */
  play(call: number, sound: string, nowMs: number): void {
    this.calls.get(call)?.play(sound, nowMs);
  }

  /** Stops sending for good; the call goes on listening until it is closed. */
  hush(call: number): void {
    this.calls.get(call)?.hush();
  }

  /** Ends a call; its report comes by `onClosed` when its delayed packets have gone, after a second at most. */
  close(call: number, nowMs: number): void {
    const found = this.calls.get(call);
    if (!found || this.closing.includes(found)) return;
    found.close(nowMs);
    this.closing.push(found);
  }

  /** Moves everything on: sends what is due, reads what has come, lets delayed packets go, ends calls. */
  tick(nowMs: number): void {
    const { log } = this.around;
    if (log !== null) log.nowMs = nowMs;
    this.relay.begin(nowMs);
    this.wheel.run(nowMs);
    this.driver.flush();
    this.driver.poll();
    // Reading takes a while: what has become due meanwhile goes now, not with the next tick.
    this.queue.runDue(this.clock.now());
    this.driver.flush();
    if (this.reports.run(nowMs) > 0) this.driver.flush();
    if (this.awaitingDigits.length > 0) this.reportDigits();
    if (this.closing.length > 0) this.endDrained(nowMs);
    this.relay.tick(nowMs);
    log?.tick(nowMs);
    for (const [address, count] of this.leasesWanted) this.bindSome(address, count, nowMs);
  }

  snapshot(nowMs: number): MediaSnapshot {
    const totals = Object.assign(new Totals(), this.ended);
    const faults: Record<string, number> = {};
    for (const call of this.calls.values()) {
      totals.add(call);
      const { cause } = call.session.heard.verdictAt(nowMs);
      if (cause !== null) faults[cause] = (faults[cause] ?? 0) + 1;
    }
    return {
      atMs: nowMs,
      sessions: this.calls.size,
      packetsSent: totals.packetsSent,
      packetsReceived: totals.packetsReceived,
      packetsLost: totals.packetsLost,
      packetsExpected: totals.packetsExpected,
      truth: {
        uplink: { packets: totals.uplinkPackets, dropped: totals.uplinkDropped },
        downlink: { packets: totals.downlinkPackets, dropped: totals.downlinkDropped },
      },
      faults,
      digitsHeard: totals.digitsHeard,
      malformed: totals.malformed + this.malformedAside + this.around.rtcp.counts.malformed,
      unattributed: this.unattributed,
      rtcpReceived: this.around.rtcp.counts.received,
      health: this.health(totals.slotsSkipped),
    };
  }

  private health(slotsSkipped: number): MediaHealth {
    const { driver } = this;
    const { bucketWidth, counts, count, max } = driver.pacingErrorMs;
    return {
      driver: driver.kind,
      timestampSource: driver.timestampSource,
      pacingErrorMs: { bucketWidth, counts: counts.slice(), count, max },
      receiveDrops: driver.receiveDrops,
      sendErrors: driver.sendErrors,
      slotsSkipped,
      cpuMs: threadCpuMs(),
    };
  }

  /** A port of the system's choice, as a NAT would take any: those of the range are leased ahead. */
  private spare(address: string): UdpPort | null {
    const bound = this.driver.bind(address, 0);
    return typeof bound === 'string' ? null : bound;
  }

  private reportDigits(): void {
    for (const call of this.awaitingDigits) this.reportDigitsOf(call);
    this.awaitingDigits = this.awaitingDigits.filter((call) => call.awaitsDigits);
  }

  private reportDigitsOf(call: MediaCall): void {
    for (let digits = call.takeSentDigits(); digits !== null; digits = call.takeSentDigits()) {
      this.listener.onDigitsSent(call.id, digits);
    }
  }

  private endDrained(nowMs: number): void {
    this.closing = this.closing.filter((call) => {
      if (!call.drained(nowMs)) return true;
      this.reportDigitsOf(call);
      call.uplink.end();
      call.downlink.end();
      this.calls.delete(call.id);
      this.ended.add(call);
      this.callPorts.release(call.pair, nowMs);
      for (const port of call.spares) port.close();
      this.listener.onClosed(call.id, call.report(nowMs));
      call.session.close();
      return false;
    });
  }

  private bindSome(address: string | null, count: number, nowMs: number): void {
    const leases: Lease[] = [];
    let refusal: AppError | null = null;
    const isIdle = this.calls.size === 0 && this.relay.size === 0;
    const most = Math.min(count, isIdle ? LEASES_A_TICK_IDLE : LEASES_A_TICK);
    while (leases.length < most && refusal === null) {
      // Pairs of a given address are a relay's, which never shares any.
      const leased: PortPair | AppError =
        address === null ? this.callPorts.lease(nowMs) : this.ports.lease(nowMs, address);
      if (leased instanceof AppError) refusal = leased;
      else leases.push(leased.lease);
    }
    if (refusal === null && leases.length < count) this.leasesWanted.set(address, count - leases.length);
    else this.leasesWanted.delete(address);
    this.listener.onLeased(address, leases, refusal);
  }
}
