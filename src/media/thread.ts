import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../core/clock.js';
import { errorMessage } from '../core/errors.js';
import { loadLibc } from '../core/libc.js';
import { wakePromptly } from '../core/prompt-thread.js';
import { SharedImpairments } from '../impair/shared-impairments.js';
import { AudioLibrary } from './audio-library.js';
import { openDriver } from './driver.js';
import { MediaHost } from './host.js';
import type { LoggedPackets, MediaEvent, MediaThreadData } from './link/messages.js';
import { runDgramLoop } from './loop-dgram.js';
import { runNativeLoop } from './loop-native.js';
import { PacketLog } from './packet-log.js';

// Entry file of the media thread: its whole life, from the setup in workerData to the command `stop`.
const { setup, port, wake, logRead } = workerData as MediaThreadData;
const post = (event: MediaEvent): void => {
  // A batch of the packet log goes over as it is: it comes back.
  if (event.kind === 'relay' && event.event.kind === 'log') port.postMessage(event, [event.event.batch]);
  else port.postMessage(event);
};

/** The log of what becomes of packets, which main writes; nothing comes back but how many batches it has read. */
function openLog(utcOffsetMs: number, read: Int32Array): PacketLog {
  const log: PacketLog = new PacketLog(
    utcOffsetMs,
    (batch, bytes) => tellPackets({ batch: new Uint8Array(batch, 0, bytes), unlogged: log.takeUnlogged() }),
    () => Atomics.load(read, 0),
  );
  return log;
}

function tellPackets(packets: LoggedPackets): void {
  parentPort!.postMessage(packets, [packets.batch.buffer as ArrayBuffer]);
}

try {
  const audio = new AudioLibrary(setup.sounds, setup.seed);
  audio.prepare(setup.formats);
  const shared = new SharedImpairments();
  shared.prepare(setup.impairments ?? []);
  const driver = openDriver(setup.driver, systemClock);
  const { seed, addresses, portMin, portMax, sharedPorts } = setup;
  const utcOffsetMs = Date.now() - systemClock.now();
  const log = logRead && openLog(utcOffsetMs, new Int32Array(logRead));
  const host = new MediaHost(
    {
      driver,
      clock: systemClock,
      utcOffsetMs,
      seed,
      addresses,
      portMin,
      portMax,
      sharedPorts,
      audio,
      shared,
      log,
    },
    post,
  );
  if (driver.kind === 'native') {
    wakePromptly(loadLibc()!);
    runNativeLoop(host, port, new Int32Array(wake), setup.tickMs, systemClock);
  } else await runDgramLoop(host, port, setup.tickMs, systemClock);
  driver.close();
  if (log) {
    log.handOver();
    tellPackets({ batch: new Uint8Array(), unlogged: log.takeUnlogged() });
  }
} catch (error) {
  post({ kind: 'failed', ...errorMessage(error) });
}
port.close();
