import { describe, expect, it } from 'vitest';
import { fuzzMedia } from '../fuzz/media.js';

describe('the media plane under mutated RTP and RTCP', () => {
  it('never throws, keeps its figures numbers, mixes in nothing from elsewhere, and still carries a call', () => {
    const result = fuzzMedia(20_000, 30_000);
    expect(result.datagrams).toBe(30_000);
    // Not all was refused at the door, and not all was taken.
    for (const figure of [
      'received',
      'malformed',
      'undecodable',
      'rtcpReceived',
      'rtcpMalformed',
      'strangers',
    ] as const)
      expect(result[figure], figure).toBeGreaterThan(300);
  });
});
