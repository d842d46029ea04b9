import { expect, test } from 'vitest';
import type { SrfDialog } from '../../src/drachtio/srf-types.js';
import { SDP, until } from '../loopback/sip-harness.js';
import { runProfile } from '../support/run-profile.js';
import { endPhonesAndServers, of, phone, serve } from './phone-server.js';

endPhonesAndServers();

test('a caller’s list transfers baresip to a third, which it calls', async () => {
  const carol = await serve();
  const calls: SrfDialog[] = [];
  carol.srf.invite(async (invite, response) => {
    calls.push(await carol.srf.createUAS(invite, response, { localSdp: SDP }));
  });
  const alice = await phone('udp', undefined, 'answermode=auto');
  const target = `sip:carol@127.0.0.1:${carol.sip!.port}`;
  const { summary, records } = await runProfile(`
name: flows-baresip
target: ${of(alice, 'udp')}
load: [{ shape: constant, cps: 1, for: 1s }]
calls:
  codecs: [PCMU]
  expectAudio: false
  flow:
    - { step: wait, for: 300ms }
    - { step: refer, to: "${target}" }
    - hangup
media: { rtpPorts: 46000-46999 }
`);
  expect(records.map(({ flow }) => [flow?.result, flow?.reason])).toEqual([['passed', null]]);
  expect(summary.flow.caller).toMatchObject({ callsPassed: 1, callsFailed: 0 });
  expect(calls).toHaveLength(1);
  await calls[0].destroy();
  await until(() => carol.stats()!.dialogs === 0);
});
