import { expect, test } from 'vitest';
import { runProfile } from '../support/run-profile.js';
import { endPhonesAndServers, of, phone } from './phone-server.js';
import { endTrunksAfterEach, TrunkProcess } from './trunk-process.js';

endPhonesAndServers();
endTrunksAfterEach();

test.each(['udp', 'tcp'] as const)('a run calls baresip over %s, which gives its audio back', async (p) => {
  const alice = await phone(p, undefined, 'answermode=auto');
  const { summary, records } = await runProfile(`
name: baresip
target: "${of(alice, p)}"
load: [{ shape: constant, cps: 1, for: 1s }]
calls: { hold: 2s }
media: { rtpPorts: 24500-24999 }
`);
  expect(summary.calls, JSON.stringify(records)).toMatchObject({ attempted: 1, answered: 1, completed: 1 });
  const [established, closed] = [await alice.event('CALL_ESTABLISHED'), await alice.event('CALL_CLOSED')];
  expect(summary.sip).toMatchObject({ retransmissionsSent: 0, retransmissionsReceived: 0, parseErrors: 0 });
  const [record] = records;
  expect(record.sipCallIds).toEqual([established.id]);
  expect(closed.id).toBe(established.id);
  expect(record).toMatchObject({ outcome: 'completed', byeStatus: 200, codec: 'PCMU', oneWay: null, noMedia: false });
  const heard = record.downlink!.heard!;
  expect(heard.verdict.state).toBe('ok');
  // Two seconds at 50 packets a second, less what its audio takes to start and to go round.
  expect(heard.packetsReceived).toBeGreaterThan(50);
  expect(heard.packetsReceived).toBeLessThan(110);
});

test('baresip calls our trunk over UDP and over TCP: both hear each other', async () => {
  const trunk = await TrunkProcess.start(['--channels', '1']);
  for (const p of ['udp', 'tcp'] as const) {
    const alice = await phone(p);
    await alice.command('dial', `sip:1000@127.0.0.1:${trunk.port}${p === 'udp' ? '' : ';transport=tcp'}`);
    const { id } = await alice.event('CALL_ESTABLISHED');
    await alice.event('CALL_RTPESTAB');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await alice.command('hangup');
    expect((await alice.event('CALL_CLOSED')).id).toBe(id);
  }
  const { code, result, notes } = await trunk.interrupt();
  expect([code, notes]).toEqual([0, []]);
  expect(result).toMatchObject({ answered: 2, endedByCaller: 2, silentCalls: 0 });
  expect(result.packetsReceived).toBeGreaterThan(60);
});
