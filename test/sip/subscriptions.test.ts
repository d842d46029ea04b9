import { beforeEach, describe, expect, test } from 'vitest';
import type { Dialog } from '../../src/sip/dialog.js';
import { MAX_SUBSCRIPTIONS } from '../../src/sip/subscriptions.js';
import { headerIn } from '../loopback/sip-harness.js';
import { CoreBench } from './core-bench.js';

let bench: CoreBench;
beforeEach(() => {
  bench = new CoreBench();
});

const ACTIVE = ['Event: presence', 'Subscription-State: active;expires=60'];

/** A request of ours outside any dialog. */
function ask(method: string, lines: string): string {
  bench.uac.send(
    {
      method,
      requestUri: 'sip:you@192.0.2.9',
      from: '<sip:me@192.0.2.1>;tag=me',
      to: '<sip:you@192.0.2.9>',
      callId: 'call',
      cseq: 1,
      headerLines: lines,
      body: '',
      proxy: null,
    },
    () => {},
  );
  return bench.last(method);
}

/** The peer notifies within the dialog `call`. */
function notify(cseq: number, lines: string[], fromTag = 'you'): void {
  bench.receive(
    [
      'NOTIFY sip:me@192.0.2.1 SIP/2.0',
      `Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKn${cseq}${fromTag}`,
      `From: <sip:you@192.0.2.9>;tag=${fromTag}`,
      'To: <sip:me@192.0.2.1>;tag=me',
      'Call-ID: call',
      `CSeq: ${cseq} NOTIFY`,
      'Contact: <sip:you@192.0.2.9>',
      ...lines,
      '',
      '',
    ].join('\r\n'),
  );
}

const notified = (): number => bench.requests.filter(({ method }) => method === 'NOTIFY').length;

describe('a subscription of ours', () => {
  test('has a dialog for its notifications, until the last one', () => {
    bench.answer(ask('SUBSCRIBE', 'Event: presence\r\n'), '200 OK', 'you', ['Expires: 600']);
    for (const cseq of [1, 2, 3]) {
      notify(cseq, ACTIVE);
      bench.respond('NOTIFY', 200);
    }
    expect(notified()).toBe(3);
    notify(4, ['Event: presence', 'Subscription-State: terminated;reason=noresource']);
    bench.respond('NOTIFY', 200);
    expect(bench.core.dialogs.size).toBe(0);
    notify(5, ACTIVE);
    expect(headerIn(bench.last('SIP/2.0 481'), 'CSeq')).toBe('5 NOTIFY');
  });

  test('keeps a NOTIFY back that overtakes the answer, and refuses those of other branches', () => {
    const subscribe = ask('SUBSCRIBE', 'Event: presence\r\n');
    notify(1, ACTIVE);
    notify(1, ACTIVE, 'other');
    expect(notified()).toBe(0);
    bench.answer(subscribe, '200 OK', 'you', ['Expires: 600']);
    expect(bench.told).toEqual(['200 SUBSCRIBE']);
    expect(notified()).toBe(1);
    expect(bench.requests[0].dialog!.remoteTag).toBe('you');
    expect(headerIn(bench.last('SIP/2.0 481'), 'From')).toContain('tag=other');
  });

  test('ends when its time is up, which each NOTIFY sets anew, and lives on when it is refreshed', () => {
    bench.answer(ask('SUBSCRIBE', 'Event: presence\r\n'), '200 OK', 'you', ['Expires: 600']);
    notify(1, ACTIVE);
    bench.respond('NOTIFY', 200);
    bench.pass(59_000);
    const dialog = bench.core.dialogs.find('call', 'me', 'you')!;
    bench.within(dialog, 'SUBSCRIBE', '', 'Event: presence\r\nExpires: 100\r\n');
    bench.answer(bench.last('SUBSCRIBE'), '200 OK', 'you', ['Expires: 100']);
    bench.pass(99_000);
    expect(bench.core.dialogs.size).toBe(1);
    bench.pass(2000);
    expect(bench.core.dialogs.size).toBe(0);
  });

  test('that hears nothing after it was given up, or never hears at all, is over after 64·T1', () => {
    bench.answer(ask('SUBSCRIBE', 'Event: presence\r\nExpires: 0\r\n'), '200 OK', 'you', ['Expires: 0']);
    bench.pass(31_900);
    expect(bench.core.dialogs.size).toBe(1);
    bench.pass(200);
    expect(bench.core.dialogs.size).toBe(0);
  });

  test('that is refused makes no dialog', () => {
    const subscribe = ask('SUBSCRIBE', 'Event: presence\r\n');
    notify(1, ACTIVE);
    bench.answer(subscribe, '489 Bad Event', 'you');
    expect(bench.core.dialogs.size).toBe(0);
    expect(bench.times('SIP/2.0 481')).toHaveLength(1);
  });

  test('takes notifications of its own event only', () => {
    bench.answer(ask('SUBSCRIBE', 'Event: presence\r\n'), '200 OK', 'you');
    notify(1, ['Event: dialog', 'Subscription-State: active']);
    expect(bench.times('SIP/2.0 481')).toHaveLength(1);
    notify(2, ['o: presence', 'Subscription-State: active']);
    expect(notified()).toBe(1);
  });
});

describe('a subscription of theirs', () => {
  test('ends 64·T1 after its time, in which the application may still say so', () => {
    bench.request('SUBSCRIBE', { lines: ['Event: presence', 'Expires: 100'] });
    bench.respond('SUBSCRIBE', 202, 'Expires: 50\r\n');
    bench.pass(81_900);
    expect(bench.core.dialogs.size).toBe(1);
    bench.pass(200);
    expect(bench.core.dialogs.size).toBe(0);
  });

  test('ends when the subscriber knows it no longer, not when it challenges', () => {
    bench.request('SUBSCRIBE', { lines: ['Event: presence'] });
    const dialog = bench.respond('SUBSCRIBE', 202)!;
    bench.within(dialog, 'NOTIFY', '', 'Event: presence\r\nSubscription-State: active\r\n');
    bench.answer(bench.last('NOTIFY'), '401 Unauthorized', '');
    expect(bench.core.dialogs.size).toBe(1);
    bench.within(dialog, 'NOTIFY', '', 'Event: presence\r\nSubscription-State: active\r\n');
    bench.answer(bench.last('NOTIFY'), '481 Gone', '');
    expect(bench.core.dialogs.size).toBe(0);
  });
});

describe('REFER', () => {
  function called(): Dialog {
    bench.answer(bench.invite(), '200 OK', 'you', [], 'v=0\r\n');
    const dialog = bench.core.dialogs.find('call', 'me', 'you')!;
    bench.acknowledge(dialog);
    return dialog;
  }

  test('within a call makes a subscription that outlives the call until its last NOTIFY', () => {
    const dialog = called();
    bench.within(dialog, 'REFER', '', 'Refer-To: <sip:third@192.0.2.3>\r\n');
    notify(1, ['Event: refer', 'Subscription-State: active;expires=60']);
    bench.respond('NOTIFY', 200);
    bench.answer(bench.last('REFER'), '202 Accepted', 'you');
    bench.within(dialog, 'BYE');
    bench.answer(bench.last('BYE'), '200 OK', '');
    expect(bench.core.dialogs.size).toBe(1);
    bench.request('BYE', { cseq: 9 });
    notify(2, ['Event: refer;id=2', 'Subscription-State: terminated;reason=noresource']);
    bench.respond('NOTIFY', 200);
    expect(notified()).toBe(2);
    expect(bench.core.dialogs.size).toBe(0);
  });

  test('that is notified of before it is answered keeps the time that the NOTIFY named', () => {
    const dialog = called();
    bench.within(dialog, 'REFER', '', 'Refer-To: <sip:third@192.0.2.3>\r\n');
    notify(1, ['Event: refer', 'Subscription-State: active;expires=120']);
    bench.respond('NOTIFY', 200);
    bench.answer(bench.last('REFER'), '202 Accepted', 'you');
    bench.pass(110_000);
    notify(2, ['Event: refer', 'Subscription-State: terminated']);
    expect(notified()).toBe(2);
  });

  test('that was refused, or asked for no subscription, is followed by no NOTIFY', () => {
    const dialog = called();
    bench.within(dialog, 'REFER', '', 'Refer-To: <sip:third@192.0.2.3>\r\n');
    bench.answer(bench.last('REFER'), '603 Decline', 'you');
    notify(1, ['Event: refer', 'Subscription-State: active']);
    bench.within(dialog, 'REFER', '', 'Refer-To: <sip:third@192.0.2.3>\r\nRefer-Sub: false\r\n');
    bench.answer(bench.last('REFER'), '200 OK', 'you', ['Refer-Sub: false']);
    notify(2, ['Event: refer', 'Subscription-State: active']);
    expect(bench.times('SIP/2.0 481')).toHaveLength(2);
    expect(notified()).toBe(0);
  });

  test('leaves other packages alone that come unasked within a call', () => {
    called();
    notify(1, ['Event: talk']);
    expect(notified()).toBe(1);
  });

  test('outside a call makes a dialog for its notifications on both sides', () => {
    bench.answer(ask('REFER', 'Refer-To: <sip:third@192.0.2.3>\r\n'), '202 Accepted', 'you');
    notify(1, ['Event: refer', 'Subscription-State: active;expires=60']);
    expect(bench.requests[0].dialog!.name).toBe('call;from-tag=me');
    const other = new CoreBench();
    other.request('REFER', { lines: ['Refer-To: <sip:third@192.0.2.3>'] });
    const dialog = other.respond('REFER', 202)!;
    other.within(dialog, 'NOTIFY', 'SIP/2.0 200 OK', 'Event: refer\r\nSubscription-State: terminated\r\n');
    expect(headerIn(other.last('NOTIFY'), 'To')).toContain('tag=you');
    other.answer(other.last('NOTIFY'), '200 OK', '');
    expect(other.core.dialogs.size).toBe(0);
  });

  test('outside a call without subscription makes no dialog', () => {
    bench.request('REFER', { lines: ['Refer-To: <sip:third@192.0.2.3>', 'Refer-Sub: false'] });
    expect(bench.respond('REFER', 200, 'Refer-Sub: false\r\n')).toBeNull();
    expect(bench.core.dialogs.size).toBe(0);
  });
});

describe('a dialog', () => {
  function called(): Dialog {
    bench.request('INVITE', { body: 'v=0\r\n' });
    const dialog = bench.respond('INVITE', 200, '', 'v=0\r\n')!;
    bench.request('ACK', { toTag: dialog.localTag });
    return dialog;
  }

  test('has so many subscriptions and no more; those that it has are refreshed', () => {
    const { localTag: toTag } = called();
    let cseq = 2;
    bench.request('SUBSCRIBE', { cseq, toTag, lines: ['Event: dialog', 'Expires: 100'] });
    bench.respond('SUBSCRIBE', 200);
    while (cseq < MAX_SUBSCRIPTIONS + 3) {
      bench.request('REFER', { cseq: ++cseq, toTag, lines: ['Refer-To: <sip:third@192.0.2.3>'] });
      if (bench.requests.at(-1)!.transaction.finalStatus === 0) bench.respond('REFER', 202);
    }
    const asked = (method: string): number => bench.requests.filter((request) => request.method === method).length;
    expect(asked('REFER')).toBe(MAX_SUBSCRIPTIONS - 1);
    expect(bench.times('SIP/2.0 500 Too Many Subscriptions')).toHaveLength(2);
    bench.request('SUBSCRIBE', { cseq: ++cseq, toTag, lines: ['Event: presence'] });
    expect(bench.times('SIP/2.0 500 Too Many Subscriptions')).toHaveLength(3);
    bench.request('SUBSCRIBE', { cseq: ++cseq, toTag, lines: ['Event: dialog', 'Expires: 100'] });
    expect(asked('SUBSCRIBE')).toBe(2);
  });

  test('that ended before a REFER of it was accepted keeps nothing of that', () => {
    const { localTag: toTag } = called();
    bench.request('REFER', { cseq: 2, toTag, lines: ['Refer-To: <sip:third@192.0.2.3>'] });
    bench.request('BYE', { cseq: 3, toTag });
    const dialog = bench.respond('BYE', 200)!;
    bench.respond('REFER', 202);
    expect(dialog.subscriptions).toBeNull();
    expect(bench.core.dialogs.size).toBe(0);
  });
});

test('a call that ended takes no second BYE and no re-INVITE while a subscription keeps the dialog', () => {
  bench.request('INVITE', { body: 'v=0\r\n' });
  const dialog = bench.respond('INVITE', 200, '', 'v=0\r\n')!;
  bench.request('SUBSCRIBE', { cseq: 2, toTag: dialog.localTag, lines: ['Event: dialog'] });
  bench.respond('SUBSCRIBE', 200);
  bench.request('BYE', { cseq: 3, toTag: dialog.localTag });
  bench.respond('BYE', 200);
  expect(bench.core.dialogs.size).toBe(1);
  bench.request('BYE', { cseq: 4, toTag: dialog.localTag });
  bench.request('INVITE', { cseq: 5, toTag: dialog.localTag });
  expect(bench.times('SIP/2.0 481')).toHaveLength(2);
});
