import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HandTrunk } from '../support/trunk-by-hand.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const inPlaceOf = (callId: string, toTag = 'b', fromTag = 'a'): Record<string, string> => ({
  replaces: `${callId};to-tag=${toTag};from-tag=${fromTag}`,
});

describe('a call to the trunk in place of another one (RFC 3891)', () => {
  it('has that one hung up once it is answered, and not before', async () => {
    const bed = new HandTrunk({ ringAfter: '0s', answerAfter: '2s' });
    const first = bed.call();
    await pass(2000);
    const second = bed.call('300', inPlaceOf('call-0'));
    await pass(1999);
    expect(first.requests).toEqual([]);
    await pass(1);
    expect([second.answered, first.requests, second.requests]).toEqual([true, ['BYE'], []]);
    expect(bed.records).toMatchObject([{ id: 0, outcome: 'completed', hangupBy: 'local' }]);
    expect(bed.trunk.counts.inUse).toBe(1);
  });

  it('passes the expect-hangup of that one, and fails the step that is under way elsewhere', async () => {
    const flow = (step: object | string) => new HandTrunk({ flow: ['answer', step, 'expect-hangup'] });
    const waiting = flow({ step: 'wait', for: '1s' });
    waiting.call();
    await pass(500);
    waiting.call('300', inPlaceOf('call-0'));
    await pass(0);
    expect(waiting.records).toMatchObject([
      { flow: { result: 'failed', reason: 'another call took the place of this one' } },
    ]);
    const ready = flow({ step: 'wait', for: '1s' });
    ready.call();
    await pass(1500);
    ready.call('300', inPlaceOf('call-0'));
    await pass(0);
    expect(ready.records).toMatchObject([{ flow: { result: 'passed' } }]);
  });

  it('ends no other call, none whose tags differ, and none that only rings', async () => {
    const bed = new HandTrunk({ ringAfter: '0s', answerAfter: '1s' });
    const others = [bed.call(), bed.call()];
    await pass(1000);
    bed.call('300', inPlaceOf('call-0', 'x'));
    bed.call('300', inPlaceOf('call-0', 'a', 'b'));
    bed.call('300', inPlaceOf('call-4'));
    bed.call('300', { replaces: 'call-0' });
    await pass(1000);
    expect(others.map(({ requests }) => requests)).toEqual([[], []]);
    expect(bed.records).toEqual([]);
  });
});
