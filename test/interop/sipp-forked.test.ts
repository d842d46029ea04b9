import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SrfRequest } from '../../src/drachtio/srf-types.js';
import { Harness, until } from '../loopback/sip-harness.js';
import { endSippAfterEach, headerOf, Sipp, scenario, scenarioWith } from './sipp.js';

endSippAfterEach();
let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

const CALLS = 5;
const ALL = { successful: CALLS, failed: 0, retransmissions: 0, unexpected: 0 };
/** A callee in a call that a proxy stays in gives the Record-Route back. */
const ROUTED = ['[last_Via:]\n', '[last_Via:]\n[last_Record-Route:]\n'] as const;

/** What srf's own typings leave out. */
interface Proxying {
  proxyRequest(request: SrfRequest, to: string[], options: object): Promise<{ finalStatus: number }>;
}

describe.each(['u1', 't1'])('SIPp calls, and our proxy forks to two SIPps (%s)', (transport) => {
  const over = ['-t', transport, '-trace_msg'];

  async function fork(caller: string, ...callees: string[]) {
    const ends = [];
    for (const file of callees) ends.push(await Sipp.callee(CALLS, ['-sf', file, ...over]));
    const proxy = await h.endpoint();
    const statuses: number[] = [];
    const { proxyRequest } = proxy.srf as unknown as Proxying;
    const suffix = transport === 't1' ? ';transport=tcp' : '';
    const targets = ends.map(({ port }) => `sip:service@127.0.0.1:${port}${suffix}`);
    const options = { forking: 'simultaneous', recordRoute: true };
    proxy.srf.invite((request) => {
      void proxyRequest
        .call(proxy.srf, request, targets, options)
        .then(({ finalStatus }) => statuses.push(finalStatus));
    });
    const sipp = await Sipp.caller(proxy.port, CALLS, 20, ['-sf', caller, ...over]);
    for (const end of [sipp, ...ends]) {
      expect(await end.ended, end.errors()).toBe(0);
      expect(end.counts()).toMatchObject(ALL);
    }
    await until(() => statuses.length === CALLS);
    expect(proxy.stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0, retransmissionsSent: 0 });
    expect(h.fatal).toEqual([]);
    return { sipp, ends, statuses };
  }

  test('one accepts and the other rings: it gets a CANCEL, its 487 stays with the proxy', async () => {
    const accepts = scenarioWith('callee-answers', ...ROUTED);
    const { sipp, ends, statuses } = await fork(scenario('caller-by-proxy'), accepts, scenario('ring-only'));
    expect(statuses).toEqual(Array(CALLS).fill(200));
    expect(sipp.received(/^SIP\/2\.0 (?!1)/).map((text) => headerOf(text, 'CSeq'))).toEqual(
      expect.arrayContaining([...Array(CALLS).fill('1 INVITE'), ...Array(CALLS).fill('2 BYE')]),
    );
    expect(sipp.received(/^SIP\/2\.0 487 /)).toEqual([]);
    expect(ends[1].received(/^CANCEL /)).toHaveLength(CALLS);
    expect(ends[1].received(/^BYE /)).toEqual([]);
  });

  test('both accept, the second despite its CANCEL: SIPp hears of both, and hangs the second up through the proxy', async () => {
    const accepts = scenarioWith('callee-answers', ...ROUTED);
    const late = scenarioWith('callee-answers-cancelled', 'Via:[$via]\n', 'Via:[$via]\nRecord-Route:[$route]\n', {
      'assign_to="via"/>':
        'assign_to="via"/><ereg regexp=".*" search_in="hdr" header="Record-Route:" assign_to="route"/>',
    });
    const { sipp, ends } = await fork(scenario('caller-forked'), accepts, late);
    expect(sipp.received(/^SIP\/2\.0 200 /).filter((text) => headerOf(text, 'CSeq') === '1 INVITE')).toHaveLength(
      2 * CALLS,
    );
    expect(ends.map((end) => end.received(/^BYE /).map((bye) => headerOf(bye, 'CSeq')))).toEqual([
      Array(CALLS).fill('3 BYE'),
      Array(CALLS).fill('2 BYE'),
    ]);
    for (const end of ends) expect(end.received(/^ACK /)).toHaveLength(CALLS);
  });

  test('both refuse: SIPp gets the better of the two responses (RFC 3261 16.7)', async () => {
    const gone = scenarioWith('reject', '486 Busy Here', '404 Not Found');
    const broken = scenarioWith('reject', '486 Busy Here', '503 Service Unavailable');
    const where = '&lt;sip:elsewhere@" search_in="hdr" header="Contact:"';
    const told = scenarioWith('caller-redirected', '302', '404', { [where]: 'tag=" search_in="hdr" header="To:"' });
    const { sipp } = await fork(told, broken, gone);
    expect(sipp.received(/^SIP\/2\.0 [2-6]/).map((text) => text.slice(8, 11))).toEqual(Array(CALLS).fill('404'));
  });
});
