import { beforeEach, describe, expect, test } from 'vitest';
import type { Dialog } from '../../src/sip/dialog.js';
import { headerIn } from '../loopback/sip-harness.js';
import { CoreBench } from './core-bench.js';

let bench: CoreBench;
beforeEach(() => {
  bench = new CoreBench();
});

/** The peer calls, the application answers. */
function answered(): Dialog {
  bench.request('INVITE');
  return bench.respond('INVITE', 200)!;
}

describe('the callee that hangs up before its 2xx was acknowledged (RFC 3261 15)', () => {
  test('has its BYE held until the ACK', () => {
    const dialog = answered();
    bench.within(dialog, 'BYE');
    bench.pass(1600);
    expect(bench.times('SIP/2.0 200')).toEqual([0, 500, 1500]);
    expect(bench.times('BYE')).toEqual([]);
    bench.request('ACK', { toTag: dialog.localTag });
    expect(bench.times('BYE')).toEqual([1600]);
    expect(headerIn(bench.last('BYE'), 'CSeq')).toBe('1 BYE');
    bench.answer(bench.last('BYE'), '200 OK', '');
    expect(bench.told).toEqual(['ACK', '200 BYE']);
    expect(bench.core.dialogs.size).toBe(0);
  });

  test('has it sent after 64·T1 where no ACK comes, and the stack sends none of its own', () => {
    const dialog = answered();
    bench.within(dialog, 'BYE', '', 'Reason: Q.850;cause=16\r\n');
    bench.pass(33_000);
    const byes = new Set(bench.sent.map(({ text }) => text).filter((text) => text.startsWith('BYE')));
    expect([...byes].map((text) => headerIn(text, 'Reason'))).toEqual(['Q.850;cause=16']);
    expect(bench.times('BYE')[0]).toBe(32_000);
    expect(bench.layer.stats.timerExpiries.ack).toBe(1);
    expect(bench.told).toEqual([]);
  });

  test('has it held as well while the 2xx itself waits for a PRACK', () => {
    bench.request('INVITE', { lines: ['Supported: 100rel'] });
    const dialog = bench.respond('INVITE', 183, 'Require: 100rel\r\n', 'v=0\r\n')!;
    bench.respond('INVITE', 200);
    bench.within(dialog, 'BYE');
    bench.request('PRACK', { cseq: 2, toTag: dialog.localTag, lines: ['RAck: 1 1 INVITE'] });
    expect(bench.times('BYE')).toEqual([]);
    bench.request('ACK', { toTag: dialog.localTag });
    expect(bench.times('BYE')).toHaveLength(1);
  });

  test('need send none once the caller has hung up', () => {
    const dialog = answered();
    const errors: (string | null)[] = [];
    bench.uac.sendWithin(dialog, 'BYE', '', '', null, (error) => errors.push(error));
    bench.request('BYE', { cseq: 2, toTag: dialog.localTag });
    bench.respond('BYE', 200);
    expect(bench.times('BYE')).toEqual([]);
    expect(errors).toEqual(['the call is over']);
    expect(bench.told).toEqual([]);
    expect(bench.core.dialogs.size).toBe(0);
  });

  test('waits for the ACK of its answer to a re-INVITE too', () => {
    const dialog = answered();
    bench.request('ACK', { toTag: dialog.localTag });
    bench.request('INVITE', { cseq: 2, toTag: dialog.localTag });
    bench.respond('INVITE', 200);
    bench.within(dialog, 'BYE');
    expect(bench.times('BYE')).toEqual([]);
    bench.request('ACK', { cseq: 2, toTag: dialog.localTag });
    expect(bench.times('BYE')).toHaveLength(1);
  });

  test('and the stack, which ends a replaced call, waits as well', () => {
    const dialog = answered();
    bench.uac.giveWay(dialog);
    bench.pass(5000);
    expect(bench.times('BYE')).toEqual([]);
    bench.request('ACK', { toTag: dialog.localTag });
    expect(headerIn(bench.last('BYE'), 'Reason')).toContain('Replaced');
    expect(bench.core.dialogs.size).toBe(0);
  });
});

test('a BYE that is challenged and never sent again ends the call after 64·T1', () => {
  const dialog = answered();
  bench.request('ACK', { toTag: dialog.localTag });
  bench.within(dialog, 'BYE');
  bench.answer(bench.last('BYE'), '401 Unauthorized', '');
  bench.pass(31_000);
  expect(bench.core.dialogs.size).toBe(1);
  bench.pass(1100);
  expect(bench.core.dialogs.size).toBe(0);
});

test('the caller may hang up while its own INVITE within the call has no answer', () => {
  const dialog = answered();
  bench.request('ACK', { toTag: dialog.localTag });
  bench.within(dialog, 'INVITE', 'v=0\r\n');
  bench.within(dialog, 'BYE');
  expect(bench.times('BYE')).toHaveLength(1);
});
