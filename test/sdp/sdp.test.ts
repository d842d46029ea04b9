import { describe, expect, it } from 'vitest';
import { CODEC_NAMES } from '../../src/core/codecs.js';
import { offeredFormats, writeDescription } from '../../src/sdp/describe.js';
import { agreedDirection } from '../../src/sdp/direction.js';
import { agreeAsAnswerer, agreeAsOfferer, type Wishes } from '../../src/sdp/negotiate.js';
import { readDescription } from '../../src/sdp/read.js';

const local = { address: '127.0.0.1', port: 20000, ptimeMs: 20, sessionId: 7 };
const HEAD = 'v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n';

function wishes(codecs: Wishes['codecs'], more: Partial<Wishes> = {}): Wishes {
  return { codecs, ptimeMs: 20, direction: 'sendrecv', comfortNoise: false, ...more };
}

describe('session descriptions', () => {
  it('read back what was written', () => {
    const media = readDescription(writeDescription(local, offeredFormats(['PCMA', 'PCMU'])));
    expect(media).toEqual({
      protocol: 'RTP/AVP',
      crypto: [],
      address: '127.0.0.1',
      port: 20000,
      codecs: [
        { name: 'PCMA', payloadType: 8 },
        { name: 'PCMU', payloadType: 0 },
      ],
      encodings: ['PCMA/8000', 'PCMU/8000', 'telephone-event/8000'],
      eventPayloadTypes: { 8000: 101 },
      comfortPayloadType: null,
      ptimeMs: 20,
      maxptimeMs: 60,
      rtcp: { address: '127.0.0.1', port: 20001 },
      rtcpMux: false,
      ssrcs: [],
      direction: 'sendrecv',
      others: { before: [], after: [] },
    });
  });

  it('that differ in session and port only are told apart by them, and by all else', () => {
    const of = (session: number, port: string, more = ''): string =>
      `v=0\r\no=- ${session} 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n${more}`;
    const first = readDescription(of(1, '4000'))!;
    expect(readDescription(of(1, '4000'))).toEqual(first);
    expect(readDescription(of(2, '5000'))).toEqual({ ...first, port: 5000, rtcp: { address: '10.0.0.1', port: 5001 } });
    expect(readDescription(of(2, '0'))!.port).toBe(0);
    expect(readDescription(of(3, '07000'))).toBeNull();
    expect(readDescription(of(3, '6000', 'a=sendonly\r\n'))).toEqual({
      ...first,
      port: 6000,
      rtcp: { address: '10.0.0.1', port: 6001 },
      direction: 'sendonly',
    });
    expect(readDescription(of(4, '6000', 'a=rtcp:7001\r\n'))!.rtcp.port).toBe(7001);
    expect(readDescription(of(5, '6000', 'a=rtcp:7003\r\n'))!.rtcp.port).toBe(7003);
    expect(readDescription(of(6, '6000').replace('10.0.0.1\r\nt', '10.0.0.2\r\nt'))!.address).toBe('10.0.0.2');
  });

  it('announce the SSRC that is sent with where that is asked for, and read those of others', () => {
    const source = { ssrc: 0xfedcba98, cname: 'call-7@127.0.0.1' };
    const text = writeDescription({ ...local, source }, offeredFormats(['PCMU']));
    expect(text).toContain('a=ssrc:4275878552 cname:call-7@127.0.0.1\r\n');
    expect(readDescription(text)!.ssrcs).toEqual([0xfedcba98]);
    const written =
      'a=ssrc:1 cname:a\r\na=ssrc:1 label:b\r\na=ssrc:2 cname:a\r\na=ssrc:4294967296 cname:a\r\na=ssrc:x cname:a\r\n';
    expect(readDescription(`${HEAD}m=audio 4000 RTP/AVP 0\r\n${written}`)!.ssrcs).toEqual([1, 2]);
  });

  it('name every codec as RFC 3551 and RFC 7587 do, with telephone-event at each of their clocks', () => {
    const text = writeDescription(local, offeredFormats(CODEC_NAMES));
    expect(text).toContain('m=audio 20000 RTP/AVP 0 8 9 96 97 111 18 98 99 100 101 102 110\r\n');
    for (const line of [
      'a=rtpmap:9 G722/8000',
      'a=rtpmap:96 L16/8000',
      'a=rtpmap:97 L16/16000',
      'a=rtpmap:111 opus/48000/2',
      'a=rtpmap:18 G729/8000',
      'a=rtpmap:98 AMR/8000',
      'a=fmtp:98 octet-align=1',
      'a=rtpmap:99 AMR-WB/16000',
      'a=rtpmap:100 EVS/16000',
      'a=rtpmap:101 telephone-event/8000',
      'a=rtpmap:102 telephone-event/16000',
      'a=rtpmap:110 telephone-event/48000',
    ])
      expect(text).toContain(`${line}\r\n`);
    expect(readDescription(text)?.codecs.map((c) => c.name)).toEqual([...CODEC_NAMES]);
  });

  it('know static payload types without an rtpmap, and a media-level address over the session one', () => {
    const media = readDescription(
      `${HEAD}m=audio 4000 RTP/AVP 3 8 9 96\r\nc=IN IP4 10.0.0.2\r\na=rtpmap:96 telephone-event/8000\r\na=sendonly\r\n`,
    );
    expect(media).toMatchObject({
      address: '10.0.0.2',
      codecs: [
        { name: 'PCMA', payloadType: 8 },
        { name: 'G722', payloadType: 9 },
      ],
      encodings: ['GSM/8000', 'PCMA/8000', 'G722/8000', 'telephone-event/8000'],
      eventPayloadTypes: { 8000: 96 },
      ptimeMs: null,
      maxptimeMs: null,
      direction: 'sendonly',
    });
  });

  it('take names in any case and one channel said or not, but no stereo L16', () => {
    const media = readDescription(
      `${HEAD}m=audio 4000 RTP/AVP 96 97 98 99\r\na=rtpmap:96 l16/16000/1\r\na=rtpmap:97 L16/16000/2\r\na=rtpmap:98 OPUS/48000/2\r\na=rtpmap:99 pcmu/8000/1\r\n`,
    );
    expect(media?.codecs).toEqual([
      { name: 'L16/16000', payloadType: 96 },
      { name: 'opus', payloadType: 98 },
      { name: 'PCMU', payloadType: 99 },
    ]);
  });

  it('do not take telephone-event of another clock for the codec', () => {
    const media = readDescription(`${HEAD}m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/48000\r\n`);
    expect(agreeAsOfferer(wishes(['PCMU']), media!)?.eventPayloadType).toBeNull();
  });

  it('are null without audio or without an address', () => {
    expect(readDescription('')).toBeNull();
    expect(readDescription('nonsense')).toBeNull();
    expect(readDescription('v=0\r\ns=-\r\nt=0 0\r\nm=video 4000 RTP/AVP 96\r\nc=IN IP4 1.2.3.4\r\n')).toBeNull();
    expect(readDescription('v=0\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n')).toBeNull();
  });
});

describe('offer and answer', () => {
  const offer = readDescription(writeDescription(local, offeredFormats(['PCMU', 'PCMA'])))!;

  it('the answerer takes its own first preference among the offered', () => {
    const answer = agreeAsAnswerer(wishes(['opus', 'PCMA', 'PCMU']), offer);
    expect(answer?.agreement).toEqual({
      codec: 'PCMA',
      sendPayloadType: 8,
      eventPayloadType: 101,
      comfortPayloadType: null,
      ptimeMs: 20,
      direction: 'sendrecv',
    });
    expect(answer?.formats.map((f) => f.payloadType)).toEqual([8, 101]);
  });

  it('the answerer keeps the payload types of the offer, and telephone-event at the clock of its codec', () => {
    const wide = readDescription(
      `${HEAD}m=audio 4000 RTP/AVP 120 0 121 122\r\na=rtpmap:120 opus/48000/2\r\na=rtpmap:121 telephone-event/8000\r\na=rtpmap:122 telephone-event/48000\r\n`,
    )!;
    const answer = agreeAsAnswerer(wishes(['opus', 'PCMU']), wide);
    expect(answer?.agreement).toMatchObject({ codec: 'opus', sendPayloadType: 120, eventPayloadType: 122 });
    expect(answer?.formats.map((f) => [f.payloadType, f.encoding])).toEqual([
      [120, 'opus/48000/2'],
      [122, 'telephone-event/48000'],
    ]);
    expect(agreeAsAnswerer(wishes(['PCMU']), wide)?.agreement).toMatchObject({ codec: 'PCMU', eventPayloadType: 121 });
  });

  it('there is no agreement when nothing offered is supported, or the stream was refused', () => {
    expect(agreeAsAnswerer(wishes(['PCMA']), { ...offer, codecs: [] })).toBeNull();
    expect(agreeAsOfferer(wishes(['PCMU']), { ...offer, codecs: [{ name: 'PCMA', payloadType: 8 }] })).toBeNull();
    expect(agreeAsOfferer(wishes(['PCMU']), { ...offer, port: 0 })).toBeNull();
  });

  it('the offerer sends with the payload types of the answer', () => {
    const answer = { ...offer, codecs: [{ name: 'PCMA' as const, payloadType: 8 }], eventPayloadTypes: { 8000: 97 } };
    expect(agreeAsOfferer(wishes(['PCMU', 'PCMA']), answer)).toMatchObject({
      codec: 'PCMA',
      sendPayloadType: 8,
      eventPayloadType: 97,
    });
  });

  it.each([
    ['what the far end would like', 'PCMU', 40, null, 40],
    ['ours without a word of it', 'PCMU', null, null, 20],
    ['ours when the far end would like what nobody does', 'PCMU', 25, null, 20],
    ['ours when the codec cannot do what it would like', 'opus', 30, null, 20],
    ['no more than the far end takes', 'PCMU', null, 10, 10],
    ['no more than the far end takes of what the codec can do', 'opus', 60, 50, 40],
  ] as const)('the packet interval is %s', (_name, codec, ptimeMs, maxptimeMs, expected) => {
    const remote = { ...offer, codecs: [{ name: codec, payloadType: 96 }], ptimeMs, maxptimeMs };
    expect(agreeAsOfferer(wishes([codec]), remote)?.ptimeMs).toBe(expected);
  });

  it('directions are those of RFC 3264, 6.1', () => {
    expect(agreedDirection('sendrecv', 'sendrecv')).toBe('sendrecv');
    expect(agreedDirection('sendrecv', 'sendonly')).toBe('recvonly');
    expect(agreedDirection('sendrecv', 'recvonly')).toBe('sendonly');
    expect(agreedDirection('sendrecv', 'inactive')).toBe('inactive');
    expect(agreedDirection('sendonly', 'sendonly')).toBe('inactive');
    expect(agreedDirection('sendonly', 'recvonly')).toBe('sendonly');
    expect(agreedDirection('sendonly', 'sendrecv')).toBe('sendonly');
  });
});
