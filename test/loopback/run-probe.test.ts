import { describe, expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';

describe('a run that probes its audio', () => {
  it('measures the delay from mouth to ear in each direction, and finds that no call is crossed', async () => {
    const { summary, records } = await runProfile(`
name: test
load: [{ shape: constant, cps: 3, for: 1s }]
calls: { hold: 5s, codecs: [PCMA], probe: { after: 1s, every: 2s } }
media: { rtpPorts: 44000-44099 }
impairment:
  uplink: [{ kind: delay, base: 80ms }]
  downlink: [{ kind: loss, ratio: 3% }]
gates: ['probe.uplink.mouthToEarMs.p50 >= 155ms', 'probe.downlink.crossedCalls == 0']
`);
    expect(records).toHaveLength(3);
    // 80 ms of network, 60 of playout buffer, 20 of packet; what a busy machine adds comes on top.
    const [up, down] = [records, records].map((list, i) => list.map(({ probe }) => probe![i ? 'downlink' : 'uplink']));
    for (const { delayMs } of up) expect(delayMs).toBeGreaterThan(155);
    for (const { delayMs } of down) expect(delayMs).toBeGreaterThan(75);
    for (const figures of [...up, ...down])
      expect(figures).toMatchObject({ delaySource: 'one-way', crossed: 0, echoes: 0, echoDelayMs: null });
    for (const side of [summary.probe.uplink, summary.probe.downlink]) {
      expect(side.sent).toBeGreaterThanOrEqual(3);
      expect(side.heard! + side.missed!).toBe(side.sent);
      expect(side).toMatchObject({ calls: 3, crossedCalls: 0, echoCalls: 0 });
    }
    expect(summary.gates.map(({ pass }) => pass)).toEqual([true, true]);
  });
});
