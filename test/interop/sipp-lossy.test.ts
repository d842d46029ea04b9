import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Harness, SDP, until } from '../loopback/sip-harness.js';
import { runProfile } from '../support/run-profile.js';
import { endSippAfterEach, type MessageBook, Sipp, scenario } from './sipp.js';
import { endTrunksAfterEach, TrunkProcess } from './trunk-process.js';

endSippAfterEach();
endTrunksAfterEach();
let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

const CALLS = 40;
/** What is sent again for, or reaches, a call that has ended is in no book of SIPp's; there is little of it. */
const LATE = CALLS / 4;
/** Of what SIPp sends and of what reaches it, one message in ten. */
const LOSSY = ['-lost', '10', '-trace_counts'];

/** What went over the wire by SIPp's books: what it sent and did not lose, what it received or lost. */
function wire(books: MessageBook[]): { toUs: number; fromUs: number } {
  let [toUs, fromUs] = [0, 0];
  for (const { sent, received, lost } of books) {
    if (sent > 0) toUs += sent - lost;
    else fromUs += received + lost;
  }
  return { toUs, fromUs };
}

/** How often one of our requests reached SIPp or was lost by it, beyond once a call: an ACK for each copy of a 2xx. */
function repeated(books: MessageBook[], ...methods: string[]): number {
  const ours = books.filter(({ message }) => methods.some((method) => message.endsWith(`_${method}`)));
  return ours.reduce((sum, { received, lost }) => sum + received + lost - CALLS, 0);
}

function expectNearly(ours: number, sipps: number): void {
  expect(ours).toBeGreaterThanOrEqual(sipps);
  expect(ours).toBeLessThanOrEqual(sipps + LATE);
}

describe('a SIPp that loses one message in ten', () => {
  it('is called by an application: every call succeeds, and the books of both agree', async () => {
    const sipp = await Sipp.callee(CALLS, ['-sf', scenario('callee-on-bad-network'), ...LOSSY]);
    const a = await h.endpoint();
    let ended = 0;
    const calls = Array.from({ length: CALLS }, async () => {
      const dialog = await a.srf.createUAC(`sip:service@127.0.0.1:${sipp.port}`, { localSdp: SDP });
      await dialog.destroy();
      ended++;
    });
    await Promise.all(calls);
    expect(await sipp.ended, sipp.errors()).toBe(0);
    expect(sipp.counts()).toMatchObject({ successful: CALLS, failed: 0 });
    expect(ended).toBe(CALLS);
    const books = sipp.books();
    const { toUs, fromUs } = wire(books);
    expect(a.stats()).toMatchObject({
      timerExpiries: { B: 0, F: 0, H: 0, ack: 0 },
      dialogs: 0,
      malformed: 0,
    });
    expectNearly(a.stats()!.messagesSent, fromUs);
    expectNearly(a.stats()!.messagesReceived, toUs);
    expectNearly(a.stats()!.retransmissionsSent, repeated(books, 'INVITE', 'ACK', 'BYE'));
  });

  it('is called by a run: the summary tells of as many repetitions as SIPp', async () => {
    const sipp = await Sipp.callee(CALLS, ['-sf', scenario('callee-on-bad-network'), ...LOSSY]);
    const { summary, records } = await runProfile(`
name: sipp-lossy
target: sip:test@127.0.0.1:${sipp.port}
load: [{ shape: constant, cps: ${CALLS / 2}, for: 2s }]
calls: { hold: 500ms }
media: { rtpPorts: 22000-23999 }
`);
    expect(await sipp.ended, sipp.errors()).toBe(0);
    expect(sipp.counts()).toMatchObject({ successful: CALLS, failed: 0 });
    expect(summary.calls).toMatchObject({ attempted: CALLS, completed: CALLS, failed: 0, dropped: 0 });
    const books = sipp.books();
    const again = repeated(books, 'INVITE', 'ACK', 'BYE');
    expectNearly(summary.sip.retransmissionsSent!, again);
    // A repeated INVITE shows as a delay of at least T1 of its call, and of no other.
    const slow = records.filter(({ timings }) => timings.finalMs! - timings.inviteMs! >= 490).length;
    expect(slow).toBeLessThanOrEqual(repeated(books, 'INVITE') + books.find((b) => b.message.endsWith('_200'))!.lost);
    expect(slow).toBeGreaterThanOrEqual(Math.min(1, repeated(books, 'INVITE')));
  });

  it('calls an application: every call succeeds, and the books of both agree', async () => {
    const b = await h.endpoint();
    let ended = 0;
    b.srf.invite(async (request, response) => {
      const dialog = await b.srf.createUAS(request, response, { localSdp: SDP });
      dialog.on('destroy', () => ended++);
    });
    const sipp = await Sipp.caller(b.port, CALLS, 40, ['-sf', scenario('caller-on-bad-network'), ...LOSSY]);
    expect(await sipp.ended, sipp.errors()).toBe(0);
    expect(sipp.counts()).toMatchObject({ successful: CALLS, failed: 0 });
    await until(() => ended === CALLS);
    const { toUs, fromUs } = wire(sipp.books());
    expect(b.stats()).toMatchObject({
      timerExpiries: { B: 0, F: 0, H: 0, ack: 0 },
      dialogs: 0,
      malformed: 0,
    });
    expectNearly(b.stats()!.messagesSent, fromUs);
    expectNearly(b.stats()!.messagesReceived, toUs);
  });

  it('calls a trunk: each call is one call for it, however often its requests come', async () => {
    const trunk = await TrunkProcess.start(['--channels', '100']);
    const sipp = await Sipp.caller(trunk.port, CALLS, 40, ['-sf', scenario('caller-on-bad-network'), ...LOSSY]);
    expect(await sipp.ended, sipp.errors()).toBe(0);
    expect(sipp.counts()).toMatchObject({ successful: CALLS, failed: 0 });
    const { code, result } = await trunk.interrupt();
    expect(code).toBe(0);
    expect(result).toMatchObject({ answered: CALLS, refusedFull: 0, refusedTooFast: 0 });
  });
});
