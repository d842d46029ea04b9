import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import type { SrfApp, SrfCallError, SrfDialog, SrfResult } from '../../src/drachtio/srf-types.js';
import { timeOfDay } from '../../src/drachtio/time-of-day.js';
import { OutboundCall } from '../../src/flow/outbound-call.js';
import { Population } from '../../src/flow/population.js';
import { callSpec, mediaSpec } from '../../src/flow/spec.js';
import type { MediaClient } from '../../src/media/link/client.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import type { Answer as Answered } from '../../src/metrics/live-setup.js';
import { DepartureBook } from '../../src/sip/departure-book.js';

type Answer = (error: SrfCallError | null, dialog?: SrfDialog) => void;
type Reply = (error: unknown, response?: SrfResult) => void;

const ANSWER = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';
const TARGET = 'sip:x@192.0.2.1';

/** One attempt, with srf and the media thread played by hand. */
class Attempt {
  readonly clock = new ManualClock();
  readonly population = new Population();
  cancels = 0;
  byes: Reply[] = [];
  readonly reinvites: { offer: string; answer: Reply }[] = [];
  destroyed = 0;
  mediaClosed = 0;
  bookings = 0;
  headers: Record<string, string> = {};
  /** The INVITE leaves. */
  leave: () => void = () => {};
  record: CallRecord | null = null;
  readonly errors: unknown[] = [];
  readonly answers: Answered[] = [];
  private answer!: Answer;
  private provisional!: (response: SrfResult) => void;
  private onBye: (bye: object) => void = () => {};
  readonly call: OutboundCall;

  /**
   * @param broken thrown by srf when it is asked to place the call
   * @param preparationMs what it takes to make an INVITE, hand it over and hear of that
   * @param stackTime the server's time of that INVITE
   * @param dueMs where it is given, the server sends when it is due, and `leave` has it do so
   */
  constructor(broken: Error | null = null, spec: object = {}, preparationMs = 0, stackTime?: string, dueMs?: number) {
    const request = { stackTime, get: () => 'call-id', on: () => request, cancel: () => this.cancels++ };
    const srf = {
      createUAC: (
        _uri: string,
        options: object,
        { cbRequest, cbProvisional }: { cbRequest: Reply; cbProvisional: (response: SrfResult) => void },
        answer: Answer,
      ) => {
        this.provisional = cbProvisional;
        this.headers = (options as { headers: Record<string, string> }).headers;
        if (broken) throw broken;
        this.answer = answer;
        this.clock.advance(preparationMs);
        this.leave = () => cbRequest(null, request as unknown as SrfResult);
        if (dueMs === undefined) this.leave();
      },
      removeDialog: () => {},
    } as unknown as SrfApp;
    const media = {
      open: () => {},
      connect: () => {},
      hear: () => {},
      hush: () => {},
      close: () => {
        this.mediaClosed++;
        return Promise.resolve(null);
      },
    } as unknown as MediaClient;
    const calls = callSpec.parse({ hold: '10s', giveUpAfter: '1s', ...spec });
    this.call = new OutboundCall(
      {
        srf,
        media,
        clock: this.clock,
        population: this.population,
        departures: dueMs === undefined ? null : new DepartureBook(this.clock, () => `booked ${(this.bookings += 1)}`),
        calls,
        conversation: calls,
        mediaSpec: mediaSpec.parse({}),
        uplink: [],
        downlink: [],
        advertise: undefined,
        probe: null,
        onAnswer: (answer) => this.answers.push(answer),
        onError: (error) => {
          if (error !== broken) throw error;
          this.errors.push(error);
        },
      },
      {
        id: 0,
        dueMs: dueMs ?? 0,
        uri: TARGET,
        proxy: undefined,
        trunk: TARGET,
        from: '1',
        to: 'x',
        headers: {},
        holdMs: 10_000,
      },
      { pair: 0, address: '127.0.0.1', rtpPort: 4000, rtcpPort: 4001 },
      (record) => {
        this.record = record;
      },
    );
    this.call.start();
  }

  /** The far end's 200, as srf hands it over: acknowledged, with a dialog. */
  accept(triedTargets?: string, sdp = ANSWER): void {
    this.answer(null, {
      res: { status: 200, reason: 'OK', get: () => triedTargets },
      sip: { callId: 'call-id', localTag: 'a', remoteTag: 'b' },
      remote: { uri: TARGET, sdp },
      on: (event: string, listener: (bye: object) => void) => {
        if (event === 'destroy') this.onBye = listener;
      },
      removeAllListeners: () => {},
      // srf's dialogs have one for each method.
      ack: () => Promise.reject(new Error('not to be called')),
      local: { sdp: '', contact: '' },
      request: ({ method, body }: { method: string; body: string }, reply: Reply) => {
        if (method === 'INVITE') this.reinvites.push({ offer: body, answer: reply });
        else this.byes.push(reply);
      },
      destroy: () => this.destroyed++,
    } as unknown as SrfDialog);
  }

  /** A 183 with an answer. */
  progress(isReliable: boolean): void {
    const has = (name: string): boolean => isReliable && name === 'rseq';
    this.provisional({ status: 183, body: ANSWER, has, get: () => undefined } as unknown as SrfResult);
  }

  /** A final response that refuses the INVITE. */
  refuse(status: number, reason: string): void {
    const res = { status, reason, source_port: 5060, get: () => undefined } as unknown as SrfResult;
    this.answer(Object.assign(new Error(reason), { status, reason, res }));
  }

  hangUpRemotely(): void {
    this.onBye({});
  }

  /** The response to our BYE; from port 0 when the server made it. */
  answerBye(status: number, port: number): void {
    this.byes[0](null, {
      status,
      source_port: port,
      get: () => `<${TARGET}>;tag=b`,
      req: {},
    } as unknown as SrfResult);
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('the tries of a call', () => {
  const hungUp = async (triedTargets?: string): Promise<Attempt> => {
    const attempt = new Attempt();
    attempt.accept(triedTargets);
    attempt.hangUpRemotely();
    await pass(2000);
    return attempt;
  };

  it('are one of its target, where the server tells of no other', async () => {
    const { tries } = (await hungUp()).record!;
    expect(tries).toMatchObject([{ trunk: TARGET, status: 200 }]);
  });

  it('are those of the servers that its target led to, where there was more than one', async () => {
    const { record } = await hungUp(
      '<sip:192.0.2.1:5060;transport=udp>;status=408;reason="Timer B", <sip:192.0.2.2:5060;transport=udp>;status=200;reason="OK"',
    );
    const target = TARGET;
    expect(record!.tries).toMatchObject([
      { trunk: 'sip:192.0.2.1:5060;transport=udp', status: 408, reason: 'Timer B', ms: null, target },
      { trunk: 'sip:192.0.2.2:5060;transport=udp', status: 200, reason: 'OK', startedMs: 0, ms: 0, target },
    ]);
  });
});

describe('the start of a call', () => {
  it('is when its INVITE was handed over, not when the attempt was made', async () => {
    const attempt = new Attempt(null, {}, 3);
    attempt.accept();
    attempt.hangUpRemotely();
    await pass(2000);
    expect(attempt.record).toMatchObject({ dueMs: 0, startedMs: 3, timings: { inviteMs: 3, finalMs: 3 } });
  });

  it.each([
    ['when the server sent its INVITE, by the time that it took, not when that was told', timeOfDay(2), 2],
    ['when that was told, where the server’s clock is ahead', timeOfDay(50), 5],
    ['after the attempt was made, where the server’s clock is behind', timeOfDay(-50), 0],
  ])('is %s', async (_, stackTime, startedMs) => {
    const attempt = new Attempt(null, {}, 5, stackTime);
    attempt.accept();
    attempt.hangUpRemotely();
    await pass(2000);
    expect(attempt.record!.startedMs).toBeCloseTo(startedMs, 2);
    expect(attempt.record!.timings.inviteMs).toBe(attempt.record!.startedMs);
  });

  it('is when the attempt was made, where no INVITE ever left', async () => {
    const attempt = new Attempt(new Error('broken'), {}, 3);
    await pass(2000);
    expect(attempt.record).toMatchObject({ startedMs: 0, timings: { inviteMs: 0 } });
  });
});

describe('a call that is made before it is due', () => {
  const made = (stackTime?: string): Attempt => new Attempt(null, {}, 0, stackTime, 30);

  it('has its INVITE leave when it is due, and starts when that left', async () => {
    const attempt = made(timeOfDay(30.25));
    expect(attempt.headers['Call-ID']).toBe('booked 1');
    attempt.population.enterProgress();
    attempt.clock.set(34);
    attempt.leave();
    attempt.accept();
    attempt.hangUpRemotely();
    await pass(2000);
    expect(attempt.record!.startedMs).toBeCloseTo(30.25, 2);
    expect(attempt.record).toMatchObject({ dueMs: 30, inProgressAtInvite: 1, outcome: 'dropped' });
    const { tries, startedMs, timings } = attempt.record!;
    expect(tries).toMatchObject([{ startedMs, ms: timings.finalMs! - startedMs }]);
  });

  it('is given up by the time since it was due', async () => {
    const attempt = made(timeOfDay(30));
    attempt.leave();
    await pass(1029);
    expect(attempt.cancels).toBe(0);
    await pass(1);
    expect(attempt.cancels).toBe(1);
  });

  it('is cancelled once its INVITE has left, where the run ends before', async () => {
    const attempt = made();
    attempt.call.stop();
    expect(attempt.cancels).toBe(0);
    attempt.clock.set(30);
    attempt.leave();
    expect(attempt.cancels).toBe(1);
    attempt.refuse(487, 'Request Terminated');
    await pass(2000);
    expect(attempt.record).toMatchObject({ outcome: 'cancelled', startedMs: 30 });
  });

  it('that fails before it is due has lasted no time', async () => {
    const attempt = made();
    attempt.clock.set(5);
    attempt.refuse(503, 'nothing to send by');
    await pass(2000);
    expect(attempt.record).toMatchObject({ outcome: 'failed', startedMs: 30, endedMs: 30, inProgressAtInvite: null });
    expect(attempt.record!.timings).toMatchObject({ inviteMs: 30, finalMs: 30 });
  });

  it('goes at once where its time is past', () => {
    expect(new Attempt(null, {}, 0, undefined, 0).headers['Call-ID']).toBeUndefined();
  });
});

describe('a 200 without a description', () => {
  it.each([
    [true, 'completed', null],
    [false, 'dropped', 'codec'],
  ])('after a 183 with an answer, reliable: %s, is %s (RFC 3261 13.2.1)', async (isReliable, outcome, cause) => {
    const attempt = new Attempt();
    attempt.progress(isReliable);
    attempt.accept(undefined, '');
    await pass(11_000);
    attempt.answerBye(200, 5060);
    await pass(2000);
    expect(attempt.record).toMatchObject({ outcome, cause });
  });
});

describe('an answer that leaves RTP unprotected', () => {
  it('where SRTP was offered ends the call by BYE, and the record says why', async () => {
    const attempt = new Attempt(null, { srtp: ['AEAD_AES_128_GCM'] });
    attempt.accept();
    expect(attempt.byes).toHaveLength(1);
    attempt.answerBye(200, 5060);
    await pass(2000);
    expect(attempt.record).toMatchObject({
      outcome: 'dropped',
      cause: 'srtp',
      reason: 'answered with RTP/AVP where RTP/SAVP was offered',
      hangupBy: 'local',
    });
  });
});

describe('an answer that crosses our CANCEL', () => {
  it('is hung up, and the attempt stays a cancelled one', async () => {
    const attempt = new Attempt();
    await pass(1000);
    expect(attempt.cancels).toBe(1);
    attempt.accept();
    expect(attempt.byes).toHaveLength(1);
    attempt.answerBye(200, 5060);
    await pass(0);
    expect(attempt.record).toMatchObject({
      outcome: 'cancelled',
      cause: 'cancelled',
      status: 487,
      reason: '200 after CANCEL',
      answeredMs: null,
    });
    expect(attempt.population).toMatchObject({ inProgress: 0, established: 0, peakEstablished: 0 });
  });

  it('is no loss when the server had sent the BYE before us', async () => {
    const attempt = new Attempt();
    await pass(1000);
    attempt.accept();
    attempt.byes[0](Object.assign(new Error('unable to find dialog'), { code: 'ENODIALOG' }));
    await pass(0);
    expect(attempt.record).toMatchObject({ outcome: 'cancelled', status: 487 });
  });

  it('is hung up even when the attempt was closed before, whose record it leaves alone', async () => {
    const attempt = new Attempt();
    attempt.call.stop();
    await pass(3000);
    const { record } = attempt;
    expect(record).toMatchObject({ outcome: 'cancelled', status: null });
    const before = structuredClone(record);
    attempt.accept();
    expect(attempt.destroyed).toBe(1);
    await pass(60_000);
    expect(attempt.record).toEqual(before);
    expect(attempt.population.inProgress).toBe(0);
  });
});

describe('a call whose time is over', () => {
  it.each([
    [200, 5060, 'completed'],
    [503, 5060, 'completed'],
    [408, 5060, 'dropped'],
    [481, 5060, 'dropped'],
    [408, 0, 'dropped'],
    [503, 0, 'dropped'],
  ])('and whose BYE brings %i from port %i was %s', async (status, port, outcome) => {
    const attempt = new Attempt();
    attempt.accept();
    await pass(10_000);
    attempt.answerBye(status, port);
    await pass(0);
    expect(attempt.record).toMatchObject({ outcome, hangupBy: 'local', byeStatus: status });
  });
});

describe('a call that is answered', () => {
  it('is told at once, with its delays, and not when its answer crossed our CANCEL', async () => {
    const attempt = new Attempt();
    attempt.clock.advance(300);
    attempt.accept();
    expect(attempt.answers).toEqual([{ status: 200, srdMs: 300, setupMs: 300, trunk: TARGET }]);
    expect(attempt.record).toBeNull();

    const late = new Attempt();
    await pass(1000);
    late.accept();
    expect(late.answers).toEqual([]);
  });
});

describe('a call with a list of steps', () => {
  const steps = (...flow: unknown[]) => new Attempt(null, { flow });
  const WAIT = { step: 'wait', for: '1s' };
  const HANG_UP = [{ step: 'wait', for: '1s' }, 'expect-hangup'];
  const refuse = (attempt: Attempt): void => attempt.refuse(486, 'Busy Here');

  it('is hung up at the end of its list, and completed', async () => {
    const attempt = steps(WAIT);
    attempt.accept();
    await pass(999);
    expect(attempt.byes).toHaveLength(0);
    await pass(1);
    attempt.answerBye(200, 5060);
    await pass(0);
    expect(attempt.record).toMatchObject({ outcome: 'completed', hangupBy: 'local', flow: { result: 'passed' } });
  });

  it('that the far end hangs up before was dropped, and its list failed', async () => {
    const attempt = steps(WAIT);
    attempt.accept();
    await pass(500);
    attempt.hangUpRemotely();
    await pass(0);
    expect(attempt.record).toMatchObject({ outcome: 'dropped', hangupBy: 'remote' });
    expect(attempt.record!.flow).toMatchObject({ failedStep: '1 wait', reason: 'the far end hung up' });
  });

  it('that the far end hangs up as it is expected to was completed', async () => {
    const attempt = steps(...HANG_UP);
    attempt.accept();
    await pass(1500);
    attempt.hangUpRemotely();
    await pass(0);
    expect(attempt.record).toMatchObject({ outcome: 'completed', cause: null, hangupBy: 'remote' });
    expect(attempt.record!.flow).toMatchObject({ result: 'passed', stepsDone: 2 });
    expect(attempt.population).toMatchObject({ inProgress: 0, established: 0 });
  });

  it('lasts for `hold` at most', async () => {
    const attempt = steps('expect-hangup');
    attempt.accept();
    await pass(10_000);
    attempt.answerBye(200, 5060);
    await pass(0);
    expect(attempt.record!.flow).toMatchObject({ result: 'failed', reason: '`hold` was over' });
  });

  it('that is not answered in the time of its step is cancelled', async () => {
    const attempt = steps({ step: 'answer', within: '300ms' }, WAIT);
    await pass(300);
    expect(attempt.cancels).toBe(1);
    await pass(32_000);
    expect(attempt.record).toMatchObject({ outcome: 'cancelled' });
    expect(attempt.record!.flow).toMatchObject({ failedStep: '1 answer', reason: 'no answer came within 300 ms' });
  });

  it('that is refused fails at its answer; without a step for that its list never begins', async () => {
    const [asked, unasked] = [steps('answer'), steps(WAIT)];
    refuse(asked);
    refuse(unasked);
    await pass(0);
    expect(asked.record).toMatchObject({ outcome: 'failed', status: 486, flow: { reason: '486 Busy Here' } });
    expect(unasked.record).toMatchObject({ outcome: 'failed', status: 486, flow: null });
  });

  it('that ends with the run is unfinished', async () => {
    const attempt = steps(WAIT);
    attempt.accept();
    attempt.call.stop();
    attempt.answerBye(200, 5060);
    await pass(5000);
    expect(attempt.record).toMatchObject({ outcome: 'stillUp', flow: { result: 'unfinished', failedStep: null } });
  });
});

describe('a BYE without an answer', () => {
  it('is not listened past: silence after it is no fault', async () => {
    const attempt = new Attempt();
    attempt.accept();
    await pass(10_000);
    expect(attempt.mediaClosed).toBe(0);
    await pass(1000);
    expect(attempt.mediaClosed).toBe(1);
    expect(attempt.record).toBeNull();
    await pass(31_000);
    attempt.answerBye(408, 0);
    await pass(0);
    expect(attempt.record).toMatchObject({ outcome: 'dropped', byeStatus: 408 });
    expect(attempt.mediaClosed).toBe(1);
  });
});

describe('a call that puts the far end on hold', () => {
  it('takes it back once the first re-INVITE is answered, be it refused', async () => {
    const attempt = new Attempt(null, { putOnHold: { after: '1s', for: '2s' } });
    attempt.accept();
    await pass(5000);
    expect(attempt.reinvites).toHaveLength(1);
    expect(attempt.reinvites[0].offer).toContain('a=sendonly');
    attempt.reinvites[0].answer(null, { status: 488, body: '' } as SrfResult);
    await pass(0);
    expect(attempt.reinvites).toHaveLength(2);
    expect(attempt.reinvites[1].offer).toContain('a=sendrecv');
  });

  it('sends no re-INVITE any more after the call', async () => {
    const attempt = new Attempt(null, { putOnHold: { after: '1s', for: '2s' } });
    attempt.accept();
    await pass(5000);
    attempt.hangUpRemotely();
    attempt.reinvites[0].answer(new Error('unable to find dialog'));
    await pass(0);
    expect(attempt.reinvites).toHaveLength(1);
    expect(attempt.record).toMatchObject({ outcome: 'dropped' });
    expect(attempt.errors).toEqual([]);
  });
});

describe('a call that the far end hangs up', () => {
  it('was dropped', async () => {
    const attempt = new Attempt();
    attempt.accept();
    await pass(5000);
    attempt.hangUpRemotely();
    await pass(0);
    expect(attempt.record).toMatchObject({ outcome: 'dropped', hangupBy: 'remote', byeStatus: null });
    expect(attempt.byes).toHaveLength(0);
  });

  it('that srf refuses to place is the failure of this one call', async () => {
    const broken = new Error('no connection');
    const attempt = new Attempt(broken);
    await vi.advanceTimersByTimeAsync(0);
    expect(attempt.errors).toEqual([broken]);
    expect(attempt.record).toMatchObject({ outcome: 'failed', cause: 'internal', reason: 'no connection' });
    expect(attempt.population).toMatchObject({ inProgress: 0, established: 0 });
  });
});
