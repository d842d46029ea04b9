import { describe, expect, it } from 'vitest';
import { ADDRESS, remoteAt, TwoPlanes } from './two-planes.js';

const SESSION = { audio: 'hum', listen: { markers: true } };

describe('a marker that is said in a call', () => {
  it('is heard later by what the network and the playout buffer take, to 1 ms', () => {
    const planes = new TwoPlanes();
    planes.call(1, SESSION, [{ kind: 'delay', base: 80, keepOrder: false }]);
    planes.run(1000);
    planes.near.plane.say(1, 'marker-2');
    planes.run(2000);
    const { near, far } = planes.close(1);
    const [{ said }] = planes.near.told.said;
    expect(near.truth.uplink.delayMeanMs).toBeCloseTo(80, 1);
    expect(far.markers).toHaveLength(1);
    expect(far.markers![0].identity).toBe(2);
    expect(Math.abs(far.markers![0].atMs - said!.startMs - 80 - 60)).toBeLessThan(1);
    expect(near.markers).toEqual([]);
  });

  it('is heard in the call that its audio went to by mistake', () => {
    const planes = new TwoPlanes();
    const first = planes.open(1, SESSION);
    const second = planes.open(2, SESSION);
    const connect = (call: number, near: number, far: number): void => {
      planes.near.plane.connect(call, remoteAt(far), true, planes.clock.now());
      planes.far.plane.connect(call, remoteAt(near), true, planes.clock.now());
    };
    // Each caller sends to the other's callee, by the ports that it was told.
    connect(1, second.near.rtpPort, second.far.rtpPort);
    connect(2, first.near.rtpPort, first.far.rtpPort);
    planes.run(500);
    planes.near.plane.say(1, 'marker-2');
    planes.near.plane.say(2, 'marker-4');
    planes.run(2000);
    expect(first.near.address).toBe(ADDRESS);
    expect(planes.close(1).far.markers!.map(({ identity }) => identity)).toEqual([4]);
    expect(planes.close(2).far.markers!.map(({ identity }) => identity)).toEqual([2]);
  });

  it('comes back as an echo, as much later and quieter as the echo is', () => {
    const planes = new TwoPlanes();
    planes.call(1, SESSION, [], [{ kind: 'echo', delay: 250, returnLoss: 20 }]);
    planes.run(1000);
    planes.near.plane.say(1, 'marker-2');
    planes.run(2000);
    const { near } = planes.close(1);
    const [{ said }] = planes.near.told.said;
    expect(near.markers).toHaveLength(1);
    expect(Math.abs(near.markers![0].atMs - said!.startMs - 250 - 60)).toBeLessThan(21);
    expect(near.markers![0].levelDbov).toBeCloseTo(-40, 0);
  });
});

describe('a call that says a marker again and again', () => {
  const SAYS = { ...SESSION, says: { sound: 'marker-2', afterMs: 500, everyMs: 1000 } };

  it('says it from its answer on, and tells when each began that was said whole', () => {
    const planes = new TwoPlanes();
    const leases = planes.open(1, SAYS);
    const connect = (answered: boolean): void =>
      planes.near.plane.connect(1, remoteAt(leases.far.rtpPort), answered, planes.clock.now());
    connect(false);
    planes.far.plane.connect(1, remoteAt(leases.near.rtpPort, { sends: false }), true, planes.clock.now());
    planes.run(2000);
    connect(true);
    const answeredAtMs = planes.clock.now();
    planes.run(1200);
    // A description of the same call, as of a refresh, begins nothing anew.
    connect(true);
    planes.run(1500);
    const { near, far } = planes.close(1);
    expect(near.saidMs).toHaveLength(2);
    for (const [i, atMs] of near.saidMs!.entries()) {
      expect(atMs - answeredAtMs - 500 - 1000 * i).toBeGreaterThanOrEqual(0);
      expect(atMs - answeredAtMs - 500 - 1000 * i).toBeLessThanOrEqual(20);
    }
    expect(planes.near.told.said).toEqual([]);
    expect(far.markers!.slice(0, 2).map(({ atMs }, i) => Math.round(atMs - near.saidMs![i]))).toEqual([60, 60]);
    expect(far.saidMs).toEqual([]);
  });

  it('says none while it is not to send, and goes on at the times that it would have', () => {
    const planes = new TwoPlanes();
    const { far } = planes.call(1, SAYS);
    const answeredAtMs = planes.clock.now();
    planes.run(1000);
    const connect = (sends: boolean): void =>
      planes.near.plane.connect(1, remoteAt(far.rtpPort, { sends }), true, planes.clock.now());
    connect(false);
    planes.run(1000);
    connect(true);
    planes.run(1000);
    const { near } = planes.close(1);
    expect(near.saidMs!.map((atMs) => Math.floor((atMs - answeredAtMs) / 100))).toEqual([5, 25]);
  });

  it('tells nothing of it that was never answered, or has nothing to say', () => {
    const planes = new TwoPlanes();
    planes.open(1, SAYS);
    planes.call(2, SESSION);
    planes.run(1000);
    expect(planes.close(1).near.saidMs).toBeUndefined();
    expect(planes.close(2).near.saidMs).toBeUndefined();
  });
});
