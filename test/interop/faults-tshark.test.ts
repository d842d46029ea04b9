import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ImpairmentPipeline } from '../../src/impair/pipeline.js';
import { pipeline } from '../../src/impair/spec.js';
import type { DirectionTruth } from '../../src/impair/truth.js';
import { pcapHeader, recordBytes, writeRecord } from '../../src/pcap/writer.js';
import { writeRtpHeader } from '../../src/rtp/packet.js';
import { writeEvent } from '../../src/rtp/telephone-event.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const folder = temporaryFolder();

const PORT = 20_000;
const AUDIO = 500;
/** A digit of 100 ms: seven packets, the last three of which end it. */
const DURATIONS = [160, 320, 480, 640, 800, 800, 800];

/** Ten seconds of G.711 with a digit in the middle. */
function packets(): Uint8Array[] {
  const made: Uint8Array[] = [];
  for (let i = 0; i < AUDIO; i++) {
    const bytes = new Uint8Array(172).fill(i & 0xff);
    writeRtpHeader(bytes, 0, i === 0, 0, made.length + 1000, i * 160, 0xabc);
    made.push(bytes);
    if (i !== AUDIO / 2) continue;
    for (const [n, duration] of DURATIONS.entries()) {
      const event = new Uint8Array(16);
      writeRtpHeader(event, 0, n === 0, 101, made.length + 1000, i * 160, 0xabc);
      writeEvent(event, 12, 5, n >= 4, 10, duration);
      made.push(event);
    }
  }
  return made;
}

interface Seen {
  ssrc: string;
  seq: number;
  type: number;
  timestamp: number;
  bytes: number;
  /** Of a telephone-event: whether it ends, and how long it is. */
  end: boolean;
  duration: number | null;
}

/** What tshark reads of the packets that come out of these stages. */
function seenBy(name: string, ...stages: object[]): { seen: Seen[]; truth: DirectionTruth } {
  const line = new ImpairmentPipeline(pipeline.parse(stages), 5, undefined, 101);
  const parts: Uint8Array[] = [pcapHeader()];
  const ip = Uint8Array.of(127, 0, 0, 1);
  for (const [i, packet] of packets().entries()) {
    line.apply(packet, 0, packet.length, i * 20);
    do {
      if (line.copies === 0) continue;
      const payload = line.bytes.slice(line.offset, line.offset + line.length);
      const timeMs = 1000 + i * 20 + line.delayMs;
      const datagram = { timeMs, source: ip, sourcePort: 10_000, target: ip, targetPort: PORT, payload };
      const record = new Uint8Array(recordBytes(datagram));
      writeRecord(record, 0, datagram);
      parts.push(record);
    } while (line.next());
  }
  const path = join(folder, `${name}.pcap`);
  writeFileSync(path, Buffer.concat(parts));
  const fields = [
    'rtp.ssrc',
    'rtp.seq',
    'rtp.p_type',
    'rtp.timestamp',
    'udp.length',
    'rtpevent.end_of_event',
    'rtpevent.duration',
  ];
  const options = [
    '-r',
    path,
    '-d',
    `udp.port==${PORT},rtp`,
    '-o',
    'rtpevent.event_payload_type_value:101',
    '-T',
    'fields',
  ];
  const printed = execFileSync('tshark', [...options, ...fields.flatMap((field) => ['-e', field])], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const seen = printed
    .trimEnd()
    .split('\n')
    .map((row): Seen => {
      const [ssrc, seq, type, timestamp, length, end, duration] = row.split('\t');
      return {
        ssrc,
        seq: Number(seq),
        type: Number(type),
        timestamp: Number(timestamp),
        bytes: Number(length) - 8 - 12,
        end: /^(1|True)$/i.test(end),
        duration: duration === '' || duration === undefined ? null : Number(duration),
      };
    });
  return { seen, truth: line.truth.snapshot() };
}

describe('what tshark sees of injected faults', () => {
  it('is the stream as it was, without any', () => {
    const { seen } = seenBy('clean');
    expect(seen).toHaveLength(AUDIO + 7);
    expect(new Set(seen.map(({ ssrc }) => ssrc))).toEqual(new Set(['0x00000abc']));
    expect(seen.filter(({ end }) => end)).toHaveLength(3);
  });

  it('is another SSRC, another sequence, another time, from the moment on', () => {
    const { seen, truth } = seenBy(
      'changes',
      { kind: 'ssrc-change', after: 2000 },
      { kind: 'sequence-jump', by: 100, after: 4000 },
      { kind: 'timestamp-jump', by: 8000, after: 6000 },
    );
    expect(seen.findIndex(({ ssrc }) => ssrc !== '0x00000abc')).toBe(100);
    const jumps = seen.flatMap(({ seq }, i) =>
      i > 0 && seq !== seen[i - 1].seq + 1 ? [[i, seq - seen[i - 1].seq]] : [],
    );
    expect(jumps).toEqual([[200, 101]]);
    expect(seen[300].timestamp - seen[299].timestamp).toBeGreaterThan(8000);
    expect(truth.faults).toEqual({ 'ssrc-change': 1, 'sequence-jump': 1, 'timestamp-jump': 1 });
  });

  it('is packets of another length, numbered and timed as such', () => {
    const { seen, truth } = seenBy('ptime', { kind: 'ptime', to: 40 });
    const audio = seen.filter(({ type }) => type === 0);
    expect(new Set(audio.map(({ bytes }) => bytes))).toEqual(new Set([320]));
    // The digit falls between: what waited for its packet before it is left out.
    expect(audio).toHaveLength(AUDIO / 2 - 1);
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, i) => 1000 + i));
    expect(truth.delivered).toBe(seen.length);
  });

  it('is a digit that does not end, is too short, or is of a type that nobody knows', () => {
    expect(seenBy('endless', { kind: 'drop-event-ends' }).seen.filter(({ end }) => end)).toEqual([]);
    const { seen, truth } = seenBy('short', { kind: 'cut-events', to: 30 });
    expect(Math.max(...seen.flatMap(({ duration }) => duration ?? []))).toBe(240);
    expect(truth.faults['cut-events']).toBe(6);
    expect(
      seenBy('unknown', { kind: 'relabel-events', payloadType: 96 }).seen.filter(({ type }) => type === 96),
    ).toHaveLength(7);
  });

  it('is another payload type from the moment on', () => {
    const { seen, truth } = seenBy('codec', { kind: 'codec-change', to: 'PCMA', after: 5000 });
    const of = (wanted: number): number => seen.filter(({ type }) => type === wanted).length;
    expect([of(0), of(8), of(101)]).toEqual([AUDIO - truth.faults['codec-change'], truth.faults['codec-change'], 7]);
  });
});
