import { expect, test } from 'vitest';
import { triedTargets } from '../../src/drachtio/tried-targets.js';
import { Failover } from '../../src/sip/failover.js';
import { parseMessage } from '../../src/sip/message.js';

const ANSWER = 'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nContent-Length: 0\r\n\r\n';

function answerAfter(...outcomes: [status: number, reason: string][]) {
  const failover = new Failover([{ address: '2001:db8::1', port: 5060 }]);
  for (const [status, reason] of outcomes) failover.note(status, reason);
  const response = parseMessage(ANSWER)!;
  failover.announce(response);
  return response;
}

const read = (text: string) => {
  const message = parseMessage(text)!;
  return triedTargets({ get: (name) => message.header(name.toLowerCase()) });
};

test('what was tried is read as it was written, whatever the reason phrases hold', () => {
  const response = answerAfter([503, 'Busy, "all" of them; <really>'], [408, 'Timer B'], [200, 'OK']);
  expect(read(response.raw)).toEqual([
    { uri: 'sip:[2001:db8::1]:5060;transport=udp', status: 503, reason: "Busy, 'all' of them; <really>" },
    { uri: 'sip:[2001:db8::1]:5060;transport=udp', status: 408, reason: 'Timer B' },
    { uri: 'sip:[2001:db8::1]:5060;transport=udp', status: 200, reason: 'OK' },
  ]);
  expect(response.header('x-tried-targets')).toContain('Timer B');
});

test('a response of the only target that was tried stays as it came', () => {
  expect(answerAfter([200, 'OK']).raw).toBe(ANSWER);
  expect(read(ANSWER)).toEqual([]);
});

test('a header that is none of ours tells nothing', () => {
  expect(triedTargets({ get: () => 'what, ever; status=200' })).toEqual([]);
});
