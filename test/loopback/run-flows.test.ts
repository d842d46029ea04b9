import { expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';

const PROFILE = `name: flows
load: [{ shape: constant, cps: 10, for: 1s }]
calls:
  hold: 15s
  audio: silence
  flow:
    - { step: early-media, within: 5s }
    - { step: answer, within: 5s }
    - { step: expect-speech, until: end }
    - { step: send-dtmf, digits: '12#', name: key }
    - { step: expect-dtmf, digits: '9' }
    - { step: repeat, times: 2, steps: [{ step: hold, name: held }, { step: resume, name: back }] }
    - { step: reinvite, codecs: [PCMA] }
    - { step: refer, to: 'sip:third@127.0.0.1', status: 603, name: declined }
    - { step: send-dtmf, digits: '0', method: info-dtmf, name: done }
    - hangup
trunk:
  audio: silence
  expectAudio: false
  flow:
    - early-media
    - { step: play, audio: 'tone:425', for: 200ms }
    - answer
    - { step: say, length: 800ms }
    - { step: expect-dtmf, digits: '12#' }
    - { step: refresh, method: reinvite }
    - { step: send-dtmf, digits: '9', method: inband }
    - { step: expect-dtmf, digits: '0' }
    - expect-hangup
media: { rtpPorts: 46000-46399 }
`;

it('both sides of a run go through their lists: audio, digits, hold, another codec, a declined transfer', async () => {
  const { summary, records } = await runProfile(PROFILE);
  const lists = records.map(({ flow, trunkFlow }) => [
    flow?.reason,
    flow?.stepsDone,
    trunkFlow?.reason,
    trunkFlow?.stepsDone,
  ]);
  expect(lists).toEqual(Array(10).fill([null, 13, null, 9]));
  for (const { outcome, hangupBy, codec, dtmf } of records) {
    expect([outcome, hangupBy, codec]).toEqual(['completed', 'local', 'PCMA']);
    expect([dtmf!.uplink.heard, dtmf!.downlink.heard]).toEqual(['12#0', '9']);
  }
  const { caller, callee } = summary.flow;
  expect(caller).toMatchObject({ calls: 10, callsPassed: 10, callsFailed: 0, callsUnfinished: 0, failedRatio: 0 });
  expect(callee).toMatchObject({ calls: 10, callsPassed: 10 });
  expect(caller!.steps.find(({ name }) => name === 'held')).toMatchObject({ started: 20, passed: 20, failed: 0 });
});
