import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Worker } from 'node:worker_threads';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';

/** The threads in the order of their start: media and signalling of the trunk, then of the swarm, and its departures. */
const threads: Worker[] = [];
const onThread = (message: unknown): void => {
  threads.push((message as { worker: Worker }).worker);
};
subscribe('worker_threads', onThread);
afterAll(() => {
  unsubscribe('worker_threads', onThread);
});

afterEach(() => {
  threads.length = 0;
});

/** Each run has ports of its own: a thread that is ended by force leaves its sockets to the process. */
let ports = 28_600;
const profile = (): string => `
name: crash
load: [{ shape: constant, cps: 10, for: 20s }]
calls: { hold: 1s }
media: { rtpPorts: ${(ports += 200)}-${ports + 199} }
trunk: { channels: 100 }
`;

/** Ends a thread once calls have come and gone. */
async function crash(thread: number): ReturnType<typeof runProfile> {
  return runProfile(profile(), {
    onRecord: (() => {
      let seen = 0;
      return () => {
        if (++seen === 5) void threads[thread].terminate();
      };
    })(),
  });
}

describe('a thread that ends unasked', () => {
  it.each([
    ['trunk media', 0],
    ['trunk signalling', 1],
    ['swarm media', 2],
    ['swarm signalling', 3],
    ['swarm departures', 4],
  ])('as the %s ends the run with what was measured, and says which it was', async (name, index) => {
    const { summary, failure } = await crash(index);
    expect(failure).toMatchObject({ code: 'THREAD_CRASHED', exitCode: 3 });
    expect(failure!.message).toContain(name);
    expect(summary.run.failure?.code).toBe('THREAD_CRASHED');
    expect(summary.verdict).toBe('fail');
    expect(summary.calls.answered).toBeGreaterThanOrEqual(5);
    expect(summary.calls.attempted).toBeLessThan(150);
    expect(summary.calls.attempted).toBe(summary.calls.answered + summary.calls.failed + summary.calls.cancelled);
    expect(summary.media.downlink.packetsReceived).toBeGreaterThan(0);
    expect(threads.every((thread) => thread.threadId === -1)).toBe(true);
  });
});

describe('threads that start', () => {
  it('are all ended when one of them cannot: an audio file that is not there', async () => {
    const run = runProfile(profile().replace('hold: 1s', 'hold: 1s, audio: nowhere.wav'));
    await expect(run).rejects.toMatchObject({ name: 'AppError' });
    expect(threads.every((thread) => thread.threadId === -1)).toBe(true);
  });

  it('and end at once say so', async () => {
    const run = runProfile(profile());
    void threads[0].terminate();
    await expect(run).rejects.toMatchObject({ code: 'THREAD_CRASHED' });
  });
});
