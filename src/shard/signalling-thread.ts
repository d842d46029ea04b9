import { parentPort, workerData } from 'node:worker_threads';
import type { ShardCommand, ShardEvent, SignallingThreadData } from './messages.js';
import { Signalling } from './signalling.js';

// srf looks into process.env for every header it reads; a plain object answers many times faster.
process.env = { ...process.env };

// Entry file of the signalling thread. It ends when main says `close`, or by an error that main is told of.
const main = parentPort!;
const signalling = new Signalling(workerData as SignallingThreadData, (event: ShardEvent) => main.postMessage(event));

main.on('message', (command: ShardCommand | { kind: 'close' }) => {
  if (command.kind === 'close') void signalling.close().finally(() => main.close());
  else signalling.handle(command);
});
process.on('unhandledRejection', (error) => signalling.fail(error));
process.on('uncaughtException', (error) => signalling.fail(error));

signalling.open().catch((error: unknown) => signalling.fail(error));
