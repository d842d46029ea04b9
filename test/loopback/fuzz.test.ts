import { describe, expect, it } from 'vitest';
import { campaign, HEAP_GROWTH_BYTES } from '../fuzz/campaign.js';
import { fuzzFrames } from '../fuzz/frames.js';

/** A short run of `make fuzz`, the same messages each time. */
const COUNT = 20_000;

describe('the embedded server under mutated messages', () => {
  it('over every transport survives, answers what it owes and no more, keeps nothing, and still carries a call', {
    timeout: 300_000,
  }, async () => {
    const result = await campaign({ seed: 20_000, count: COUNT });
    const { sent, kinds, received, malformed, heapBeforeBytes, heapAfterBytes } = result;
    expect(Object.keys(sent).sort()).toEqual(['tcp4', 'tcp6', 'tls4', 'tls6', 'udp4', 'udp6']);
    for (const n of [...Object.values(sent), ...Object.values(kinds)]) expect(n).toBeGreaterThan(300);
    expect(Object.values(sent).reduce((sum, n) => sum + n)).toBe(COUNT);
    // Not all was refused at the door.
    expect(received - malformed).toBeGreaterThan(COUNT / 4);
    expect(heapAfterBytes - heapBeforeBytes).toBeLessThan(HEAP_GROWTH_BYTES);
  });

  it('takes mutated frames of applications, and serves the next one', { timeout: 120_000 }, async () => {
    const { requests } = await fuzzFrames(3, 3000);
    // Not all was refused at the door.
    expect(requests).toBeGreaterThan(20);
  });
});
