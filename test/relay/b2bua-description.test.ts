import { describe, expect, test } from 'vitest';
import { relayed } from '../../src/relay/b2bua/description.js';

const PLACE = { address: '203.0.113.9', port: 40_000 };

function text(...lines: string[]): string {
  return `${lines.join('\r\n')}\r\n`;
}

describe('a description on its way through the B2BUA', () => {
  test('has the relay for address and port, and is otherwise as it came', () => {
    const offer = text(
      'v=0',
      'o=alice 7 3 IN IP4 192.0.2.1',
      's=-',
      'b=AS:64',
      't=0 0',
      'm=audio 4000 RTP/AVP 8 0 101',
      'c=IN IP4 192.0.2.1',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-15',
      'a=rtcp:4007 IN IP4 192.0.2.1',
      'a=ptime:30',
      'a=sendonly',
      'a=x-own:thing',
    );
    const { text: passed, audio } = relayed(offer, PLACE);
    expect(passed).toBe(
      text(
        'v=0',
        'o=alice 7 3 IN IP4 192.0.2.1',
        's=-',
        'c=IN IP4 203.0.113.9',
        'b=AS:64',
        't=0 0',
        'm=audio 40000 RTP/AVP 8 0 101',
        'a=rtpmap:8 PCMA/8000',
        'a=rtpmap:101 telephone-event/8000',
        'a=fmtp:101 0-15',
        'a=ptime:30',
        'a=sendonly',
        'a=x-own:thing',
      ),
    );
    expect(audio).toMatchObject({ address: '192.0.2.1', port: 4000, rtcp: { address: '192.0.2.1', port: 4007 } });
  });

  test('keeps the keys of SRTP and what is said of RTCP, and loses what would lead media past the relay', () => {
    const offer = text(
      'v=0',
      'o=- 1 1 IN IP6 2001:db8::1',
      's=-',
      'c=IN IP6 2001:db8::1',
      't=0 0',
      'a=group:BUNDLE 0',
      'a=ice-lite',
      'm=audio 4000 RTP/SAVP 0',
      'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj',
      'a=candidate:1 1 UDP 2130706431 2001:db8::1 4000 typ host',
      'a=ice-ufrag:F7gI',
      'a=ice-pwd:x9cml/YzichV2+XlhiMu8g',
      'a=rtcp-mux',
    );
    const { text: passed } = relayed(offer, { address: '2001:db8::9', port: 40_000 });
    expect(passed).toContain('c=IN IP6 2001:db8::9\r\n');
    expect(passed).toContain('a=crypto:1 AES_CM_128_HMAC_SHA1_80');
    expect(passed).toContain('a=rtcp-mux');
    expect(passed).not.toMatch(/candidate|ice-|BUNDLE/);
  });

  test('carries one audio stream: what is rejected stays so, what is no audio or needs DTLS is rejected', () => {
    const media = (...m: string[]) =>
      text('v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0', ...m);
    const ports = (description: string) =>
      [...relayed(description, PLACE).text.matchAll(/^m=\S+ (\d+)/gm)].map(([, port]) => Number(port));
    expect(ports(media('m=audio 0 RTP/AVP 0', 'm=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 96'))).toEqual([
      0, 40_000, 0,
    ]);
    expect(ports(media('m=audio 4000 RTP/AVP 0', 'm=audio 4004 RTP/AVP 8', 'm=image 4006 udptl t38'))).toEqual([
      40_000, 0, 0,
    ]);
    expect(ports(media('m=audio 4000 UDP/TLS/RTP/SAVPF 0'))).toEqual([0]);
    expect(relayed(media('m=audio 0 RTP/AVP 0'), PLACE).audio).toBeNull();
  });

  test('keeps an address of zeros, which is a hold, and what is no description at all', () => {
    const held = text('v=0', 'o=- 1 2 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 0.0.0.0', 't=0 0', 'm=audio 4000 RTP/AVP 0');
    expect(relayed(held, PLACE).text).toContain('c=IN IP4 0.0.0.0\r\n');
    expect(relayed('hello', PLACE)).toEqual({ text: 'hello', audio: null });
    expect(relayed('', PLACE)).toEqual({ text: '', audio: null });
  });
});
