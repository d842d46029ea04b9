import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import type { ClientTransaction, ClientUser, RequestHead } from '../../src/sip/client-transaction.js';
import { IdSource } from '../../src/sip/ids.js';
import { inviteClient } from '../../src/sip/invite-client.js';
import { inviteServer } from '../../src/sip/invite-server.js';
import { nonInviteClient } from '../../src/sip/non-invite-client.js';
import { nonInviteServer } from '../../src/sip/non-invite-server.js';
import { requestText } from '../../src/sip/requests.js';
import type { ServerTransaction } from '../../src/sip/server-transaction.js';
import { TimerQueue } from '../../src/sip/timer-queue.js';
import { DEFAULT_TIMERS, deriveTimers } from '../../src/sip/timer-values.js';
import { TraceBook } from '../../src/sip/trace.js';
import { TransactionLayer } from '../../src/sip/transaction-layer.js';
import type { DepartureListener, Peer, Transport } from '../../src/sip/transport.js';

describe('state machines', () => {
  test.each([
    ['calling', 'A', 'calling', ['retransmit', 'startA']],
    ['calling', 'B', 'terminated', ['stopRequest', 'timeout', 'end']],
    ['calling', 'provisional', 'proceeding', ['stopRequest', 'deliver']],
    ['calling', 'success', 'accepted', ['stopRequest', 'startM', 'deliver']],
    ['calling', 'failure', 'completed', ['stopRequest', 'ack', 'startD', 'deliver']],
    ['calling', 'transportError', 'terminated', ['stopRequest', 'fail', 'end']],
    ['proceeding', 'provisional', 'proceeding', ['deliver']],
    ['proceeding', 'A', 'proceeding', []],
    ['proceeding', 'B', 'proceeding', []],
    ['proceeding', 'success', 'accepted', ['stopRequest', 'startM', 'deliver']],
    ['proceeding', 'failure', 'completed', ['stopRequest', 'ack', 'startD', 'deliver']],
    ['proceeding', 'abandon', 'terminated', ['stopRequest', 'timeout', 'end']],
    ['completed', 'failure', 'completed', ['ack']],
    ['completed', 'success', 'completed', []],
    ['completed', 'D', 'terminated', ['end']],
    ['accepted', 'success', 'accepted', ['deliver']],
    ['accepted', 'provisional', 'accepted', []],
    ['accepted', 'M', 'terminated', ['end']],
    ['terminated', 'success', 'terminated', []],
  ] as const)('INVITE client: %s + %s → %s', (state, input, next, actions) => {
    expect(inviteClient(state, input)).toEqual({ state: next, actions });
  });

  test.each([
    ['trying', 'E', 'trying', ['retransmit', 'startE']],
    ['trying', 'F', 'terminated', ['stopRequest', 'timeout', 'end']],
    ['trying', 'provisional', 'proceeding', ['deliver']],
    ['trying', 'final', 'completed', ['stopRequest', 'startK', 'deliver']],
    ['trying', 'transportError', 'terminated', ['stopRequest', 'fail', 'end']],
    ['proceeding', 'E', 'proceeding', ['retransmit', 'startET2']],
    ['proceeding', 'F', 'terminated', ['stopRequest', 'timeout', 'end']],
    ['proceeding', 'final', 'completed', ['stopRequest', 'startK', 'deliver']],
    ['completed', 'final', 'completed', []],
    ['completed', 'K', 'terminated', ['end']],
  ] as const)('non-INVITE client: %s + %s → %s', (state, input, next, actions) => {
    expect(nonInviteClient(state, input)).toEqual({ state: next, actions });
  });

  test.each([
    ['proceeding', 'request', 'proceeding', ['repeat']],
    ['proceeding', 'provisional', 'proceeding', ['send']],
    ['proceeding', 'success', 'accepted', ['send', 'startL']],
    ['proceeding', 'failure', 'completed', ['send', 'startG', 'startH']],
    ['proceeding', 'ack', 'proceeding', []],
    ['completed', 'request', 'completed', ['repeat']],
    ['completed', 'G', 'completed', ['repeat', 'startG']],
    ['completed', 'ack', 'confirmed', ['stopGH', 'startI']],
    ['completed', 'H', 'terminated', ['stopGH', 'timeout', 'end']],
    ['completed', 'provisional', 'completed', []],
    ['confirmed', 'ack', 'confirmed', []],
    ['confirmed', 'I', 'terminated', ['end']],
    ['accepted', 'request', 'accepted', []],
    ['accepted', 'ack', 'accepted', ['deliver']],
    ['accepted', 'L', 'terminated', ['end']],
  ] as const)('INVITE server: %s + %s → %s', (state, input, next, actions) => {
    expect(inviteServer(state, input)).toEqual({ state: next, actions });
  });

  test.each([
    ['trying', 'request', 'trying', []],
    ['trying', 'provisional', 'proceeding', ['send']],
    ['trying', 'final', 'completed', ['send', 'startJ']],
    ['proceeding', 'request', 'proceeding', ['repeat']],
    ['completed', 'request', 'completed', ['repeat']],
    ['completed', 'final', 'completed', []],
    ['completed', 'J', 'terminated', ['end']],
  ] as const)('non-INVITE server: %s + %s → %s', (state, input, next, actions) => {
    expect(nonInviteServer(state, input)).toEqual({ state: next, actions });
  });
});

test('all timers follow from T1, T2 and T4 (RFC 3261 table 4, RFC 6026)', () => {
  expect(deriveTimers(DEFAULT_TIMERS, false)).toMatchObject({
    A: 500,
    B: 32_000,
    D: 32_000,
    E: 500,
    F: 32_000,
    G: 500,
    H: 32_000,
    I: 5000,
    J: 32_000,
    K: 5000,
    L: 32_000,
    M: 32_000,
  });
  expect(deriveTimers(DEFAULT_TIMERS, true)).toMatchObject({
    A: null,
    D: 0,
    E: null,
    G: null,
    I: 0,
    J: 0,
    K: 0,
    B: 32_000,
  });
});

/** A layer without network: what it sends is kept with its time, time moves by hand. */
class Bench {
  readonly clock = new ManualClock(1_000_000);
  readonly queue = new TimerQueue(this.clock, 10, false);
  readonly layer: TransactionLayer;
  readonly sent: { atMs: number; text: string; peer: Peer }[] = [];
  readonly requests: ServerTransaction[] = [];
  readonly acks: string[] = [];
  readonly events: string[] = [];
  /** What the transport was given to send at a time. */
  readonly laid: { text: string; dueMs: number; listener: DepartureListener }[] = [];

  /** @param departs the transport can send at a time */
  constructor(departs = false) {
    this.layer = new TransactionLayer(DEFAULT_TIMERS, this.clock, new IdSource(), this.queue);
    const transport: Transport = {
      protocol: 'udp',
      reliable: false,
      local: { address: '192.0.2.1', port: 5060 },
      advertised: { address: '192.0.2.1', port: 5060 },
      send: (message, address, port) =>
        this.sent.push({
          atMs: this.clock.now() - 1_000_000,
          text: message.toString('latin1'),
          peer: { address, port },
        }),
      depart: (message, _address, _port, dueMs, listener) => {
        if (departs) this.laid.push({ text: message.toString('latin1'), dueMs: dueMs - 1_000_000, listener });
        return departs;
      },
      probe: () => {},
      close: async () => {},
    };
    this.layer.transport = transport;
    this.layer.user = {
      onRequest: (transaction) => this.requests.push(transaction),
      onAck: (ack) => this.acks.push(ack.callId),
      onAccepted: () => this.events.push('ack on branch'),
      onServerEnd: () => this.events.push('server end'),
    };
  }

  readonly user: ClientUser = {
    onResponse: (_transaction, response) => this.events.push(`response ${response.status}`),
    onTimeout: (_transaction, timer) => this.events.push(`timeout ${timer}`),
    onTransportError: (_transaction, reason) => this.events.push(`error ${reason}`),
    onConnectionLost: (_transaction, reason) => this.events.push(`lost ${reason}`),
    onClientEnd: () => this.events.push('client end'),
  };

  head(method: string): RequestHead {
    return {
      method,
      requestUri: 'sip:x@192.0.2.9',
      via: 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKt',
      branch: 'z9hG4bKt',
      from: '<sip:a@b>;tag=f',
      to: '<sip:x@192.0.2.9>',
      callId: 'c',
      cseq: 1,
      routes: ['<sip:r;lr>'],
    };
  }

  start(method: string): ClientTransaction {
    const head = this.head(method);
    const message = Buffer.from(requestText(head, '', ''), 'latin1');
    return this.layer.request(this.user, head, message, { address: '192.0.2.9', port: 5060 }, 'id');
  }

  /** An INVITE that is to leave so many ms from now. */
  startLater(inMs: number): ClientTransaction {
    const head = this.head('INVITE');
    const message = Buffer.from(requestText(head, '', ''), 'latin1');
    const peer = { address: '192.0.2.9', port: 5060 };
    const onDeparted = (atMs: number): void => void this.events.push(`left at ${atMs - 1_000_000}`);
    return this.layer.request(this.user, head, message, peer, 'id', null, {
      dueMs: this.clock.now() + inMs,
      onDeparted,
    });
  }

  receive(text: string): void {
    this.layer.onMessage(Buffer.from(text, 'latin1'), { address: '192.0.2.9', port: 5060 }, 0);
  }

  answer(status: number, method: string): void {
    const { via, from, to, callId } = this.head(method);
    this.receive(
      `SIP/2.0 ${status} X\r\nVia: ${via}\r\nFrom: ${from}\r\nTo: ${to};tag=t\r\nCall-ID: ${callId}\r\nCSeq: 1 ${method}\r\n\r\n`,
    );
  }

  request(method: string, branch = 'z9hG4bKs'): void {
    this.receive(
      `${method} sip:me@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=${branch}\r\nFrom: <sip:a@b>;tag=f\r\nTo: <sip:me@x>\r\nCall-ID: s\r\nCSeq: 1 ${method}\r\n\r\n`,
    );
  }

  /** Moves time by small steps, as a running program would. */
  pass(ms: number): void {
    for (let moved = 0; moved < ms; moved += 10) {
      this.clock.advance(10);
      this.queue.advance();
    }
  }

  times(start: string): number[] {
    return this.sent.filter(({ text }) => text.startsWith(start)).map(({ atMs }) => atMs);
  }
}

describe('transactions over UDP, on a clock moved by hand', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  test('an INVITE that nobody answers leaves at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s and times out at 32 s', () => {
    bench.start('INVITE');
    bench.pass(31_990);
    expect(bench.times('INVITE')).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    expect(bench.events).toEqual([]);
    bench.pass(10);
    expect(bench.events).toEqual(['timeout B', 'client end']);
    expect(bench.layer.stats).toMatchObject({ retransmissionsSent: 6, transactions: 0, timerExpiries: { B: 1 } });
    expect(bench.queue.size).toBe(0);
  });

  test('a non-INVITE that nobody answers doubles up to T2 and times out at 32 s', () => {
    bench.start('OPTIONS');
    bench.pass(32_000);
    expect(bench.times('OPTIONS')).toEqual([0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    expect(bench.events).toEqual(['timeout F', 'client end']);
    expect(bench.queue.size).toBe(0);
  });

  test('a provisional response stops the INVITE, and slows a non-INVITE to T2', () => {
    bench.start('INVITE');
    bench.answer(180, 'INVITE');
    bench.pass(100_000);
    expect(bench.times('INVITE')).toEqual([0]);
    expect(bench.events).toEqual(['response 180']);
    const other = new Bench();
    other.start('OPTIONS');
    other.answer(100, 'OPTIONS');
    other.pass(10_000);
    expect(other.times('OPTIONS')).toEqual([0, 500, 4500, 8500]);
  });

  test('a refusal is acknowledged on the same branch, as often as it comes, for 32 s', () => {
    bench.start('INVITE');
    bench.answer(486, 'INVITE');
    bench.answer(486, 'INVITE');
    const ack = bench.sent[1].text;
    expect(ack).toBe(
      'ACK sip:x@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKt\r\nMax-Forwards: 70\r\nRoute: <sip:r;lr>\r\n' +
        'From: <sip:a@b>;tag=f\r\nTo: <sip:x@192.0.2.9>;tag=t\r\nCall-ID: c\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n',
    );
    expect(bench.times('ACK')).toHaveLength(2);
    expect(bench.events).toEqual(['response 486']);
    expect(bench.layer.stats.retransmissionsReceived).toBe(1);
    bench.pass(32_000);
    expect(bench.events).toEqual(['response 486', 'client end']);
    bench.answer(486, 'INVITE');
    expect(bench.layer.stats.strays).toBe(1);
  });

  test('an accepted INVITE hands up every 2xx for 32 s and acknowledges none by itself', () => {
    bench.start('INVITE');
    bench.answer(200, 'INVITE');
    bench.pass(31_000);
    bench.answer(200, 'INVITE');
    bench.pass(1000);
    expect(bench.events).toEqual(['response 200', 'response 200', 'client end']);
    expect(bench.times('ACK')).toEqual([]);
  });

  test('a refused INVITE repeats its response until the ACK, doubling up to T2, and gives up after 32 s', () => {
    bench.request('INVITE');
    bench.requests[0].respond(486, Buffer.from('SIP/2.0 486 Busy Here\r\n\r\n'));
    bench.pass(32_000);
    expect(bench.times('SIP/2.0 486')).toEqual([
      0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ]);
    expect(bench.layer.stats.timerExpiries.H).toBe(1);
    expect(bench.events).toEqual(['server end']);
    expect(bench.queue.size).toBe(0);
  });

  test('the ACK of a refusal stops the repetitions and is absorbed for T4', () => {
    bench.request('INVITE');
    bench.requests[0].respond(486, Buffer.from('SIP/2.0 486 Busy Here\r\n\r\n'));
    bench.pass(600);
    bench.request('ACK');
    bench.request('ACK');
    bench.pass(4900);
    expect(bench.times('SIP/2.0 486')).toEqual([0, 500]);
    expect(bench.acks).toEqual([]);
    expect(bench.events).toEqual([]);
    bench.pass(100);
    expect(bench.events).toEqual(['server end']);
  });

  test('a repeated request gets the last response again and reaches the application once', () => {
    bench.request('OPTIONS');
    bench.request('OPTIONS');
    expect(bench.sent).toEqual([]);
    bench.requests[0].respond(200, Buffer.from('SIP/2.0 200 OK\r\n\r\n'));
    bench.request('OPTIONS');
    expect(bench.requests).toHaveLength(1);
    expect(bench.times('SIP/2.0 200')).toHaveLength(2);
    bench.pass(32_000);
    bench.request('OPTIONS');
    expect(bench.requests).toHaveLength(2);
  });

  test('without the magic cookie requests are told apart as RFC 2543 did', () => {
    bench.request('OPTIONS', '1');
    bench.request('OPTIONS', '1');
    expect(bench.requests).toHaveLength(1);
    bench.request('INVITE', '1');
    expect(bench.requests).toHaveLength(2);
  });

  test('an ACK that matches nothing goes to the core', () => {
    bench.request('ACK', 'z9hG4bKother');
    expect(bench.acks).toEqual(['s']);
  });

  test('a transport error ends a request that waits, not one that was answered', () => {
    const waiting = bench.start('OPTIONS');
    waiting.onTransportError('ENETUNREACH');
    expect(bench.events).toEqual(['error ENETUNREACH', 'client end']);
    expect(bench.queue.size).toBe(0);
  });

  test('hear nothing before there is a user: what came to a port that was being opened comes again', () => {
    const bench = new Bench();
    const { user } = bench.layer;
    bench.layer.user = null;
    bench.request('OPTIONS');
    bench.layer.user = user;
    expect([bench.requests.length, bench.sent.length]).toEqual([0, 0]);
    bench.request('OPTIONS');
    expect(bench.requests).toHaveLength(1);
  });
});

describe('an INVITE that is made before it is due', () => {
  test('is left to the transport; its timers, its trace and its count begin when it has left', () => {
    const bench = new Bench(true);
    bench.layer.trace = new TraceBook();
    bench.startLater(30);
    expect(bench.laid).toMatchObject([{ dueMs: 30 }]);
    bench.pass(40);
    expect(bench.events).toEqual([]);
    expect(bench.layer.stats.messagesSent).toBe(0);
    // It left on time; this thread comes to know of it 10 ms later.
    bench.laid[0].listener.onDeparted(1_000_030);
    expect(bench.events).toEqual(['left at 30']);
    expect(bench.layer.stats.messagesSent).toBe(1);
    bench.pass(490);
    expect(bench.times('INVITE')).toEqual([530]);
    bench.pass(31_490);
    expect(bench.events).toEqual(['left at 30']);
    bench.pass(20);
    expect(bench.events).toEqual(['left at 30', 'timeout B', 'client end']);
    expect(bench.layer.trace.take('c')!.messages[0]).toMatchObject({ atMs: 1_000_030, direction: 'sent' });
    expect(bench.queue.size).toBe(0);
  });

  test('leaves at once where its time is past', () => {
    const bench = new Bench(true);
    bench.startLater(-5);
    expect(bench.laid).toEqual([]);
    expect(bench.times('INVITE')).toEqual([0]);
    expect(bench.events).toEqual(['left at 0']);
  });

  test('fails when it could not be sent, after it was told of', () => {
    const bench = new Bench(true);
    bench.startLater(30);
    bench.pass(30);
    bench.laid[0].listener.onDeparted(1_000_030);
    bench.laid[0].listener.onTransportError('ENETUNREACH');
    expect(bench.events).toEqual(['left at 30', 'error ENETUNREACH', 'client end']);
    expect(bench.queue.size).toBe(0);
  });

  test('has left before its response is told, whichever of the two was known first', () => {
    const bench = new Bench(true);
    bench.startLater(30);
    bench.pass(40);
    bench.answer(180, 'INVITE');
    bench.laid[0].listener.onDeparted(1_000_031);
    expect(bench.events).toEqual(['left at 30', 'response 180']);
    bench.pass(100_000);
    expect(bench.times('INVITE')).toEqual([]);
  });

  test('is spared by what ends those that have left: a lost connection, a peer that refuses', () => {
    const bench = new Bench(true);
    const { peer } = bench.startLater(30);
    bench.layer.onConnectionLost(peer, 'closed');
    expect(bench.events).toEqual([]);
    bench.layer.giveUpAll('restart');
    expect(bench.events).toEqual(['left at 30', 'error restart', 'client end']);
    bench.laid[0].listener.onDeparted(1_000_030);
    expect(bench.events).toHaveLength(3);
    expect(bench.queue.size).toBe(0);
  });

  describe('over a transport that sends at once only', () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    /** Time goes on, for the loop too. */
    function pass(bench: Bench, ms: number): void {
      for (let moved = 0; moved < ms; moved++) {
        bench.clock.advance(1);
        vi.advanceTimersByTime(1);
      }
    }

    test('is held here until it is due, in the order of the times', () => {
      const bench = new Bench();
      for (const inMs of [50, 30, 40, 30]) bench.startLater(inMs);
      pass(bench, 29);
      expect(bench.sent).toEqual([]);
      pass(bench, 25);
      // The last fraction of a millisecond is slept through, after which time goes on here by a whole one.
      expect(bench.times('INVITE')).toEqual([31, 31, 41, 51]);
      expect(bench.events).toEqual(['left at 31', 'left at 31', 'left at 41', 'left at 51']);
    });

    test('does not leave any more once the layer is closed', () => {
      const bench = new Bench();
      bench.startLater(30);
      bench.layer.close();
      pass(bench, 100);
      expect(bench.sent).toEqual([]);
      expect(vi.getTimerCount()).toBe(0);
    });
  });
});
