import { MessageChannel, Worker } from 'node:worker_threads';
import { MediaClient } from '../../src/media/link/client.js';
import type { Lease, MediaRemote, MediaSetup, MediaThreadData, SessionSpec } from '../../src/media/link/messages.js';

export const LOOPBACK = '127.0.0.1';

export const SESSION: SessionSpec = {
  audio: 'speech',
  ptimeMs: 20,
  hearDigits: true,
  expectAudio: true,
  jitterBuffer: { kind: 'fixed', delayMs: 60 },
  mediaTimeoutMs: 5000,
  bpl: 25.1,
};

export interface MediaThread {
  client: MediaClient;
  worker: Worker;
  /** Ends the thread. */
  close(): Promise<void>;
}

/** Starts a real media thread, as the program does. */
export function startMediaThread(setup: Partial<MediaSetup>): MediaThread {
  const { port1, port2 } = new MessageChannel();
  const wake = new SharedArrayBuffer(4);
  const workerData: MediaThreadData = {
    setup: {
      driver: 'auto',
      addresses: [LOOPBACK],
      portMin: 21000,
      portMax: 21999,
      pool: 8,
      sounds: { speech: { audio: 'speech' } },
      formats: [{ codec: 'PCMU', ptimeMs: 20 }],
      seed: 11,
      tickMs: 2,
      ...setup,
    },
    port: port2,
    wake,
  };
  const worker = new Worker(new URL('../../dist/media/thread.js', import.meta.url), {
    workerData,
    transferList: [port2],
  });
  const client = new MediaClient(port1, new Int32Array(wake), workerData.setup.pool);
  return {
    client,
    worker,
    close: async () => {
      await client.stop();
      await worker.terminate();
    },
  };
}

/** Leases a pair, waiting for the pool to be filled where it is empty. */
export async function leaseFrom(client: MediaClient): Promise<Lease> {
  for (;;) {
    const lease = client.lease();
    if (lease) return lease;
    if (client.exhausted) throw new Error(client.exhausted.message);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export function remoteOf(lease: Lease, more: Partial<MediaRemote> = {}): MediaRemote {
  return {
    address: lease.address,
    port: lease.rtpPort,
    codec: 'PCMU',
    sendPayloadType: 0,
    acceptPayloadTypes: { 0: 'PCMU', 8: 'PCMA', 101: 'telephone-event' },
    eventPayloadType: 101,
    ...more,
  };
}

/** What has not come by then does not come. */
const LONGEST_WAIT_MS = 40_000;

/** Waits until a condition holds that other threads bring about. */
export async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + LONGEST_WAIT_MS;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`waited for ${LONGEST_WAIT_MS} ms in vain: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
