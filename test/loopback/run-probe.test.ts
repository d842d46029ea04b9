import { describe, expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';
import { Switchboard, type Wiring } from '../support/switchboard.js';

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

describe('a far end that sends audio where it does not belong', () => {
  const wired = async (wiring: Wiring, port: number) => {
    const switchboard = await Switchboard.open(wiring);
    const yaml = `
name: test
target: ${switchboard.uri}
load: [{ shape: constant, cps: 4, for: 1s }]
calls: { hold: 6s, codecs: [PCMU], audio: silence, probe: { after: 1s, every: 2s } }
media: { rtpPorts: ${port}-${port + 49} }
`;
    try {
      return await runProfile(yaml);
    } finally {
      switchboard.close();
    }
  };

  it('is found out where it connects each caller to another one', async () => {
    const { summary, records } = await wired({ to: (line) => line ^ 1, delayMs: 0, gainDb: 0 }, 44200);
    expect(records).toHaveLength(4);
    for (const { id, probe } of records)
      expect(probe!.downlink).toMatchObject({ crossedCall: id ^ 1, echoes: 0, delayMs: null });
    expect(summary.probe.downlink).toMatchObject({ calls: 4, crossedCalls: 4, echoCalls: 0 });
  });

  it('has its echo measured where it sends some of it back: how late, and how much quieter', async () => {
    const { summary, records } = await wired({ to: (line) => line, delayMs: 120, gainDb: -20 }, 44300);
    expect(records).toHaveLength(4);
    for (const { probe } of records) {
      expect(probe!.downlink.echoes).toBeGreaterThanOrEqual(1);
      // 60 ms of playout buffer and a packet of 20 ms on top; how late timers were comes with it.
      expect(probe!.downlink.echoDelayMs).toBeGreaterThan(195);
      expect(Math.abs(probe!.downlink.echoReturnLossDb! - 20)).toBeLessThan(1);
    }
    expect(summary.probe.downlink).toMatchObject({ crossedCalls: 0, echoCalls: 4 });
  });
});
