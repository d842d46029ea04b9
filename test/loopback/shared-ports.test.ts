import { afterEach, describe, expect, it } from 'vitest';
import { audioOf } from '../../src/audio/recording.js';
import type { Sound } from '../../src/audio/sound.js';
import type { MediaClient } from '../../src/media/link/client.js';
import type { Lease, MediaSetup, MediaSnapshot } from '../../src/media/link/messages.js';
import { loudestFrequency } from '../audio/goertzel.js';
import { LOOPBACK, leaseFrom, type MediaThread, remoteOf, SESSION, startMediaThread, until } from './media-thread.js';

const CALLS = 20;
const PACKETS = 75;
const calls = Array.from({ length: CALLS }, (_, call) => call);
/** Each call plays a tone of its own: the near side the odd hundreds, the far side the even ones. */
const nearTone = (call: number): number => 300 + 100 * call;
const farTone = (call: number): number => 350 + 100 * call;
const threads: MediaThread[] = [];

function start(driver: MediaSetup['driver'], portMin: number, tone: (call: number) => number): MediaClient {
  const sounds = Object.fromEntries(calls.map((call): [string, Sound] => [`${call}`, { audio: `tone:${tone(call)}` }]));
  const setup = { driver, portMin, portMax: portMin + 1, sharedPorts: true, pool: CALLS, seed: portMin, sounds };
  const thread = startMediaThread(setup);
  threads.push(thread);
  return thread.client;
}

afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.close();
});

describe.each(['native', 'epoll', 'dgram'] as const)('calls that share a port of the %s driver', (driver) => {
  it('hear the tone of their own far end, every packet of it, and no other', async () => {
    const near = start(driver, 17_300, nearTone);
    const far = start(driver, 17_302, farTone);
    const open = async (client: MediaClient, call: number, name: string): Promise<Lease> => {
      const lease = await leaseFrom(client);
      const session = { ...SESSION, audio: `${call}`, rtcp: { xr: false }, recordBytes: 1 << 16 };
      client.open(call, lease.pair, `${name}-${call}`, session, [], []);
      return lease;
    };
    const to = (lease: Lease) =>
      remoteOf(lease, {
        rtcp: { address: LOOPBACK, port: lease.rtcpPort, mux: false },
        ssrcs: [lease.ssrc!],
      });
    for (const call of calls) {
      const ours = await open(near, call, 'near');
      const theirs = await open(far, call, 'far');
      expect([ours.rtpPort, theirs.rtpPort]).toEqual([17_300, 17_302]);
      far.connect(call, to(ours), true);
      near.connect(call, to(theirs), true);
    }
    let latest: MediaSnapshot | null = null;
    far.onSnapshot = (snapshot) => {
      latest = snapshot;
    };
    await until(() => latest !== null && latest.packetsReceived >= PACKETS * CALLS);
    for (const call of calls) near.hush(call);
    const theirs = await Promise.all(calls.map((call) => far.close(call)));
    const ours = await Promise.all(calls.map((call) => near.close(call)));
    for (const call of calls) {
      const [own, other] = [ours[call]!, theirs[call]!];
      expect(own.heard).toMatchObject({ ssrc: other.sent.ssrc, packetsLost: 0, duplicates: 0, wrongSource: 0 });
      expect(other.heard).toMatchObject({ ssrc: own.sent.ssrc, packetsLost: 0, duplicates: 0, wrongSource: 0 });
      for (const [report, tone] of [
        [own, farTone(call)],
        [other, nearTone(call)],
      ] as const) {
        const { samples, sampleRate } = audioOf(report.recording!, 60)!;
        expect(samples.length).toBeGreaterThan(sampleRate / 2);
        expect(loudestFrequency(samples, sampleRate)).toBe(tone);
      }
    }
    const { health, malformed } = latest!;
    expect({ malformed, drops: health.receiveDrops, errors: health.sendErrors }).toEqual({
      malformed: 0,
      drops: 0,
      errors: 0,
    });
  });
});
