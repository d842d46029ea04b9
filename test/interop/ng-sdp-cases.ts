import type { Bencoded } from './bencode.js';

/** One description on its way through a relay: by whom, and what the controller wants of it. */
export interface Step {
  kind: 'offer' | 'answer';
  /** Whether it is the callee that sends it. */
  fromCallee?: boolean;
  sdp: readonly string[];
  flags?: Record<string, Bencoded>;
}

const HEAD = (address: string): string[] => [
  'v=0',
  `o=user 4711 12 IN IP4 ${address}`,
  's=a call',
  `c=IN IP4 ${address}`,
  't=0 0',
];
const CALLER = HEAD('127.0.0.1');
const CALLEE = ['v=0', 'o=other 99 1 IN IP4 127.0.0.2', 's=-', 'c=IN IP4 127.0.0.2', 't=0 0'];
const AUDIO = [
  'm=audio 40000 RTP/AVP 0 8 18 101',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:18 G729/8000',
  'a=fmtp:18 annexb=no',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=ptime:20',
  'a=maxptime:60',
];
const ANSWER = [
  'm=audio 50000 RTP/AVP 8 101',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
];
const VIDEO = [
  'm=video 40002 RTP/AVPF 96 97',
  'b=AS:512',
  'a=rtpmap:96 VP8/90000',
  'a=rtcp-fb:96 nack',
  'a=rtcp-fb:96 ccm fir',
  'a=rtpmap:97 H264/90000',
  'a=fmtp:97 profile-level-id=42e01f;packetization-mode=1',
  'a=rtcp-fb:* ccm tmmbr',
];
const SAVP = (lines: readonly string[]): string[] => lines.map((line) => line.replace('RTP/AVP ', 'RTP/SAVP '));
const KEY_80 = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj';
const KEY_32 = 'a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj';

const offer = (sdp: readonly string[], flags: Step['flags'] = {}): Step => ({ kind: 'offer', sdp, flags });
const answer = (sdp: readonly string[], flags: Step['flags'] = {}): Step => ({
  kind: 'answer',
  fromCallee: true,
  sdp,
  flags,
});

const PLAIN = [offer([...CALLER, ...AUDIO]), answer([...CALLEE, ...ANSWER])];
const BOTH = { replace: ['origin', 'session-connection'] };

/** Each name is a row of the table: what goes in, step by step. ICE and DTLS are off throughout. */
export const SDP_CASES: Readonly<Record<string, readonly Step[]>> = {
  'nothing wanted': PLAIN,
  'origin and session connection replaced': [offer([...CALLER, ...AUDIO], BOTH), answer([...CALLEE, ...ANSWER], BOTH)],
  'hyphens and spaces in flags': [
    offer([...CALLER, ...AUDIO], { replace: ['session connection'], flags: ['no rtcp attribute', 'strict source'] }),
    answer([...CALLEE, ...ANSWER], { flags: ['full-rtcp-attribute', 'media-handover'] }),
  ],
  'connection lines of the media only': [
    offer(['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', AUDIO[0], 'c=IN IP4 127.0.0.1', ...AUDIO.slice(1)]),
    answer([...CALLEE, ANSWER[0], 'c=IN IP4 127.0.0.3', ...ANSWER.slice(1)]),
  ],
  'an answer with other parameters': [
    offer([...CALLER, ...AUDIO]),
    answer([...CALLEE, ...ANSWER.map((line) => line.replace('0-15', '0-11'))]),
  ],
  'formats without rtpmap': [
    offer([...CALLER, 'm=audio 40000 RTP/AVP 0 8 3 9 13 18 4']),
    answer([...CALLEE, 'm=audio 50000 RTP/AVP 9 13']),
  ],
  'hold by sendonly and back': [
    ...PLAIN,
    offer([...CALLER, ...AUDIO, 'a=sendonly']),
    answer([...CALLEE, ...ANSWER, 'a=recvonly']),
    offer([...CALLER, ...AUDIO, 'a=inactive']),
    answer([...CALLEE, ...ANSWER, 'a=inactive']),
    offer([...CALLER, ...AUDIO, 'a=sendrecv']),
    answer([...CALLEE, ...ANSWER]),
  ],
  'hold by an address of zeros': [
    ...PLAIN,
    offer([...CALLER.map((line) => line.replace('c=IN IP4 127.0.0.1', 'c=IN IP4 0.0.0.0')), ...AUDIO], BOTH),
    answer([...CALLEE, ...ANSWER, 'a=recvonly'], BOTH),
  ],
  'hold by an address of zeros that is replaced': [
    ...PLAIN,
    offer([...CALLER.map((line) => line.replace('c=IN IP4 127.0.0.1', 'c=IN IP4 0.0.0.0')), ...AUDIO], {
      replace: ['origin', 'session-connection', 'zero-address'],
    }),
  ],
  'direction of the session': [
    offer([...CALLER, 'a=sendonly', ...AUDIO]),
    answer([...CALLEE, 'a=recvonly', ...ANSWER]),
  ],
  'direction left as it is': [
    offer([...CALLER, 'a=sendonly', ...AUDIO], { flags: ['original-sendrecv'] }),
    answer([...CALLEE, ...ANSWER, 'a=recvonly'], { flags: ['original-sendrecv'] }),
  ],
  'the callee re-offers': [
    ...PLAIN,
    { kind: 'offer', fromCallee: true, sdp: [...CALLEE, ...ANSWER, 'a=sendonly'], flags: BOTH },
    { kind: 'answer', sdp: [...CALLER, ...AUDIO, 'a=recvonly'], flags: BOTH },
  ],
  'audio and video': [
    offer([...CALLER, ...AUDIO, ...VIDEO], BOTH),
    answer([...CALLEE, ...ANSWER, ...VIDEO.map((line) => line.replace('40002', '50002'))], BOTH),
  ],
  'video refused': [offer([...CALLER, ...AUDIO, ...VIDEO]), answer([...CALLEE, ...ANSWER, 'm=video 0 RTP/AVPF 96'])],
  'audio refused': [offer([...CALLER, ...AUDIO]), answer([...CALLEE, 'm=audio 0 RTP/AVP 0'])],
  'video taken out and put in again': [
    offer([...CALLER, ...AUDIO, ...VIDEO]),
    answer([...CALLEE, ...ANSWER, ...VIDEO.map((line) => line.replace('40002', '50002'))]),
    offer([...CALLER, ...AUDIO, 'm=video 0 RTP/AVPF 96']),
    answer([...CALLEE, ...ANSWER, 'm=video 0 RTP/AVPF 96']),
    offer([...CALLER, ...AUDIO, ...VIDEO]),
    answer([...CALLEE, ...ANSWER, ...VIDEO.map((line) => line.replace('40002', '50002'))]),
  ],
  'a medium added later': [
    ...PLAIN,
    offer([...CALLER, ...AUDIO, ...VIDEO]),
    answer([...CALLEE, ...ANSWER, ...VIDEO.map((line) => line.replace('40002', '50002'))]),
  ],
  'fax (T.38)': [
    ...PLAIN,
    offer([...CALLER, 'm=image 40000 udptl t38', 'a=T38FaxVersion:0', 'a=T38FaxUdpEC:t38UDPRedundancy']),
    answer([...CALLEE, 'm=image 50000 udptl t38', 'a=T38FaxVersion:0']),
  ],
  'a message session': [
    offer(
      [...CALLER, ...AUDIO, 'm=message 40010 TCP/MSRP *', 'a=path:msrp://127.0.0.1:40010/x;tcp', 'a=setup:actpass'],
      BOTH,
    ),
  ],
  'an application of its own': [
    offer([...CALLER, ...AUDIO, 'm=application 40012 UDP/BFCP *', 'a=floorctrl:c-s', 'a=confid:1']),
  ],
  'RTCP elsewhere': [
    offer([...CALLER, ...AUDIO, 'a=rtcp:41000']),
    answer([...CALLEE, ...ANSWER, 'a=rtcp:51000 IN IP4 127.0.0.9'], { flags: ['full-rtcp-attribute'] }),
  ],
  'RTCP on the port of RTP by its attribute': [offer([...CALLER, ...AUDIO, 'a=rtcp:40000'])],
  'multiplexing offered and taken': [
    offer([...CALLER, ...AUDIO, 'a=rtcp-mux']),
    answer([...CALLEE, ...ANSWER, 'a=rtcp-mux']),
    offer([...CALLER, ...AUDIO, 'a=rtcp-mux', 'a=sendonly']),
    answer([...CALLEE, ...ANSWER, 'a=rtcp-mux', 'a=recvonly']),
  ],
  'multiplexing offered and not taken': [offer([...CALLER, ...AUDIO, 'a=rtcp-mux']), answer([...CALLEE, ...ANSWER])],
  'multiplexing: offer': [
    offer([...CALLER, ...AUDIO], { 'rtcp-mux': ['offer'] }),
    answer([...CALLEE, ...ANSWER, 'a=rtcp-mux']),
  ],
  'multiplexing: require': [
    offer([...CALLER, ...AUDIO], { 'rtcp-mux': ['require'] }),
    answer([...CALLEE, ...ANSWER, 'a=rtcp-mux']),
  ],
  'multiplexing: demux': [
    offer([...CALLER, ...AUDIO, 'a=rtcp-mux'], { 'rtcp-mux': ['demux'] }),
    answer([...CALLEE, ...ANSWER]),
  ],
  'multiplexing: accept': [
    offer([...CALLER, ...AUDIO, 'a=rtcp-mux'], { 'rtcp-mux': ['accept'] }),
    answer([...CALLEE, ...ANSWER]),
  ],
  'multiplexing: reject': [
    offer([...CALLER, ...AUDIO, 'a=rtcp-mux'], { 'rtcp-mux': ['reject'] }),
    answer([...CALLEE, ...ANSWER, 'a=rtcp-mux']),
  ],
  'multiplexing: offer and reject': [
    offer([...CALLER, ...AUDIO, 'a=rtcp-mux'], { 'rtcp-mux': ['offer', 'reject'] }),
    answer([...CALLEE, ...ANSWER, 'a=rtcp-mux']),
  ],
  'multiplexing: demux and accept': [
    offer([...CALLER, ...AUDIO, 'a=rtcp-mux'], { 'rtcp-mux': ['demux', 'accept'] }),
    answer([...CALLEE, ...ANSWER]),
  ],
  'ICE taken out': [
    offer(
      [
        ...CALLER,
        'a=ice-lite',
        'a=group:BUNDLE 0',
        'a=msid-semantic: WMS',
        ...AUDIO,
        'a=mid:0',
        'a=ice-ufrag:abcd',
        'a=ice-pwd:abcdefghijklmnopqrstuv',
        'a=candidate:1 1 UDP 2130706431 127.0.0.1 40000 typ host',
        'a=candidate:1 2 UDP 2130706430 127.0.0.1 40001 typ host',
      ],
      { ICE: 'remove' },
    ),
    answer([...CALLEE, ...ANSWER], { ICE: 'remove' }),
  ],
  'media ids': [offer([...CALLER, ...AUDIO, 'a=mid:voice']), answer([...CALLEE, ...ANSWER, 'a=mid:voice'])],
  'media ids made': [
    offer([...CALLER, ...AUDIO, ...VIDEO], { flags: ['generate mid'] }),
    answer([...CALLEE, ...ANSWER, 'a=mid:1', 'm=video 0 RTP/AVPF 96', 'a=mid:2']),
  ],
  'header extensions taken out': [
    offer([...CALLER, ...AUDIO, 'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level'], { flags: ['strip-extmap'] }),
    answer([...CALLEE, ...ANSWER, 'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level']),
  ],
  'a codec stripped': [offer([...CALLER, ...AUDIO], { codec: { strip: ['G729'] } }), answer([...CALLEE, ...ANSWER])],
  'codecs stripped by flag and name with rate': [
    offer([...CALLER, ...AUDIO], { flags: ['codec-strip-PCMU', 'codec-strip-g729/8000'] }),
    answer([...CALLEE, ...ANSWER]),
  ],
  'all stripped but some': [
    offer([...CALLER, ...AUDIO], { codec: { strip: ['all'], except: ['PCMA', 'telephone-event'] } }),
    answer([...CALLEE, ...ANSWER]),
  ],
  'all stripped but one codec': [offer([...CALLER, ...AUDIO], { codec: { strip: ['all'], except: ['PCMA'] } })],
  'all stripped, some put back': [
    offer([...CALLER, ...AUDIO], { codec: { strip: ['all'], offer: ['telephone-event', 'PCMU'] } }),
  ],
  'all stripped': [offer([...CALLER, ...AUDIO], { codec: { strip: ['all'] } })],
  'a clock rate stripped with its telephone-event': [
    offer(
      [
        ...CALLER,
        'm=audio 40000 RTP/AVP 111 8 110 101',
        'a=rtpmap:111 opus/48000/2',
        'a=fmtp:111 useinbandfec=1',
        'a=rtpmap:8 PCMA/8000',
        'a=rtpmap:110 telephone-event/48000',
        'a=rtpmap:101 telephone-event/8000',
      ],
      { codec: { strip: ['opus'] } },
    ),
  ],
  'a codec masked': [offer([...CALLER, ...AUDIO], { codec: { mask: ['PCMU'] } })],
  'an answer with a format that was not offered': [
    offer([...CALLER, ...AUDIO]),
    answer([...CALLEE, 'm=audio 50000 RTP/AVP 8 9 101', 'a=rtpmap:101 telephone-event/8000']),
  ],
  'a single codec': [
    offer([...CALLER, ...AUDIO]),
    answer([...CALLEE, ...AUDIO.map((line) => line.replace('40000', '50000'))], { flags: ['single-codec'] }),
  ],
  'RTP/AVPF wanted': [
    offer([...CALLER, ...AUDIO], { 'transport protocol': 'RTP/AVPF' }),
    answer([...CALLEE, ...ANSWER.map((line) => line.replace('RTP/AVP', 'RTP/AVPF'))]),
  ],
  'an answer of another protocol': [
    offer([...CALLER, ...AUDIO]),
    answer([...CALLEE, ...ANSWER.map((line) => line.replace('RTP/AVP', 'RTP/AVPF'))]),
  ],
  'an answer of another protocol that is passed on': [
    offer([...CALLER, ...AUDIO]),
    answer([...CALLEE, ...ANSWER.map((line) => line.replace('RTP/AVP', 'RTP/AVPF'))], {
      'transport protocol': 'accept',
    }),
  ],
  'SRTP towards the callee': [
    offer([...CALLER, ...AUDIO], { 'transport protocol': 'RTP/SAVP' }),
    answer([...CALLEE, ...SAVP(ANSWER), KEY_80.replace(':1 ', ':TAG ')]),
  ],
  'SRTP towards the caller': [
    offer([...CALLER, ...SAVP(AUDIO), KEY_80, KEY_32], { 'transport protocol': 'RTP/AVP' }),
    answer([...CALLEE, ...ANSWER]),
  ],
  'SRTP on both sides': [
    offer([...CALLER, ...SAVP(AUDIO), KEY_80, KEY_32]),
    answer([...CALLEE, ...SAVP(ANSWER), KEY_32]),
    offer([...CALLER, ...SAVP(AUDIO), KEY_80, KEY_32, 'a=sendonly']),
    answer([...CALLEE, ...SAVP(ANSWER), KEY_32, 'a=recvonly']),
  ],
  'SRTP without a suite': [
    offer([...CALLER, ...SAVP(AUDIO), KEY_80, KEY_32], {
      SDES: ['no-AES_CM_128_HMAC_SHA1_80'],
      'transport protocol': 'RTP/AVP',
    }),
    answer([...CALLEE, ...ANSWER]),
  ],
  'IPv6 wanted': [
    offer([...CALLER, ...AUDIO], { 'address family': 'IP6', ...BOTH }),
    answer(['v=0', 'o=- 1 1 IN IP6 ::1', 's=-', 'c=IN IP6 ::1', 't=0 0', ...ANSWER], BOTH),
  ],
  'a family for each side by interface names': [
    offer([...CALLER, ...AUDIO], { direction: ['internal', 'external'], ...BOTH }),
  ],
  'another address written': [
    offer([...CALLER, ...AUDIO], { 'media address': '192.0.2.77', ...BOTH, flags: ['full-rtcp-attribute'] }),
    answer([...CALLEE, ...ANSWER], { 'media address': '192.0.2.78', ...BOTH }),
  ],
  'packet intervals': [offer([...CALLER, ...AUDIO], { ptime: 40 }), answer([...CALLEE, ...ANSWER, 'a=ptime:40'])],
  'packet intervals of both sides': [
    offer([...CALLER, ...AUDIO], { ptime: '30', 'ptime-reverse': 10 }),
    answer([...CALLEE, ...ANSWER, 'a=ptime:30']),
  ],
  'names kept': [
    offer([...CALLER, ...AUDIO], { replace: ['username', 'session-name'] }),
    answer([...CALLEE, ...ANSWER], { replace: ['username', 'session-name'] }),
    offer([...CALLER.map((line) => line.replace('user', 'changed').replace('a call', 'a new one')), ...AUDIO], {
      replace: ['username', 'session-name'],
    }),
  ],
  'versions counted': [
    offer([...CALLER, ...AUDIO], { replace: ['sdp-version'] }),
    answer([...CALLEE, ...ANSWER], { replace: ['sdp-version'] }),
    offer([...CALLER.map((line) => line.replace('4711 12', '4711 77')), ...AUDIO], {
      replace: ['sdp-version'],
      flags: ['port latching'],
    }),
    offer([...CALLER.map((line) => line.replace('4711 12', '4711 78')), ...AUDIO, 'a=sendonly'], {
      replace: ['sdp-version'],
      flags: ['port latching'],
    }),
  ],
  'attributes that nobody knows': [
    offer([
      ...CALLER,
      'a=tool:x',
      'b=AS:64',
      'a=x-session',
      ...AUDIO,
      'b=TIAS:64000',
      'a=x-media:1',
      'a=silenceSupp:off - - - -',
    ]),
    answer([...CALLEE, ...ANSWER, 'a=ssrc:1 cname:x', 'a=label:7']),
  ],
  'DTLS roles of a protocol without DTLS': [
    offer([...CALLER, 'a=setup:active', ...AUDIO, 'a=setup:actpass']),
    answer([...CALLEE, ...ANSWER]),
  ],
};

/** What no relay takes; the reason has to be the same as well. */
export const REFUSED_SDP: Readonly<Record<string, string>> = {
  'no description': 'hello',
  'another version': 'v=1\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n',
  'a line that is none': 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nfoo\r\n',
  'an unknown line': 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\ny=1\r\n',
  'an address that is none':
    'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 example\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n',
  'a port that cannot be':
    'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 99999 RTP/AVP 0\r\n',
  'a port that is none':
    'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio x RTP/AVP 0\r\n',
  'no address': 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n',
  'a format that cannot be':
    'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 200\r\n',
};
