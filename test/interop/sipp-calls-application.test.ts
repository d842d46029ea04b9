import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DrachtioConnection } from '../../src/drachtio/connect.js';
import type { SrfCallError, SrfDialog, SrfRequest, SrfResponder } from '../../src/drachtio/srf-types.js';
import { Harness, QUICK, SDP, until } from '../loopback/sip-harness.js';
import { endSippAfterEach, headerOf, Sipp, scenario, scenarioWith } from './sipp.js';

endSippAfterEach();
let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

const CALLS = 5;

/** SIPp plays a caller's scenario a few times against an application; every call has to succeed by SIPp's own verdict. */
async function callBySipp(port: number, file: string, options: string[] = []): Promise<Sipp> {
  const sipp = await Sipp.caller(port, CALLS, 20, ['-sf', file, '-trace_msg', ...options]);
  expect(await sipp.ended, sipp.errors()).toBe(0);
  expect(sipp.counts()).toMatchObject({ successful: CALLS, failed: 0, unexpected: 0 });
  return sipp;
}

/** What srf's typings of a response leave out: a listener for the PRACK. */
type SendReliably = (
  status: number,
  options: { headers: Record<string, string>; body: string },
  sent: () => void,
  acknowledged: (prack: SrfRequest) => void,
) => void;

/** Tells the party that sent a REFER how the call to its target goes (RFC 3515 2.4.4). */
function notify(dialog: SrfDialog, frag: string, state: string): Promise<unknown> {
  const headers = { Event: 'refer', 'Subscription-State': state, 'Content-Type': 'message/sipfrag;version=2.0' };
  return dialog.request({ method: 'NOTIFY', headers, body: `${frag}\r\n` });
}

describe.each(['u1', 't1'])('SIPp calls an application (%s)', (transport) => {
  const over = ['-t', transport];

  test('puts the call on hold and takes it back, and is put on hold itself', async () => {
    const b = await h.endpoint();
    const events: string[] = [];
    b.srf.invite(async (request, response) => {
      const dialog = await b.srf.createUAS(request, response, { localSdp: SDP });
      dialog.on('hold', () => events.push('hold'));
      let unhold = 0;
      dialog.on('unhold', (reinvite) => {
        events.push('unhold');
        unhold = reinvite.getParsedHeader('cseq').seq;
      });
      // srf tells of an ACK a turn late: that of the INVITE before may come after this one.
      dialog.on('ack', (ack) => {
        if (ack.getParsedHeader('cseq').seq !== unhold) return;
        void dialog.modify('hold').then((sdp) => events.push(/a=(?:recv|send)\w+/.exec(sdp)![0]));
      });
    });
    const sipp = await callBySipp(b.port, scenario('caller-reinvites'), over);
    expect(events.toSorted()).toEqual(
      ['a=recvonly', 'hold', 'unhold'].flatMap((event) => Array<string>(CALLS).fill(event)),
    );
    const answers = sipp.received(/^SIP\/2\.0 200/).filter((text) => headerOf(text, 'CSeq') === '2 INVITE');
    for (const answer of answers) expect(answer).toContain('a=recvonly');
    expect(b.stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0 });
  });

  /** Does what a REFER within the dialog asks for, and tells its sender how that went. */
  function obey(b: DrachtioConnection, dialog: SrfDialog): void {
    let placed: SrfDialog | undefined;
    dialog.on('refer', async (refer, answer) => {
      answer.send(202);
      await notify(dialog, 'SIP/2.0 100 Trying', 'active;expires=60');
      const [, uri, escaped] = /<([^?>]*)(?:\?Replaces=([^>]*))?>/.exec(refer.get('Refer-To')!)!;
      const headers: Record<string, string> = { 'Referred-By': refer.get('Referred-By')! };
      if (escaped !== undefined) headers.Replaces = decodeURIComponent(escaped);
      try {
        placed = await b.srf.createUAC(uri, { localSdp: SDP, headers });
        await notify(dialog, 'SIP/2.0 200 OK', 'terminated;reason=noresource');
      } catch (error) {
        const { status, reason } = error as SrfCallError;
        await notify(dialog, `SIP/2.0 ${status} ${reason}`, 'terminated;reason=noresource');
      }
    });
    dialog.on('destroy', () => void placed?.destroy());
  }

  const uriOf = (target: Sipp): string =>
    `sip:target@127.0.0.1:${target.port};transport=${transport === 't1' ? 'tcp' : 'udp'}`;

  test('refers it to another SIPp, which is called in place of a dialog; NOTIFYs tell how that went', async () => {
    const b = await h.endpoint();
    const replaces = 'consultation@127.0.0.1;to-tag=7;from-tag=8';
    const target = await Sipp.callee(CALLS, ['-sf', scenarioWith('callee-replaces', 'REPLACES', replaces), ...over]);
    b.srf.invite(async (request, response) => obey(b, await b.srf.createUAS(request, response, { localSdp: SDP })));
    const referTo = `${uriOf(target)}?Replaces=${encodeURIComponent(replaces)}`;
    await callBySipp(b.port, scenarioWith('caller-refers', 'TARGET', referTo), over);
    expect(await target.ended, target.errors()).toBe(0);
    expect(target.counts()).toMatchObject({ successful: CALLS, failed: 0, unexpected: 0 });
    expect(b.stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0 });
  });

  test('refers it blindly to another SIPp, which takes the call; NOTIFYs tell so', async () => {
    const b = await h.endpoint();
    const target = await Sipp.callee(CALLS, ['-sf', scenario('callee-answers'), '-trace_msg', ...over]);
    b.srf.invite(async (request, response) => obey(b, await b.srf.createUAS(request, response, { localSdp: SDP })));
    await callBySipp(b.port, scenarioWith('caller-refers', 'TARGET', uriOf(target)), over);
    expect(await target.ended, target.errors()).toBe(0);
    expect(target.counts()).toMatchObject({ successful: CALLS, failed: 0, unexpected: 0 });
    const invites = target.received(/^INVITE /);
    expect(invites.map((text) => headerOf(text, 'Replaces'))).toEqual(Array(CALLS).fill(null));
    for (const text of invites) expect(headerOf(text, 'Referred-By')).toContain('sip:sipp@');
    expect(b.stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0 });
  });

  test('refers it blindly to another SIPp that is busy; NOTIFYs tell so, and the call goes on', async () => {
    const b = await h.endpoint();
    const target = await Sipp.callee(CALLS, ['-sf', scenario('reject'), ...over]);
    b.srf.invite(async (request, response) => obey(b, await b.srf.createUAS(request, response, { localSdp: SDP })));
    const told = { 'SIP/2.0 200" search_in="body': 'SIP/2.0 486 Busy Here" search_in="body' };
    await callBySipp(b.port, scenarioWith('caller-refers', 'TARGET', uriOf(target), told), over);
    expect(await target.ended, target.errors()).toBe(0);
    expect(b.stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0 });
  });

  test('a call in place of another takes its place; in place of none it is refused with 481', async () => {
    const b = await h.endpoint();
    const dialogs = new Map<string, SrfDialog>();
    const keyOf = (callId: string, toTag?: string, fromTag?: string): string => `${callId} ${toTag} ${fromTag}`;
    b.srf.invite(async (request, response) => {
      const replaces = /^([^;]*);to-tag=([^;]*);from-tag=([^;]*)$/.exec(request.get('Replaces') ?? '');
      const replaced = replaces ? dialogs.get(keyOf(replaces[1], replaces[2], replaces[3])) : undefined;
      if (replaces && !replaced) {
        response.send(481);
        return;
      }
      const dialog = await b.srf.createUAS(request, response, { localSdp: SDP });
      dialogs.set(keyOf(dialog.sip.callId, dialog.sip.localTag, dialog.sip.remoteTag), dialog);
      if (replaced) dialog.once('ack', () => void replaced.destroy());
    });
    await callBySipp(b.port, scenario('caller-replaces'), over);
    expect(dialogs.size).toBe(2 * CALLS);
    expect(b.stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0 });
  });

  test('cancels after the answer, which stands all the same', async () => {
    const b = await h.endpoint();
    let ended = 0;
    b.srf.invite(async (request, response) => {
      const dialog = await b.srf.createUAS(request, response, { localSdp: SDP });
      dialog.on('destroy', () => ended++);
    });
    await callBySipp(b.port, scenario('caller-cancels-late'), over);
    expect(ended).toBe(CALLS);
    expect(b.stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0 });
  });

  test('hangs up while it rings, which reaches the application as a CANCEL', async () => {
    const b = await h.endpoint();
    let cancelled = 0;
    b.srf.invite((request, response) => {
      request.on('cancel', () => cancelled++);
      response.send(180);
    });
    await callBySipp(b.port, scenario('caller-hangs-up-early'), over);
    expect(cancelled).toBe(CALLS);
    expect(b.stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0 });
  });

  test('is sent elsewhere with 302', async () => {
    const b = await h.endpoint();
    b.srf.invite((_request, response) => response.send(302, { headers: { Contact: '<sip:elsewhere@127.0.0.1:9>' } }));
    await callBySipp(b.port, scenario('caller-redirected'), over);
    await until(() => b.stats()!.messagesReceived === 2 * CALLS);
    expect(b.stats()).toMatchObject({ retransmissionsSent: 0, dialogs: 0, malformed: 0, strays: 0 });
  });

  test('is challenged with 401 and let in by its MD5 digest', async () => {
    const b = await h.endpoint();
    b.srf.invite(async (request, response) => {
      const given = request.get('Authorization');
      if (given && isRight(given)) await b.srf.createUAS(request, response, { localSdp: SDP });
      else response.send(given ? 403 : 401, { headers: given ? {} : { 'WWW-Authenticate': CHALLENGE } });
    });
    await callBySipp(b.port, scenario('caller-answers-challenge'), over);
    expect(b.stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0 });
  });

  test('through a proxy that forked: the copy of a request is refused with 482, the other branch is the call', async () => {
    const b = await h.endpoint();
    let offered = 0;
    b.srf.invite((request, response) => {
      offered++;
      response.send(180);
      setTimeout(() => void b.srf.createUAS(request, response, { localSdp: SDP }), 200);
    });
    await callBySipp(b.port, scenario('caller-forked-upstream'), over);
    expect(offered).toBe(CALLS);
    expect(b.stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0 });
  });
});

const CHALLENGE = 'Digest realm="carrier.example", nonce="4a6f", algorithm=MD5, qop="auth"';

/** RFC 7616 3.4.1, computed without the code under test. */
function isRight(authorization: string): boolean {
  const field = (name: string): string => new RegExp(`[ ,]${name}="?([^",]*)`).exec(authorization)?.[1] ?? '';
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  const [ha1, ha2] = [md5('alice:carrier.example:open'), md5(`INVITE:${field('uri')}`)];
  return field('response') === md5(`${ha1}:4a6f:${field('nc')}:${field('cnonce')}:auth:${ha2}`);
}

describe('SIPp calls an application and is slow', () => {
  test('to acknowledge a reliable 183, which is repeated once; its PRACK is answered by 200', async () => {
    const b = await h.endpoint();
    const racks: string[] = [];
    b.srf.invite((invite: SrfRequest, response: SrfResponder) => {
      const send = response.send.bind(response) as unknown as SendReliably;
      const taken = (prack: SrfRequest): void => {
        racks.push(prack.get('RAck') ?? '');
        void b.srf.createUAS(invite, response, { localSdp: SDP });
      };
      send(183, { headers: { Require: '100rel' }, body: SDP }, () => {}, taken);
    });
    const sipp = await callBySipp(b.port, scenario('caller-pracks'));
    expect(racks).toEqual(Array(CALLS).fill('1 1 INVITE'));
    expect(sipp.received(/^SIP\/2\.0 183 /).length).toBe(2 * CALLS);
    expect(b.stats()).toMatchObject({ retransmissionsSent: CALLS, retransmissionsReceived: 0, dialogs: 0, strays: 0 });
  });

  test('to acknowledge the answer and to answer the BYE: each was repeated once, and SIPp counts as many', async () => {
    const b = await h.endpoint();
    b.srf.invite(async (request, response) => {
      const dialog = await b.srf.createUAS(request, response, { localSdp: SDP });
      dialog.once('ack', () => void dialog.destroy());
    });
    const sipp = await callBySipp(b.port, scenario('caller-acknowledges-late'));
    expect(sipp.received(/^SIP\/2\.0 200 /).length).toBe(2 * CALLS);
    expect(sipp.received(/^BYE /).length).toBe(2 * CALLS);
    await until(() => b.stats()!.dialogs === 0);
    expect(b.stats()).toMatchObject({ retransmissionsSent: 2 * CALLS, retransmissionsReceived: 0, strays: 0 });
  });

  test('and never acknowledges: the application hears why its call ended after 64·T1', async () => {
    const b = await h.endpoint(QUICK);
    const reasons: string[] = [];
    b.srf.invite(async (request, response) => {
      const dialog = await b.srf.createUAS(request, response, { localSdp: SDP });
      dialog.on('destroy', (_bye, reason) => reasons.push(reason));
    });
    const sipp = await callBySipp(b.port, scenario('caller-without-ack'));
    // T1 40 ms, T2 160 ms: repeated after 40, 120, 280 ms and then every 160 ms until 2,560 ms, if no timer is late.
    const { retransmissionsSent } = b.stats()!;
    expect(retransmissionsSent).toBeLessThanOrEqual(CALLS * 17);
    expect(retransmissionsSent).toBeGreaterThan(CALLS * 10);
    expect(sipp.received(/^SIP\/2\.0 200 /).length).toBe(CALLS + retransmissionsSent);
    expect(sipp.received(/^BYE /).map((bye) => headerOf(bye, 'Reason'))).toEqual(
      Array(CALLS).fill('SIP;cause=200;text="ACK timeout"'),
    );
    expect(reasons).toEqual(Array(CALLS).fill('ACK timeout'));
    expect(b.stats()).toMatchObject({ dialogs: 0, timerExpiries: { ack: CALLS } });
  });
});
