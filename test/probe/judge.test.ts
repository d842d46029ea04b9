import { describe, expect, it } from 'vitest';
import { judgeProbe, nearestCall, type ProbeInput } from '../../src/probe/judge.js';
import { MARKER_DBOV } from '../../src/probe/marker.js';

const INPUT: ProbeInput = {
  own: { identity: 11, startsMs: [7000, 17_000] },
  far: { identity: 10, startsMs: [2000, 12_000, 22_000] },
  heard: [],
  endMs: 23_000,
  isLoop: false,
  ptimeMs: 20,
  jitterBufferMs: 60,
  callOf: (identity) => identity + 1000,
};
const marker = (identity: number, atMs: number, changeDb = 0) => ({
  identity,
  atMs,
  levelDbov: MARKER_DBOV + changeDb,
});

describe('what markers told of a direction', () => {
  it('is the delay with the packet’s own time, the level, and what was missed; too late to be heard is not missed', () => {
    expect(judgeProbe({ ...INPUT, heard: [marker(10, 2140, -3)] })).toEqual({
      sent: 2,
      heard: 1,
      missed: 1,
      delayMs: 160,
      delaySource: 'one-way',
      levelDb: -3,
      crossed: 0,
      crossedCall: null,
      echoes: 0,
      echoDelayMs: null,
      echoReturnLossDb: null,
    });
    expect(judgeProbe({ ...INPUT, heard: [2140, 12_150, 22_145].map((atMs) => marker(10, atMs)) })).toMatchObject({
      sent: 3,
      heard: 3,
      missed: 0,
      delayMs: 165,
    });
  });

  it('names the call whose audio was heard in place of this one’s', () => {
    const figures = judgeProbe({ ...INPUT, heard: [marker(24, 3000), marker(24, 13_000)] });
    expect(figures).toMatchObject({ sent: 2, heard: 0, missed: 2, delayMs: null, crossed: 2, crossedCall: 1024 });
  });

  it('is an echo where the own marker comes back quietly, and no proof of the far end', () => {
    const figures = judgeProbe({ ...INPUT, heard: [marker(11, 7300, -18), marker(10, 12_140)] });
    expect(figures).toMatchObject({ heard: 1, delayMs: 160, echoes: 1, echoDelayMs: 320, echoReturnLossDb: 18 });
  });

  it('is half of the round trip, and says so, where the far end sends back all that it gets', () => {
    const looped = { far: null, heard: [marker(11, 7260, -1), marker(11, 17_260, -1)] };
    // 200 ms on the way there and back, 60 of playout buffer and 20 of packet once.
    const figures = { sent: 2, heard: 2, missed: 0, delayMs: 180, delaySource: 'half-round-trip', levelDb: -1 };
    expect(judgeProbe({ ...INPUT, ...looped, isLoop: true })).toMatchObject(figures);
    expect(judgeProbe({ ...INPUT, ...looped })).toMatchObject(figures);
    expect(judgeProbe({ ...INPUT, far: null, heard: [marker(11, 7260, -20)] })).toMatchObject({
      sent: null,
      heard: null,
      delayMs: null,
      echoes: 1,
    });
  });

  it('is nothing of a far end that is not ours and says no markers', () => {
    expect(judgeProbe({ ...INPUT, far: null })).toMatchObject({
      sent: null,
      heard: null,
      missed: null,
      delayMs: null,
      delaySource: null,
      crossed: 0,
    });
  });

  it('takes for the other call the nearest one with that identity', () => {
    expect(nearestCall(20, 12)).toBe(10);
    expect(nearestCall(20, 300)).toBe(266);
    expect(nearestCall(20, 150)).toBe(266);
    expect(nearestCall(510, 3)).toBe(255);
    expect(nearestCall(510, 257)).toBe(255);
  });
});
