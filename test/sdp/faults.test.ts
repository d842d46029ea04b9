import { describe, expect, it } from 'vitest';
import { type SdpFault, sdpFault } from '../../src/sdp/fault-spec.js';
import { withSdpFaults } from '../../src/sdp/faults.js';
import { isExchange, Negotiation } from '../../src/sdp/negotiation.js';
import { readDescription } from '../../src/sdp/read.js';

const OFFER = [
  'v=0',
  'o=- 1 1 IN IP4 192.0.2.1',
  's=-',
  'c=IN IP4 192.0.2.1',
  't=0 0',
  'm=audio 4000 RTP/AVP 0 8 9 101',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:9 G722/8000',
  'a=fmtp:9 x=1',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=sendrecv',
  'm=video 4002 RTP/AVP 8',
  'a=rtpmap:8 H264/90000',
  'a=sendrecv',
  '',
].join('\r\n');

function faulty(fault: object, text = OFFER): string {
  return withSdpFaults(text, [sdpFault.parse(fault)]);
}

describe('a fault in a description', () => {
  it('takes a codec away with all that is said of it, also one without an rtpmap, and leaves the other streams', () => {
    const noWideband = faulty({ kind: 'remove-codec', codec: 'g722' });
    expect(noWideband).toBe(
      OFFER.replace(' 0 8 9 101', ' 0 8 101').replace('a=rtpmap:9 G722/8000\r\na=fmtp:9 x=1\r\n', ''),
    );
    expect(readDescription(faulty({ kind: 'remove-codec', codec: 'PCMU' }))!.encodings).toEqual([
      'PCMA/8000',
      'G722/8000',
      'telephone-event/8000',
    ]);
    expect(faulty({ kind: 'remove-codec', codec: 'H264' })).toBe(OFFER);
  });

  it('leaves a stream its last codec', () => {
    let text = OFFER;
    for (const codec of ['PCMU', 'PCMA', 'G722', 'PCMA']) text = faulty({ kind: 'remove-codec', codec }, text);
    expect(readDescription(text)!.encodings).toEqual(['G722/8000', 'telephone-event/8000']);
  });

  it('takes telephone-event away', () => {
    const read = readDescription(faulty({ kind: 'remove-telephone-event' }))!;
    expect(read.eventPayloadTypes).toEqual({});
    expect(read.codecs.map(({ name }) => name)).toEqual(['PCMU', 'PCMA', 'G722']);
  });

  it('puts one codec in the place of all', () => {
    expect(readDescription(faulty({ kind: 'foreign-codec' }))!.encodings).toEqual([
      'G729/8000',
      'telephone-event/8000',
    ]);
    const taken = faulty({ kind: 'foreign-codec', encoding: 'iLBC/8000', payloadType: 101 });
    expect(readDescription(taken)!.encodings).toEqual(['iLBC/8000']);
  });

  it('writes another address, in the session and in the streams, and a port where one is given', () => {
    const own = OFFER.replace('m=audio 4000 RTP/AVP 0 8 9 101', 'm=audio 4000 RTP/AVP 0 8 9 101\r\nc=IN IP4 192.0.2.2');
    expect(readDescription(faulty({ kind: 'wrong-address', address: '198.51.100.9' }, own))).toMatchObject({
      address: '198.51.100.9',
      port: 4000,
    });
    const six = faulty({ kind: 'wrong-address', address: '2001:db8::9', port: 9 });
    expect(six).toContain('c=IN IP6 2001:db8::9\r\n');
    expect(six).toContain('o=- 1 1 IN IP4 192.0.2.1\r\n');
    expect(readDescription(six)!.port).toBe(9);
    const refused = OFFER.replace('audio 4000', 'audio 0');
    expect(readDescription(faulty({ kind: 'wrong-address', address: '192.0.2.7', port: 9 }, refused))!.port).toBe(0);
  });

  it('writes another direction, in place of those of session and stream', () => {
    const text = OFFER.replace('t=0 0', 't=0 0\r\na=sendonly');
    const held = faulty({ kind: 'direction', is: 'inactive' }, text);
    expect(readDescription(held)!.direction).toBe('inactive');
    expect(held.match(/a=(sendrecv|sendonly|inactive)/g)).toEqual(['a=inactive', 'a=sendrecv']);
  });

  it('leaves a text alone that is no description, and one without audio', () => {
    const faults: SdpFault[] = [
      sdpFault.parse({ kind: 'foreign-codec' }),
      sdpFault.parse({ kind: 'direction', is: 'inactive' }),
    ];
    for (const text of ['', 'v=1', 'hello\r\n']) expect(withSdpFaults(text, faults)).toBe(text);
    expect(withSdpFaults(OFFER, [])).toBe(OFFER);
  });

  it('is refused where it names no encoding or no address', () => {
    for (const wrong of [
      { kind: 'remove-codec', codec: 'a\r\nb' },
      { kind: 'foreign-codec', encoding: 'G729' },
      { kind: 'wrong-address', address: 'example.net' },
      { kind: 'direction', is: 'both' },
      { kind: 'other' },
    ])
      expect(sdpFault.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
  });
});

describe('what an offerer makes of an answer with a fault', () => {
  const local = { address: '192.0.2.1', port: 4000, ptimeMs: 20, sessionId: 1 };
  function exchange(fault: object) {
    const near = new Negotiation(local, ['PCMU', 'PCMA']);
    const far = new Negotiation({ ...local, address: '192.0.2.2' }, ['PCMU']);
    const { answer } = far.answer(near.offer())!;
    return near.takeAnswer(faulty(fault, answer));
  }

  it('is a mismatch for a codec that was not offered, and for the rest an agreement with less in it', () => {
    expect(exchange({ kind: 'foreign-codec' })).toMatchObject({ cause: 'codec' });
    const digits = exchange({ kind: 'remove-telephone-event' });
    expect(isExchange(digits) && digits.agreement.eventPayloadType).toBeNull();
    const away = exchange({ kind: 'wrong-address', address: '203.0.113.1' });
    expect(isExchange(away) && away.remote.address).toBe('203.0.113.1');
    const held = exchange({ kind: 'direction', is: 'inactive' });
    expect(isExchange(held) && held.agreement.direction).toBe('inactive');
  });
});
