import { describe, expect, it } from 'vitest';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { speechLike } from '../../src/audio/speech.js';
import { Rng } from '../../src/core/rng.js';
import { renderMarker } from '../../src/probe/marker.js';
import { MarkerListener } from '../../src/probe/marker-listener.js';
import type { HeardMarker } from '../../src/probe/marker-window.js';
import { HeardStream } from '../../src/quality/heard-stream.js';
import { PlayedAudio } from '../../src/quality/played-audio.js';
import type { JitterBuffer } from '../../src/quality/playout.js';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../../src/rtp/packet.js';

const SECONDS = 40;
const ANSWER_MS = 5000;
/** The sender's clock runs slower than ours by so much, so that the schedule moves while nobody listens. */
const DRIFT = 400e-6;
const SAID = [7000, 17_000, 27_000, 37_000];
const FIXED: JitterBuffer = { kind: 'fixed', delayMs: 60 };
const ADAPTIVE: JitterBuffer = { kind: 'adaptive', minMs: 20, maxMs: 200 };

const audio = (() => {
  const samples = Int16Array.from(speechLike(2, SECONDS, 8000));
  for (const atMs of SAID) samples.set(renderMarker(33, 8000), 8 * atMs);
  return EncodedAudio.encode(samples, 'PCMU', 20);
})();

/** Counts what is handed in. */
class CountingAudio extends PlayedAudio {
  handed = 0;

  override hear(...packet: Parameters<PlayedAudio['hear']>): void {
    this.handed++;
    super.hear(...packet);
  }
}

/** A call by jitter of 30 ms and that clock; with `ssrcOf` another sender goes on from some packet. */
function call(jitterBuffer: JitterBuffer, leavesOut: boolean, ssrcOf = (_packet: number) => 1) {
  const markers = new MarkerListener();
  const played = new CountingAudio([markers], jitterBuffer);
  if (!leavesOut) played.leavesOut = () => false;
  const stream = new HeardStream({
    acceptPayloadTypes: { 0: 'PCMU' },
    jitterBuffer,
    mediaTimeoutMs: 5000,
    bpl: 25.1,
    expectAudio: true,
    hearDigits: true,
    clockRate: 8000,
    ownSsrc: 99,
    played,
  });
  const rng = new Rng(5);
  const bytes = new Uint8Array(RTP_HEADER_BYTES + 160);
  for (let i = 0; i < audio.frames; i++) {
    if (20 * i === ANSWER_MS) stream.onAnswer(1000 + 20 * i);
    writeRtpHeader(bytes, 0, false, 0, i, 160 * i, ssrcOf(i));
    bytes.set(audio.bytes.subarray(160 * i, 160 * (i + 1)), RTP_HEADER_BYTES);
    stream.onRtp(bytes, 0, bytes.length, 1000 + 20 * i * (1 + DRIFT) + 30 * rng.uniform());
  }
  played.close(1e9);
  markers.close();
  return { heard: markers.heard, handed: played.handed };
}

function times(heard: readonly HeardMarker[]): number[] {
  return heard.map(({ atMs }) => atMs);
}

describe('markers of a call whose packets are left out while nobody needs them', () => {
  it('are heard when they are played by the buffer that the call is measured with', () => {
    const { heard, handed } = call(FIXED, true);
    expect(heard.map(({ identity }) => identity)).toEqual(SAID.map(() => 33));
    const delays = heard.map(({ atMs }, i) => atMs - 1000 - SAID[i] * (1 + DRIFT));
    // 60 ms behind the first packet, which came up to 30 ms late; the schedule follows the clock with a lag.
    for (const delayMs of delays) {
      expect(delayMs).toBeGreaterThan(60 - 12);
      expect(delayMs).toBeLessThan(60 + 30 + 3);
    }
    // Handed in are those before the answer and what is played around markers.
    expect(handed).toBeLessThan(ANSWER_MS / 20 + SAID.length * 30 + 30);
  });

  it('are heard as if all were handed in, but for the packet by which the buffer was set up', () => {
    const [left, all] = [call(FIXED, true), call(FIXED, false)];
    expect(all.handed).toBe(audio.frames);
    const shifts = times(left.heard).map((atMs, i) => atMs - times(all.heard)[i]);
    for (const shift of shifts) expect(Math.abs(shift - shifts[0])).toBeLessThan(2.1);
    expect(Math.abs(shifts[0])).toBeLessThan(30);
  });

  it('are heard when another source goes on in the middle of the call', () => {
    const { heard } = call(FIXED, true, (packet) => (packet < 600 ? 1 : 2));
    expect(heard.length).toBe(SAID.length);
    for (const [i, { atMs }] of heard.entries()) expect(Math.abs(atMs - 1060 - SAID[i])).toBeLessThan(60);
  });

  it('are all handed in where the buffer follows the network', () => {
    const { heard, handed } = call(ADAPTIVE, true);
    expect(handed).toBe(audio.frames);
    expect(heard.length).toBe(SAID.length);
  });
});
