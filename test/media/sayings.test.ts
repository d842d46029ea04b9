import { describe, expect, it } from 'vitest';
import { kindsOf } from '../../src/quality/heard-payload.js';
import type { Listener } from '../../src/quality/played-audio.js';
import { PlayedAudio } from '../../src/quality/played-audio.js';
import { payloadEnd, payloadStart, payloadTypeOf, ssrcOf, timestampOf } from '../../src/rtp/packet.js';
import { amplitudeAt } from '../audio/goertzel.js';
import { ADDRESS, remoteAt, TwoPlanes } from './two-planes.js';

/** What a side says between tones of 400 Hz: 3 s of 1000 Hz. */
const SAID_MS = 3000;

describe('what is said', () => {
  it('is heard once, from the next slot on, and the audio goes on after it', () => {
    const planes = new TwoPlanes();
    planes.call(1);
    planes.run(2000);
    const askedMs = planes.clock.now();
    planes.near.plane.say(1, 'greeting');
    planes.run(5000);
    const [{ call, said }] = planes.near.told.said;
    expect(call).toBe(1);
    expect(said?.whole).toBe(true);
    expect(said!.startMs - askedMs).toBeGreaterThanOrEqual(0);
    expect(said!.startMs - askedMs).toBeLessThanOrEqual(20);
    expect(said!.endMs - said!.startMs).toBe(SAID_MS);
    const { near, far } = planes.close(1);
    // Not a packet more or less, and none of them lost for the far end.
    expect(near.sent.packetsSent).toBe(350);
    expect(far.heard).toMatchObject({ packetsReceived: 350, packetsLost: 0, ssrcChanges: 0 });
    expect(far.heard.jitterMs).toBeLessThan(0.05);
  });

  it('is said one after the other', () => {
    const planes = new TwoPlanes();
    planes.call(1, { audio: 'hum' });
    planes.run(100);
    planes.near.plane.say(1, 'greeting');
    planes.near.plane.say(1, 'greeting');
    planes.run(7000);
    const [first, second] = planes.near.told.said.map(({ said }) => said!);
    expect(second.startMs).toBe(first.endMs);
    expect(second.whole).toBe(true);
  });

  it('ends where the call stops sending, and says how far it came', () => {
    const planes = new TwoPlanes();
    planes.call(1);
    planes.near.plane.say(1, 'greeting');
    planes.near.plane.say(1, 'greeting');
    planes.run(1000);
    planes.near.plane.hush(1);
    planes.run(100);
    const [first, second] = planes.near.told.said.map(({ said }) => said!);
    expect(first.whole).toBe(false);
    expect(first.endMs - first.startMs).toBeGreaterThan(950);
    expect(first.endMs - first.startMs).toBeLessThan(1050);
    expect(second).toMatchObject({ whole: false, startMs: second.endMs });
  });

  it('cannot be where nothing is sent', () => {
    const planes = new TwoPlanes();
    planes.open(1);
    planes.near.plane.say(1, 'greeting');
    planes.near.plane.say(77, 'greeting');
    expect(planes.near.told.said).toEqual([
      { call: 1, said: null },
      { call: 77, said: null },
    ]);
  });

  it('has the times at which it is played at the other end, less the way and the buffer', () => {
    const planes = new TwoPlanes();
    const heard: { atMs: number; loud: boolean }[] = [];
    const ear: Listener = {
      listen: (samples, count, atMs) =>
        heard.push({ atMs, loud: amplitudeAt(samples.subarray(0, count), 1000, 8000) > 500 }),
    };
    const played = new PlayedAudio([ear], { kind: 'fixed', delayMs: 60 });
    planes.open(1);
    const driver = planes.net.driver();
    const raw = driver.bind(ADDRESS, 40_000);
    if (typeof raw === 'string') throw new Error(raw);
    raw.sink = {
      onDatagram: ({ bytes }, offset, length, arrivalMs) => {
        const kind = kindsOf({ 0: 'PCMU' }, true)[payloadTypeOf(bytes, offset)];
        const [start, end] = [payloadStart(bytes, offset), payloadEnd(bytes, offset, length)];
        played.hear(kind, bytes, start, end, ssrcOf(bytes, offset), timestampOf(bytes, offset) | 0, arrivalMs);
      },
    };
    planes.near.plane.connect(1, remoteAt(40_000), true, planes.clock.now());
    planes.run(500);
    planes.near.plane.say(1, 'greeting');
    planes.run(4500);
    driver.poll();
    played.close(planes.clock.now());
    const { said } = planes.near.told.said[0];
    const loud = heard.filter((block) => block.loud);
    expect(Math.abs(loud[0].atMs - said!.startMs - 60)).toBeLessThanOrEqual(2);
    expect(Math.abs(loud.at(-1)!.atMs + 20 - said!.endMs - 60)).toBeLessThanOrEqual(2);
  });
});
