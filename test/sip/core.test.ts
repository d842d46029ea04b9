import { beforeEach, describe, expect, test, vi } from 'vitest';
import { headerIn } from '../loopback/sip-harness.js';
import { CoreBench } from './core-bench.js';
import { TableDns } from './table-dns.js';

let bench: CoreBench;
beforeEach(() => {
  bench = new CoreBench();
});

const RELIABLE = ['Require: 100rel', 'RSeq: 5'];

describe('a forked INVITE', () => {
  test('has an early dialog for each branch, under a name of its own; the refusal ends them all', () => {
    const invite = bench.invite();
    bench.answer(invite, '180 Ringing', 'a');
    bench.answer(invite, '183 Progress', 'b');
    bench.answer(invite, '180 Ringing', 'a');
    expect(bench.core.dialogs.size).toBe(2);
    expect(bench.core.dialogs.find('call', 'me', 'a')!.name).toBe('call;from-tag=me');
    expect(bench.core.dialogs.find('call', 'me', 'b')!.name).toBe('call;from-tag=me;to-tag=b');
    bench.answer(invite, '486 Busy', 'a');
    expect(bench.core.dialogs.size).toBe(0);
    expect(bench.told).toEqual(['180 INVITE', '183 INVITE', '180 INVITE', '486 INVITE']);
  });

  test('takes requests of ours and of theirs within each early dialog', () => {
    const invite = bench.invite();
    bench.answer(invite, '183 Progress', 'a');
    bench.answer(invite, '183 Progress', 'b');
    bench.within(bench.core.dialogs.find('call', 'me', 'b')!, 'INFO');
    expect(bench.last('INFO')).toMatch(/^INFO sip:b@192\.0\.2\.9 SIP/);
    bench.receive(
      'INFO sip:me@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKi\r\nFrom: <sip:you@192.0.2.9>;tag=a\r\n' +
        'To: <sip:me@192.0.2.1>;tag=me\r\nCall-ID: call\r\nCSeq: 70 INFO\r\n\r\n',
    );
    expect(bench.requests[0].dialog!.remoteTag).toBe('a');
  });

  test('is answered by the branch whose 2xx comes first, which takes over the name of the call', () => {
    const invite = bench.invite();
    bench.answer(invite, '180 Ringing', 'a');
    bench.answer(invite, '180 Ringing', 'b');
    bench.answer(invite, '200 OK', 'b', ['Record-Route: <sip:192.0.2.7;lr>']);
    const dialog = bench.core.dialogs.named('call;from-tag=me')!;
    expect(dialog).toMatchObject({ remoteTag: 'b', early: false, routeSet: ['<sip:192.0.2.7;lr>'] });
    bench.pass(32_000);
    expect(bench.core.dialogs.size).toBe(1);
  });

  test('has every further 2xx acknowledged as often as it comes, and hung up once', () => {
    const invite = bench.invite();
    bench.answer(invite, '180 Ringing', 'b');
    bench.answer(invite, '200 OK', 'a');
    bench.acknowledge(bench.core.dialogs.find('call', 'me', 'a')!);
    for (let i = 0; i < 3; i++) bench.answer(invite, '200 OK', 'b');
    bench.answer(invite, '200 OK', 'c');
    const toB = bench.sent
      .filter(({ text }) => headerIn(text, 'To').includes('tag=b'))
      .map(({ text }) => text.slice(0, 3));
    expect(toB).toEqual(['ACK', 'BYE', 'ACK', 'ACK']);
    expect(bench.times('BYE')).toHaveLength(2);
    expect(bench.told).toEqual(['180 INVITE', '200 INVITE']);
    expect(bench.core.dialogs.size).toBe(1);
  });

  test('that was cancelled has all answers acknowledged and hung up, and the application hears 487 once', () => {
    const invite = bench.invite();
    bench.answer(invite, '180 Ringing', 'a');
    bench.cancel();
    bench.answer(invite, '200 OK', 'a');
    bench.answer(invite, '200 OK', 'a');
    bench.answer(invite, '200 OK', 'b');
    expect(bench.times('ACK')).toHaveLength(3);
    expect(bench.times('BYE')).toHaveLength(2);
    expect(bench.told).toEqual(['180 INVITE', '487 INVITE']);
    expect(bench.core.dialogs.size).toBe(0);
  });
});

test('each 2xx gets an ACK of its own, also those that came before the application had one (RFC 3261 13.2.2.4)', () => {
  const invite = bench.invite();
  for (let i = 0; i < 3; i++) bench.answer(invite, '200 OK', 'a');
  expect(bench.times('ACK')).toEqual([]);
  bench.acknowledge(bench.core.dialogs.find('call', 'me', 'a')!);
  bench.answer(invite, '200 OK', 'a');
  const acks = bench.sent.map(({ text }) => text).filter((text) => text.startsWith('ACK'));
  expect(acks).toHaveLength(4);
  expect(new Set(acks).size).toBe(1);
  expect(bench.told).toEqual(['200 INVITE']);
  expect(bench.layer.stats.sentAgain.ACK).toBe(3);
});

test('an ACK carries the credentials of its INVITE (RFC 3261 22.1), for an answer that is hung up as well', () => {
  const credentials = 'Authorization: Digest a\r\nProxy-Authorization: Digest b\r\n';
  const invite = bench.invite(credentials);
  bench.answer(invite, '200 OK', 'a');
  bench.acknowledge(bench.core.dialogs.find('call', 'me', 'a')!);
  bench.answer(invite, '200 OK', 'b');
  const acks = bench.sent.filter(({ text }) => text.startsWith('ACK'));
  expect(acks).toHaveLength(2);
  for (const { text } of acks) expect(text).toContain(credentials);
});

describe('reliable provisional responses (RFC 3262)', () => {
  test('of the peer reach the application once and in order', () => {
    const invite = bench.invite();
    bench.answer(invite, '183 Progress', 'a', RELIABLE);
    bench.answer(invite, '183 Progress', 'a', RELIABLE);
    bench.answer(invite, '180 Ringing', 'a', ['Require: 100rel', 'RSeq: 7']);
    expect(bench.told).toEqual(['183 INVITE']);
    bench.answer(invite, '180 Ringing', 'a', ['Require: 100rel', 'RSeq: 6']);
    expect(bench.told).toEqual(['183 INVITE', '180 INVITE']);
    expect(bench.layer.stats).toMatchObject({ retransmissionsReceived: 1, strays: 1 });
  });

  test('of ours are repeated from 0.5 s on until the PRACK, then the next one leaves', () => {
    bench.request('INVITE', { lines: ['Supported: 100rel'] });
    const dialog = bench.respond('INVITE', 183, 'Require: 100rel\r\n', 'v=0\r\n')!;
    bench.respond('INVITE', 180, 'Require: 100rel\r\n');
    bench.pass(1600);
    expect(bench.times('SIP/2.0 183')).toEqual([0, 500, 1500]);
    expect(bench.times('SIP/2.0 180')).toEqual([]);
    expect(headerIn(bench.last('SIP/2.0 183'), 'RSeq')).toBe('1');
    bench.request('PRACK', { cseq: 2, toTag: dialog.localTag, lines: ['RAck: 9 1 INVITE'] });
    expect(bench.last('SIP/2.0 481')).toContain('2 PRACK');
    bench.request('PRACK', { cseq: 3, toTag: dialog.localTag, lines: ['RAck: 1 1 INVITE'] });
    expect(bench.requests.at(-1)!.method).toBe('PRACK');
    expect(headerIn(bench.last('SIP/2.0 180'), 'RSeq')).toBe('2');
    bench.pass(10_000);
    expect(bench.times('SIP/2.0 183')).toHaveLength(3);
  });

  test('with a description hold the 200 back until the PRACK', () => {
    bench.request('INVITE', { lines: ['Require: 100rel'] });
    const dialog = bench.respond('INVITE', 183, 'Require: 100rel\r\n', 'v=0\r\n')!;
    bench.respond('INVITE', 200, '', 'v=0\r\n');
    expect(bench.times('SIP/2.0 200')).toEqual([]);
    bench.request('PRACK', { cseq: 2, toTag: dialog.localTag, lines: ['RAck: 1 1 INVITE'] });
    const answers = bench.sent
      .filter(({ text }) => text.startsWith('SIP/2.0 200'))
      .map(({ text }) => headerIn(text, 'CSeq'));
    expect(answers).toEqual(['1 INVITE', '2 PRACK']);
    expect(dialog.early).toBe(false);
  });

  test('with descriptions hold the 200 back until the last of these; the application, which has answered, hears of no PRACK', () => {
    bench.request('INVITE', { lines: ['Require: 100rel'] });
    const { localTag: toTag } = bench.respond('INVITE', 183, 'Require: 100rel\r\n', 'v=0\r\n')!;
    bench.respond('INVITE', 183, 'Require: 100rel\r\n', 'v=0\r\n');
    bench.respond('INVITE', 180, 'Require: 100rel\r\n');
    bench.respond('INVITE', 200, '', 'v=0\r\n');
    const answers = (): string[] =>
      bench.sent.filter(({ text }) => text.startsWith('SIP/2.0 200')).map(({ text }) => headerIn(text, 'CSeq'));
    bench.request('PRACK', { cseq: 2, toTag, lines: ['RAck: 1 1 INVITE'] });
    expect(answers()).toEqual(['2 PRACK']);
    bench.request('PRACK', { cseq: 3, toTag, lines: ['RAck: 2 1 INVITE'] });
    expect(answers()).toEqual(['2 PRACK', '1 INVITE', '3 PRACK']);
    expect(bench.times('SIP/2.0 180')).toEqual([]);
    expect(bench.requests.map(({ method }) => method)).toEqual(['INVITE']);
  });

  test('are sent to a caller that insists on them, whatever the application asked for', () => {
    bench.request('INVITE', { lines: ['Require: 100rel'] });
    bench.respond('INVITE', 180, 'X: y\r\n');
    const ringing = bench.last('SIP/2.0 180');
    expect([headerIn(ringing, 'Require'), headerIn(ringing, 'RSeq'), headerIn(ringing, 'X')]).toEqual([
      '100rel',
      '1',
      'y',
    ]);
    bench.pass(600);
    expect(bench.times('SIP/2.0 180')).toEqual([0, 500]);
  });

  test('whose PRACK crosses the 200: it is answered here, the application has no use for it', () => {
    bench.request('INVITE', { lines: ['Require: 100rel'] });
    const dialog = bench.respond('INVITE', 180)!;
    bench.respond('INVITE', 200, '', 'v=0\r\n');
    bench.request('PRACK', { cseq: 2, toTag: dialog.localTag, lines: ['RAck: 1 1 INVITE'] });
    expect(bench.last('SIP/2.0 200')).toContain('CSeq: 2 PRACK');
    expect(bench.requests.map(({ method }) => method)).toEqual(['INVITE']);
  });

  test('that nobody acknowledges end the INVITE with a 504 after 32 s, and the application hears of a CANCEL', () => {
    bench.request('INVITE', { lines: ['Supported: timer, 100rel'] });
    bench.respond('INVITE', 180, 'Require: 100rel\r\n');
    bench.pass(32_000);
    expect(bench.times('SIP/2.0 504')).toHaveLength(1);
    expect(bench.told).toEqual(['CANCEL SIP;cause=504;text="PRACK timeout"']);
    expect(bench.core.dialogs.size).toBe(0);
  });

  test('are sent as plain ones to a caller that does not know them', () => {
    bench.request('INVITE');
    bench.respond('INVITE', 180, 'Require: 100rel\r\nX: y\r\n');
    expect(bench.last('SIP/2.0 180')).not.toMatch(/100rel|RSeq/);
    bench.pass(5000);
    expect(bench.times('SIP/2.0 180')).toEqual([0]);
  });
});

describe('overlapping requests', () => {
  /** A dialog that the peer opened, acknowledged. */
  function answered(): ReturnType<CoreBench['respond']> {
    bench.request('INVITE');
    const dialog = bench.respond('INVITE', 200, '', 'v=0\r\n')!;
    bench.request('ACK', { toTag: dialog.localTag });
    return dialog;
  }

  test('a re-INVITE that meets ours gets 491, and ours goes on', () => {
    const dialog = answered()!;
    bench.within(dialog, 'INVITE', 'v=0\r\n');
    bench.request('INVITE', { cseq: 2, toTag: dialog.localTag });
    expect(bench.last('SIP/2.0 491')).toContain('2 INVITE');
    bench.answer(bench.last('INVITE'), '491 Request Pending', '');
    expect(bench.told).toEqual(['ACK', '491 INVITE']);
    bench.request('INVITE', { cseq: 3, toTag: dialog.localTag });
    expect(bench.requests.filter(({ method }) => method === 'INVITE')).toHaveLength(2);
  });

  test('a second re-INVITE before the first was answered gets 500 with Retry-After', () => {
    const dialog = answered()!;
    bench.request('INVITE', { cseq: 2, toTag: dialog.localTag });
    bench.request('INVITE', { cseq: 3, toTag: dialog.localTag });
    const refusal = bench.last('SIP/2.0 500');
    expect(headerIn(refusal, 'CSeq')).toBe('3 INVITE');
    expect(Number(headerIn(refusal, 'Retry-After'))).toBeLessThanOrEqual(10);
    bench.respond('INVITE', 488);
    bench.request('INVITE', { cseq: 4, toTag: dialog.localTag });
    expect(bench.requests).toHaveLength(3);
  });

  test('a re-INVITE of ours while theirs waits does not leave: the application hears 491', () => {
    const dialog = answered()!;
    bench.request('INVITE', { cseq: 2, toTag: dialog.localTag });
    bench.within(dialog, 'INVITE', 'v=0\r\n');
    expect(bench.times('INVITE')).toEqual([]);
    expect(bench.told).toEqual(['ACK', '491 INVITE']);
  });

  test('UPDATEs that cross get 491, a second one before the answer 500', () => {
    const dialog = answered()!;
    bench.within(dialog, 'UPDATE', 'v=0\r\n');
    bench.request('UPDATE', { cseq: 2, toTag: dialog.localTag, body: 'v=0\r\n' });
    expect(bench.last('SIP/2.0 491')).toContain('2 UPDATE');
    bench.answer(bench.last('UPDATE'), '200 OK', '');
    bench.request('UPDATE', { cseq: 3, toTag: dialog.localTag, body: 'v=0\r\n' });
    bench.request('UPDATE', { cseq: 4, toTag: dialog.localTag, body: 'v=0\r\n' });
    expect(headerIn(bench.last('SIP/2.0 500'), 'CSeq')).toBe('4 UPDATE');
    expect(headerIn(bench.last('SIP/2.0 500'), 'Retry-After')).not.toBe('');
  });

  test('an UPDATE with an offer must wait for the answer to that of the INVITE, one without need not', () => {
    bench.request('INVITE', { lines: ['Supported: 100rel'], body: 'v=0\r\n' });
    const dialog = bench.respond('INVITE', 180)!;
    bench.request('UPDATE', { cseq: 2, toTag: dialog.localTag, body: 'v=0\r\n' });
    expect(headerIn(bench.last('SIP/2.0 500'), 'CSeq')).toBe('2 UPDATE');
    bench.request('UPDATE', { cseq: 3, toTag: dialog.localTag });
    expect(bench.requests.at(-1)!.method).toBe('UPDATE');
    bench.respond('UPDATE', 200);
    bench.respond('INVITE', 183, 'Require: 100rel\r\n', 'v=0\r\n');
    bench.request('UPDATE', { cseq: 4, toTag: dialog.localTag, body: 'v=0\r\n' });
    expect(bench.requests).toHaveLength(3);
  });
});

describe('requests that the application need not see', () => {
  test('the same request by another way gets 482, a new one after its end none', () => {
    bench.request('OPTIONS');
    bench.request('OPTIONS', { branch: 'z9hG4bKotherway' });
    expect(bench.last('SIP/2.0 482')).toContain('482 Loop Detected');
    expect(bench.requests).toHaveLength(1);
    bench.respond('OPTIONS', 200);
    bench.pass(32_000);
    bench.request('OPTIONS', { branch: 'z9hG4bKlater' });
    expect(bench.requests).toHaveLength(2);
  });

  test.each([
    [
      'an extension that is not even registered',
      'INVITE',
      ['Require: 100rel, nothingThatExists'],
      '420',
      'Unsupported: nothingThatExists',
    ],
    ['an unknown method', 'NEWMETHOD', [], '501', 'Allow: INVITE, ACK, BYE,'],
    ['a BYE outside any dialog', 'BYE', [], '481', ''],
    ['a CANCEL of nothing', 'CANCEL', ['Require: nothingThatExists'], '481', ''],
  ])('%s', (_what, method, lines, status, line) => {
    bench.request(method, { lines });
    expect(bench.last(`SIP/2.0 ${status}`)).toContain(line);
    expect(bench.requests).toEqual([]);
  });

  test('Max-Forwards of zero is no concern of the one who is called', () => {
    bench.request('INVITE', { lines: ['Max-Forwards: 0'] });
    expect(bench.requests).toHaveLength(1);
  });

  test('a BYE before the answer ends the INVITE as a CANCEL does', () => {
    bench.request('INVITE');
    const dialog = bench.respond('INVITE', 180)!;
    bench.request('BYE', { cseq: 2, toTag: dialog.localTag });
    expect(bench.last('SIP/2.0 200')).toContain('2 BYE');
    expect(bench.last('SIP/2.0 487')).toContain('1 INVITE');
    expect(bench.told).toEqual(['CANCEL SIP;cause=487;text="BYE"']);
    expect(bench.core.dialogs.size).toBe(0);
  });

  test('a CANCEL ends the early dialog; after the 200 it changes nothing', () => {
    bench.request('INVITE');
    bench.respond('INVITE', 180);
    bench.request('CANCEL', { branch: 'z9hG4bKINVITE1' });
    expect(bench.core.dialogs.size).toBe(0);
    const other = new CoreBench();
    other.request('INVITE');
    other.respond('INVITE', 200);
    other.request('CANCEL', { branch: 'z9hG4bKINVITE1' });
    expect(other.core.dialogs.size).toBe(1);
    expect(other.told).toEqual([]);
  });
});

test('a 2xx without ACK is repeated up to T2 for 32 s, then the dialog is hung up', () => {
  bench.request('INVITE');
  bench.respond('INVITE', 200);
  bench.pass(32_000);
  expect(bench.times('SIP/2.0 200')).toEqual([
    0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
  ]);
  expect(bench.times('BYE')).toEqual([32_000]);
  expect(bench.told).toEqual(['unsolicited BYE']);
});

test('calls with the same Call-ID and From tag keep the names that the application was told', () => {
  bench.request('INVITE', { lines: ['Supported: 100rel'] });
  const first = bench.respond('INVITE', 183, 'Require: 100rel\r\n', 'v=0\r\n')!;
  // This answer waits for the PRACK of the 183.
  bench.respond('INVITE', 200);
  bench.request('INVITE', { cseq: 2 });
  const second = bench.respond('INVITE', 200)!;
  expect(first.name).toBe('theirs;from-tag=you');
  expect(second.name).toBe(`theirs;from-tag=you;to-tag=${second.localTag}`);
  expect([first, second].map(({ name }) => bench.core.dialogs.named(name))).toEqual([first, second]);
});

test('the last NOTIFY ends the dialog of its subscription', () => {
  bench.request('SUBSCRIBE', { lines: ['Event: presence'] });
  const dialog = bench.respond('SUBSCRIBE', 202)!;
  bench.within(dialog, 'NOTIFY', '', 'Event: presence\r\nSubscription-State: active\r\n');
  bench.answer(bench.last('NOTIFY'), '200 OK', '');
  expect(bench.core.dialogs.size).toBe(1);
  bench.within(dialog, 'NOTIFY', '', 'Event: presence\r\nSubscription-State: terminated;reason=timeout\r\n');
  bench.answer(bench.last('NOTIFY'), '200 OK', '');
  expect(bench.core.dialogs.size).toBe(0);
});

test('an INVITE that is made before it is due, to a name that leads nowhere, fails when it is due', async () => {
  vi.useFakeTimers();
  try {
    const bench = new CoreBench(new TableDns({}));
    const callId = bench.layer.departures.book(bench.clock.now() + 30);
    const request = { method: 'INVITE', requestUri: 'sip:x@nowhere.test', from: '<sip:me@b>;tag=me', to: '<sip:x@b>' };
    bench.uac.send({ ...request, callId, cseq: 1, headerLines: '', body: '', proxy: null }, () =>
      bench.told.push('sent'),
    );
    const toldAt: Record<number, string[]> = {};
    for (let ms = 1; ms <= 40; ms++) {
      bench.clock.advance(1);
      await vi.advanceTimersByTimeAsync(1);
      if (bench.told.length > 0) toldAt[ms] = bench.told.splice(0);
    }
    // The last fraction of a millisecond is slept through, after which time goes on here by a whole one.
    expect(toldAt).toEqual({ 31: ['sent', '503 INVITE'] });
  } finally {
    vi.useRealTimers();
  }
});
