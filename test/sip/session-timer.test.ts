import { beforeEach, describe, expect, test } from 'vitest';
import type { Dialog } from '../../src/sip/dialog.js';
import { parseMessage } from '../../src/sip/message.js';
import { readSessionExpires, withLongerInterval } from '../../src/sip/session-timer.js';
import { headerIn } from '../loopback/sip-harness.js';
import { CoreBench } from './core-bench.js';

let bench: CoreBench;
beforeEach(() => {
  bench = new CoreBench();
});

const TIMED = ['Supported: timer', 'Session-Expires: 120'];

/** A call of ours that the peer answered with those lines. */
function called(...lines: string[]): Dialog {
  bench.answer(bench.invite(), '200 OK', 'you', lines, 'v=0\r\n');
  const dialog = bench.core.dialogs.find('call', 'me', 'you')!;
  bench.acknowledge(dialog);
  return dialog;
}

/** A call of theirs, with those lines, that we answered. */
function calling(lines: string[], ours = ''): Dialog {
  bench.request('INVITE', { lines, body: 'v=0\r\n' });
  const contact = 'Contact: <sip:me@192.0.2.1>\r\nContent-Type: application/sdp\r\n';
  const dialog = bench.respond('INVITE', 200, contact + ours, 'v=0 ours\r\n')!;
  bench.receive(
    `ACK sip:me@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKack\r\nFrom: <sip:you@192.0.2.9>;tag=you\r\n` +
      `To: <sip:me@192.0.2.1>;tag=${dialog.localTag}\r\nCall-ID: theirs\r\nCSeq: 1 ACK\r\n\r\n`,
  );
  return dialog;
}

describe('a session that we called', () => {
  test('is refreshed by us at half its interval with UPDATE where the peer takes that, again and again', () => {
    called('Session-Expires: 120;refresher=uac', 'Allow: INVITE, ACK, BYE, UPDATE');
    bench.pass(59_900);
    expect(bench.times('UPDATE')).toEqual([]);
    bench.pass(200);
    const update = bench.last('UPDATE');
    expect(headerIn(update, 'Session-Expires')).toBe('120;refresher=uac');
    expect(headerIn(update, 'Supported')).toBe('timer');
    expect(headerIn(update, 'Contact')).toBe('<sip:me@192.0.2.1>');
    expect(headerIn(update, 'Content-Length')).toBe('0');
    bench.answer(update, '200 OK', 'you', ['Session-Expires: 120;refresher=uac']);
    bench.pass(60_100);
    expect(bench.times('UPDATE')).toHaveLength(2);
    expect(bench.told).toEqual(['200 INVITE']);
  });

  test('is refreshed with a re-INVITE that repeats our description where the peer does not say that it takes UPDATE', () => {
    called('Session-Expires: 120');
    bench.pass(60_100);
    const again = bench.last('INVITE');
    expect(headerIn(again, 'CSeq')).toBe('2 INVITE');
    expect(again).toMatch(/v=0\r\n$/);
    bench.answer(again, '200 OK', 'you', ['Session-Expires: 120;refresher=uac'], 'v=0\r\n');
    expect(headerIn(bench.last('ACK'), 'CSeq')).toBe('2 ACK');
    bench.pass(50_000);
    expect(bench.core.dialogs.size).toBe(1);
    expect(bench.told).toEqual(['200 INVITE']);
  });

  test('falls back to a re-INVITE when UPDATE is refused', () => {
    called('Session-Expires: 120;refresher=uac', 'Allow: UPDATE');
    bench.pass(60_100);
    bench.answer(bench.last('UPDATE'), '405 Method Not Allowed', 'you');
    expect(headerIn(bench.last('INVITE'), 'CSeq')).toBe('3 INVITE');
  });

  test('is refreshed anew after a collision, and at once with a longer interval when that is asked for', () => {
    called('Session-Expires: 120;refresher=uac', 'Allow: UPDATE');
    bench.pass(60_100);
    bench.answer(bench.last('UPDATE'), '491 Request Pending', 'you');
    bench.pass(4100);
    expect(headerIn(bench.last('UPDATE'), 'CSeq')).toBe('3 UPDATE');
    bench.answer(bench.last('UPDATE'), '422 Session Interval Too Small', 'you', ['Min-SE: 300']);
    expect(headerIn(bench.last('UPDATE'), 'CSeq')).toBe('4 UPDATE');
    expect(headerIn(bench.last('UPDATE'), 'Session-Expires')).toBe('300;refresher=uac');
    expect(headerIn(bench.last('UPDATE'), 'Min-SE')).toBe('300');
  });

  test('is hung up when the refresh finds no dialog, and the application hears of the BYE', () => {
    called('Session-Expires: 120;refresher=uac', 'Allow: UPDATE');
    bench.pass(60_100);
    bench.answer(bench.last('UPDATE'), '481 Call Does Not Exist', 'you');
    expect(headerIn(bench.last('BYE'), 'Reason')).toContain('Session timer expired');
    expect(bench.told).toEqual(['200 INVITE', 'unsolicited BYE']);
    expect(bench.core.dialogs.size).toBe(0);
  });

  test('is hung up 32 s before its interval ends, or a third of it, when the peer does not refresh', () => {
    called('Session-Expires: 120;refresher=uas', 'Require: timer');
    bench.pass(87_900);
    expect(bench.times('BYE')).toEqual([]);
    bench.pass(200);
    expect(bench.times('BYE')).toHaveLength(1);
    expect(bench.core.dialogs.size).toBe(0);
  });

  test('has its refreshes, and the BYE at its end, answer a challenge', () => {
    bench.core.credentials = { username: 'me', password: 'secret' };
    called('Session-Expires: 120;refresher=uac', 'Allow: UPDATE');
    bench.pass(60_100);
    const challenge = (nonce: string, more = ''): string[] => [
      `Proxy-Authenticate: Digest realm="r", nonce="${nonce}", qop="auth", algorithm=SHA-256${more}`,
    ];
    bench.answer(bench.last('UPDATE'), '407 Proxy Authentication Required', 'you', challenge('one'));
    expect(headerIn(bench.last('UPDATE'), 'CSeq')).toBe('3 UPDATE');
    expect(headerIn(bench.last('UPDATE'), 'Proxy-Authorization')).toContain('nonce="one"');
    bench.answer(bench.last('UPDATE'), '407 Proxy Authentication Required', 'you', challenge('two', ', stale=true'));
    expect(bench.last('UPDATE').match(/^Proxy-Authorization: .*nonce="two"/gm)).toHaveLength(1);
    bench.answer(bench.last('UPDATE'), '481 Call Does Not Exist', 'you');
    bench.answer(bench.last('BYE'), '407 Proxy Authentication Required', 'you', challenge('three'));
    expect(headerIn(bench.last('BYE'), 'Proxy-Authorization')).toContain('algorithm=SHA-256');
    const times = bench.times('BYE').length;
    bench.answer(bench.last('BYE'), '407 Proxy Authentication Required', 'you', challenge('four'));
    expect(bench.times('BYE')).toHaveLength(times);
    expect(bench.told).toEqual(['200 INVITE', 'unsolicited BYE']);
  });

  test('runs on without a timer once a refresh is answered without one', () => {
    const dialog = called('Session-Expires: 120;refresher=uac', 'Allow: UPDATE');
    bench.pass(60_100);
    bench.answer(bench.last('UPDATE'), '200 OK', 'you');
    bench.pass(300_000);
    expect(dialog.terminated).toBe(false);
    expect(bench.times('UPDATE')).toHaveLength(1);
  });

  test('keeps its timer through a re-INVITE of the application, which names the refresher as it is', () => {
    const dialog = called('Session-Expires: 120;refresher=uas');
    bench.within(dialog, 'INVITE', 'v=0 held\r\n');
    expect(headerIn(bench.last('INVITE'), 'Session-Expires')).toBe('120;refresher=uas');
  });
});

describe('an INVITE of ours', () => {
  test('says that we know the timer', () => {
    expect(headerIn(bench.invite(), 'Supported')).toBe('timer');
  });

  test('that is too short for the peer goes out again with its Min-SE, and the application sees one attempt', () => {
    const first = bench.invite('Session-Expires: 90\r\n');
    bench.answer(first, '422 Session Interval Too Small', 'p', ['Min-SE: 600']);
    expect(bench.last('ACK')).toContain('CSeq: 1 ACK');
    const second = bench.last('INVITE');
    expect(headerIn(second, 'CSeq')).toBe('2 INVITE');
    expect(headerIn(second, 'Call-ID')).toBe(headerIn(first, 'Call-ID'));
    expect(headerIn(second, 'Session-Expires')).toBe('600');
    expect(headerIn(second, 'Min-SE')).toBe('600');
    bench.answer(second, '200 OK', 'you', ['Session-Expires: 600;refresher=uac'], 'v=0\r\n');
    bench.acknowledge(bench.core.dialogs.find('call', 'me', 'you')!);
    expect(headerIn(bench.last('ACK'), 'CSeq')).toBe('2 ACK');
    expect(bench.told).toEqual(['200 INVITE']);
  });

  test('that asked for no timer, or was asked for nothing longer, hears the 422', () => {
    bench.answer(bench.invite(), '422 Session Interval Too Small', 'p', ['Min-SE: 600']);
    expect(bench.told).toEqual(['422 INVITE']);
    expect(bench.times('INVITE')).toHaveLength(1);
  });

  test('that is challenged after such a repetition goes on from the number that we reached', () => {
    bench.answer(bench.invite('Session-Expires: 90\r\n'), '422 Too Small', 'p', ['Min-SE: 600']);
    bench.answer(bench.last('INVITE'), '401 Unauthorized', 'p');
    expect(headerIn(bench.invite('', 2), 'CSeq')).toBe('3 INVITE');
  });
});

describe('a session that called us', () => {
  test('is refreshed by the caller unless it asks otherwise', () => {
    calling(TIMED);
    const ok = bench.last('SIP/2.0 200');
    expect(headerIn(ok, 'Session-Expires')).toBe('120;refresher=uac');
    expect(headerIn(ok, 'Require')).toBe('timer');
    bench.pass(88_100);
    expect(bench.times('BYE')).toHaveLength(1);
    expect(bench.told).toContain('unsolicited BYE');
  });

  test('lives on for as long as the caller refreshes it', () => {
    const dialog = calling(TIMED);
    for (let cseq = 2; cseq < 5; cseq++) {
      bench.pass(60_000);
      bench.request('UPDATE', {
        cseq,
        toTag: dialog.localTag,
        lines: [...TIMED.slice(0, 1), 'Session-Expires: 120;refresher=uac'],
      });
      bench.respond('UPDATE', 200, 'Contact: <sip:me@192.0.2.1>\r\n');
      expect(headerIn(bench.last('SIP/2.0 200'), 'Session-Expires')).toBe('120;refresher=uac');
    }
    expect(bench.times('BYE')).toEqual([]);
  });

  test('is refreshed by us where the caller asks for it, or does not know the timer itself', () => {
    calling(['Supported: timer', 'Session-Expires: 120;refresher=uas', 'Allow: INVITE, UPDATE']);
    expect(headerIn(bench.last('SIP/2.0 200'), 'Session-Expires')).toBe('120;refresher=uas');
    bench.pass(60_100);
    expect(headerIn(bench.last('UPDATE'), 'Session-Expires')).toBe('120;refresher=uac');
    bench = new CoreBench();
    calling(['Session-Expires: 120']);
    const ok = bench.last('SIP/2.0 200');
    expect(headerIn(ok, 'Session-Expires')).toBe('120;refresher=uas');
    expect(headerIn(ok, 'Require')).toBe('');
    bench.pass(60_100);
    expect(headerIn(bench.last('INVITE'), 'Content-Type')).toBe('application/sdp');
    expect(bench.last('INVITE')).toMatch(/v=0 ours\r\n$/);
  });

  test('has a timer where only the application asks for it', () => {
    calling(['Supported: timer'], 'Session-Expires: 100;refresher=uas\r\n');
    expect(bench.last('SIP/2.0 200').match(/^Session-Expires:/gm)).toHaveLength(1);
    bench.pass(50_100);
    expect(bench.times('INVITE')).toHaveLength(1);
  });

  test('has none where nobody asks for it', () => {
    calling(['Supported: timer']);
    expect(bench.last('SIP/2.0 200')).not.toContain('Session-Expires');
    expect(bench.queue.size).toBe(1);
  });

  test('with too short an interval is refused with 422 and our Min-SE, before the application hears of it', () => {
    bench.request('INVITE', { lines: ['Supported: timer', 'x: 60'] });
    expect(headerIn(bench.last('SIP/2.0 422'), 'Min-SE')).toBe('90');
    expect(bench.requests).toEqual([]);
  });
});

test('a Session-Expires value is read with its refresher, and what is none is not', () => {
  expect(readSessionExpires('1800;refresher=UAS')).toEqual({ intervalS: 1800, refresher: 'uas' });
  expect(readSessionExpires('90 ; foo=bar')).toEqual({ intervalS: 90, refresher: null });
  for (const wrong of ['', '-1', 'x', '99999999999']) expect(readSessionExpires(wrong)).toBeNull();
});

test('a 422 that asks for no longer interval changes nothing', () => {
  const refusal = (minSe: string) => parseMessage(`SIP/2.0 422 Too Small\r\n${minSe}\r\n\r\n`)!;
  expect(withLongerInterval('Session-Expires: 600\r\n', refusal('Min-SE: 600'))).toBeNull();
  expect(withLongerInterval('Session-Expires: 600\r\n', refusal('Other: 1'))).toBeNull();
});
