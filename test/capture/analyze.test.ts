import { describe, expect, it } from 'vitest';
import { dtmfTones } from '../../src/audio/dtmf-tones.js';
import { encodeG711 } from '../../src/audio/g711.js';
import { type AnalyzeOptions, analyze } from '../../src/capture/analyze.js';
import { mosOfR, rFactor } from '../../src/quality/e-model.js';
import { BPL } from '../../src/quality/equipment.js';
import { captureText } from '../../src/report/capture-text.js';
import { writeRtpHeader } from '../../src/rtp/packet.js';
import { Files, type Frame, ipv4, pcapFile } from '../pcap/files.js';

const files = new Files();

const A: [string, number] = ['192.0.2.1', 4000];
const B: [string, number] = ['192.0.2.2', 5000];
const OPTIONS = {
  rtpmap: new Map<number, string>(),
  jitterBuffer: { kind: 'fixed' as const, delayMs: 60 },
  bpl: BPL.plc,
};

interface Talk {
  type?: number;
  ssrc?: number;
  packets?: number;
  from?: [string, number];
  to?: [string, number];
  startMs?: number;
  /** Timestamp units a packet. */
  units?: number;
  payload?: Uint8Array;
  skip?: (i: number) => boolean;
  delayMs?: (i: number) => number;
}

/** A stream of 20 ms packets. */
function talk(given: Talk = {}): Frame[] {
  const { type = 0, ssrc = 7, packets = 100, from = A, to = B, startMs = 0, units = 160 } = given;
  const payload = given.payload ?? new Uint8Array(160).fill(0xff);
  const frames: Frame[] = [];
  for (let i = 0; i < packets; i++) {
    if (given.skip?.(i)) continue;
    const rtp = new Uint8Array(12 + payload.length);
    writeRtpHeader(rtp, 0, i === 0, type, 65_500 + i, i * units, ssrc);
    rtp.set(payload, 12);
    frames.push({
      atUs: Math.round((startMs + i * 20 + (given.delayMs?.(i) ?? 0)) * 1000),
      bytes: ipv4(from, to, rtp),
    });
  }
  return frames;
}

/** SIP whose description takes packets at an address. */
function sip(at: [string, number], media: string[], protocol = 'RTP/AVP', types = '96 101'): Frame {
  const sdp = [
    'v=0',
    'o=- 1 1 IN IP4 192.0.2.2',
    's=-',
    `c=IN IP4 ${at[0]}`,
    't=0 0',
    `m=audio ${at[1]} ${protocol} ${types}`,
  ];
  const text = `SIP/2.0 200 OK\r\nContent-Type: application/sdp\r\n\r\n${[...sdp, ...media].join('\r\n')}\r\n`;
  return { atUs: 0, bytes: ipv4(['192.0.2.9', 5060], ['192.0.2.8', 5060], Buffer.from(text)) };
}

function measure(frames: Frame[], options: AnalyzeOptions = OPTIONS) {
  const sorted = [...frames].sort((a, b) => a.atUs - b.atUs);
  return analyze(files.write('test.pcap', pcapFile(sorted)), options);
}

describe('an analysis of a capture', () => {
  it('measures each stream by itself: packets, loss, jitter, level, rating', async () => {
    // A square wave of half the full scale: −6 dBov.
    const loud = new Uint8Array(160);
    encodeG711(
      'PCMA',
      Int16Array.from({ length: 160 }, (_, i) => (i % 16 < 8 ? 16_384 : -16_384)),
      loud,
    );
    const { file, streams } = await measure([
      ...talk({ skip: (i) => i === 10 || i === 20 || i === 21 }),
      ...talk({ type: 8, ssrc: 0xabc, from: B, to: A, startMs: 5, payload: loud, delayMs: (i) => (i % 2) * 4 }),
    ]);
    expect(file).toMatchObject({ format: 'pcap', packets: 197, frames: { udp: 197, other: 0 }, durationMs: 1989 });
    expect(streams.length).toBe(2);
    const [first, second] = streams;
    expect(first).toMatchObject({
      source: '192.0.2.1:4000',
      destination: '192.0.2.2:5000',
      ssrc: '00000007',
      encoding: 'PCMU/8000',
      packets: 97,
      packetsExpected: 100,
      packetsLost: 3,
      lossRatio: 0.03,
      rfc3550CumulativeLost: 3,
      jitterMs: 0,
      longestGapMs: 60,
      durationMs: 1980,
      silentRatio: 1,
      levelDbov: null,
      digits: '',
      ptimeMs: 20,
    });
    const r = rFactor({ bpl: 25.1, pplPercent: 3, burstR: first.burstR! });
    expect(first.rFactor).toBeCloseTo(r, 6);
    expect(first.mosLq).toBeCloseTo(mosOfR(r), 6);
    expect(first.mosModel).toMatchObject({
      model: 'G.107',
      codec: 'PCMU',
      bpl: 25.1,
      pplPercent: 3,
      jitterBufferMs: 60,
    });
    expect(second).toMatchObject({
      ssrc: '00000abc',
      encoding: 'PCMA/8000',
      packetsLost: 0,
      startMs: 5,
      silentRatio: 0,
    });
    expect(second.levelDbov).toBeCloseTo(-6, 0);
    expect(second.activeLevelDbov).toBeCloseTo(second.levelDbov!, 0);
    expect(second.activityFactor).toBeGreaterThan(0.9);
    expect(Math.abs(second.noiseFloorDbov! - second.levelDbov!)).toBeLessThan(1);
    expect(first).toMatchObject({ activeLevelDbov: null, activityFactor: 0, clippedRatio: 0 });
    // Differences of 4 ms at every packet draw J towards 4.
    expect(second.jitterMaxMs!).toBeGreaterThan(3.9);
    expect(second.jitterMaxMs!).toBeLessThanOrEqual(4);
  });

  it('takes the meaning of payload types from the SDP within, from the user before that, and says which', async () => {
    const opus = talk({ type: 96, units: 960, payload: Uint8Array.of(0xf8, 0xff, 0xfe) });
    const described = await measure([
      sip(B, ['a=rtpmap:96 opus/48000/2', 'a=rtpmap:101 telephone-event/8000']),
      ...opus,
    ]);
    expect(described.streams[0]).toMatchObject({
      encoding: 'opus/48000/2',
      jitterMs: 0,
      mosModel: { model: 'G.107.2' },
    });
    expect(described.streams[0].payloadTypes).toEqual([
      { payloadType: 96, packets: 100, encoding: 'opus/48000/2', known: 'sdp' },
    ]);
    const back = await measure([sip(A, ['a=rtpmap:96 opus/48000/2']), ...opus]);
    expect(back.streams[0].payloadTypes[0].known).toBe('sdp');
    const given = await measure([sip(B, ['a=rtpmap:96 opus/48000/2']), ...opus], {
      ...OPTIONS,
      rtpmap: new Map([[96, 'speex/16000']]),
    });
    expect(given.streams[0]).toMatchObject({ encoding: 'speex/16000', mosLq: null, mosModel: null, levelDbov: null });
    expect(given.streams[0].payloadTypes[0].known).toBe('given');
    expect(given.streams[0].jitterMs).toBeGreaterThan(0);
  });

  it('rates codecs that it cannot hear, without a Bpl only where nothing was lost', async () => {
    const gsm = { type: 3, payload: new Uint8Array(33).fill(0xd0) };
    const { streams } = await measure([...talk(gsm), ...talk({ ...gsm, ssrc: 9, skip: (i) => i === 50 })]);
    expect(streams[0]).toMatchObject({ encoding: 'GSM/8000', levelDbov: null, silentRatio: null });
    const unknown = { activeLevelDbov: null, activityFactor: null, noiseFloorDbov: null, clippedRatio: null };
    expect(streams[0]).toMatchObject(unknown);
    expect(streams[0].mosModel).toMatchObject({ codec: 'GSM', ie: 20, bpl: null, equipmentSource: 'G.113 Ie' });
    expect(streams[0].rFactor).toBeCloseTo(73.2062, 4);
    expect(streams[1]).toMatchObject({ packetsLost: 1, rFactor: null, mosLq: null });
    const told = await measure([...talk({ ...gsm, skip: (i) => i === 50 })], {
      ...OPTIONS,
      equipment: { GSM: { ie: 18, bpl: 10 } },
    });
    expect(told.streams[0].mosModel).toMatchObject({ ie: 18, bpl: 10, equipmentSource: 'given' });
    expect(told.streams[0].rFactor).toBeCloseTo(93.2062 - 18 - (77 * 1) / 11, 4);
  });

  it('claims nothing of what nothing tells about', async () => {
    const { streams } = await measure(talk({ type: 97, skip: (i) => i === 5 }));
    expect(streams[0]).toMatchObject({
      encoding: null,
      packets: 99,
      packetsLost: 1,
      unknownPayload: 99,
      jitterMs: null,
      ptimeMs: null,
      levelDbov: null,
      silentRatio: null,
      rFactor: null,
      mosLq: null,
    });
  });

  it('rates a protected stream, and does not listen to it', async () => {
    const events = talk({ type: 101, packets: 3, startMs: 2000, payload: Uint8Array.of(1, 0x80, 3, 0x20, 9, 9, 9, 9) });
    const { streams } = await measure([
      sip(B, ['a=rtpmap:101 telephone-event/8000'], 'RTP/SAVP', '9 101'),
      ...talk({ type: 9, skip: (i) => i === 50 }),
      ...events,
    ]);
    expect(streams[0]).toMatchObject({
      encoding: 'G722/8000',
      encrypted: true,
      packetsLost: 1,
      ptimeMs: 20,
      levelDbov: null,
      silentRatio: null,
      digits: null,
      mosModel: { codec: 'G722', model: 'G.107.1' },
    });
    expect(streams[0].mosLq).not.toBeNull();
  });

  it('lists digits with what is wrong with them, and those that are tones where it is asked to', async () => {
    const law = new Uint8Array(160 * 60);
    const spec = { digits: '15#', toneMs: 100, gapMs: 100, levelDbm0: -16, twistDb: 2 };
    encodeG711('PCMU', Int16Array.from(dtmfTones(spec, 8000)), law);
    const tones = [...Array(30).keys()].flatMap((i) =>
      talk({ packets: 1, startMs: i * 20, payload: law.slice(i * 160, i * 160 + 160) }).map(({ atUs, bytes }) => {
        const moved = bytes.slice();
        writeRtpHeader(moved, moved.length - 172, false, 0, 100 + i, i * 160, 7);
        return { atUs, bytes: moved };
      }),
    );
    const event = [0, 1].map((i) => {
      const rtp = new Uint8Array(16);
      writeRtpHeader(rtp, 0, false, 101, 130 + i, 4800, 7);
      rtp.set([9, 10, 1, i * 160], 12);
      return { atUs: 600_000 + i * 20_000, bytes: ipv4(A, B, rtp) };
    });
    const frames = [...tones, ...event];
    const plain = await measure(frames);
    expect(plain.streams[0]).toMatchObject({ digits: '9', dtmf: [{ digit: '9', faults: ['no-start', 'no-end'] }] });
    const heard = await measure(frames, { ...OPTIONS, inbandDtmf: true });
    const { dtmf } = heard.streams[0];
    expect(dtmf!.map(({ digit, method }) => `${digit} ${method}`)).toEqual([
      ...['1 inband', '5 inband', '# inband', '9 rfc4733'],
    ]);
    expect(Math.abs(dtmf![1].startMs - 260)).toBeLessThan(5);
    const text = captureText(heard);
    expect(text).toContain('digits as tones 15#\n');
    expect(text).toContain('digit 9 at 0.60 s: no-start, no-end, packets 2\n');
  });

  it('tells SSRCs of one source apart, and digits from audio', async () => {
    const event = (end: boolean) => Uint8Array.of(5, end ? 0x8a : 0x0a, 0, 160);
    const digits = [0, 1, 2, 3, 4, 5].map((i) => {
      const rtp = new Uint8Array(16);
      writeRtpHeader(rtp, 0, i === 0, 101, 65_600 + i, 16_000, 7);
      rtp.set(event(i > 2), 12);
      return { atUs: 2_000_000 + i * 20_000, bytes: ipv4(A, B, rtp) };
    });
    const { streams } = await measure([...talk(), ...digits, ...talk({ ssrc: 9, startMs: 3000, packets: 50 })]);
    expect(streams.map(({ ssrc, ssrcChanges, packets, digits }) => ({ ssrc, ssrcChanges, packets, digits }))).toEqual([
      { ssrc: '00000007', ssrcChanges: 1, packets: 106, digits: '5' },
      { ssrc: '00000009', ssrcChanges: 1, packets: 50, digits: '' },
    ]);
    expect(streams[0].dtmf).toEqual([
      {
        ...{ digit: '5', method: 'rfc4733', startMs: 2000, durationMs: 20, volumeDbm0: -10, twistDb: null },
        ...{ packets: 6, faults: [] },
      },
    ]);
    expect(streams[0].payloadTypes[1]).toEqual({
      payloadType: 101,
      packets: 6,
      encoding: 'telephone-event/8000',
      known: 'convention',
    });
  });

  it('hears no level of packets that the capture has only in part', async () => {
    const cut = talk().map(({ atUs, bytes }) => ({ atUs, bytes: bytes.subarray(0, 60), wireLength: bytes.length }));
    const { file, streams } = await measure(cut);
    expect(file.cutOff).toBe(100);
    expect(streams[0]).toMatchObject({ packets: 100, packetsLost: 0, jitterMs: 0, levelDbov: null, digits: null });
    expect(streams[0].mosLq).toBeCloseTo(4.41, 2);
  });

  it('finds no stream in what only looks like RTP', async () => {
    const noise = Array.from({ length: 200 }, (_, i) => {
      const bytes = Uint8Array.from({ length: 60 }, (_, k) => (i * 7919 + k * 104_729) & 0xff);
      bytes[0] = 0x80;
      return { atUs: i * 1000, bytes: ipv4(A, ['192.0.2.2', 53], bytes) };
    });
    const { streams, file } = await measure(noise);
    expect(file.frames.udp).toBe(200);
    expect(streams).toEqual([]);
  });

  it('tells the 10 s in which a stream was bad, and what an adaptive buffer makes of it', async () => {
    // The packets of 10 to 20 s wait up to 90 ms; the fixed buffer loses the third of them that wait longer than 60.
    const delayMs = (i: number) => (i >= 500 && i < 1000 ? (i % 10) * 10 : 0);
    const frames = talk({ packets: 1500, delayMs });
    const { streams } = await measure(frames);
    const [{ intervals, worstInterval, lateDiscarded }] = streams;
    expect(intervals.map((i) => i.lateDiscarded)).toEqual([0, lateDiscarded, 0]);
    expect(lateDiscarded).toBe(150);
    expect(worstInterval).toMatchObject({ startMs: 10_000, lateDiscarded: 150 });
    expect(worstInterval).not.toHaveProperty('mosCq');
    expect(captureText(await measure(frames))).toContain('worst 10 s: from 00:10  lost or late 30.0%');
    const jitterBuffer = { kind: 'adaptive', minMs: 20, maxMs: 200 } as const;
    const adaptive = await measure(frames, { ...OPTIONS, jitterBuffer });
    expect(adaptive.streams[0].lateDiscarded).toBeLessThan(30);
    expect(adaptive.streams[0].playout).toMatchObject({
      kind: 'adaptive',
      maxMs: expect.closeTo(110, -1),
      limitMs: 200,
    });
    expect(captureText(adaptive)).toMatch(/playout delay [\d.]+ \/ 11\d ms/);
    expect(captureText(adaptive)).toContain('jitter buffer adaptive 20–200 ms');
  });

  it('is printed within 80 columns, without a figure that was not measured', async () => {
    const all = await measure([...talk({ skip: (i) => i === 3 }), ...talk({ type: 97, ssrc: 8, from: B, to: A })]);
    const text = captureText(all);
    expect(text).toContain('2 RTP streams');
    expect(text).toContain('PCMU/8000');
    expect(text).toContain('lost 1 (1.00%)');
    expect(text).toContain('unknown encoding');
    expect(text).toMatch(/no speech|speech -?[\d.]+ dBov in [\d.]+% of the time {2}noise -[\d.]+ dBov {2}clipped /);
    expect(text).toContain('jitter – / –');
    for (const line of text.split('\n').slice(1)) expect(line.length).toBeLessThanOrEqual(80);
  });
});
