import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import type { SrfApp, SrfCallError, SrfDialog, SrfResult } from '../../src/drachtio/srf-types.js';
import type { CallRoute } from '../../src/flow/call-route.js';
import type { Failure } from '../../src/flow/final-response.js';
import { OutboundCall } from '../../src/flow/outbound-call.js';
import { Population } from '../../src/flow/population.js';
import { callSpec, mediaSpec } from '../../src/flow/spec.js';
import type { MediaClient } from '../../src/media/link/client.js';
import type { CallRecord } from '../../src/metrics/call-record.js';

type Answer = (error: SrfCallError | null, dialog?: SrfDialog) => void;

const ANSWER = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';

/** An attempt at targets a, b and c, each of which is given 2 s, with srf and the targets played by hand. */
class Attempt {
  readonly clock = new ManualClock(100);
  readonly sent: {
    uri: string;
    proxy?: string;
    answer: Answer;
    provisional(response: SrfResult): void;
    cancelled: boolean;
  }[] = [];
  readonly failures: { cause: Failure['cause']; sentMs: number }[] = [];
  record: CallRecord | null = null;
  destroyed = 0;
  answeredMs: number | null = null;

  constructor(targets = ['b', 'c'], giveUpAfter = '60s') {
    const srf = {
      createUAC: (
        uri: string,
        { proxy }: { proxy?: string },
        on: { cbRequest: (error: null, request: unknown) => void; cbProvisional: (response: SrfResult) => void },
        answer: Answer,
      ) => {
        const one = { uri, proxy, answer, provisional: on.cbProvisional, cancelled: false };
        this.sent.push(one);
        on.cbRequest(null, {
          get: () => `call-${this.sent.length}`,
          cancel: () => {
            one.cancelled = true;
          },
        });
      },
      removeDialog: () => {},
    } as unknown as SrfApp;
    const media = { open() {}, connect() {}, hush() {}, close: () => Promise.resolve(null) } as unknown as MediaClient;
    const rest = [...targets];
    const route: CallRoute = {
      noResponseMs: 2000,
      answered: (sentMs) => {
        this.answeredMs = sentMs;
      },
      failed: ({ cause }, sentMs) => {
        this.failures.push({ cause, sentMs });
        const next = rest.shift();
        return next === undefined ? null : { uri: `sip:${next}`, proxy: `sip:hop-${next}`, trunk: next };
      },
    };
    const calls = callSpec.parse({ hold: '10s', giveUpAfter });
    new OutboundCall(
      {
        srf,
        media,
        clock: this.clock,
        population: new Population(),
        departures: null,
        calls,
        conversation: calls,
        mediaSpec: mediaSpec.parse({}),
        uplink: [],
        downlink: [],
        advertise: undefined,
        probe: null,
        onAnswer: () => {},
        onError: (error) => {
          throw error;
        },
      },
      {
        id: 0,
        dueMs: 0,
        uri: 'sip:a',
        proxy: 'sip:hop-a',
        trunk: 'a',
        from: '1',
        to: 'x',
        headers: {},
        holdMs: 10_000,
        route,
      },
      { pair: 0, address: '127.0.0.1', rtpPort: 4000, rtcpPort: 4001 },
      (record) => {
        this.record = record;
      },
    ).start();
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await vi.advanceTimersByTimeAsync(ms);
  }

  refuse(at: number, status: number): void {
    const res = { status, reason: 'No', get: (name: string) => (name === 'to' ? '<sip:x>;tag=1' : undefined) };
    this.sent[at].answer(Object.assign(new Error('refused'), { status, reason: 'No', res: res as never }));
  }

  ring(at: number): void {
    this.sent[at].provisional({ status: 180, body: '' } as SrfResult);
  }

  accept(at: number): void {
    this.sent[at].answer(null, {
      res: { status: 200, reason: 'OK', get: () => undefined },
      sip: { callId: 'c', localTag: 'a', remoteTag: 'b' },
      remote: { uri: 'sip:x', sdp: ANSWER },
      on: () => {},
      destroy: () => this.destroyed++,
      request: (_options: object, reply: (error: unknown, response: unknown) => void) =>
        reply(null, { status: 200, get: () => '<sip:x>;tag=1', req: {} }),
      removeAllListeners: () => {},
    } as unknown as SrfDialog);
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('an attempt at several targets', () => {
  it('goes on after a refusal, and its record has each try with its time', async () => {
    const attempt = new Attempt();
    await attempt.pass(5);
    attempt.refuse(0, 503);
    await attempt.pass(40);
    attempt.accept(1);
    await attempt.pass(11_000);
    expect(attempt.sent.map(({ uri, proxy }) => [uri, proxy])).toEqual([
      ['sip:a', 'sip:hop-a'],
      ['sip:b', 'sip:hop-b'],
    ]);
    expect(attempt.record).toMatchObject({ trunk: 'b', status: 200, outcome: 'completed' });
    expect(attempt.record!.timings).toMatchObject({ inviteMs: 100, finalMs: 145 });
    expect(attempt.record!.tries).toEqual([
      { trunk: 'a', status: 503, reason: 'No', cause: 'status', startedMs: 100, ms: 5 },
      { trunk: 'b', status: 200, reason: 'OK', cause: null, startedMs: 105, ms: 40 },
    ]);
    expect(attempt.record!.sipCallIds).toEqual(['call-1', 'call-2', 'c']);
    expect(attempt.answeredMs).toBe(105);
  });

  it('cancels a silent target and goes on; what that says later does no harm, and a late answer is ended', async () => {
    const attempt = new Attempt();
    await attempt.pass(2000);
    expect(attempt.sent[0].cancelled).toBe(true);
    expect(attempt.sent).toHaveLength(2);
    attempt.ring(0);
    attempt.accept(0);
    expect(attempt.destroyed).toBe(1);
    attempt.accept(1);
    attempt.refuse(0, 487);
    await attempt.pass(11_000);
    expect(attempt.record).toMatchObject({ trunk: 'b', outcome: 'completed' });
    expect(attempt.record!.tries[0]).toMatchObject({ trunk: 'a', status: 408, cause: 'timeout', ms: 2000 });
    expect(attempt.failures).toEqual([{ cause: 'timeout', sentMs: 100 }]);
  });

  it('waits for a target that rings until the attempt is given up, and tries no other then', async () => {
    const attempt = new Attempt(['b'], '5s');
    await attempt.pass(1000);
    attempt.ring(0);
    await attempt.pass(4000);
    expect(attempt.sent).toHaveLength(1);
    expect(attempt.sent[0].cancelled).toBe(true);
    attempt.refuse(0, 487);
    await attempt.pass(1);
    expect(attempt.record).toMatchObject({ outcome: 'cancelled', trunk: 'a' });
    expect(attempt.record!.tries).toHaveLength(1);
  });

  it('has failed with the last target, as that one failed', async () => {
    const attempt = new Attempt(['b']);
    attempt.refuse(0, 503);
    await attempt.pass(2000);
    expect(attempt.record).toMatchObject({ outcome: 'failed', cause: 'timeout', status: 408, trunk: 'b' });
    expect(attempt.record!.tries.map(({ trunk, status }) => [trunk, status])).toEqual([
      ['a', 503],
      ['b', 408],
    ]);
    attempt.accept(1);
    expect(attempt.destroyed).toBe(1);
  });
});
