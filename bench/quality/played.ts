// What listening to a call costs beside measuring it: received audio played to a listener that does nothing, and to the search for
// markers: in packets of G.711, which are looked at before they are played, and in those of L16, at all times and once the times of the
// markers are known. CPU time a packet of 20 ms, of so many calls by turns; the median of the rounds.
//
//   npx tsx bench/quality/played.ts [--calls 1000] [--seconds 20] [--rounds 3]
import { parseArgs } from 'node:util';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { speechLike } from '../../src/audio/speech.js';
import { renderMarker } from '../../src/probe/marker.js';
import { MarkerListener } from '../../src/probe/marker-listener.js';
import { Payload } from '../../src/quality/heard-payload.js';
import { type Listener, PlayedAudio } from '../../src/quality/played-audio.js';
import { PlayoutBuffer } from '../../src/quality/playout.js';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '3' },
  },
});
const calls = Number(values.calls);
const packets = Number(values.seconds) * 50;
/** Each call has a marker so often; the first ones are heard before it is measured. */
const MARKERS_EVERY = 10_000 / 20;
const KNOWN_AFTER = 13_000 / 20;
const times = { callerEveryMs: 10_000, calleeEveryMs: 10_000, firstByMs: 10_000 };
const spoken = Int16Array.from(speechLike(1, 30, 8000));
const CODECS = ['PCMU', 'L16/8000'] as const;
type Codec = (typeof CODECS)[number];
const AUDIO = Object.fromEntries(
  CODECS.map((codec) => [
    codec,
    {
      kind: codec === 'PCMU' ? Payload.pcmu : Payload.l16,
      speech: EncodedAudio.encode(spoken, codec, 20),
      marker: EncodedAudio.encode(renderMarker(2, 8000), codec, 20),
    },
  ]),
) as Record<Codec, { kind: number; speech: EncodedAudio; marker: EncodedAudio }>;

function measure(codec: Codec, listener: () => Listener): number {
  const { kind, speech, marker } = AUDIO[codec];
  const buffer = { kind: 'fixed', delayMs: 60 } as const;
  const ears = Array.from({ length: calls }, () => ({
    played: new PlayedAudio([listener()], buffer),
    // The buffer that the call is measured with.
    schedule: new PlayoutBuffer(buffer, 8000),
  }));
  let before = process.cpuUsage();
  for (let i = 0; i < KNOWN_AFTER + packets; i++) {
    if (i === KNOWN_AFTER) before = process.cpuUsage();
    for (const [call, { played, schedule }] of ears.entries()) {
      const frame = (i + call) % MARKERS_EVERY;
      const { bytes, frameBytes, frames } = frame < marker.frames ? marker : speech;
      const start = (frame < marker.frames ? frame : (i + call) % frames) * frameBytes;
      const arrivalMs = 1000 + i * 20 + ((i * 7 + call) % 15);
      if (!played.leavesOut(kind, bytes, start, start + frameBytes, schedule))
        played.hear(kind, bytes, start, start + frameBytes, 1, i * 160, arrivalMs, false, schedule);
      schedule.accept(i * 160, arrivalMs);
    }
  }
  const { user, system } = process.cpuUsage(before);
  for (const { played } of ears) played.close(1e9);
  return (1000 * (user + system)) / (packets * calls);
}

function searching(isScheduled: boolean): Listener {
  const markers = new MarkerListener(isScheduled ? times : undefined);
  markers.onAnswer(1000);
  return markers;
}

const deaf = (): Listener => ({ listen() {} });
const ROWS: { name: string; codec: Codec; listener: () => Listener; ns: number[] }[] = [
  { name: 'G.711, nobody hears', codec: 'PCMU', listener: deaf, ns: [] },
  { name: 'G.711, looked at', codec: 'PCMU', listener: () => searching(true), ns: [] },
  { name: 'L16, nobody hears', codec: 'L16/8000', listener: deaf, ns: [] },
  { name: 'L16, markers are searched', codec: 'L16/8000', listener: () => searching(false), ns: [] },
  { name: 'L16, when they are due', codec: 'L16/8000', listener: () => searching(true), ns: [] },
];
for (let round = 0; round < Number(values.rounds); round++)
  for (const { codec, listener, ns } of ROWS) ns.push(measure(codec, listener));
for (const { name, ns } of ROWS)
  console.log(
    `${name.padEnd(28)}${ns
      .sort((a, b) => a - b)
      [ns.length >> 1].toFixed(0)
      .padStart(6)} ns a packet`,
  );
