/**
 * Output that nobody reads any more (`| head`, a terminal that was closed) is no reason to fail: what is written after
 * that is lost, and the work goes on to its report and exit status.
 */
export function forgiveClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    });
}

/** Whether stdout is a terminal that shows colours (https://no-color.org). */
export function colourOnStdout(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
