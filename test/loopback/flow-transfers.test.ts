import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DrachtioConnection } from '../../src/drachtio/connect.js';
import type { SrfDialog, SrfRequest } from '../../src/drachtio/srf-types.js';
import { Transfers } from '../../src/flow/transfer.js';
import { Harness, SDP, until } from './sip-harness.js';

type Endpoint = DrachtioConnection & { port: number };

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

/** A call between two applications, the callee of which does what REFERs ask for, and a third that is called then. */
async function established(onThird: (third: Endpoint, invite: SrfRequest) => number) {
  const [a, b, third] = [await h.endpoint(), await h.endpoint(), await h.endpoint()];
  const invites: SrfRequest[] = [];
  const calls: SrfDialog[] = [];
  third.srf.invite(async (invite, response) => {
    invites.push(invite);
    const status = onThird(third, invite);
    if (status >= 300) response.send(status);
    else calls.push(await third.srf.createUAS(invite, response, { localSdp: SDP }));
  });
  const placed: SrfDialog[] = [];
  b.srf.invite(async (invite, response) => {
    const dialog = await b.srf.createUAS(invite, response, { localSdp: SDP });
    const tell = (state: string, body: string) =>
      dialog.request({
        method: 'NOTIFY',
        headers: { Event: 'refer', 'Subscription-State': state, 'Content-Type': 'message/sipfrag' },
        body: `${body}\r\n`,
      });
    dialog.on('refer', async (refer, answer) => {
      answer.send(202);
      const [uri, query] = /<([^>]+)>/.exec(refer.get('Refer-To')!)![1].split('?');
      const headers = Object.fromEntries(new URLSearchParams(query ?? ''));
      await tell('active;expires=60', 'SIP/2.0 100 Trying');
      try {
        placed.push(await b.srf.createUAC(uri, { localSdp: SDP, headers }));
        await tell('terminated;reason=noresource', 'SIP/2.0 200 OK');
      } catch (error) {
        const { status, reason } = error as { status: number; reason: string };
        await tell('terminated;reason=noresource', `SIP/2.0 ${status} ${reason}`);
      }
    });
  });
  const dialog = await a.srf.createUAC(`sip:b@127.0.0.1:${b.port}`, { localSdp: SDP });
  const transfers = new Transfers(dialog, {
    srf: a.srf,
    credentials: null,
    from: 'sip:alice@localhost',
    auth: undefined,
    proxy: undefined,
    silentOffer: () => SDP.replace('sendrecv', 'inactive'),
    guarded: (callback) => callback,
  });
  const over = async (): Promise<void> => {
    await dialog.destroy();
    for (const call of placed) await call.destroy();
    await until(() => a.stats()!.dialogs + b.stats()!.dialogs + third.stats()!.dialogs === 0);
    expect(h.fatal).toEqual([]);
  };
  return { a, b, dialog, transfers, target: `sip:c@127.0.0.1:${third.port}`, invites, calls, placed, over };
}

test('a blind transfer is over with the final response that the NOTIFYs tell', async () => {
  const { transfers, target, placed, over } = await established(() => 200);
  expect(await transfers.refer(target, false)).toEqual({ status: 200, reason: 'OK', mismatch: null });
  expect(placed).toHaveLength(1);
  await over();
});

test('a target that is busy fails the transfer, and the call stays as it is', async () => {
  const { transfers, target, over } = await established(() => 486);
  expect(await transfers.refer(target, false)).toEqual({ status: 486, reason: 'Busy Here', mismatch: null });
  await over();
});

test('a REFER that is refused is the outcome itself', async () => {
  const [a, b] = [await h.endpoint(), await h.endpoint()];
  b.srf.invite(async (invite, response) => {
    const dialog = await b.srf.createUAS(invite, response, { localSdp: SDP });
    dialog.on('refer', (_refer, answer) => answer.send(603));
  });
  const dialog = await a.srf.createUAC(`sip:b@127.0.0.1:${b.port}`, { localSdp: SDP });
  const setup = { srf: a.srf, credentials: null, from: 'sip:a@localhost', auth: undefined, proxy: undefined };
  const transfers = new Transfers(dialog, { ...setup, silentOffer: () => SDP, guarded: (callback) => callback });
  expect(await transfers.refer('sip:c@127.0.0.1', false)).toEqual({ status: 603, reason: 'Decline', mismatch: null });
  await dialog.destroy();
  expect(h.fatal).toEqual([]);
});

test('an attended transfer asks the target without audio, and the new call takes the place of that one', async () => {
  const { a, transfers, target, invites, calls, over } = await established(() => 200);
  expect(await transfers.refer(target, true)).toEqual({ status: 200, reason: 'OK', mismatch: null });
  expect(invites).toHaveLength(2);
  expect(invites[0].body).toContain('a=inactive');
  const { callId, localTag, remoteTag } = calls[0].sip;
  expect(invites[1].get('Replaces')).toBe(`${callId};to-tag=${localTag};from-tag=${remoteTag}`);
  // The target hung up the one that was replaced.
  await until(() => a.stats()!.dialogs === 1);
  await over();
});

test('an attended transfer to a target that does not answer sends no REFER', async () => {
  const { transfers, target, invites, over } = await established(() => 480);
  expect(await transfers.refer(target, true)).toMatchObject({
    status: 480,
    reason: 'of the target: Temporarily Unavailable',
  });
  expect(invites).toHaveLength(1);
  await over();
});

test('a call to the target that is answered after the end of the call is hung up, and nobody is transferred', async () => {
  const { a, transfers, target, invites, calls, over } = await established(() => 200);
  const transferred = transfers.refer(target, true);
  transfers.end();
  expect((await transferred).reason).toBe('the call was over before the target answered');
  expect([invites.length, calls.length]).toEqual([1, 1]);
  await until(() => a.stats()!.dialogs === 1);
  await over();
});
