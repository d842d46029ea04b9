import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel, Worker } from 'node:worker_threads';
import { LinearHistogram } from '../../src/core/linear-histogram.js';
import { MediaClient } from '../../src/media/link/client.js';
import type { Lease, MediaSnapshot, MediaThreadData, SessionSpec } from '../../src/media/link/messages.js';
import { echoAt, MEASURED } from './measured-call.js';

/** RTP port of the first call; the others follow in steps of two. */
export const FIRST_RTP_PORT = 10_000;

const MEDIA_THREAD = new URL('../../dist/media/thread.js', import.meta.url);
const HEARD_STREAM = new URL('../../dist/quality/heard-stream.js', import.meta.url);
/** The same thread, whose streams only count what they receive. */
const UNMEASURED_THREAD = new URL(
  `data:text/javascript,${encodeURIComponent(`
    const { HeardStream } = await import('${HEARD_STREAM.href}');
    HeardStream.prototype.onRtp = function () { this.counted = (this.counted ?? 0) + 1; };
    await import('${MEDIA_THREAD.href}');
  `)}`,
);

export interface Measured {
  sent: number;
  received: number;
  /** CPU time of the sending side, in µs. */
  cpuUs: number;
  lateP50Ms: number;
  lateP99Ms: number;
  /** Mean of the streams' mean jitter. */
  jitterMs?: number;
  /** Markers heard by all calls, from beginning to end. */
  markers?: number;
}

export interface BenchOptions {
  calls: number;
  seconds: number;
  tickMs: number;
  driver: 'native' | 'epoll' | 'dgram';
  /** Port of the echo on 127.0.0.1. */
  port: number;
  /** One port for all calls. */
  sharedPorts: boolean;
  /** Packets are received and counted, and nothing of them is measured; left out, they are measured. */
  isUnmeasured?: boolean;
  /** What the calls' sessions have besides. */
  session?: Partial<SessionSpec>;
  /** Each call says a marker every 10 s, and listens for it. */
  isProbed?: boolean;
  /** Called when all calls have been up for a second. */
  onSteady?: () => void;
}

const MARKERS_EVERY_MS = 10_000;

/** A call that says markers and listens for them; all calls' are evenly spread over the time. */
function probed(call: number, calls: number): Partial<SessionSpec> {
  return {
    says: { sound: 'marker', afterMs: (call * MARKERS_EVERY_MS) / calls, everyMs: MARKERS_EVERY_MS },
    listen: {
      markers: true,
      markerTimes: {
        callerEveryMs: MARKERS_EVERY_MS,
        calleeEveryMs: MARKERS_EVERY_MS,
        firstByMs: MARKERS_EVERY_MS,
      },
    },
  };
}

/** Our media thread with so many calls towards the echo: figures between the first and the last full second. */
export async function runMediaThread(options: BenchOptions): Promise<Measured> {
  const { calls, seconds, tickMs, driver, port, sharedPorts } = options;
  const { port1, port2 } = new MessageChannel();
  const wake = new SharedArrayBuffer(4);
  const workerData: MediaThreadData = {
    setup: {
      driver,
      addresses: ['127.0.0.1'],
      portMin: FIRST_RTP_PORT,
      portMax: FIRST_RTP_PORT + 2 * calls + 199,
      sharedPorts,
      pool: calls,
      sounds: { speech: { audio: 'speech' }, marker: { audio: 'silence', marker: 2, once: true } },
      formats: [{ codec: 'PCMU', ptimeMs: 20 }],
      seed: 1,
      tickMs,
    },
    port: port2,
    wake,
  };
  const worker = new Worker(options.isUnmeasured ? UNMEASURED_THREAD : MEDIA_THREAD, {
    workerData,
    transferList: [port2],
  });
  const client = new MediaClient(port1, new Int32Array(wake), calls);
  const snapshots: MediaSnapshot[] = [];
  client.onSnapshot = (snapshot) => snapshots.push(snapshot);
  client.onFailed = (failure) => {
    throw new Error(failure.message);
  };
  const leases: Lease[] = [];
  while (leases.length < calls) {
    const lease = client.lease();
    if (lease) leases.push(lease);
    else if (client.exhausted) throw new Error(client.exhausted.message);
    else await sleep(1);
  }
  const session = {
    ...MEASURED,
    rtcp: { xr: true },
    ...options.session,
  };
  const remote = echoAt(port);
  for (const [call, lease] of leases.entries()) {
    const probe = options.isProbed ? probed(call, calls) : {};
    client.open(call, lease.pair, `call-${call}`, { ...session, ...probe }, [], []);
    client.connect(call, remote, true);
  }
  // Whole seconds between two snapshots of the running load; opening and the compiler's first steps are left out.
  while (snapshots.length === 0 || snapshots[snapshots.length - 1].sessions < calls) await sleep(50);
  const skip = snapshots.length + 1;
  while (snapshots.length < skip) await sleep(50);
  options.onSteady?.();
  while (snapshots.length < skip + seconds + 1) await sleep(50);
  const first = snapshots[skip];
  const last = snapshots[snapshots.length - 1];
  const reports = await Promise.all(leases.map((_, call) => client.close(call)));
  await client.stop();
  await worker.terminate();

  const late = new LinearHistogram(last.health.pacingErrorMs.bucketWidth, last.health.pacingErrorMs.counts.length);
  late.merge(last.health.pacingErrorMs);
  for (let i = 0; i < late.counts.length; i++) late.counts[i] -= first.health.pacingErrorMs.counts[i];
  late.count -= first.health.pacingErrorMs.count;
  const jitters = reports.flatMap((report) => report?.heard.jitterMs ?? []);
  const sent = last.packetsSent - first.packetsSent;
  return {
    sent,
    // Packets on their way at the two moments would blur a difference of totals; what is missing is exact.
    received: sent - (last.packetsLost - first.packetsLost),
    cpuUs: ((last.health.cpuMs ?? Number.NaN) - (first.health.cpuMs ?? Number.NaN)) * 1000,
    lateP50Ms: late.quantile(0.5) ?? Number.NaN,
    lateP99Ms: late.quantile(0.99) ?? Number.NaN,
    jitterMs: jitters.reduce((sum, ms) => sum + ms, 0) / jitters.length,
    markers: reports.reduce((sum, report) => sum + (report?.markers?.length ?? 0), 0),
  };
}
