import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../core/clock.js';
import type { MediaHost } from './host.js';
import type { MediaCommand } from './link/messages.js';

/** Runs a host on the event loop until it is stopped: ticks by timer, commands and datagrams as they come. */
export function runDgramLoop(host: MediaHost, commands: MessagePort, tickMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    let nextTickMs = clock.now();
    let timer: NodeJS.Timeout;
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      commands.off('message', onCommands);
      settle();
    };
    const onCommands = (batch: MediaCommand[]): void => {
      try {
        for (const command of batch) host.handle(command, clock.now());
        if (host.stopped) end(resolve);
      } catch (error) {
        end(() => reject(error));
      }
    };
    const onTimer = (): void => {
      const atMs = clock.now();
      try {
        host.tick(atMs);
      } catch (error) {
        end(() => reject(error));
        return;
      }
      nextTickMs += tickMs * Math.max(1, Math.ceil((atMs - nextTickMs) / tickMs));
      timer = setTimeout(onTimer, Math.max(0, nextTickMs - clock.now()));
    };
    commands.on('message', onCommands);
    timer = setTimeout(onTimer, 0);
  });
}
