// What listening for DTMF tones costs: `DtmfDetector.listen` in packets of 20 ms, CPU time of the process a second of audio.
//
//   npx tsx bench/quality/dtmf.ts [--seconds 600] [--rounds 5]
//
// Decoding is not in it. The median of the rounds counts.
import { parseArgs } from 'node:util';
import { dtmfTones } from '../../src/audio/dtmf-tones.js';
import { speechLike } from '../../src/audio/speech.js';
import { DtmfDetector } from '../../src/quality/dtmf-detector.js';

const RATE = 8000;
const PACKET = 160;

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, rounds: { type: 'string', default: '5' } },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);

const digits = '0123456789*#'.repeat(10);
const signals: Record<string, Int16Array> = {
  'digits, 50 ms on and off': Int16Array.from(
    dtmfTones({ digits, toneMs: 50, gapMs: 50, levelDbm0: -10, twistDb: 0 }, RATE),
  ),
  speech: speechLike(1, 30, RATE),
  silence: new Int16Array(30 * RATE),
};

/** CPU time in µs for each second of audio. */
function measure(samples: Int16Array): number {
  const detector = new DtmfDetector();
  const packets = Math.floor(samples.length / PACKET);
  const before = process.cpuUsage();
  for (let i = 0; i < seconds * (RATE / PACKET); i++) {
    const at = (i % packets) * PACKET;
    detector.listen(samples.subarray(at, at + PACKET), PACKET, i * 20);
  }
  detector.close();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / seconds;
}

const results = new Map<string, number[]>();
for (let round = 0; round < rounds; round++)
  for (const [name, samples] of Object.entries(signals)) {
    const figures = results.get(name) ?? [];
    results.set(name, figures);
    figures.push(measure(samples));
  }
for (const [name, figures] of results) {
  figures.sort((a, b) => a - b);
  process.stdout.write(`${name.padEnd(26)} ${figures[figures.length >> 1].toFixed(0)} µs CPU a second of audio\n`);
}
