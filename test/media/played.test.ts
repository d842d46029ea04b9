import { describe, expect, it } from 'vitest';
import { TwoPlanes } from './two-planes.js';

describe('what a call plays', () => {
  it('changes from one moment to the next, with not a packet less', () => {
    const planes = new TwoPlanes();
    planes.call(1, { audio: 'silence' });
    planes.run(1000);
    planes.near.plane.play(1, 'tone', planes.clock.now());
    planes.run(4000);
    const { far } = planes.close(1);
    expect(far.heard).toMatchObject({ packetsLost: 0, lateDiscarded: 0, verdict: { cause: null } });
    // Four of five seconds.
    expect(far.heard.activityFactor!).toBeGreaterThan(0.6);
  });

  it('may be nothing, and something again: packets stop and go on', () => {
    const planes = new TwoPlanes();
    planes.call(1);
    planes.run(1000);
    planes.near.plane.play(1, 'none', planes.clock.now());
    planes.run(1000);
    planes.near.plane.play(1, 'tone', planes.clock.now());
    planes.run(1000);
    const { near, far } = planes.close(1);
    expect(Math.abs(near.sent.packetsSent - 100)).toBeLessThanOrEqual(2);
    expect(far.heard.packetsLost).toBe(0);
  });

  it('begins with a sound in a call that played none', () => {
    const planes = new TwoPlanes();
    planes.call(1, { audio: 'none' });
    planes.run(200);
    planes.near.plane.play(1, 'tone', planes.clock.now());
    planes.run(1000);
    expect(Math.abs(planes.close(1).near.sent.packetsSent - 50)).toBeLessThanOrEqual(2);
  });

  it('is heard to be speech as it begins and ends, where that is listened for', () => {
    const planes = new TwoPlanes();
    planes.call(1, { audio: 'hum', listen: { live: true, speech: true } });
    planes.run(1500);
    const fromMs = planes.clock.now();
    planes.near.plane.say(1, 'question');
    planes.run(3000);
    const told = planes.far.told.heard.map(({ heard }) => heard);
    expect(told.map(({ kind }) => kind)).toEqual(['speech', 'silence']);
    // 60 ms in the jitter buffer; the speech-like signal begins and ends softly.
    expect(told[0].atMs - fromMs).toBeGreaterThan(50);
    expect(told[0].atMs - fromMs).toBeLessThan(300);
    expect(told[1].atMs - told[0].atMs).toBeGreaterThan(1000);
    expect(told[1].atMs - told[0].atMs).toBeLessThan(1700);
  });
});
