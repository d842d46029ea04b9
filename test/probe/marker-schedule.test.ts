import { describe, expect, it } from 'vitest';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { speechLike } from '../../src/audio/speech.js';
import { renderMarker } from '../../src/probe/marker.js';
import { MarkerListener } from '../../src/probe/marker-listener.js';
import type { MarkerTimes } from '../../src/probe/marker-schedule.js';
import type { HeardMarker } from '../../src/probe/marker-window.js';
import { Payload } from '../../src/quality/heard-payload.js';
import { type Listener, PlayedAudio } from '../../src/quality/played-audio.js';

const ANSWER_MS = 3000;
const BUFFER_MS = 60;
const TIMES: MarkerTimes = { callerEveryMs: 10_000, calleeEveryMs: 10_000, firstByMs: 7000 };
const SPEECH = Int16Array.from(speechLike(2, 10, 8000));
const OURS = 6;
const THEIRS = 7;

/** A marker within what is received, at so many ms from the answer. */
type Said = [identity: number, atMs: number];

/** From a first one on, every 10 s until the end. */
function every(identity: number, firstMs: number, endMs: number): Said[] {
  return Array.from({ length: Math.ceil((endMs - firstMs) / 10_000) }, (_, i) => [identity, firstMs + 10_000 * i]);
}

interface Outcome {
  heard: Said[];
  /** Share of the time from 13 s after the answer on in which there was listening. */
  share: number;
}

/** A call with speech and those markers, by a codec; what is heard of it, its times from the answer to the nearest 10 ms. */
function callBy(codec: 'PCMU' | 'L16/8000', seconds: number, said: Said[], times: MarkerTimes | null): Outcome {
  const samples = new Int16Array(8 * (ANSWER_MS + 1000 * seconds));
  for (let at = 0; at < samples.length; at += SPEECH.length)
    samples.set(SPEECH.subarray(0, Math.min(SPEECH.length, samples.length - at)), at);
  for (const [identity, atMs] of said) samples.set(renderMarker(identity, 8000), 8 * (ANSWER_MS + atMs));
  const audio = EncodedAudio.encode(samples, codec, 20);
  const kind = codec === 'PCMU' ? Payload.pcmu : Payload.l16;
  const markers = new MarkerListener(times ?? undefined);
  let listened = 0;
  const ear: Listener = {
    listen(block, count, atMs) {
      if (atMs > ANSWER_MS + 13_000) listened += count;
      markers.listen(block, count, atMs);
    },
    restsUntil: (nowMs, isWatched) => markers.restsUntil(nowMs, isWatched),
    mayNeed: (linear, bytes, start, end) => markers.mayNeed(linear, bytes, start, end),
    wake: (atMs) => markers.wake(atMs),
    rest: () => markers.rest(),
  };
  const played = new PlayedAudio([ear], { kind: 'fixed', delayMs: BUFFER_MS });
  for (let i = 0; i < audio.frames; i++) {
    if (20 * i === ANSWER_MS) markers.onAnswer(ANSWER_MS);
    const start = i * audio.frameBytes;
    played.hear(kind, audio.bytes, start, start + audio.frameBytes, 1, 160 * i, 20 * i);
  }
  played.close(1e9);
  markers.close();
  const timeOf = ({ identity, atMs }: HeardMarker): Said => [
    identity,
    Math.round((atMs - ANSWER_MS - BUFFER_MS) / 10) * 10,
  ];
  return { heard: markers.heard.map(timeOf), share: listened / (8 * 1000 * (seconds - 13)) };
}

function call(seconds: number, said: Said[], times: MarkerTimes | null = TIMES): Outcome {
  return callBy('L16/8000', seconds, said, times);
}

function byTime(said: Said[]): Said[] {
  return said.sort((a, b) => a[1] - b[1]);
}

describe('a call whose markers are listened for when they are due', () => {
  it('has all of them heard at the same times, as does their echo, in a third of the time', () => {
    const far = every(THEIRS, 7000, 90_000);
    const { heard, share } = call(91, far);
    expect(heard).toEqual(far);
    expect(share).toBeLessThan(0.33);
    const echoes = byTime([...far, ...every(OURS, 2000 + 480, 90_000), ...every(OURS, 2000 + 1480, 90_000)]);
    expect(call(91, echoes).heard).toEqual(echoes);
    const all = call(31, echoes.slice(0, 8), null);
    expect(all.heard).toEqual(echoes.slice(0, 8));
    expect(all.share).toBeGreaterThan(0.99);
  });

  it('has none missed that comes late, early or after one that was lost', () => {
    const moved: Said[] = [7000, 17_000, 27_700, 37_000, 49_500, 58_900, 88_900].map((atMs) => [THEIRS, atMs]);
    expect(call(91, moved).heard).toEqual(moved);
  });

  it('has the markers of another call heard when it is crossed with that, from when its own does not come', () => {
    for (const phaseMs of [0, 2500, 5000, 7500]) {
      const far = every(THEIRS, 7000, 40_000);
      const crossed = every(12, 42_000 + phaseMs, 70_000 + phaseMs);
      const { heard } = call(80, [...far, ...crossed]);
      expect(heard.slice(0, far.length)).toEqual(far);
      const others = heard.slice(far.length);
      expect(others).toEqual(crossed.slice(-others.length));
      expect(others[0][1]).toBeLessThan(47_000 + 1200 + 10_000);
    }
  });

  it('has those heard soon that are mixed into it', () => {
    const far = every(THEIRS, 7000, 130_000);
    const mixed = every(12, 31_000, 130_000);
    const { heard } = call(131, byTime([...far, ...mixed]));
    expect(heard.filter(([identity]) => identity === THEIRS)).toEqual(far);
    const others = heard.filter(([identity]) => identity === 12);
    expect(others).toEqual(mixed.slice(-others.length));
    expect(others[0][1]).toBeLessThanOrEqual(31_000 + 90_000);
  });

  it('is listened to all the time as long as no marker is heard', () => {
    const { heard, share } = call(61, [[THEIRS, 55_000]]);
    expect(heard).toEqual([[THEIRS, 55_000]]);
    expect(share).toBeGreaterThan(0.99);
  });

  it('has the markers of sides heard that say them at different times', () => {
    const times = { callerEveryMs: 4000, calleeEveryMs: 15_000, firstByMs: 20_000 };
    const ours = Array.from({ length: 22 }, (_, i): Said => [OURS, 2000 + 4000 * i]);
    const theirs: Said[] = [20_000, 35_000, 50_000, 65_000, 80_000].map((atMs) => [THEIRS, atMs + 500]);
    const said = byTime([...ours, ...theirs]);
    expect(call(91, said, times).heard).toEqual(said);
    expect(call(91, theirs, times).heard).toEqual(theirs);
  });

  it('is listened to all the time before its answer', () => {
    const markers = new MarkerListener(TIMES);
    for (const nowMs of [0, 1e4, 1e6]) expect(markers.restsUntil(nowMs, false)).toBe(nowMs);
  });
});

describe('a call of G.711, whose packets are looked at before they are played', () => {
  it('has every marker heard, whosesoever and whenever, in a fraction of the time', () => {
    const said = byTime([...every(THEIRS, 7000, 60_000), ...every(OURS, 2480, 60_000), ...every(12, 31_111, 60_000)]);
    for (const times of [TIMES, null]) {
      const { heard, share } = callBy('PCMU', 61, said, times);
      expect(heard.map(([identity]) => identity)).toEqual(said.map(([identity]) => identity));
      expect(share).toBeLessThan((1.1 * 0.4 * 13) / 48);
    }
    expect(callBy('PCMU', 61, [], TIMES)).toEqual({ heard: [], share: 0 });
  });

  it('has one heard that is said as soon as another one is over', () => {
    const said: Said[] = [0, 360, 720, 1080].map((atMs, i) => [THEIRS + 20 * i, 5000 + atMs]);
    expect(callBy('PCMU', 10, said, TIMES).heard).toEqual(said);
  });
});
