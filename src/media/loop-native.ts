import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Clock } from '../core/clock.js';
import type { MediaHost } from './host.js';
import type { MediaCommand } from './link/messages.js';

/**
 * Runs a host until it is stopped, holding the thread: nothing asynchronous fires meanwhile. It sleeps on `wake[0]` until
 * the next tick; whoever posts a command adds to that word and notifies it, and the command is then handled at once.
 */
export function runNativeLoop(
  host: MediaHost,
  commands: MessagePort,
  wake: Int32Array,
  tickMs: number,
  clock: Clock,
): void {
  let seen = Atomics.load(wake, 0) - 1;
  let nextTickMs = clock.now();
  while (!host.stopped) {
    const now = Atomics.load(wake, 0);
    if (now !== seen) {
      seen = now;
      for (let got = receiveMessageOnPort(commands); got; got = receiveMessageOnPort(commands)) {
        for (const command of got.message as MediaCommand[]) host.handle(command, clock.now());
      }
    }
    let waitMs = nextTickMs - clock.now();
    if (waitMs <= 0) {
      const atMs = clock.now();
      host.tick(atMs);
      // Ticks that were missed are not made up for.
      nextTickMs += tickMs * Math.max(1, Math.ceil((atMs - nextTickMs) / tickMs));
      waitMs = nextTickMs - clock.now();
    }
    if (waitMs > 0) Atomics.wait(wake, 0, seen, waitMs);
  }
}
