// What listening to a call costs beside measuring it: received audio played to a listener that does nothing, and to the search for
// markers. CPU time a packet of PCMU, 20 ms, of so many calls by turns; the median of the rounds.
//
//   npx tsx bench/quality/played.ts [--calls 1000] [--seconds 20] [--rounds 3]
import { parseArgs } from 'node:util';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { speechLike } from '../../src/audio/speech.js';
import { MarkerListener } from '../../src/probe/marker-listener.js';
import { Payload } from '../../src/quality/heard-payload.js';
import { type Listener, PlayedAudio } from '../../src/quality/played-audio.js';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '3' },
  },
});
const calls = Number(values.calls);
const packets = Number(values.seconds) * 50;
const audio = EncodedAudio.encode(Int16Array.from(speechLike(1, 30, 8000)), 'PCMU', 20);

function measure(listener: () => Listener): number {
  const ears = Array.from({ length: calls }, () => new PlayedAudio([listener()], { kind: 'fixed', delayMs: 60 }));
  const before = process.cpuUsage();
  for (let i = 0; i < packets; i++) {
    for (const [call, ear] of ears.entries()) {
      const start = ((i + call) % audio.frames) * audio.frameBytes;
      const arrivalMs = 1000 + i * 20 + ((i * 7 + call) % 15);
      ear.hear(Payload.pcmu, audio.bytes, start, start + audio.frameBytes, 1, i * 160, arrivalMs);
    }
  }
  const { user, system } = process.cpuUsage(before);
  for (const ear of ears) ear.close(1e9);
  return (1000 * (user + system)) / (packets * calls);
}

const ROWS: { name: string; listener: () => Listener; ns: number[] }[] = [
  { name: 'nobody hears', listener: () => ({ listen() {} }), ns: [] },
  { name: 'markers are searched', listener: () => new MarkerListener(), ns: [] },
];
for (let round = 0; round < Number(values.rounds); round++)
  for (const { listener, ns } of ROWS) ns.push(measure(listener));
for (const { name, ns } of ROWS)
  console.log(
    `${name.padEnd(24)}${ns
      .sort((a, b) => a - b)
      [ns.length >> 1].toFixed(0)
      .padStart(6)} ns a packet`,
  );
