import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SrfDialog, SrfRequest, SrfResponder } from '../../src/drachtio/srf-types.js';
import { CallScope } from '../../src/flow/call-scope.js';
import { transferTaker } from '../../src/flow/take-transfer.js';
import { transfersSpec } from '../../src/flow/transfers-spec.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A call of which the far end sends REFERs with these headers. */
function call(spec: object = {}) {
  const told: string[] = [];
  const dialog = {
    local: { contact: '<sip:us@192.0.2.1>' },
    request: ({ method, headers, body }: { method: string; headers: Record<string, string>; body: string }) => {
      told.push(`${method} ${headers.Event} ${headers['Subscription-State'].split(';')[0]} ${body.trim()}`);
    },
  } as unknown as SrfDialog;
  const scope = new CallScope((error) => {
    throw error;
  });
  const bed = { told, isUp: true, scope };
  const take = transferTaker(transfersSpec.parse(spec), { dialog, scope, isUp: () => bed.isUp });
  const refer = (headers: Record<string, string>): number => {
    let answered = 0;
    const response = { send: (status: number) => void (answered = status) } as unknown as SrfResponder;
    take({ get: (name: string) => headers[name] } as SrfRequest, response);
    return answered;
  };
  return { ...bed, bed, refer };
}

const TARGET = { 'Refer-To': '<sip:agent@pbx.test>' };

describe('a trunk that takes transfers', () => {
  it('accepts a REFER and tells of a call that is under way, and how it ended', async () => {
    const { refer, told } = call({ after: '2s', status: 486 });
    expect(refer(TARGET)).toBe(202);
    await vi.advanceTimersByTimeAsync(1999);
    expect(told).toEqual(['NOTIFY refer active SIP/2.0 100 Trying']);
    await vi.advanceTimersByTimeAsync(1);
    expect(told.slice(1)).toEqual(['NOTIFY refer terminated SIP/2.0 486 Not Transferred']);
  });

  it('tells nobody who does not want to hear of it, and nobody whose call is over', async () => {
    const quiet = call();
    expect(quiet.refer({ ...TARGET, 'Refer-Sub': 'false' })).toBe(202);
    const over = call();
    over.refer(TARGET);
    over.bed.isUp = false;
    await vi.advanceTimersByTimeAsync(5000);
    expect([quiet.told.length, over.told.length]).toEqual([0, 1]);
  });

  it.each([[undefined], [''], ['tel:+1'], ['<sip:a@b>, <sip:c@d>'], ['agent']])('refuses Refer-To %s', (value) => {
    const { refer, told } = call();
    expect(refer(value === undefined ? {} : { 'Refer-To': value })).toBe(400);
    expect(told).toEqual([]);
  });

  it.each(['sip:agent@pbx.test', '"A, B" <sips:agent@pbx.test;transport=tcp>;x=1', 'Agent <sip:a@b?Subject=x>'])(
    'takes Refer-To %s',
    (value) => expect(call().refer({ 'Refer-To': value })).toBe(202),
  );

  it('tells no status that is not final', () => {
    for (const status of [100, 180, 202, 700]) expect(transfersSpec.safeParse({ status }).success).toBe(false);
    expect(transfersSpec.safeParse({ status: 603 }).success).toBe(true);
  });
});
