import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runProfile } from '../support/run-profile.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { endSippAfterEach, headerOf, Sipp, scenario, scenarioWith } from './sipp.js';
import { endTrunksAfterEach, TrunkProcess } from './trunk-process.js';

endSippAfterEach();
endTrunksAfterEach();

/** TRANSFER_CALLS for more of them. */
const CALLS = Number(process.env.TRANSFER_CALLS ?? 5);

/** Callers that transfer SIPp, attended, to whoever listens at that port; SIPp calls there in place of the first call. */
async function transfer(port: number) {
  const sipp = await Sipp.callee(CALLS, ['-sf', scenario('callee-transferred')]);
  const { summary, records } = await runProfile(`
name: transfers-sipp
target: sip:test@127.0.0.1:${sipp.port}
load: [{ shape: constant, cps: 10, for: ${CALLS / 10}s }]
calls:
  codecs: [PCMU]
  expectAudio: false
  hold: 20s
  flow:
    - { step: refer, to: "sip:carol@127.0.0.1:${port}", attended: true }
    - hangup
media: { rtpPorts: 17700-17899 }
`);
  expect(await sipp.ended, sipp.errors()).toBe(0);
  expect(sipp.counts()).toMatchObject({ successful: CALLS, failed: 0, unexpected: 0 });
  expect(records.map(({ flow }) => [flow?.result, flow?.reason])).toEqual(Array(CALLS).fill(['passed', null]));
  expect(summary.flow.caller).toMatchObject({ callsPassed: CALLS, callsFailed: 0 });
}

test('SIPp that is transferred, attended, calls SIPp in place of the call that asked it', async () => {
  const carol = await Sipp.callee(2 * CALLS, ['-sf', scenario('callee-answers'), '-trace_msg']);
  await transfer(carol.port);
  expect(await carol.ended, carol.errors()).toBe(0);
  const invites = carol.received(/^INVITE /);
  const asked = new Map(invites.map((text) => [headerOf(text, 'Call-ID'), text]));
  const replacing = invites.filter((text) => headerOf(text, 'Replaces') !== null);
  expect([invites.length, replacing.length]).toEqual([2 * CALLS, CALLS]);
  const answers = carol.messages().filter(({ sent, text }) => sent && /^SIP\/2.0 200/.test(text));
  for (const text of replacing) {
    const [callId, toTag, fromTag] = headerOf(text, 'Replaces')!.split(/;(?:to|from)-tag=/);
    expect(headerOf(asked.get(callId)!, 'From')).toMatch(new RegExp(`tag=${fromTag}$`));
    const answer = answers.find((one) => headerOf(one.text, 'Call-ID') === callId)!;
    expect(headerOf(answer.text, 'To')).toMatch(new RegExp(`tag=${toTag}$`));
  }
});

/** The built-in trunk, with that in its profile. */
function trunkWith(spec: string): Promise<TrunkProcess> {
  const profile = join(temporaryFolder(), 'carol.yaml');
  writeFileSync(profile, `name: carol\nload: [{ shape: constant, cps: 1, for: 1s }]\ntrunk: ${spec}\n`);
  const channels = String(2 * CALLS);
  return TrunkProcess.start(['--channels', channels, '--profile', profile, '--rtp-ports', '17900-17999']);
}

test('the trunk that SIPp is transferred to hangs up the call that the new one takes the place of', async () => {
  const trunk = await trunkWith('{ flow: [answer, expect-hangup] }');
  await transfer(trunk.port);
  const { code, result } = await trunk.interrupt();
  expect(code).toBe(0);
  // The trunk hangs up what was replaced, SIPp what took its place.
  expect(result).toMatchObject({ answered: 2 * CALLS, endedByCaller: CALLS, stillUp: 0 });
  expect(result.flow).toMatchObject({ calls: 2 * CALLS, callsPassed: 2 * CALLS, callsFailed: 0 });
});

test('the trunk takes the REFER of SIPp, and tells how the transfer went', async () => {
  const trunk = await trunkWith('{ transfers: { after: 200ms } }');
  const refers = scenarioWith('caller-refers', 'TARGET', 'sip:agent@pbx.example.test');
  const sipp = await Sipp.caller(trunk.port, CALLS, 20, ['-sf', refers]);
  expect(await sipp.ended, sipp.errors()).toBe(0);
  expect(sipp.counts()).toMatchObject({ successful: CALLS, failed: 0, unexpected: 0 });
  expect(await trunk.interrupt()).toMatchObject({ code: 0, result: { answered: CALLS, endedByCaller: CALLS } });
});
