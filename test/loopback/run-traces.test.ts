import { afterEach, describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import type { SipTrace } from '../../src/sip/trace.js';
import { runProfile } from '../support/run-profile.js';
import { headerIn, RawPeer, reply } from './sip-harness.js';

const profile = (load: string, calls: string, rest: string): string => `
name: test
load: [${load}]
calls: { ${calls} }
media: { rtpPorts: 31000-31999 }
${rest}
`;

/** Direction and first words of each message. */
const outline = (trace: SipTrace | null): string[] | undefined =>
  trace?.messages.map(
    ({ direction, text }) =>
      `${direction === 'sent' ? '>' : '<'} ${text.startsWith('SIP/2.0 ') ? text.slice(8, 11) : text.slice(0, text.indexOf(' '))}`,
  );

const raws: RawPeer[] = [];
afterEach(async () => {
  for (const raw of raws.splice(0)) await raw.close();
});

describe('the SIP trace in the call records', () => {
  it('has a refused call’s messages in full, and none of the calls that went well', async () => {
    const { summary, records } = await runProfile(
      profile('{ shape: constant, cps: 20, for: 500ms }', 'hold: 2s', 'trunk: { channels: 5, whenFull: "486" }'),
    );
    const failed = records.filter(({ outcome }) => outcome === 'failed');
    const completed = records.filter(({ outcome }) => outcome === 'completed');
    expect([failed.length, completed.length]).toEqual([5, 5]);
    for (const { trace, trunkTrace, sipCallIds, timings } of failed) {
      expect(outline(trace)).toEqual(['> INVITE', '< 100', '< 486', '> ACK']);
      expect(trunkTrace).toBeNull();
      const [invite, , final, ack] = trace!.messages;
      expect(invite.text).toContain(`Call-ID: ${sipCallIds[0]}\r\n`);
      expect(invite.text).toContain('\r\nm=audio ');
      expect(invite).toMatchObject({ transport: 'udp', repeated: false });
      expect(invite.remote).toBe(final.remote);
      expect(ack.atMs).toBeGreaterThanOrEqual(final.atMs);
      expect(timings.tryingMs).toBeGreaterThanOrEqual(timings.inviteMs!);
      expect(timings.ackMs).toBeGreaterThanOrEqual(timings.tryingMs!);
      expect(Math.abs(invite.atMs - timings.inviteMs!)).toBeLessThan(50);
    }
    for (const { trace, trunkTrace, timings } of completed) {
      expect([trace, trunkTrace]).toEqual([null, null]);
      expect(timings.ackMs).toBeGreaterThanOrEqual(timings.finalMs!);
      expect(timings.ackMs).toBeLessThan(timings.byeMs!);
    }
    expect(summary.sip.server).toMatchObject({ strays: 0, parseErrors: 0, traces: { kept: 5, leftOut: 0 } });
    expect(summary.trunk.own?.server?.traces).toEqual({ kept: 0, leftOut: 0 });
  });

  it('has both sides of a call that was given up, and of one that our trunk dropped', async () => {
    const calls = 'hold: 3s, giveUpAfter: 500ms';
    const given = await runProfile(
      profile('{ shape: constant, cps: 2, for: 500ms }', calls, 'trunk: { answerAfter: 10s }'),
    );
    expect(given.records.map(({ outcome }) => outcome)).toEqual(['cancelled']);
    const [cancelled] = given.records;
    expect(outline(cancelled.trace)?.slice(0, 4)).toEqual(['> INVITE', '< 100', '< 180', '> CANCEL']);
    expect(outline(cancelled.trace)?.slice(4).sort()).toEqual(['< 200', '< 487', '> ACK']);
    expect(outline(cancelled.trunkTrace)?.slice(0, 4)).toEqual(['< INVITE', '> 100', '> 180', '< CANCEL']);
    const dropped = await runProfile(
      profile(
        '{ shape: constant, cps: 2, for: 500ms }',
        'hold: 3s',
        'trunk: { faults: { drop: 100%, dropAfter: 1s } }',
      ),
    );
    const [call] = dropped.records;
    expect(call.outcome).toBe('dropped');
    expect(outline(call.trace)).toEqual(['> INVITE', '< 100', '< 180', '< 200', '> ACK', '< BYE', '> 200']);
    expect(outline(call.trunkTrace)).toEqual(['< INVITE', '> 100', '> 180', '> 200', '< ACK', '> BYE', '< 200']);
    // What crossed the wire is the same on both sides, byte for byte.
    expect(call.trunkTrace!.messages.map(({ text }) => text)).toEqual(call.trace!.messages.map(({ text }) => text));
  });

  it('is of every call where the profile says so, and of none where it says so', async () => {
    const run = (trace: string): Promise<{ records: CallRecord[] }> =>
      runProfile(profile('{ shape: constant, cps: 4, for: 500ms }', 'hold: 300ms', `sip: { trace: ${trace} }`));
    const all = await run('all');
    expect(all.records).toHaveLength(2);
    for (const { trace, outcome } of all.records) {
      expect(outcome).toBe('completed');
      expect(outline(trace)).toEqual(['> INVITE', '< 100', '< 180', '< 200', '> ACK', '> BYE', '< 200']);
    }
    const none = await run('none');
    for (const { trace, timings } of none.records) expect([trace, timings.ackMs]).toEqual([null, null]);
  });

  it('shows each retransmission of an INVITE that is answered late, marked, and the run counts them by method', async () => {
    const peer = await RawPeer.open();
    raws.push(peer);
    const run = runProfile(
      profile('{ shape: constant, cps: 1, for: 1s }', 'hold: 1s', `target: sip:1@127.0.0.1:${peer.port}`),
      { local: '127.0.0.1' },
    );
    const again = await peer.message('INVITE', 1);
    const port = Number(/:(\d+);/.exec(headerIn(again, 'Via'))![1]);
    peer.send(reply(again, '603 Decline', 'far'), port);
    const { records, summary } = await run;
    expect(outline(records[0].trace)).toEqual(['> INVITE', '> INVITE', '< 603', '> ACK']);
    expect(records[0].trace!.messages.map(({ repeated }) => repeated)).toEqual([false, true, false, false]);
    expect(summary.sip.server).toMatchObject({
      retransmissionsSent: { INVITE: 1 },
      timerExpiries: { B: 0, F: 0, H: 0, ack: 0 },
      traces: { kept: 1 },
    });
  });
});
