import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { writeRtpHeader } from '../../src/rtp/packet.js';
import { SrtpContext } from '../../src/rtp/srtp.js';
import { SRTP_SUITE_NAMES } from '../../src/rtp/srtp-keys.js';
import { Negotiation } from '../../src/sdp/negotiation.js';
import { runProfile } from '../support/run-profile.js';
import { Harness } from './sip-harness.js';

const harness = new Harness();
afterEach(() => harness.close());

/** Few calls between a swarm and a trunk with suites of their own. */
function profile(calls: string, trunk: string, more = ''): string {
  return `
name: test
load: [{ shape: constant, cps: 4, for: 1s }]
media: { rtpPorts: 37000-37399 }
calls: { hold: 3s, ${calls} }
trunk: { channels: 20, ${trunk} }
${more}
`;
}

describe('a run over SRTP', () => {
  it.each(SRTP_SUITE_NAMES)('with %s is heard both ways with its digits, and rated as without', async (suite) => {
    const { summary, records } = await runProfile(
      profile(
        `srtp: [${suite}], audio: "tone:1000", dtmf: { digits: "15#", after: 1s }`,
        'srtp: [AEAD_AES_128_GCM, AES_CM_128_HMAC_SHA1_80, AES_CM_128_HMAC_SHA1_32]',
      ),
    );
    expect(summary.calls).toMatchObject({ attempted: 4, completed: 4 });
    for (const record of records) {
      expect(record).toMatchObject({ srtp: suite, codec: 'PCMU', oneWay: null, noMedia: false });
      expect(record.dtmf!.uplink).toMatchObject({ sent: '15#', heard: '15#' });
      for (const direction of [record.uplink!, record.downlink!]) {
        expect(direction.heard!).toMatchObject({
          packetsLost: 0,
          unauthenticated: 0,
          replayed: 0,
          undecodable: 0,
          malformed: 0,
          verdict: { state: 'ok' },
        });
        // G.711 without loss.
        expect(direction.heard!.mos!.lq).toBeCloseTo(4.41, 2);
      }
      expect(record.uplink!.heard!.levelDbov!).toBeGreaterThan(-27);
      expect(record.uplink!.heard!.levelDbov!).toBeLessThan(-25);
    }
  });

  it('over node:dgram is the same', async () => {
    const { summary, records } = await runProfile(
      profile('srtp: [AEAD_AES_128_GCM]', 'srtp: [AEAD_AES_128_GCM]').replace('media: {', 'media: { driver: dgram,'),
    );
    expect(summary.calls).toMatchObject({ attempted: 4, completed: 4 });
    for (const { uplink, downlink } of records)
      for (const direction of [uplink!, downlink!])
        expect(direction.heard!).toMatchObject({ packetsLost: 0, unauthenticated: 0, verdict: { state: 'ok' } });
  });

  it('is impaired as without it: what the receiver misses is what the path dropped', async () => {
    const { summary, records } = await runProfile(
      profile(
        'srtp: [AES_CM_128_HMAC_SHA1_80]',
        'srtp: [AES_CM_128_HMAC_SHA1_80]',
        'impairment: { uplink: [{ kind: loss, ratio: 10% }], downlink: [{ kind: delay, base: 40ms }] }',
      ),
    );
    expect(summary.calls).toMatchObject({ attempted: 4, completed: 4 });
    const dropped = records.reduce((sum, record) => sum + record.impairment!.uplink.droppedWithin, 0);
    const lost = records.reduce((sum, record) => sum + record.uplink!.heard!.packetsLost, 0);
    expect(dropped).toBeGreaterThan(20);
    expect(lost).toBe(dropped);
    for (const record of records) {
      expect(record.uplink!.heard!.unauthenticated).toBe(0);
      expect(record.downlink!.heard!).toMatchObject({ packetsLost: 0, unauthenticated: 0 });
    }
  });

  it('is held and taken back with the keys that it had', async () => {
    const { summary, records } = await runProfile(
      profile('srtp: [AES_CM_128_HMAC_SHA1_32], putOnHold: { after: 1s, for: 1s }', 'srtp: [AES_CM_128_HMAC_SHA1_32]'),
    );
    expect(summary.calls).toMatchObject({ attempted: 4, completed: 4 });
    for (const { uplink, downlink } of records)
      for (const direction of [uplink!, downlink!])
        expect(direction.heard!).toMatchObject({ unauthenticated: 0, replayed: 0, verdict: { state: 'ok' } });
  });

  it.each([
    ['of callers with SRTP to a trunk without', 'srtp: [AES_CM_128_HMAC_SHA1_80]', ''],
    ['of callers without SRTP to a trunk with it', '', 'srtp: [AES_CM_128_HMAC_SHA1_80]'],
    ['without a suite in common', 'srtp: [AEAD_AES_128_GCM]', 'srtp: [AES_CM_128_HMAC_SHA1_80]'],
  ])('%s is refused with 488', async (_what, calls, trunk) => {
    const { summary, records } = await runProfile(profile(calls, trunk));
    expect(summary.responses).toEqual({ '488': 4 });
    for (const record of records) expect(record).toMatchObject({ outcome: 'failed', cause: 'status', srtp: null });
  });

  it('hears nothing of a far end that protects with another key than it says, and says so', async () => {
    const suite = 'AES_CM_128_HMAC_SHA1_80';
    const media = createSocket('udp4').bind(0, '127.0.0.1');
    await once(media, 'listening');
    harness.closing(() => new Promise((resolve) => media.close(resolve)));
    const callee = await harness.endpoint();
    const context = new SrtpContext(suite, new Uint8Array(30).fill(7));
    let sent = 0;
    let talking: NodeJS.Timeout | undefined;
    callee.srf.invite(async (invite, response) => {
      const { port } = media.address();
      const local = { address: '127.0.0.1', port, ptimeMs: 20, sessionId: 1 };
      const answer = new Negotiation(local, ['PCMU'], [suite]).answer(invite.body)!;
      const dialog = await callee.srf.createUAS(invite, response, { localSdp: answer.answer });
      dialog.on('destroy', () => clearInterval(talking));
      talking = setInterval(() => {
        const bytes = new Uint8Array(172 + context.overheadBytes);
        writeRtpHeader(bytes, 0, false, 0, sent, sent * 160, 99);
        sent++;
        media.send(bytes.subarray(0, context.protectRtp(bytes, 0, 172)), answer.remote.port, '127.0.0.1');
      }, 20);
    });
    const { summary, records } = await runProfile(`
name: test
target: "sip:x@127.0.0.1:${callee.port}"
load: [{ shape: constant, cps: 1, for: 1s }]
media: { rtpPorts: 37000-37399 }
calls: { hold: 3s, srtp: [${suite}] }
`);
    expect(summary.calls).toMatchObject({ attempted: 1, completed: 1 });
    const [record] = records;
    const heard = record.downlink!.heard!;
    expect(heard.unauthenticated).toBeGreaterThan(80);
    expect(heard).toMatchObject({
      packetsReceived: 0,
      mos: null,
      verdict: { state: 'fault', cause: 'unauthenticated' },
    });
    expect(record.oneWay).toEqual({ direction: 'downlink', cause: 'unauthenticated' });
    expect(summary.media.oneWay.byCause).toEqual({ unauthenticated: 1 });
  });
});
