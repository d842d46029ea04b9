import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import type { SrfRequest } from '../../src/drachtio/srf-types.js';
import { Bindings, MAX_BINDINGS } from '../../src/relay/b2bua/bindings.js';
import { Leg } from '../../src/relay/b2bua/leg.js';
import { Places } from '../../src/relay/b2bua/places.js';
import { Registration } from '../../src/relay/b2bua/registrations.js';
import { translateReferTo, translateReplaces } from '../../src/relay/b2bua/replaced.js';
import { Routes } from '../../src/relay/b2bua/routes.js';

const OWN = { host: '10.0.0.7', port: 5080 };
const places = new Places([OWN], { host: '192.0.2.1', port: 5060 });

function routes(options: { target?: string; fromTarget?: string | null; bindings?: Bindings } = {}): Routes {
  return new Routes({
    places,
    bindings: options.bindings ?? new Bindings(new ManualClock()),
    target: options.target ?? 'sip:192.0.2.1:5060',
    targetAddresses: ['192.0.2.1'],
    fromTarget: options.fromTarget ?? null,
  });
}

function request(uri: string, from: string, protocol = 'udp', more: Record<string, string> = {}): SrfRequest {
  const [source_address, port] = from.split(':');
  const lines = Object.entries(more).map(([name, value]) => `${name}: ${value}`);
  const raw = [`REGISTER ${uri} SIP/2.0`, ...lines, '', ''].join('\r\n');
  const get = (name: string) => more[name.charAt(0).toUpperCase() + name.slice(1)];
  return { uri, protocol, source_address, source_port: Number(port), raw, get } as unknown as SrfRequest;
}

const PHONE = '10.0.0.50:40000';

describe('where a request goes', () => {
  test('from a phone to the target: under its own name, or as it is where it names somebody else', () => {
    expect(routes().of(request('sip:bob@10.0.0.7:5080', PHONE))).toEqual({
      uri: 'sip:bob@192.0.2.1:5060',
      proxy: 'sip:192.0.2.1:5060',
      towardsTarget: true,
    });
    expect(routes().of(request('sip:bob@example.net', PHONE))).toMatchObject({ uri: 'sip:bob@example.net' });
    expect(routes().of(request('tel:+4989100', PHONE))).toMatchObject({ uri: 'tel:+4989100' });
    const target = 'sip:100@192.0.2.1;transport=tcp';
    expect(routes({ target }).of(request('sip:bob@10.0.0.7:5080', PHONE))).toMatchObject({
      uri: target,
      proxy: target,
    });
  });

  test('from the target to where such calls shall go, or nowhere', () => {
    const call = request('sip:alice@10.0.0.7:5080', '192.0.2.1:5060');
    expect(routes().of(call)).toMatchObject({ status: 404 });
    expect(routes({ fromTarget: 'sip:10.0.0.60:5070' }).of(call)).toEqual({
      uri: 'sip:alice@10.0.0.60:5070',
      proxy: 'sip:10.0.0.60:5070',
      towardsTarget: false,
    });
    // Another program on the same machine.
    expect(routes().of(request('sip:bob@10.0.0.7:5080', '192.0.2.1:5062'))).toMatchObject({ towardsTarget: true });
  });

  test('over TCP the port of the sender says nothing', () => {
    const call = request('sip:alice@10.0.0.7:5080', '192.0.2.1:41234', 'tcp');
    expect(routes({ fromTarget: 'sip:10.0.0.60:5070' }).of(call)).toMatchObject({ towardsTarget: false });
    expect(routes().of(call)).toMatchObject({ towardsTarget: true });
  });

  test('a target whose addresses nobody knew is learned by its answers', () => {
    const some = routes();
    const call = request('sip:alice@10.0.0.7:5080', '192.0.2.77:5060');
    expect(some.of(call)).toMatchObject({ towardsTarget: true });
    some.learn('192.0.2.77');
    expect(some.of(call)).toMatchObject({ status: 404 });
  });

  test('a registration goes to the registrar of the relay or of its own domain', () => {
    expect(routes().registrar('sip:10.0.0.7:5080')).toEqual({ uri: 'sip:192.0.2.1:5060', proxy: 'sip:192.0.2.1:5060' });
    expect(routes().registrar('sip:example.net')).toEqual({ uri: 'sip:example.net', proxy: 'sip:192.0.2.1:5060' });
  });
});

describe('phones that register', () => {
  const register = (contact: string, bindings: Bindings) =>
    new Registration(
      request('sip:10.0.0.7:5080', PHONE, 'udp', { To: '<sip:alice@10.0.0.7:5080>', Contact: contact }),
      bindings,
    );
  const answered = (contact: string | null, expires = '') => ({
    status: 200,
    raw: ['SIP/2.0 200 OK', ...(contact ? [`Contact: ${contact}`] : []), '', ''].join('\r\n'),
    get: (name: string) => (name === 'expires' && expires !== '' ? expires : undefined),
  });

  test('are known to the target by a name of the relay, and by their own to themselves', () => {
    const clock = new ManualClock(1000);
    const bindings = new Bindings(clock);
    const registration = register('<sip:alice@192.168.1.5:5062;ob>;expires=600;+sip.instance="<urn:uuid:1>"', bindings);
    const [, name] = /^<sip:(tr-[0-9a-f]{16})@localhost>;expires=600$/.exec(registration.contact!)!;
    const contact = registration.settle(answered(`<sip:${name}@10.0.0.7:5080>;expires=60, <sip:desk@192.0.2.9>`));
    expect(contact).toBe('<sip:alice@192.168.1.5:5062;ob>;expires=60, <sip:desk@192.0.2.9>');
    const call = request(`sip:${name}@10.0.0.7:5080`, '192.0.2.1:5060');
    expect(routes({ bindings }).of(call)).toEqual({
      uri: 'sip:alice@192.168.1.5:5062;ob',
      proxy: 'sip:10.0.0.50:40000',
      towardsTarget: false,
    });
    expect(bindings.isSource('10.0.0.50', 40_000)).toBe(true);
    clock.advance(60_000);
    expect(routes({ bindings }).of(call)).toMatchObject({ status: 404 });
  });

  test('are forgotten once they are gone, and stay where the target refused', () => {
    const bindings = new Bindings(new ManualClock());
    const contact = '<sip:alice@192.168.1.5>';
    const first = register(contact, bindings);
    first.settle(answered(first.contact!, '120'));
    expect(bindings.size).toBe(1);
    const refused = { ...answered(null), status: 401 };
    expect(register(contact, bindings).settle(refused)).toBeUndefined();
    expect(bindings.size).toBe(1);
    expect(register(`${contact};expires=0`, bindings).settle(answered(null))).toBeUndefined();
    expect(bindings.size).toBe(0);
    const second = register(contact, bindings);
    second.settle(answered(second.contact!, '120'));
    const all = register('*', bindings);
    expect(all.contact).toBe('*');
    expect(bindings.size).toBe(1);
    all.settle(answered(null));
    expect(bindings.size).toBe(0);
  });

  test('are not more than there may be; those whose time is up make room', () => {
    const clock = new ManualClock();
    const bindings = new Bindings(clock);
    const phone = { of: 'sip:a@c', uri: 'sip:a@b', source: 'sip:b', address: 'b', port: 1 };
    for (let i = 0; i < MAX_BINDINGS; i++) bindings.bind(`n${i}`, phone, 60);
    expect(bindings.bind('more', phone, 60)).toBe(false);
    expect(bindings.bind('n1', phone, 120)).toBe(true);
    clock.advance(61_000);
    expect(bindings.bind('more', phone, 60)).toBe(true);
    expect(bindings.size).toBe(2);
  });
});

describe('what names a call on one leg', () => {
  const leg = (side: 'a' | 'b', callId: string, localTag: string, remoteTag: string, farUri: string) =>
    Object.assign(new Leg(side, {} as never), { callId, localTag, remoteTag, farUri });
  const a = leg('a', 'one', 'ours', 'theirs', 'sip:alice@10.0.0.50');
  const b = leg('b', 'two', 'our2', 'their2', 'sip:carol@192.0.2.1:5060');
  const pairs = [
    { leg: a, other: b },
    { leg: b, other: a },
  ];

  test('names it on the other one by the other ids', () => {
    expect(translateReplaces('one;to-tag=ours;from-tag=theirs', pairs)).toBe('two;to-tag=their2;from-tag=our2');
    expect(translateReplaces('two; from-tag=their2; to-tag=our2;early-only', pairs)).toBe(
      'one;to-tag=theirs;from-tag=ours;early-only',
    );
    for (const other of ['one;to-tag=theirs;from-tag=ours', 'three;to-tag=ours;from-tag=theirs', 'nonsense', ''])
      expect(translateReplaces(other, pairs)).toBe(other);
  });

  test('a transfer that leads to the far end itself names the call as that knows it', () => {
    const replaces = encodeURIComponent('one;to-tag=ours;from-tag=theirs');
    const referred = translateReferTo(
      `"C" <sip:carol@10.0.0.7:5080?Subject=x&Replaces=${replaces}>;method=INVITE`,
      pairs,
      (uri) => places.isOwn(uri),
      (uri, meant) => (meant !== null && places.isOwn(uri) ? meant.other.farUri : uri),
    );
    const theirs = encodeURIComponent('two;to-tag=their2;from-tag=our2');
    expect(referred).toBe(`<sip:carol@192.0.2.1:5060?Subject=x&Replaces=${theirs}>;method=INVITE`);
  });

  test('a transfer that leads back through the relay names it as the relay knows it', () => {
    const value = `<sip:carol@192.0.2.1:5060?Replaces=${encodeURIComponent('one;to-tag=ours;from-tag=theirs')}>`;
    const referred = translateReferTo(
      value,
      pairs,
      (uri) => places.isOwn(uri),
      (uri) => places.towardsPhone(uri),
    );
    expect(referred).toBe(value.replace('192.0.2.1:5060', '10.0.0.7:5080'));
  });

  test('a transfer without Replaces, or with one that cannot be read, is left as it is', () => {
    for (const value of ['<sip:carol@192.0.2.44>', '<sip:carol@192.0.2.44?Replaces=%E0%A4%A>'])
      expect(
        translateReferTo(
          value,
          pairs,
          () => false,
          (uri) => uri,
        ),
      ).toBe(value);
  });
});
