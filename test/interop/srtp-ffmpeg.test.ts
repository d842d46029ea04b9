import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Harness, until } from '../loopback/sip-harness.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { freePort } from './ports.js';
import { expectTone, runRecorded } from './recordings.js';
import { isBound } from './sipp.js';

const folder = temporaryFolder();
const running: ChildProcess[] = [];
let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  await h.close();
});

/** AES-128 key and salt of ffmpeg's own, in base64. */
const OWN_KEY = Buffer.from(Array.from({ length: 30 }, (_, i) => i * 7)).toString('base64');

/** ffmpeg in the background, which ends by itself after so many seconds of audio, or 10 s without any. */
function ffmpeg(seconds: number, input: string[], output: string[]): ChildProcess {
  const child = spawn('ffmpeg', ['-y', '-nostdin', '-v', 'error', ...input, '-t', String(seconds), ...output], {
    stdio: 'ignore',
  });
  running.push(child);
  return child;
}

function description(port: number, suite: string, key: string): string {
  const lines = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'];
  const media = [`m=audio ${port} RTP/SAVP 0`, 'a=rtpmap:0 PCMU/8000', `a=crypto:1 ${suite} inline:${key}`];
  return [...lines, ...media, ''].join('\r\n');
}

function profile(target: number, calls: string): string {
  return `
name: ffmpeg
target: "sip:x@127.0.0.1:${target}"
load: [{ shape: constant, cps: 1, for: 1s }]
calls: { hold: 3s, codecs: [PCMU], ${calls} }
media: { rtpPorts: 24300-24399, record: {}, rtcp: { enabled: false } }
`;
}

// Of the suites that we speak, these are what ffmpeg does.
const SUITES = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'];

test.each(SUITES)('ffmpeg opens what we send with %s, by the key in our SDP: the tone is there', async (suite) => {
  const answering = await h.endpoint();
  const port = await freePort(2);
  const heard = join(folder, `${suite}.raw`);
  let listener: ChildProcess | undefined;
  answering.srf.invite(async (invite, response) => {
    const [, offered, key] = /^a=crypto:1 (\S+) inline:([A-Za-z0-9+/=]+)/m.exec(invite.body)!;
    expect(offered).toBe(suite);
    const file = join(folder, `${suite}.sdp`);
    // ffmpeg takes the key of a description for that of what comes.
    writeFileSync(file, description(port, suite, key));
    const input = ['-protocol_whitelist', 'file,udp,rtp,srtp', '-analyzeduration', '0', '-i', file];
    listener = ffmpeg(2, input, ['-f', 's16le', '-ac', '1', '-ar', '8000', '-flush_packets', '1', heard]);
    await until(() => isBound(port));
    await answering.srf.createUAS(invite, response, { localSdp: description(port, suite, OWN_KEY) });
  });
  const calls = `audio: "tone:1000", srtp: [${suite}], expectAudio: false`;
  const { summary } = await runRecorded(profile(answering.port, calls));
  expect(summary.calls).toMatchObject({ attempted: 1, completed: 1 });
  await until(() => listener!.exitCode !== null);
  const samples = new Int16Array(Uint8Array.from(readFileSync(heard)).buffer);
  expectTone({ samples, sampleRate: 8000 }, 1000, { seconds: 0.9 });
});

test.each(SUITES)('we open what ffmpeg seals with %s: the tone is there', async (suite) => {
  const answering = await h.endpoint();
  const port = await freePort(2);
  answering.srf.invite(async (invite, response) => {
    await answering.srf.createUAS(invite, response, { localSdp: description(port, suite, OWN_KEY) });
    const [, there] = /^m=audio (\d+) /m.exec(invite.body)!;
    const tone = ['-re', '-f', 'lavfi', '-i', 'sine=frequency=700:sample_rate=8000'];
    const sealed = ['-c:a', 'pcm_mulaw', '-f', 'rtp', '-srtp_out_suite', suite, '-srtp_out_params', OWN_KEY];
    ffmpeg(30, tone, [...sealed, `srtp://127.0.0.1:${there}?localrtpport=${port}&pkt_size=172`]);
  });
  const { summary, records, recorded } = await runRecorded(profile(answering.port, `srtp: [${suite}]`));
  expect(summary.calls).toMatchObject({ attempted: 1, completed: 1 });
  expect(records[0]).toMatchObject({ srtp: suite, codec: 'PCMU' });
  const { heard } = records[0].downlink!;
  expect(heard).toMatchObject({ unauthenticated: 0, replayed: 0, undecodable: 0, wrongSource: 0, packetsLost: 0 });
  // ffmpeg's sine is an eighth of full scale.
  expectTone([...recorded.values()][0], 700, { amplitude: 32_768 / 8, seconds: 1 });
});
