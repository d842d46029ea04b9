import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ImpairmentPipeline } from '../../src/impair/pipeline.js';
import { pipeline } from '../../src/impair/spec.js';
import { HeardStream } from '../../src/quality/heard-stream.js';
import { writeRtpHeader } from '../../src/rtp/packet.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const folder = temporaryFolder();

const RTP_BYTES = 172;
const PORT = 20_000;

/** A packet and when it arrives, in whole microseconds, as a capture file has it. */
interface Captured {
  atUs: number;
  bytes: Uint8Array;
}

/** A minute of G.711 from the middle of a call through impairments, in the order of arrival. */
function impaired(stages: object[]): Captured[] {
  const path = new ImpairmentPipeline(pipeline.parse(stages), 9);
  const captured: Captured[] = [];
  for (let i = 0; i < 3000; i++) {
    const bytes = new Uint8Array(RTP_BYTES).fill(0x33);
    writeRtpHeader(bytes, 0, false, 0, 65_000 + i, i * 160, 5);
    path.apply(bytes, 0, RTP_BYTES, i * 20);
    if (path.copies > 0) captured.push({ atUs: Math.round((i * 20 + path.delayMs) * 1000), bytes });
    if (path.copies > 1) captured.push({ atUs: Math.round((i * 20 + path.delayMs2) * 1000), bytes });
  }
  // tshark ends a stream with the last packet that came, RFC 3550 with the highest: let them be the same.
  captured.sort((a, b) => a.atUs - b.atUs);
  const lastUs = (captured.at(-1) as Captured).atUs;
  const last = new Uint8Array(RTP_BYTES).fill(0x33);
  writeRtpHeader(last, 0, false, 0, 65_000 + 3010, 3010 * 160, 5);
  captured.push({ atUs: Math.max(lastUs, 3010 * 20_000 + 100_000), bytes: last });
  return captured;
}

/** A capture file of raw IPv4 packets (link type 101). */
function capture(packets: Captured[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(101, 20);
  const parts: Uint8Array[] = [header];
  for (const { atUs, bytes } of packets) {
    const length = 28 + bytes.length;
    const record = Buffer.alloc(16 + 28);
    record.writeUInt32LE(Math.floor(atUs / 1e6), 0);
    record.writeUInt32LE(atUs % 1e6, 4);
    record.writeUInt32LE(length, 8);
    record.writeUInt32LE(length, 12);
    record.set([0x45, 0, length >> 8, length & 0xff, 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 2], 16);
    record.writeUInt16BE(10_000, 36);
    record.writeUInt16BE(PORT, 38);
    record.writeUInt16BE(8 + bytes.length, 40);
    parts.push(record, bytes);
  }
  return Buffer.concat(parts);
}

/** Packets, lost packets, mean and maximum jitter of the only stream, as tshark prints them. */
function tshark(
  name: string,
  packets: Captured[],
): { packets: number; lost: number; jitterMs: number; jitterMaxMs: number } {
  const path = join(folder, `${name}.pcap`);
  writeFileSync(path, capture(packets));
  const printed = execFileSync('tshark', ['-r', path, '-d', `udp.port==${PORT},rtp`, '-q', '-z', 'rtp,streams'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const line = /g711U\s+(\d+)\s+(-?\d+)\s+\([^)]*\)((?:\s+-?[\d.]+)+)/.exec(printed);
  if (!line) throw new Error(`tshark shows no stream:\n${printed}`);
  const figures = line[3].trim().split(/\s+/).map(Number);
  return { packets: Number(line[1]), lost: Number(line[2]), jitterMs: figures[4], jitterMaxMs: figures[5] };
}

describe('the receiver and tshark', () => {
  const impairments: [string, object[]][] = [
    ['clean', []],
    ['loss', [{ kind: 'loss', ratio: 0.05, burst: 2 }]],
    ['jitter', [{ kind: 'delay', base: 100, keepOrder: true, jitter: { distribution: 'normal', spread: 8 } }]],
    ['overtaking', [{ kind: 'delay', base: 100, jitter: { distribution: 'normal', spread: 30 } }]],
    ['duplicates', [{ kind: 'duplicate', ratio: 0.05 }]],
    [
      'everything',
      [
        { kind: 'duplicate', ratio: 0.02 },
        { kind: 'loss', ratio: 0.05 },
        { kind: 'delay', base: 100, jitter: { distribution: 'uniform', spread: 30 } },
      ],
    ],
  ];

  it.each(impairments)('agree on packets, cumulative loss and jitter: %s', (name, stages) => {
    const packets = impaired(stages);
    const stream = new HeardStream({
      acceptPayloadTypes: { 0: 'PCMU' },
      jitterBuffer: { kind: 'fixed', delayMs: 60 },
      mediaTimeoutMs: 5000,
      bpl: 25.1,
      expectAudio: true,
      hearDigits: true,
      clockRate: 8000,
      ownSsrc: 1,
    });
    stream.onAnswer(0);
    for (const { atUs, bytes } of packets) stream.onRtp(bytes, 0, bytes.length, atUs / 1000);
    const heard = stream.report(61_000);
    const judged = tshark(name, packets);
    expect(heard.packetsReceived).toBe(judged.packets);
    expect(heard.rfc3550CumulativeLost).toBe(judged.lost);
    expect(heard.jitterMs).toBeCloseTo(judged.jitterMs, 2);
    expect(heard.jitterMaxMs).toBeCloseTo(judged.jitterMaxMs, 2);
  });
});
