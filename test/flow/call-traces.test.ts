import { describe, expect, it } from 'vitest';
import { CallTraces, wentWrong } from '../../src/flow/call-traces.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { TraceBook } from '../../src/sip/trace.js';
import type { Transport } from '../../src/sip/transport.js';
import { answeredRecord, failedRecord, fault, mediaReport } from '../support/records.js';

const PEER = { address: '192.0.2.9', port: 5060 };
const TRANSPORT: Transport = {
  protocol: 'udp',
  reliable: false,
  local: PEER,
  advertised: PEER,
  send: () => {},
  probe: () => {},
  close: async () => {},
};

describe('a call is worth its trace', () => {
  const BYE = { hangupBy: 'local', byeStatus: 200 } as const;
  it.each<[string, CallRecord, boolean]>([
    ['when it failed', failedRecord(503), true],
    ['when it was cancelled', failedRecord(487, 'cancelled', { outcome: 'cancelled' }), true],
    ['when it was dropped', answeredRecord({ outcome: 'dropped', hangupBy: 'remote', byeStatus: null }), true],
    ['when its BYE was refused', answeredRecord({ outcome: 'completed', hangupBy: 'local', byeStatus: 500 }), true],
    ['when its BYE had no answer', answeredRecord({ outcome: 'stillUp', hangupBy: 'local', byeStatus: null }), true],
    ['when nothing was heard', answeredRecord({ ...BYE, media: mediaReport({ verdict: fault('no-rtp') }) }), true],
    ['when our trunk hung it up', answeredRecord({ ...BYE, direction: 'inbound' }), true],
    ['but not when it went as planned', answeredRecord({ ...BYE, media: mediaReport() }), false],
    ['but not when the run ended before it did', answeredRecord({ ...BYE, outcome: 'stillUp' }), false],
    ['but not when the caller hung up', answeredRecord({ direction: 'inbound', hangupBy: 'remote' }), false],
  ])('%s', (_why, record, worth) => {
    expect(wentWrong(record)).toBe(worth);
  });
});

describe('the traces of a run', () => {
  function begun(book: TraceBook, callId: string, ...texts: string[]): string {
    book.begin(callId);
    texts.forEach((text, i) => {
      book.note(callId, 1000 + i, i % 2 === 0, TRANSPORT, PEER, text);
    });
    return callId;
  }

  function settled(traces: CallTraces, record: CallRecord, callId: string): CallRecord {
    record.sipCallIds = [callId];
    traces.settle(record);
    return record;
  }

  it('go into the records of calls that failed; the others are forgotten', () => {
    const book = new TraceBook();
    const traces = new CallTraces(book, 'failed');
    const good = settled(traces, answeredRecord(), begun(book, 'good', 'INVITE x'));
    const bad = settled(traces, failedRecord(503), begun(book, 'bad', 'INVITE x', 'SIP/2.0 503 No'));
    expect(good.trace).toBeNull();
    expect(bad.trace?.messages.map(({ text }) => text)).toEqual(['INVITE x', 'SIP/2.0 503 No']);
    expect(traces).toMatchObject({ kept: 1, leftOut: 0 });
    expect(book.size).toBe(0);
  });

  it('are of every call where all are asked for', () => {
    const book = new TraceBook();
    const traces = new CallTraces(book, 'all');
    for (let i = 0; i < 150; i++)
      expect(settled(traces, answeredRecord(), begun(book, `${i}`, 'INVITE x')).trace).not.toBeNull();
  });

  it('are of a hundred calls with one result, so that a frequent one hides no other; what was left out is counted', () => {
    const book = new TraceBook();
    const traces = new CallTraces(book, 'failed');
    for (let i = 0; i < 150; i++) settled(traces, failedRecord(503), begun(book, `${i}`, 'INVITE x'));
    const other = settled(traces, failedRecord(408, 'timeout'), begun(book, 'other', 'INVITE x'));
    expect(other.trace).not.toBeNull();
    expect(traces).toMatchObject({ kept: 101, leftOut: 50 });
    expect(book.size).toBe(0);
  });

  it('are of ten thousand calls at most', () => {
    const book = new TraceBook();
    const traces = new CallTraces(book, 'all');
    for (let i = 0; i < 10_001; i++) settled(traces, answeredRecord(), begun(book, `${i}`, 'INVITE x'));
    expect(traces).toMatchObject({ kept: 10_000, leftOut: 1 });
  });

  it('say of a call that nobody traced that it was left out', () => {
    const traces = new CallTraces(new TraceBook(), 'failed');
    expect(settled(traces, failedRecord(503), 'unknown').trace).toBeNull();
    expect(traces).toMatchObject({ kept: 0, leftOut: 1 });
  });

  it('are one where an attempt took two Call-IDs', () => {
    const book = new TraceBook();
    begun(book, 'a', 'INVITE a', 'SIP/2.0 302 There');
    begun(book, 'b', 'INVITE b');
    const record = failedRecord(500, 'status', { sipCallIds: ['a', 'b'] });
    new CallTraces(book, 'failed').settle(record);
    expect(record.trace?.messages.map(({ text }) => text)).toEqual(['INVITE a', 'INVITE b', 'SIP/2.0 302 There']);
  });

  it('give each call the times of its 100 and its ACK, on the clock of its INVITE', () => {
    const book = new TraceBook();
    const record = answeredRecord();
    record.timings = { ...record.timings, inviteMs: 50, tryingMs: null, finalMs: 53, ackMs: null };
    begun(book, 'c', 'INVITE x', 'SIP/2.0 100 Trying', 'ACK of another', 'SIP/2.0 200 OK', 'ACK x');
    settled(new CallTraces(book, 'failed'), record, 'c');
    expect(record.timings).toMatchObject({ tryingMs: 51, finalMs: 53, ackMs: 54 });
  });
});
