import { workerData } from 'node:worker_threads';
import { systemClock } from '../core/clock.js';
import { loadLibc } from '../core/libc.js';
import { wakePromptly } from '../core/prompt-thread.js';
import { DepartureRing } from './departure-ring.js';
import { DepartureSender } from './departure-sender.js';

// Entry file of the thread that sends what is due. It ends when its ring is stopped. Without the C library the ring stays
// unserved, so that nobody lays anything there.
const { departures } = workerData as { departures: SharedArrayBuffer };
const libc = loadLibc();
if (libc) {
  wakePromptly(libc);
  new DepartureSender(departures, libc, systemClock).run();
} else new DepartureRing(departures).awaitStop();
