import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ImpairmentPipeline } from '../../src/impair/pipeline.js';
import { pipeline } from '../../src/impair/spec.js';
import { readDelayTrace, readLossTrace } from '../../src/impair/trace-file.js';
import { writeRtpHeader } from '../../src/rtp/packet.js';
import { Files, type Frame, ipv4, pcapFile } from './files.js';

const files = new Files();

/** Packets of 20 ms whose numbers and timestamps wrap, through impairments, and a shorter stream beside them. */
function captured(stages: object[], units = 160): { file: string; delays: number[]; lost: number[] } {
  const path = new ImpairmentPipeline(pipeline.parse(stages), 3);
  const frames: Frame[] = [];
  const delays: number[] = [];
  const lost: number[] = [];
  for (let i = 0; i < 500; i++) {
    const rtp = new Uint8Array(172);
    writeRtpHeader(rtp, 0, false, 96, (65_300 + i) & 0xffff, (0xffff_0000 + i * units) >>> 0, 1);
    path.apply(rtp, 0, rtp.length, i * 20);
    // The ends arrive: nobody knows of a loss before the first or after the last.
    const isLost = path.copies === 0 && i > 0 && i < 499;
    lost.push(isLost ? 1 : 0);
    delays.push(isLost ? delays[i - 1] : path.delayMs);
    const atUs = 1_700_000_000_000_000 + Math.round((i * 20 + path.delayMs) * 1000);
    if (!isLost) frames.push({ atUs, bytes: ipv4(['192.0.2.1', 4000], ['192.0.2.2', 5000], rtp) });
    if (i % 3 === 0) {
      const other = Uint8Array.from(rtp);
      writeRtpHeader(other, 0, false, 0, i, i * 160, 2);
      frames.push({ atUs, bytes: ipv4(['192.0.2.2', 5000], ['192.0.2.1', 4000], other) });
    }
  }
  frames.sort((a, b) => a.atUs - b.atUs);
  return { file: files.write('captured.pcap', pcapFile(frames)), delays, lost };
}

describe('a trace from a capture', () => {
  it.each([
    ['8 kHz', 160],
    ['48 kHz', 960],
  ])('has the losses and delays of its longest stream, which can be done again: clock of %s', (_, units) => {
    const { file, delays, lost } = captured(
      [
        { kind: 'loss', ratio: 0.05, burst: 2 },
        { kind: 'delay', base: 40, jitter: { distribution: 'normal', spread: 10 } },
      ],
      units,
    );
    expect(lost.filter((bit) => bit === 1).length).toBeGreaterThan(5);
    expect([...readLossTrace(file)]).toEqual(lost);
    const least = Math.min(...delays);
    const trace = readDelayTrace(file);
    expect(trace.length).toBe(delays.length);
    for (const [i, delay] of delays.entries()) expect(trace[i]).toBeCloseTo(delay - least, 2);

    const again = new ImpairmentPipeline(
      pipeline.parse([
        { kind: 'loss-trace', file },
        { kind: 'delay-trace', file },
      ]),
      9,
    );
    const packet = new Uint8Array(172);
    for (const [i, bit] of lost.entries()) {
      writeRtpHeader(packet, 0, false, 0, i, i * 160, 1);
      again.apply(packet, 0, packet.length, i * 20);
      expect(again.copies).toBe(1 - bit);
      if (bit === 0) expect(again.delayMs).toBeCloseTo(delays[i] - least, 2);
    }
  });

  it('may be gzipped, and one without a stream is refused with its name', () => {
    const { file, lost } = captured([{ kind: 'periodic-loss', every: 10 }]);
    const zipped = files.write('zipped.gz', gzipSync(pcapFile([])));
    expect([...readLossTrace(file)]).toEqual(lost);
    expect(() => readLossTrace(zipped)).toThrow('A capture holds no trace');
    const noise = Array.from({ length: 50 }, (_, i) => {
      const rtp = new Uint8Array(172);
      writeRtpHeader(rtp, 0, false, 0, i, (i * 7919 * 104_729) >>> 0, 1);
      return { atUs: i * 20_000, bytes: ipv4(['192.0.2.1', 4000], ['192.0.2.2', 5000], rtp) };
    });
    expect(() => readDelayTrace(files.write('noise.pcap', pcapFile(noise)))).toThrow('A capture holds no trace');
  });
});
