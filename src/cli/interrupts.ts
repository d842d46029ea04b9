import { exitCodeOfSignal, type StopSignal } from './exit-code.js';

/**
 * Ctrl-C, `kill` and a terminal that goes away, while something runs that must be ended in good order: the first asks for
 * that, the second leaves at once.
 */
export class Interrupts {
  /** What came first; `null` while nothing came. */
  signal: StopSignal | null = null;
  private readonly onInterrupt = (): void => this.take('SIGINT');
  private readonly onTerminate = (): void => this.take('SIGTERM');

  constructor(private readonly onFirst: () => void) {
    process.on('SIGINT', this.onInterrupt).on('SIGTERM', this.onTerminate).on('SIGHUP', this.onTerminate);
  }

  /** As if the signal had come; keys use it. */
  take(signal: StopSignal): void {
    if (this.signal !== null) process.exit(exitCodeOfSignal(signal));
    this.signal = signal;
    this.onFirst();
  }

  /** Gives the signals back to the system. */
  close(): void {
    process.off('SIGINT', this.onInterrupt).off('SIGTERM', this.onTerminate).off('SIGHUP', this.onTerminate);
  }
}
