import { parseArgs } from 'node:util';
import { PacketMemory } from '../../src/media/udp.js';
import { writeRtpHeader } from '../../src/rtp/packet.js';
import { SRTP_KEY_BYTES, SRTP_SUITE_NAMES, SRTP_SUITES, type SrtpSuite } from '../../src/rtp/srtp-keys.js';
import { SrtpSession } from '../../src/rtp/srtp-session.js';

// What SRTP adds to a packet of G.711, 20 ms: the copy out of the shared frames and its protection, and opening it.
//   node --import tsx bench/media/srtp.ts --calls 500 --rounds 9
// All calls send in turn, as they do in a run, so that no context stays in the cache. CPU of the whole process.

const { values } = parseArgs({
  options: { calls: { type: 'string', default: '500' }, rounds: { type: 'string', default: '9' } },
});
const calls = Number(values.calls);
const rounds = Number(values.rounds);
const PACKET_BYTES = 172;
const PACKETS_A_CALL = 100;

interface Call {
  near: SrtpSession;
  far: SrtpSession;
  /** What the near side sealed last. */
  wire: PacketMemory;
  length: number;
}

function openCall(suite: SrtpSuite, number: number): Call {
  const key = (seed: number): string =>
    Buffer.alloc(SRTP_KEY_BYTES + SRTP_SUITES[suite].saltBytes, seed).toString('base64');
  const [one, other] = [key(number), key(number + 1)];
  const [near, far] = [new SrtpSession(), new SrtpSession()];
  near.use({ suite, send: one, receive: other });
  far.use({ suite, send: other, receive: one });
  return { near, far, wire: PacketMemory.allocate(256), length: 0 };
}

function cpuMicroseconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const frame = PacketMemory.allocate(PACKET_BYTES);
frame.bytes.fill(0x55);

function measure(suite: SrtpSuite): { protect: number; open: number } {
  const all = Array.from({ length: calls }, (_, i) => openCall(suite, i));
  let protect = 0;
  let open = 0;
  for (let sequence = 0; sequence < PACKETS_A_CALL; sequence++) {
    protect += cpuMicroseconds(() => {
      for (const call of all) {
        writeRtpHeader(frame.bytes, 0, false, 0, sequence, sequence * 160, 7);
        call.wire.write(0, frame, 0, PACKET_BYTES);
        call.length = call.near.outbound!.protectRtp(call.wire.bytes, 0, PACKET_BYTES);
      }
    });
    open += cpuMicroseconds(() => {
      for (const { far, wire, length } of all)
        if (far.inbound!.openRtp(wire.bytes, 0, length) !== PACKET_BYTES) throw new Error('a packet was not opened');
    });
  }
  const packets = calls * PACKETS_A_CALL;
  return { protect: protect / packets, open: open / packets };
}

const median = (sorted: number[]): number => sorted[sorted.length >> 1];
const told = (all: number[]): string => {
  const sorted = all.toSorted((a, b) => a - b);
  return `${median(sorted).toFixed(2)} (${sorted[0].toFixed(2)}–${sorted.at(-1)!.toFixed(2)})`;
};

// The suites take turns within a round, so that whatever else the machine does is the same for each.
const results = new Map(SRTP_SUITE_NAMES.map((suite) => [suite, { protect: [] as number[], open: [] as number[] }]));
for (let round = -1; round < rounds; round++) {
  for (const suite of SRTP_SUITE_NAMES) {
    const { protect, open } = measure(suite);
    if (round < 0) continue;
    results.get(suite)!.protect.push(protect);
    results.get(suite)!.open.push(open);
  }
}
console.log(`µs of CPU a packet, ${calls} calls, median of ${rounds} rounds (least–most)`);
for (const [suite, { protect, open }] of results)
  console.log(`${suite.padEnd(24)} protect ${told(protect)}   open ${told(open)}`);
