import { describe, expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';

const profile = (trunk: string, load: string): string => `
name: shards
seed: 5
load: [${load}]
calls: { hold: 2s }
trunk: { ${trunk} }
media: { rtpPorts: 27000-27399 }
impairment:
  uplink: [{ kind: loss, ratio: 10% }]
`;

describe('a run whose callers are spread over two shards', () => {
  it('makes every attempt once, and injects into each call what it does with one shard', async () => {
    const yaml = profile('channels: 100', '{ shape: constant, cps: 20, for: 1s }');
    const two = await runProfile(yaml, { shards: 2 });
    const one = await runProfile(yaml, { shards: 1 });
    for (const { summary, failure, records } of [two, one]) {
      expect(failure).toBeNull();
      expect(summary.calls).toMatchObject({ attempted: 20, completed: 20, failed: 0, stillUp: 0 });
      expect(records.map((record) => record.id).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    }
    expect(two.summary.run.threads.map(({ name }) => name).sort()).toEqual([
      'main',
      'swarm 1 departures',
      'swarm 1 media',
      'swarm 1 signalling',
      'swarm 2 departures',
      'swarm 2 media',
      'swarm 2 signalling',
      'trunk media',
      'trunk signalling',
    ]);
    const lost = ({ records }: typeof one) =>
      new Map(records.map(({ id, impairment }) => [id, impairment!.uplink.droppedBefore]));
    expect(lost(two)).toEqual(lost(one));
    expect(new Set(two.records.map((record) => record.localMedia)).size).toBe(20);
    const { uplink } = two.summary.media;
    expect(uplink.packetsLost).toBe(
      two.records.reduce((sum, { impairment }) => sum + impairment!.uplink.droppedWithin, 0),
    );
    const last = two.timeline.at(-1)!;
    expect(last.calls).toMatchObject({ attempted: 20, inProgress: 0, established: 0 });
    expect(last.media.uplink.packetsSent).toBeGreaterThan(20 * 80);
  });

  it('counts the calls of both together: the trunk is full at its channels', async () => {
    const yaml = profile('channels: 15', '{ shape: constant, cps: 40, for: 1s }');
    const { summary } = await runProfile(yaml, { shards: 2 });
    expect(summary.calls).toMatchObject({ attempted: 40, answered: 15, peakInProgress: 15, peakEstablished: 15 });
    expect(summary.trunk.exhaustedAtInProgress).toBe(15);
  });

  it('is ended by one command', async () => {
    const yaml = profile('channels: 100', '{ shape: constant, cps: 10, for: 60s }');
    const { summary } = await runProfile(yaml, { shards: 2 }, (run) => run.stop());
    expect(summary.verdict).toBe('interrupted');
    expect(summary.calls.attempted).toBeGreaterThan(0);
    expect(summary.calls.stillUp + summary.calls.completed + summary.calls.cancelled).toBe(summary.calls.attempted);
  });
});
