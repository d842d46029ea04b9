import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/capture/analyze.js';
import { ImpairmentPipeline } from '../../src/impair/pipeline.js';
import { pipeline } from '../../src/impair/spec.js';
import { BPL } from '../../src/quality/equipment.js';
import { writeRtpHeader } from '../../src/rtp/packet.js';
import { Files, type Frame, ipv4, pcapFile } from '../pcap/files.js';

/** Captures that come with SIPp: a call's audio, and every digit of RFC 4733. */
const SIPP_CAPTURES = '/usr/share/sip-tester';
const OPTIONS = {
  rtpmap: new Map<number, string>(),
  jitterBuffer: { kind: 'fixed' as const, delayMs: 60 },
  bpl: BPL.plc,
};

const files = new Files();

interface Judged {
  packets: number;
  lost: number;
  jitterMs: number;
  jitterMaxMs: number;
  maxDeltaMs: number;
}

/** What tshark says of each stream, by SSRC. */
function tshark(path: string): Map<string, Judged> {
  const printed = execFileSync('tshark', ['-r', path, '-o', 'rtp.heuristic_rtp:TRUE', '-q', '-z', 'rtp,streams'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const found = new Map<string, Judged>();
  for (const line of printed.split('\n')) {
    const match = /0x([0-9A-F]{8})\s+\S+\s+(\d+)\s+(-?\d+)\s+\([^)]*\)((?:\s+-?[\d.]+)+)/.exec(line);
    if (!match) continue;
    const [, , maxDeltaMs, , jitterMs, jitterMaxMs] = match[4].trim().split(/\s+/).map(Number);
    found.set(match[1].toLowerCase(), {
      packets: Number(match[2]),
      lost: Number(match[3]),
      jitterMs,
      jitterMaxMs,
      maxDeltaMs,
    });
  }
  return found;
}

/** A stream of G.711 through impairments, 20 s long, on Ethernet with a VLAN. (tshark loses count where packets overtake each other at the wrap of the sequence numbers.) */
function impaired(ssrc: number, port: number, stages: object[]): Frame[] {
  const path = new ImpairmentPipeline(pipeline.parse(stages), ssrc);
  const ethernet = Uint8Array.from([...new Array(12).fill(2), 0x81, 0, 0, 9, 8, 0]);
  const frames: Frame[] = [];
  for (let i = 0; i < 1000; i++) {
    const rtp = new Uint8Array(172).fill(0x33);
    writeRtpHeader(rtp, 0, i === 0, 8, 1000 + i, i * 160, ssrc);
    path.apply(rtp, 0, rtp.length, i * 20);
    const bytes = Buffer.concat([ethernet, ipv4(['192.0.2.1', port], ['192.0.2.2', 40_000], rtp)]);
    if (path.copies > 0) frames.push({ atUs: Math.round((i * 20 + path.delayMs) * 1000), bytes });
    if (path.copies > 1) frames.push({ atUs: Math.round((i * 20 + path.delayMs2) * 1000), bytes });
  }
  return frames;
}

const frames = [
  impaired(0xa1, 30_000, []),
  impaired(0xa2, 30_002, [{ kind: 'loss', ratio: 0.05, burst: 3 }]),
  impaired(0xa3, 30_004, [{ kind: 'duplicate', ratio: 0.05 }]),
  impaired(0xa4, 30_006, [
    { kind: 'delay', base: 100, keepOrder: true, jitter: { distribution: 'normal', spread: 8 } },
  ]),
  impaired(0xa5, 30_008, [
    { kind: 'loss', ratio: 0.03 },
    { kind: 'delay', base: 100, jitter: { distribution: 'uniform', spread: 30 } },
  ]),
]
  .flat()
  .sort((a, b) => a.atUs - b.atUs);

describe('capture analyze and tshark', () => {
  it.each(['pcap', 'nsecpcap', 'pcapng'])('agree on each of several streams in one file: %s', async (format) => {
    const plain = files.write('mixed.pcap', pcapFile(frames, { linkType: 1 }));
    const path = join(plain, `../mixed.${format}.cap`);
    execFileSync('editcap', ['-F', format, plain, path]);
    const judged = tshark(path);
    const { streams, file } = await analyze(path, OPTIONS);
    expect(file.packets).toBe(frames.length);
    expect(streams.map(({ ssrc }) => ssrc).sort()).toEqual([...judged.keys()].sort());
    for (const stream of streams) {
      const judge = judged.get(stream.ssrc)!;
      expect(stream.packets).toBe(judge.packets);
      expect(stream.rfc3550CumulativeLost).toBe(judge.lost);
      // Where the first packets overtake each other the two begin at another one: 0.2 % of the mean of 1,000 packets.
      expect(Math.abs(stream.jitterMs! - judge.jitterMs)).toBeLessThanOrEqual(0.005 + judge.jitterMs * 0.005);
      expect(stream.jitterMaxMs!).toBeCloseTo(judge.jitterMaxMs, 1);
      expect(stream.longestGapMs!).toBeCloseTo(judge.maxDeltaMs, 2);
    }
  });

  it('agree on the audio that SIPp plays', async () => {
    const path = join(SIPP_CAPTURES, 'g711a.pcap');
    const [judge] = tshark(path).values();
    const { streams } = await analyze(path, OPTIONS);
    expect(streams).toMatchObject([
      { encoding: 'PCMA/8000', packets: judge.packets, rfc3550CumulativeLost: judge.lost },
    ]);
    expect(streams[0].jitterMs!).toBeCloseTo(judge.jitterMs, 2);
  });

  it('agree on every digit that SIPp plays', async () => {
    const captures = readdirSync(SIPP_CAPTURES).filter((name) => name.startsWith('dtmf_2833_'));
    expect(captures.length).toBe(12);
    for (const name of captures) {
      const path = join(SIPP_CAPTURES, name);
      expect(existsSync(path)).toBe(true);
      const judged = digitsByTshark(path);
      const { streams } = await analyze(path, OPTIONS);
      const heard = streams.flatMap(({ dtmf }) => dtmf!);
      expect(streams.map(({ digits }) => digits).join('')).toBe(judged.map(({ digit }) => digit).join(''));
      expect(
        heard.map(({ digit, durationMs, volumeDbm0, faults }) => ({ digit, durationMs, volumeDbm0, faults })),
      ).toEqual(judged);
    }
  });
});

/** Each digit by its timestamp: the longest duration, the level, and whether start and end are there. */
function digitsByTshark(path: string) {
  const names = ['rtpevent.event_id', 'rtp.timestamp', 'rtpevent.end_of_event', 'rtpevent.volume', 'rtpevent.duration'];
  const fields = [...names, 'rtp.marker'].flatMap((field) => ['-e', field]);
  const text = execFileSync(
    'tshark',
    ['-r', path, '-o', 'rtp.heuristic_rtp:TRUE', '-Y', 'rtpevent', '-T', 'fields', ...fields],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const isSet = (flag: string): boolean => flag === '1' || flag === 'True';
  const packets = text
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  return [...new Set(packets.map(([, timestamp]) => timestamp))].map((timestamp) => {
    const event = packets.filter((packet) => packet[1] === timestamp);
    return {
      digit: '0123456789*#'[Number(event[0][0])],
      durationMs: Math.max(...event.map((packet) => Number(packet[4]))) / 8,
      volumeDbm0: -Number(event[0][3]),
      faults: [
        ...(event.some((packet) => isSet(packet[5])) ? [] : ['no-start']),
        ...(event.some((packet) => isSet(packet[2])) ? [] : ['no-end']),
      ],
    };
  });
}
