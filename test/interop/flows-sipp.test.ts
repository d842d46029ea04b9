import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Harness, SDP, until } from '../loopback/sip-harness.js';
import { runProfile } from '../support/run-profile.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { endSippAfterEach, Sipp, scenario, scenarioWith } from './sipp.js';
import { endTrunksAfterEach, TrunkProcess } from './trunk-process.js';

endSippAfterEach();
endTrunksAfterEach();

/** FLOW_CALLS for more of them. */
const CALLS = Number(process.env.FLOW_CALLS ?? 10);

async function endsWell(sipp: Sipp): Promise<void> {
  expect(await sipp.ended, sipp.errors()).toBe(0);
  expect(sipp.counts()).toMatchObject({ successful: CALLS, failed: 0, unexpected: 0 });
}

/** Calls SIPp, each caller by these steps. */
async function callSipp(file: string, steps: string[]) {
  const sipp = await Sipp.callee(CALLS, ['-sf', file, '-trace_msg']);
  const { summary, records } = await runProfile(`
name: flows-sipp
target: sip:test@127.0.0.1:${sipp.port}
load: [{ shape: constant, cps: 20, for: ${CALLS / 20}s }]
calls:
  codecs: [PCMU, PCMA]
  expectAudio: false
  hold: 20s
  flow:
${steps.map((step) => `    - ${step}`).join('\n')}
media: { rtpPorts: 46000-46999 }
`);
  return { sipp, summary, flow: summary.flow.caller!, records };
}

describe('the list of a caller, SIPp being called', () => {
  test('holds, takes back, changes the codec, refreshes, and is refused as it expects', async () => {
    const steps = ['hold', '{ step: wait, for: 200ms }', 'resume', '{ step: reinvite, codecs: [PCMA] }', 'refresh'];
    const refused = '{ step: refresh, method: reinvite, status: 488, name: refused }';
    const { sipp, flow, records } = await callSipp(scenario('callee-session-changes'), [...steps, refused, 'hangup']);
    await endsWell(sipp);
    expect(flow).toMatchObject({ calls: CALLS, callsPassed: CALLS, callsFailed: 0, failedRatio: 0 });
    for (const { started, passed } of flow.steps) expect([started, passed]).toEqual([CALLS, CALLS]);
    for (const { codec, outcome, flow } of records)
      expect([codec, outcome, flow?.stepsDone]).toEqual(['PCMA', 'completed', 7]);
  });

  test('sends digits and gets others', async () => {
    const send = "{ step: send-dtmf, digits: '15#', method: info-dtmf-relay, tone: 120 }";
    const expected = "{ step: expect-dtmf, digits: '7*9', within: 3s }";
    const { sipp, flow, records } = await callSipp(scenario('callee-exchanges-infos'), [send, expected, 'hangup']);
    await endsWell(sipp);
    expect(flow).toMatchObject({ callsPassed: CALLS, callsFailed: 0 });
    for (const { dtmf } of records) expect([dtmf?.uplink.sent, dtmf?.downlink.heard]).toEqual(['15#', '7*9']);
  });

  test('fails at the step that SIPp does not do as expected, says why, and hangs up', async () => {
    const steps = [
      "{ step: send-dtmf, digits: '15#', method: info-dtmf-relay, tone: 120 }",
      "{ step: expect-dtmf, digits: '70' }",
    ];
    const { sipp, summary, flow, records } = await callSipp(scenario('callee-exchanges-infos'), steps);
    await sipp.ended;
    expect(flow).toMatchObject({ callsPassed: 0, callsFailed: CALLS, failedRatio: 1 });
    expect(summary.calls.answered).toBe(CALLS);
    for (const { flow: list, trace } of records) {
      expect(list).toMatchObject({ failedStep: '2 expect-dtmf', reason: 'expected 70, heard 7*' });
      expect(trace).not.toBeNull();
    }
  });
});

test('the list of a callee holds SIPp, which has held it before', async () => {
  const folder = temporaryFolder();
  const profile = join(folder, 'callee.yaml');
  writeFileSync(
    profile,
    'name: callee\nload: [{ shape: constant, cps: 1, for: 1s }]\ntrunk:\n  flow: [ring, answer, { step: wait, for: 800ms }, hold, expect-hangup]\n',
  );
  const trunk = await TrunkProcess.start(['--channels', String(CALLS), '--profile', profile]);
  await endsWell(await Sipp.caller(trunk.port, CALLS, 20, ['-sf', scenario('caller-reinvites')]));
  const { code, result } = await trunk.interrupt();
  expect(code).toBe(0);
  expect(result.flow).toMatchObject({ calls: CALLS, callsPassed: CALLS, callsFailed: 0 });
});

test('the list of a caller transfers SIPp, which tells how that goes', async () => {
  const referred = scenarioWith('callee-referred', 'REFER_TO', 'sip:third@127.0.0.1:5099');
  const { sipp, flow } = await callSipp(referred, ['{ step: refer, to: "sip:third@127.0.0.1:5099" }', 'hangup']);
  await endsWell(sipp);
  expect(flow).toMatchObject({ callsPassed: CALLS, callsFailed: 0 });
});

test('attended, the list asks the target first, and SIPp gets what it is to replace', async () => {
  const h = new Harness();
  const carol = await h.endpoint();
  const asked: string[] = [];
  carol.srf.invite(async (invite, response) => {
    asked.push(invite.body);
    await carol.srf.createUAS(invite, response, { localSdp: SDP.replace('sendrecv', 'inactive') });
  });
  const replaces = `sip:.*127.0.0.1:${carol.port}.*[?]Replaces=.*to-tag%3D.*from-tag%3D`;
  const referred = scenarioWith('callee-referred', 'REFER_TO', replaces);
  const to = `"sip:carol@127.0.0.1:${carol.port}"`;
  const { sipp, flow } = await callSipp(referred, [`{ step: refer, to: ${to}, attended: true }`, 'hangup']);
  await endsWell(sipp);
  expect(flow).toMatchObject({ callsPassed: CALLS, callsFailed: 0 });
  expect(asked).toHaveLength(CALLS);
  for (const offer of asked) expect(offer).toContain('a=inactive');
  // SIPp replaced none of them.
  await until(() => carol.stats()!.dialogs === 0);
  await h.close();
});
