import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { impairmentsOf } from '../../src/impair/compose.js';
import { impairmentSpec } from '../../src/impair/impairment-spec.js';
import { HandTrunk } from '../support/trunk-by-hand.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LOSS = { kind: 'loss', ratio: '5%' };
const impairments = (spec: object) => impairmentsOf(impairmentSpec.parse(spec));

describe('impairments of calls that come in', () => {
  it('are on the paths of those that are selected, by number and by where they come from', async () => {
    const select = { from: '1*', trunk: '192.0.2.1:*' };
    const hand = new HandTrunk({}, null, undefined, impairments({ uplink: [LOSS], select }));
    for (const from of ['100', '200', '101']) hand.call(from);
    expect(hand.asked.opened).toEqual([
      { call: 0, uplink: 1 },
      { call: 1, uplink: 0 },
      { call: 2, uplink: 1 },
    ]);
  });

  it('may change: for those that are up, and for those that come', async () => {
    const hand = new HandTrunk({});
    for (const from of ['100', '200']) hand.call(from);
    hand.trunk.impair(impairments({ uplink: [LOSS, LOSS], select: { from: '2*' } }), 'change 1');
    expect(hand.asked.impaired).toEqual([
      { calls: [1], uplink: 2 },
      { calls: [0], uplink: 0 },
    ]);
    hand.call('201');
    expect(hand.asked.opened.at(-1)).toEqual({ call: 2, uplink: 2 });
  });

  it('come back after a silence of the script, as they were changed meanwhile', async () => {
    const script = [
      { at: '1s', do: 'silence', rtp: 'stop' },
      { at: '2s', do: 'serve' },
    ];
    const hand = new HandTrunk({ script }, null, undefined, impairments({ uplink: [LOSS] }));
    hand.call();
    await vi.advanceTimersByTimeAsync(1000);
    hand.trunk.impair(impairments({ uplink: [LOSS, LOSS] }), 'change 1');
    expect(hand.asked.impaired).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1000);
    expect(hand.asked.impaired.at(-1)).toEqual({ calls: [0], uplink: 2 });
  });
});
