import { expect, test } from 'vitest';
import { TraceBook } from '../../src/sip/trace.js';
import type { Transport } from '../../src/sip/transport.js';
import { CoreBench } from './core-bench.js';

const TRANSPORT: Transport = {
  protocol: 'udp',
  reliable: false,
  local: { address: '::1', port: 5060 },
  advertised: { address: '::1', port: 5060 },
  send: () => {},
  probe: () => {},
  close: async () => {},
};
const PEER = { address: '192.0.2.9', port: 5070 };

/** A bench whose calls are traced. */
function tracedBench(): { bench: CoreBench; trace: TraceBook } {
  const bench = new CoreBench();
  const trace = new TraceBook();
  bench.layer.trace = trace;
  return { bench, trace };
}

const starts = (trace: TraceBook, callId: string): string[] | undefined =>
  trace.take(callId)?.messages.map(({ direction, text }) => `${direction} ${text.split('\r\n')[0]}`);

test('a failed call has every message of its own, in order, with the ACK that the stack sent by itself', () => {
  const { bench, trace } = tracedBench();
  const invite = bench.invite();
  bench.request('INVITE');
  bench.answer(invite, '100 Trying', 'b');
  bench.answer(invite, '486 Busy Here', 'b');
  expect(starts(trace, 'call')).toEqual([
    'sent INVITE sip:you@192.0.2.9 SIP/2.0',
    'received SIP/2.0 100 Trying',
    'received SIP/2.0 486 Busy Here',
    'sent ACK sip:you@192.0.2.9 SIP/2.0',
  ]);
});

test('what is sent again stands there once more, marked, at its own time', () => {
  const { bench, trace } = tracedBench();
  bench.invite();
  bench.pass(2000);
  const { messages } = trace.take('call')!;
  expect(messages.map(({ repeated }) => repeated)).toEqual([false, true, true]);
  expect(messages.map(({ atMs }) => atMs - messages[0].atMs)).toEqual([0, 500, 1500]);
  expect(messages[0]).toMatchObject({ transport: 'udp', local: '192.0.2.1:5060', remote: '192.0.2.9:5060' });
  expect(bench.layer.stats.sentAgain).toEqual({ INVITE: 2 });
});

test('the callee’s side has what came and what was answered, the 2xx repeated for want of an ACK too', () => {
  const { bench, trace } = tracedBench();
  bench.request('INVITE');
  bench.respond('INVITE', 180);
  bench.respond('INVITE', 200);
  bench.pass(600);
  expect(starts(trace, 'theirs')).toEqual([
    'received INVITE sip:me@192.0.2.1 SIP/2.0',
    'sent SIP/2.0 100 Trying',
    'sent SIP/2.0 180 X',
    'sent SIP/2.0 200 X',
    'sent SIP/2.0 200 X',
  ]);
  expect(bench.layer.stats.sentAgain).toEqual({ 'INVITE-2xx': 1 });
});

test('a call that was dropped or taken is traced no more, whatever still comes for it', () => {
  const { bench, trace } = tracedBench();
  const invite = bench.invite();
  trace.drop('call');
  bench.answer(invite, '200 OK', 'b');
  bench.request('INVITE');
  expect(trace.take('theirs')?.messages).toHaveLength(2);
  bench.request('INVITE');
  bench.respond('INVITE', 200);
  expect(trace.size).toBe(0);
  expect(bench.layer.stats.receivedAgain).toEqual({ INVITE: 1 });
});

test('requests outside any call begin no trace', () => {
  const { bench, trace } = tracedBench();
  bench.request('OPTIONS');
  bench.request('INVITE', { toTag: 'gone', cseq: 2 });
  expect(trace.size).toBe(0);
});

test('a call without end keeps its first and its last messages, and says how many it gave up', () => {
  const trace = new TraceBook();
  trace.begin('long');
  for (let i = 0; i < 200; i++) trace.note('long', i, true, TRANSPORT, PEER, `OPTIONS ${i}`);
  const { messages, leftOut } = trace.take('long')!;
  expect(messages.length).toBeGreaterThanOrEqual(48);
  expect(messages.length).toBeLessThanOrEqual(64);
  expect(messages.length + leftOut).toBe(200);
  expect(messages.slice(0, 16).map(({ atMs }) => atMs)).toEqual([...Array(16).keys()]);
  expect(messages.slice(-32).map(({ text }) => text)).toEqual([...Array(32).keys()].map((i) => `OPTIONS ${168 + i}`));
});

test('a call of huge messages keeps 64 KiB, its last message among them', () => {
  const trace = new TraceBook();
  trace.begin('huge');
  for (let i = 0; i < 10; i++) trace.note('huge', i, false, TRANSPORT, PEER, `${i}${'x'.repeat(20_000)}`);
  const { messages, leftOut } = trace.take('huge')!;
  expect(messages.map(({ text }) => text[0])).toEqual(['0', '1', '9']);
  expect(leftOut).toBe(7);
});

test('calls that nobody asks for are given up, the oldest first', () => {
  const trace = new TraceBook();
  for (let i = 0; i < 40_000; i++) trace.begin(`call ${i}`);
  expect(trace.size).toBe(32_768);
  expect(trace.take('call 0')).toBeNull();
  expect(trace.take('call 39999')).toEqual({ messages: [], leftOut: 0 });
});

test('text is read as UTF-8 where it is, and byte by byte where not', () => {
  const trace = new TraceBook();
  trace.begin('c');
  const note = (data: Buffer | string): void => trace.note('c', 0, true, TRANSPORT, PEER, data);
  note(Buffer.from('Subject: grün', 'utf8'));
  note(Buffer.from('Subject: grün', 'utf8').toString('latin1'));
  note(Buffer.from('Subject: gr\xfcn', 'latin1'));
  const { messages } = trace.take('c')!;
  expect(messages.map(({ text }) => text)).toEqual(['Subject: grün', 'Subject: grün', 'Subject: grün']);
  expect(messages[0]).toMatchObject({ local: '[::1]:5060', repeated: false });
  expect(messages[1].repeated).toBe(true);
});

test('the 100 and the ACK of the final response have their moments, counted from the INVITE', () => {
  const { bench, trace } = tracedBench();
  const invite = bench.invite();
  bench.pass(20);
  bench.layer.onMessage(Buffer.from(answerOf(invite, '100 Trying')), PEER, bench.clock.now());
  bench.pass(30);
  bench.layer.onMessage(Buffer.from(answerOf(invite, '401 Unauthorized')), PEER, bench.clock.now());
  bench.pass(50);
  expect(trace.moments('call', 50)).toEqual({ tryingMs: 20, ackMs: 50 });
  expect(trace.moments('call', 60)).toEqual({ tryingMs: 20, ackMs: null });
  expect(trace.moments('another', 50)).toBeNull();
});

function answerOf(invite: string, status: string): string {
  const lines = invite.split('\r\n').filter((line) => /^(?:Via|From|To|Call-ID|CSeq):/.test(line));
  return [`SIP/2.0 ${status}`, ...lines, 'Content-Length: 0', '', ''].join('\r\n');
}

test('messages of any length, sent by any way, come out as they went in', () => {
  const trace = new TraceBook();
  // Pages are used again, so that what a call before left in them must not show.
  for (let round = 0; round < 3; round++) {
    const put: { text: string; remote: string; sent: boolean }[] = [];
    trace.begin('c');
    for (const length of [0, 1, 4081, 4082, 4083, 9000, 2041, 2041, 12, 2000, 2041, 3]) {
      const text = `${put.length}`.padEnd(length, 'abc').slice(0, length);
      const port = 5060 + put.length;
      const sent = put.length % 2 === 0;
      trace.note('c', put.length, sent, TRANSPORT, { ...PEER, port }, sent ? Buffer.from(text) : text);
      put.push({ text, remote: `192.0.2.9:${port}`, sent });
    }
    const { messages } = trace.take('c')!;
    expect(messages.map(({ text, remote, direction }) => ({ text, remote, sent: direction === 'sent' }))).toEqual(put);
    expect(messages.map(({ atMs }) => atMs)).toEqual([...put.keys()]);
  }
});

test('all traces together stay within their memory, the oldest given up first', () => {
  const trace = new TraceBook(100_000);
  for (const length of [500, 3000, 30_000]) {
    for (let i = 0; i < 200; i++) {
      trace.begin(`${length} ${i}`);
      trace.note(`${length} ${i}`, i, true, TRANSPORT, PEER, 'x'.repeat(length));
    }
    expect(trace.take(`${length} 0`)).toBeNull();
    expect(trace.take(`${length} 199`)?.messages[0].text).toHaveLength(length);
  }
  // Two of the longest fit, of which one was taken: what was given back counts no more.
  expect(trace.size).toBe(1);
});
