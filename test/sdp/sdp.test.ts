import { describe, expect, it } from 'vitest';
import { offeredFormats, writeDescription } from '../../src/sdp/describe.js';
import { agreeAsAnswerer, agreeAsOfferer } from '../../src/sdp/negotiate.js';
import { readDescription } from '../../src/sdp/read.js';

const local = { address: '127.0.0.1', port: 20000, ptimeMs: 20, sessionId: 7 };

describe('session descriptions', () => {
  it('read back what was written', () => {
    const media = readDescription(writeDescription(local, offeredFormats(['PCMA', 'PCMU'], true)));
    expect(media).toEqual({
      address: '127.0.0.1',
      port: 20000,
      codecs: [
        { name: 'PCMA', payloadType: 8 },
        { name: 'PCMU', payloadType: 0 },
      ],
      encodings: ['PCMA/8000', 'PCMU/8000', 'telephone-event/8000'],
      eventPayloadType: 101,
      direction: 'sendrecv',
    });
  });

  it('know static payload types without an rtpmap, and a media-level address over the session one', () => {
    const media = readDescription(
      'v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18 8 96\r\nc=IN IP4 10.0.0.2\r\na=rtpmap:96 telephone-event/8000\r\na=sendonly\r\n',
    );
    expect(media).toMatchObject({
      address: '10.0.0.2',
      codecs: [{ name: 'PCMA', payloadType: 8 }],
      encodings: ['G729/8000', 'PCMA/8000', 'telephone-event/8000'],
      eventPayloadType: 96,
      direction: 'sendonly',
    });
  });

  it('do not take telephone-event of another clock for ours', () => {
    const media = readDescription(
      'v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/48000\r\n',
    );
    expect(media?.eventPayloadType).toBeNull();
  });

  it('are null without audio or without an address', () => {
    expect(readDescription('')).toBeNull();
    expect(readDescription('nonsense')).toBeNull();
    expect(readDescription('v=0\r\ns=-\r\nt=0 0\r\nm=video 4000 RTP/AVP 96\r\nc=IN IP4 1.2.3.4\r\n')).toBeNull();
    expect(readDescription('v=0\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n')).toBeNull();
  });
});

describe('offer and answer', () => {
  const offer = readDescription(writeDescription(local, offeredFormats(['PCMU', 'PCMA'], true)));

  it('the answerer takes its own first preference among the offered', () => {
    const answer = agreeAsAnswerer(['PCMA', 'PCMU'], offer!);
    expect(answer?.agreement).toEqual({ codec: 'PCMA', sendPayloadType: 8, eventPayloadType: 101 });
    expect(answer?.formats.map((f) => f.payloadType)).toEqual([8, 101]);
  });

  it('there is no agreement when nothing offered is supported, or the stream was refused', () => {
    expect(agreeAsAnswerer(['PCMA'], { ...offer!, codecs: [] })).toBeNull();
    expect(agreeAsOfferer(['PCMU'], { ...offer!, codecs: [{ name: 'PCMA', payloadType: 8 }] })).toBeNull();
    expect(agreeAsOfferer(['PCMU'], { ...offer!, port: 0 })).toBeNull();
  });

  it('the offerer sends with the payload types of the answer', () => {
    const answer = { ...offer!, codecs: [{ name: 'PCMA' as const, payloadType: 8 }], eventPayloadType: 97 };
    expect(agreeAsOfferer(['PCMU', 'PCMA'], answer)).toEqual({
      codec: 'PCMA',
      sendPayloadType: 8,
      eventPayloadType: 97,
    });
  });
});
