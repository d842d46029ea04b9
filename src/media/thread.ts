import { workerData } from 'node:worker_threads';
import { systemClock } from '../core/clock.js';
import { errorMessage } from '../core/errors.js';
import { SharedImpairments } from '../impair/shared-impairments.js';
import { AudioLibrary } from './audio-library.js';
import { openDriver } from './driver.js';
import { MediaHost } from './host.js';
import type { MediaEvent, MediaThreadData } from './link/messages.js';
import { runDgramLoop } from './loop-dgram.js';
import { runNativeLoop } from './loop-native.js';

// Entry file of the media thread: its whole life, from the setup in workerData to the command `stop`.
const { setup, port, wake } = workerData as MediaThreadData;
const post = (event: MediaEvent): void => {
  // A batch of the packet log goes over as it is: it comes back.
  if (event.kind === 'relay' && event.event.kind === 'log') port.postMessage(event, [event.event.batch]);
  else port.postMessage(event);
};

try {
  const audio = new AudioLibrary(setup.sounds, setup.seed);
  audio.prepare(setup.formats);
  const shared = new SharedImpairments();
  shared.prepare(setup.impairments ?? []);
  const driver = openDriver(setup.driver, systemClock);
  const { seed, addresses, portMin, portMax, sharedPorts } = setup;
  const host = new MediaHost(
    {
      driver,
      clock: systemClock,
      utcOffsetMs: Date.now() - systemClock.now(),
      seed,
      addresses,
      portMin,
      portMax,
      sharedPorts,
      audio,
      shared,
    },
    post,
  );
  if (driver.kind === 'native') runNativeLoop(host, port, new Int32Array(wake), setup.tickMs, systemClock);
  else await runDgramLoop(host, port, setup.tickMs, systemClock);
  driver.close();
} catch (error) {
  post({ kind: 'failed', ...errorMessage(error) });
}
port.close();
