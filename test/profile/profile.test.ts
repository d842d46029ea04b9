import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import { hintsOf } from '../../src/profile/hints.js';
import { type Mistake, ProfileError, parseProfile, readProfile } from '../../src/profile/read.js';
import { profileJsonSchema } from '../../src/profile/schema.js';
import { shippedProfiles } from '../../src/profile/shipped.js';

function mistakes(text: string): readonly Mistake[] {
  try {
    parseProfile(text, 'p.yaml');
  } catch (error) {
    if (error instanceof ProfileError) return error.mistakes;
    throw error;
  }
  throw new Error('the profile was accepted');
}

const minimal = 'name: x\nload:\n  - { shape: constant, cps: 1, for: 1s }\n';

describe('a profile', () => {
  it('fills in defaults and converts durations and shares', () => {
    const profile = parseProfile(`${minimal}impairment:\n  uplink:\n    - { kind: loss, ratio: 2% }\n`, 'p.yaml');
    expect(profile.load).toEqual([{ shape: 'constant', cps: 1, for: 1000 }]);
    expect(profile.impairment).toMatchObject({ uplink: [{ kind: 'loss', ratio: 0.02, burst: 1 }], downlink: [] });
    expect(profile.calls).toMatchObject({ hold: 30_000, codecs: ['PCMU', 'PCMA'], ptime: 20, audio: 'speech' });
    expect(profile.trunk).toMatchObject({ channels: 100, whenFull: '503', ringAfter: { min: 0, max: 0 } });
  });

  it('with several mistakes lists them all with path and line', () => {
    const found = mistakes(
      [
        'name: Bad Name',
        'load:',
        '  - { shape: constant, cps: -1, for: 1s }',
        '  - { shape: zigzag, for: 1s }',
        'calls:',
        '  hold: forever',
        '  colour: red',
        'impairment:',
        '  uplink:',
        '    - { kind: loss, ratio: 300% }',
        'trunk: { channels: many }',
      ].join('\n'),
    );
    const at = (path: string): Mistake | undefined => found.find((m) => m.path === path);
    expect(at('name')).toMatchObject({ line: 1 });
    expect(at('load.0.cps')).toMatchObject({ line: 3 });
    expect(at('load.1.shape')).toMatchObject({
      line: 4,
      message: 'expected constant, ramp, steps, sawtooth, spike, concurrent, replay, found "zigzag"',
    });
    expect(at('calls.hold')).toMatchObject({ line: 6, message: expect.stringContaining('20s') });
    expect(at('calls.colour')).toMatchObject({ line: 7, message: 'there is no such field' });
    expect(at('impairment.uplink.0.ratio')).toMatchObject({ line: 10, message: expect.stringContaining('2%') });
    expect(at('trunk.channels')).toMatchObject({ line: 11, message: 'expected number, found "many"' });
    expect(found.map(({ line }) => line)).toEqual([1, 3, 4, 6, 7, 10, 11]);
  });

  it('with mistakes in a trunk group says so at their lines', () => {
    const found = mistakes(
      [
        minimal,
        'target: "sip:one.test"',
        'targets:',
        '  - { uri: "sip:a.test", weight: -1 }',
        '  - { uri: a.test, priority: 70000 }',
        '  - { uri: "sip:a.test" }',
        'failover: { statuses: [200], noResponseMs: 0, keepalive: { every: 20ms, failures: 0 } }',
      ].join('\n'),
    );
    expect(found.map(({ path, message }) => `${path}: ${message.split(',')[0]}`)).toEqual(
      expect.arrayContaining([
        'target: cannot stand beside `targets`: make it one of them',
        'targets.2.uri: sip:a.test is a target already',
        'targets.1.uri: expected a SIP URI such as sip:trunk.example.net:5060',
        'failover.noResponseMs: must be above 0',
        'failover.keepalive.every: must be 100 ms or more',
      ]),
    );
    expect(found.every(({ line }) => line !== null)).toBe(true);
    expect(mistakes(`${minimal}failover: {}\n`)).toMatchObject([
      { path: 'failover', message: 'has no effect without `targets`' },
    ]);
  });

  it('with mistakes in audio and codecs says so at their lines', () => {
    const found = mistakes(
      [
        minimal.trimEnd(),
        'calls:',
        '  audio: tone:3500+5000',
        '  codecs: [opus, PCMU]',
        '  ptime: 30',
        '  gain: loud',
        '  putOnHold: { after: 2s }',
        'trunk:',
        '  audio: silence',
        '  noise: { kind: pink, snr: 20 }',
        '  codecs: [G722, iLBC]',
        'media: { record: { share: 120%, calls: 0 } }',
      ].join('\n'),
    );
    expect(found.map(({ path, line }) => [path, line])).toEqual(
      expect.arrayContaining([
        ['calls.audio', 5],
        ['calls.ptime', 7],
        ['calls.gain', 8],
        ['calls.putOnHold.for', 9],
        ['trunk.noise', 12],
        ['trunk.codecs.1', 13],
        ['media.record.share', 14],
        ['media.record.calls', 14],
      ]),
    );
    expect(found).toHaveLength(8);
    const of = (lines: string): string[] => mistakes(`${minimal}${lines}\n`).map((m) => m.message);
    expect(of('calls: { ptime: 25 }')).toEqual(['expected 10, 20, 30, 40, 60, found 25']);
    expect(of('calls: { audio: "tone:" }')[0]).toContain('tone:350+440');
    expect(of('calls: { codecs: [PCMU, PCMU] }')[0]).toContain('twice');
    expect(of('calls: { noise: { kind: white } }')[0]).toContain('either `snr` or `level`');
    const amr = 'frames: { AMR: { file: a.bin, bytes: 33 } }';
    expect(of('calls: { codecs: [G729] }')[0]).toContain('`frames`');
    expect(of(`calls: { codecs: [G729], ${amr} }`)[0]).toContain('G729 is not encoded here');
    expect(of(`calls: { codecs: [AMR], ptime: 30, ${amr} }`)[0]).toContain('20 ms long');
    expect(of(`calls: { codecs: [AMR], frames: { AMR: { file: a.bin, bytes: 0 } } }`)[0]).toContain('1');
    expect(of(`trunk: { codecs: [AMR], ${amr}, faults: { silence: 2% } }`)[0]).toContain('silence cannot be sent');
    const tones = 'dtmf: { digits: "1", method: inband }';
    expect(of(`calls: { audio: none, ${tones} }`)[0]).toContain('audio: silence');
    expect(of(`trunk: { codecs: [AMR], ${amr}, ${tones} }`)[0]).toContain('no tones can be');
    expect(of('calls: { dtmf: { digits: "1", method: dtmf } }')[0]).toContain('inband');
    expect(of('calls: { dtmf: { digits: "1", level: 3 } }')).toHaveLength(1);
    expect(of('calls: { dtmf: { digits: "1", twist: 30 } }')).toHaveLength(1);
    expect(of('calls: { inbandDtmf: 1 }')).toHaveLength(1);
    for (const right of [
      `calls: { audio: silence, inbandDtmf: true, ${tones} }`,
      'calls: { audio: "tone:7000", codecs: [G722, opus] }',
      'calls: { audio: silence, noise: { level: -50 } }',
      'trunk: { ptime: 30, codecs: [L16/16000] }',
      `calls: { codecs: [AMR], ptime: 60, ${amr} }`,
      'calls: { codecs: [G729], audio: none }',
    ])
      expect(() => parseProfile(`${minimal}${right}\n`, 'p.yaml')).not.toThrow();
  });

  it('with a suite that SRTP does not have, or has twice, says so at its line and names those that it has', () => {
    const found = mistakes(`${minimal}calls:\n  srtp: [AES_CM_128_HMAC_SHA1_80, AES_256_CM_HMAC_SHA1_80]\n`);
    expect(found).toEqual([
      {
        path: 'calls.srtp.1',
        line: 5,
        message:
          'expected AES_CM_128_HMAC_SHA1_80, AES_CM_128_HMAC_SHA1_32, AEAD_AES_128_GCM, found "AES_256_CM_HMAC_SHA1_80"',
      },
    ]);
    const twice = mistakes(`${minimal}trunk: { srtp: [AEAD_AES_128_GCM, AEAD_AES_128_GCM] }\n`);
    expect(twice[0].message).toContain('twice');
  });

  it.each([
    ['sip:trunk.example.net', '', 1],
    ['sip:trunk.example.net;transport=tcp', '', 1],
    ['sip:trunk.example.net;transport=tls', '', 0],
    ['sips:trunk.example.net', '', 0],
    ['sips:trunk.example.net', ', proxy: "sip:192.0.2.1"', 1],
    ['sip:trunk.example.net', ', proxy: "sips:proxy.example.net"', 0],
  ])('whose SRTP keys go to %s is told when others can read them%s', (target, more, hints) => {
    const parsed = (suites: string) =>
      parseProfile(`${minimal}target: "${target}"\ncalls: { srtp: [${suites}]${more} }\n`, 'p.yaml');
    expect(hintsOf(parsed('AEAD_AES_128_GCM'))).toHaveLength(hints);
    expect(hintsOf(parsed(''))).toEqual([]);
  });

  it.each([
    ['opus, G722', 'silence', []],
    ['opus, PCMA', 'gain, db: 3', []],
    ['L16/8000', 'gain, db: 3', []],
    ['L16/8000', 'ptime, to: 40', ['ptime of the impairment can change no audio of L16/8000: it passes untouched']],
    ['G722', 'gain, db: 3', ['gain of the impairment can change no audio of G722: it passes untouched']],
  ])('with codecs %s and %s is told where the fault would do nothing', (codecs, stage, hints) => {
    const impairment = `impairment: { timeline: [{ for: 1s, downlink: [{ kind: ${stage} }] }] }`;
    const sides = `calls: { codecs: [${codecs}] }\ntrunk: { codecs: [${codecs}] }`;
    expect(hintsOf(parseProfile(`${minimal}${sides}\n${impairment}\n`, 'p.yaml'))).toEqual(hints);
  });

  it.each([
    ['{ codecs: [opus] }', '{}', 'calls offer opus, the built-in trunk takes PCMU, PCMA: it refuses every call (488)'],
    ['{ codecs: [opus] }', '{ codecs: [G722, opus] }', null],
    ['{}', '{ srtp: [AEAD_AES_128_GCM] }', 'the built-in trunk speaks SRTP and the other side does not'],
    ['{ srtp: [AEAD_AES_128_GCM] }', '{}', 'calls speak SRTP and the other side does not'],
    ['{ srtp: [AEAD_AES_128_GCM] }', '{ srtp: [AEAD_AES_128_GCM] }', null],
  ])('whose calls its own trunk would refuse says so: %s at %s', (calls, trunk, hint) => {
    const text = `${minimal}calls: ${calls}\ntrunk: ${trunk}\n`;
    const expected = hint === null ? [] : [expect.stringContaining(hint)];
    expect(hintsOf(parseProfile(text, 'p.yaml'))).toEqual(expected);
    expect(hintsOf(parseProfile(`${text}target: "sips:trunk.example.net"\n`, 'p.yaml'))).toEqual([]);
  });

  it('with a wrong gate or pattern says so at its line', () => {
    const found = mistakes(
      `${minimal}calls: { from: "[9-1]", to: "{callee}" }\ngates:\n  - sip.nothing < 3\n  - calls.dropped == 0\n`,
    );
    expect(found).toMatchObject([
      { path: 'calls.from', line: 4 },
      { path: 'calls.to', line: 4, message: expect.stringContaining('numbers') },
      { path: 'gates.0', line: 6 },
    ]);
  });

  it('with an infeasible loss process says why', () => {
    const [mistake] = mistakes(`${minimal}impairment:\n  downlink:\n    - { kind: loss, ratio: 80%, burst: 2 }\n`);
    expect(mistake).toMatchObject({ path: 'impairment.downlink.0', line: 6 });
  });

  it.each(['calls: { from: "a\\r\\nVia: b" }', 'calls: { headers: { "X-A": "b\\nc" } }'])(
    'refuses what would break a header: %s',
    (line) => {
      expect(mistakes(`${minimal}${line}\n`).length).toBe(1);
    },
  );

  const BREAKING = ['\\r', '\\n', '\\0', '\\x7f', '\\e', '\\t'];
  const FIELDS: [path: string, yaml: (text: string) => string][] = [
    ['calls.from', (text) => `calls: { from: "${text}" }`],
    ['calls.to', (text) => `calls: { to: "${text}" }`],
    ['calls.headers.X-A', (text) => `calls: { headers: { X-A: "${text}" } }`],
    ['calls.credentials.username', (text) => `calls: { credentials: { username: "${text}", password: p } }`],
    ['calls.credentials.password', (text) => `calls: { credentials: { username: u, password: "${text}" } }`],
    ['calls.proxy', (text) => `calls: { proxy: "sip:${text}" }`],
    ['target', (text) => `target: "sip:${text}"`],
  ];

  it.each(FIELDS)('refuses a control character in %s with its line, its value and what to do', (path, yaml) => {
    for (const character of BREAKING) {
      const found = mistakes(`${minimal}${yaml(`a${character}b`)}\n`);
      expect(found.map((mistake) => [mistake.path, mistake.line])).toEqual(found.map(() => [path, 4]));
      expect(found[0].message).toMatch(/must not contain|expected a SIP URI/);
      expect(found[0].message).toMatch(/, found ".*a(\\[a-z]|\\u00|\x7f).*b"$/);
    }
    expect(parseProfile(`${minimal}${yaml('ab')}\n`, 'p.yaml')).toBeDefined();
  });

  it.each(['"X A"', '"X:"', '""', '"X\\r\\nVia"'])('refuses %s as the name of a header', (name) => {
    const [mistake] = mistakes(`${minimal}calls: { headers: { ${name}: v } }\n`);
    expect(mistake).toMatchObject({ line: 4, message: expect.stringContaining('is no header name') });
  });

  it('refuses a number that would break the URI that it becomes part of', () => {
    for (const number of ['1@evil.example', '1>', '1 2', 'a"b'])
      expect(mistakes(`${minimal}calls:\n  from: '${number}'\n`)).toMatchObject([{ path: 'calls.from', line: 5 }]);
  });

  it.each(['eth0', '127.0.0.1, 127.0.0.1', '127.0.0.1, "::1"', '127.0.0.1:5060', ''])(
    'refuses [%s] as the addresses of its media',
    (list) => {
      const [mistake] = mistakes(`${minimal}media: { addresses: [${list}] }\n`);
      expect(mistake).toMatchObject({ path: expect.stringContaining('media.addresses'), line: 4 });
    },
  );

  it('refuses impairments, faults of descriptions and a control endpoint that cannot be, at their lines', () => {
    const found = mistakes(
      [
        minimal.trimEnd(),
        'impairment:',
        '  network: moon',
        '  downlink:',
        '    - { kind: port-change }',
        '    - { kind: echo, delay: 5ms, returnLoss: 6 }',
        '  timeline:',
        '    - { for: 10s, network: clean }',
        '    - { for: 0s, uplink: [{ kind: loss, ratio: 80%, burst: 2 }] }',
        '  select: { every: 0 }',
        'control: { port: 8089, token: short }',
        'calls: { sdpFaults: [{ kind: remove-codec }] }',
        'trunk: { sdpFaults: [{ kind: wrong-address, address: example.net }] }',
      ].join('\n'),
    );
    expect(found.map(({ path, line }) => [path, line])).toEqual(
      expect.arrayContaining([
        ['impairment.network', 5],
        ['impairment.downlink.0', 7],
        ['impairment.downlink.1', 8],
        ['impairment.timeline.1.for', 11],
        ['impairment.timeline.1.uplink.0', 11],
        ['impairment.select.every', 12],
        ['control.token', 13],
        ['calls.sdpFaults.0.codec', 14],
        ['trunk.sdpFaults.0.address', 15],
      ]),
    );
    expect(found).toHaveLength(9);
    const shared = `${minimal}media: { sharedPorts: true }\nimpairment: { uplink: [{ kind: port-change }] }\n`;
    expect(mistakes(shared)).toMatchObject([{ path: 'impairment.uplink.0', line: 5 }]);
  });

  it.each(['calls', 'trunk'])('refuses latching of its %s where calls share ports', (side) => {
    const shared = 'media: { sharedPorts: true }\n';
    expect(mistakes(`${minimal}${side}: { latch: first }\n${shared}`)).toMatchObject([
      { path: `${side}.latch`, line: 4 },
    ]);
    expect(mistakes(`${minimal}${side}: { latch: first }\nmedia: { sharedPorts: maybe }\n`)).toMatchObject([
      { path: 'media.sharedPorts', line: 5 },
    ]);
    expect(parseProfile(`${minimal}${side}: { latch: off }\n${shared}`, 'p.yaml').media.sharedPorts).toBe(true);
  });

  it('that is no YAML is refused with the line', () => {
    expect(mistakes('name: x\nload: [\n')[0].line).toBeGreaterThanOrEqual(2);
    expect(mistakes('')).not.toEqual([]);
    expect(mistakes('just text')).not.toEqual([]);
  });

  it('that is missing is an error that names the file', () => {
    expect(() => readProfile('/nonexistent.yaml')).toThrow(AppError);
  });
});

describe('shipped profiles', () => {
  it('are valid and carry a description', () => {
    const profiles = shippedProfiles();
    expect(profiles.map((p) => p.name)).toEqual(expect.arrayContaining(['bad-network', 'demo', 'headroom', 'spike']));
    for (const p of profiles) {
      expect(p.description).not.toBe('');
      expect(readFileSync(p.path, 'utf8')).toContain('#');
    }
  });

  it('have a JSON Schema that describes every field', () => {
    const text = JSON.stringify(profileJsonSchema());
    for (const field of ['load', 'calls', 'impairment', 'trunk', 'gates', 'channels', 'giveUpAfter'])
      expect(text).toContain(`"${field}"`);
  });
});

describe('a profile whose load is what comes in', () => {
  const inbound = 'name: x\ninbound: { for: 10s }\n';

  it('needs no load, and listens on loopback unless it says where', () => {
    expect(parseProfile(inbound, 'p.yaml')).toMatchObject({
      load: [],
      inbound: { listen: '127.0.0.1:5060', for: 10_000, runOut: 10_000 },
    });
    expect(parseProfile("name: x\ninbound: { for: 1s, listen: '[::1]:5070' }\n", 'p.yaml').inbound?.listen).toBe(
      '[::1]:5070',
    );
  });

  it.each([
    ['target: sip:a@192.0.2.1\n', 'target'],
    ['load: [{ shape: constant, cps: 1, for: 1s }]\n', 'load'],
    ['trunk: { agent: {} }\n', 'trunk.agent'],
  ])('refuses %s', (text, path) => {
    expect(mistakes(`${inbound}${text}`)).toMatchObject([{ path, message: expect.stringContaining('inbound') }]);
  });

  it.each(["'192.0.2.1'", "'localhost:5060'", "'::1:5060'", "'[192.0.2.1]:5060'", "'192.0.2.1:70000'"])(
    'refuses to listen at %s',
    (listen) => {
      expect(mistakes(`name: x\ninbound: { for: 1s, listen: ${listen} }\n`)).toMatchObject([
        { path: 'inbound.listen', message: expect.stringContaining('an address and a port') },
      ]);
    },
  );

  it('alone has persons that take turns', () => {
    expect(parseProfile(`${inbound}trunk: { turns: { speaksFirst: true } }\n`, 'p.yaml').trunk.turns).toMatchObject({
      count: 3,
    });
    expect(mistakes(`${minimal}trunk: { turns: {} }\n`)).toMatchObject([
      { path: 'trunk.turns', message: expect.stringContaining('`inbound`') },
    ]);
    expect(mistakes(`${inbound}trunk: { turns: {}, flow: [answer] }\n`)).toMatchObject([{ path: 'trunk.turns' }]);
  });

  it.each(['{}', '{ for: 0 }', '{ for: 1s, calls: 0 }'])('refuses inbound: %s', (text) => {
    expect(mistakes(`name: x\ninbound: ${text}\n`)).toHaveLength(1);
  });
});
