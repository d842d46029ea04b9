// What measuring a received packet costs: `HeardStream.onRtp` in a loop, CPU time of the process.
//
//   npx tsx bench/quality/run.ts [--streams 2000] [--packets 4000000] [--rounds 5]
//
// One stream shows the work alone, thousands by turns what their memory costs on top. The packets are of PCMU with speech,
// 160 bytes, every 20 ms, up to 15 ms late; each round measures every row once, and the median of the rounds counts.
import { parseArgs } from 'node:util';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { speechLike } from '../../src/audio/speech.js';
import { HeardStream } from '../../src/quality/heard-stream.js';
import type { JitterBuffer } from '../../src/quality/playout.js';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../../src/rtp/packet.js';

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '2000' },
    packets: { type: 'string', default: '4000000' },
    rounds: { type: 'string', default: '5' },
  },
});
const many = Number(values.streams);
const packets = Number(values.packets);
const PACKET_BYTES = RTP_HEADER_BYTES + 160;
/** As many as the receive buffers of a media thread hold. */
const RING = 256;

const FIXED: JitterBuffer = { kind: 'fixed', delayMs: 60 };
const ADAPTIVE: JitterBuffer = { kind: 'adaptive', minMs: 20, maxMs: 200 };
const ROWS: { name: string; streams: number; buffer: JitterBuffer }[] = [
  { name: 'fixed buffer, one stream', streams: 1, buffer: FIXED },
  { name: 'adaptive buffer, one stream', streams: 1, buffer: ADAPTIVE },
  { name: `fixed buffer, ${many} streams`, streams: many, buffer: FIXED },
  { name: `adaptive buffer, ${many} streams`, streams: many, buffer: ADAPTIVE },
];

const bytes = new Uint8Array(RING * PACKET_BYTES);
const speech = EncodedAudio.encode(speechLike(3, 10), 'PCMU', 20);
for (let i = 0; i < RING; i++)
  bytes.set(speech.bytes.subarray(i * 160, i * 160 + 160), i * PACKET_BYTES + RTP_HEADER_BYTES);

/** How late packets are, in ms, drawn ahead. */
const late = Float64Array.from(
  { length: 8192 },
  (_, i) => (((i * 2_654_435_761) % 4_294_967_296) / 4_294_967_296) * 15,
);

/** Ns of CPU time a packet. */
function measure(streams: number, buffer: JitterBuffer): number {
  const heard = Array.from({ length: streams }, (_, i) => {
    const stream = new HeardStream({
      acceptPayloadTypes: { 0: 'PCMU', 101: 'telephone-event' },
      jitterBuffer: buffer,
      mediaTimeoutMs: 5000,
      bpl: 25.1,
      expectAudio: true,
      hearDigits: true,
      clockRate: 8000,
      ownSsrc: 0xffff + i,
    });
    stream.onAnswer(0);
    return stream;
  });
  const turns = Math.floor(packets / streams);
  const before = process.cpuUsage();
  let n = 0;
  for (let turn = 0; turn < turns; turn++) {
    for (let i = 0; i < streams; i++, n++) {
      const at = (n % RING) * PACKET_BYTES;
      writeRtpHeader(bytes, at, false, 0, turn & 0xffff, (turn * 160) >>> 0, i + 1);
      heard[i].onRtp(bytes, at, PACKET_BYTES, turn * 20 + late[n & 8191]);
    }
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / (turns * streams);
}

for (const { streams, buffer } of ROWS) measure(Math.min(streams, 10), buffer);
const figures = ROWS.map((): number[] => []);
for (let round = 0; round < Number(values.rounds); round++)
  for (const [i, { streams, buffer }] of ROWS.entries()) figures[i].push(measure(streams, buffer));
for (const [i, { name }] of ROWS.entries()) {
  const sorted = figures[i].sort((a, b) => a - b);
  console.log(`${name.padEnd(32)}${sorted[Math.floor(sorted.length / 2)].toFixed(0).padStart(6)} ns a packet`);
}
