import { expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';
import { endSippAfterEach, Sipp, scenario } from './sipp.js';

endSippAfterEach();

const CALLS = 5;

it('digits by INFO: SIPp gets what we say, digit by digit, and we get what SIPp says in either form', async () => {
  const sipp = await Sipp.callee(CALLS, ['-sf', scenario('callee-exchanges-infos'), '-trace_msg']);
  const { records } = await runProfile(`
name: infos
target: sip:test@127.0.0.1:${sipp.port}
load: [{ shape: constant, cps: ${CALLS}, for: 1s }]
calls: { hold: 3s, dtmf: { digits: '15#', method: info-dtmf-relay, after: 200ms, tone: 120ms } }
media: { rtpPorts: 44400-44499 }
`);
  expect(await sipp.ended, sipp.errors()).toBe(0);
  expect(sipp.counts()).toMatchObject({ successful: CALLS, failed: 0, unexpected: 0 });
  expect(sipp.received(/^INFO /)).toHaveLength(3 * CALLS);
  expect(records).toHaveLength(CALLS);
  for (const { outcome, dtmf } of records) {
    expect(outcome).toBe('completed');
    expect(dtmf!.uplink.digits.map(({ sent, status }) => [sent, status])).toEqual([
      ['1', 200],
      ['5', 200],
      ['#', 200],
    ]);
    expect(dtmf!.downlink.heard).toBe('7*9');
    expect(dtmf!.downlink.digits.map(({ method, heardDurationMs }) => [method, heardDurationMs])).toEqual([
      ['info-dtmf-relay', 160],
      ['info-dtmf-relay', 90],
      ['info-dtmf', null],
    ]);
  }
});
