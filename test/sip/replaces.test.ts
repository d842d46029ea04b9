import { beforeEach, describe, expect, test } from 'vitest';
import type { Dialog } from '../../src/sip/dialog.js';
import { readReplaces } from '../../src/sip/replaces.js';
import { headerIn } from '../loopback/sip-harness.js';
import { CoreBench } from './core-bench.js';

let bench: CoreBench;
beforeEach(() => {
  bench = new CoreBench();
});

function replacing(dialog: Dialog, more = ''): string {
  return `Replaces: ${dialog.callId};to-tag=${dialog.localTag};from-tag=${dialog.remoteTag}${more}`;
}

/** A call of ours in the state that the peer's answer makes. */
function called(status: string): Dialog {
  bench.answer(bench.invite(), status, 'you', [], 'v=0\r\n');
  const dialog = bench.core.dialogs.find('call', 'me', 'you')!;
  if (status.startsWith('2')) bench.acknowledge(dialog);
  return dialog;
}

const refused = (): string => bench.sent.at(-1)!.text.split('\r\n')[0];

describe('an INVITE with Replaces', () => {
  test('reaches the application, and the call it replaces is hung up when the application does not', () => {
    const old = called('200 OK');
    bench.request('INVITE', { lines: [replacing(old)], body: 'v=0\r\n' });
    expect(bench.requests.map(({ method }) => method)).toEqual(['INVITE']);
    bench.respond('INVITE', 200, '', 'v=0\r\n');
    bench.pass(3900);
    expect(bench.times('BYE')).toEqual([]);
    bench.pass(200);
    expect(headerIn(bench.last('BYE'), 'Call-ID')).toBe('call');
    expect(headerIn(bench.last('BYE'), 'Reason')).toContain('Replaced');
    expect(bench.told).toContain('unsolicited BYE');
    expect(bench.core.dialogs.size).toBe(1);
  });

  test('leaves the old call to an application that hangs it up itself', () => {
    const old = called('200 OK');
    bench.request('INVITE', { lines: [replacing(old)], body: 'v=0\r\n' });
    bench.respond('INVITE', 200, '', 'v=0\r\n');
    bench.within(old, 'BYE');
    bench.answer(bench.last('BYE'), '200 OK', '');
    bench.pass(8000);
    expect(bench.sent.filter(({ text }) => text.startsWith('BYE'))).toHaveLength(1);
  });

  test('that is refused by the application leaves the old call alone', () => {
    const old = called('200 OK');
    bench.request('INVITE', { lines: [replacing(old)], body: 'v=0\r\n' });
    bench.respond('INVITE', 403);
    bench.pass(8000);
    expect(old.terminated).toBe(false);
  });

  test('replaces a call that we place and that rings: it is cancelled', () => {
    const old = called('180 Ringing');
    bench.request('INVITE', { lines: [replacing(old, ';early-only')], body: 'v=0\r\n' });
    bench.respond('INVITE', 200, '', 'v=0\r\n');
    bench.pass(4100);
    expect(headerIn(bench.last('CANCEL'), 'Call-ID')).toBe('call');
  });

  test('of no call, or of a call that rings here, is refused with 481', () => {
    bench.request('INVITE', { lines: ['Replaces: nobody;to-tag=1;from-tag=2'] });
    expect(refused()).toContain('481');
    bench.request('INVITE', { cseq: 2 });
    const ringing = bench.respond('INVITE', 180)!;
    bench.request('INVITE', { cseq: 3, lines: [replacing(ringing)] });
    expect(refused()).toContain('481');
    expect(bench.requests).toHaveLength(1);
  });

  test('of a call that was just hung up is declined with 603', () => {
    const old = called('200 OK');
    bench.within(old, 'BYE');
    bench.answer(bench.last('BYE'), '200 OK', '');
    bench.request('INVITE', { lines: [replacing(old)] });
    expect(refused()).toContain('603');
  });

  test('of early calls only is refused with 486 once the call is answered', () => {
    bench.request('INVITE', { lines: [replacing(called('200 OK'), ';early-only')] });
    expect(refused()).toContain('486');
  });

  test('that cannot be read, comes twice or beside Join, or is no INVITE is malformed', () => {
    const good = replacing(called('200 OK'));
    const bad = [['Replaces: x'], [good, good], [good, 'Join: x;to-tag=1;from-tag=2']];
    for (const [i, lines] of bad.entries()) {
      bench.request('INVITE', { cseq: 10 + i, lines });
      expect(refused()).toContain('400');
    }
    bench.request('MESSAGE', { cseq: 20, lines: [good] });
    expect(refused()).toContain('400');
  });
});

test('a Replaces value is read with its tags in either order', () => {
  expect(readReplaces('a@b ; from-tag=1;to-tag=2')).toEqual({
    callId: 'a@b',
    fromTag: '1',
    toTag: '2',
    earlyOnly: false,
  });
  for (const wrong of ['', 'a', 'a;to-tag=1', 'a;to-tag=1;to-tag=2;from-tag=3', ';to-tag=1;from-tag=2'])
    expect(readReplaces(wrong)).toBeNull();
});
