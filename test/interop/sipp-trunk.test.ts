import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readNumberFile } from '../../src/swarm/number-file.js';
import { runProfile } from '../support/run-profile.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import {
  dropsAt,
  endSippAfterEach,
  headerOf,
  SIPP_MEDIA_PORT,
  Sipp,
  scenario,
  scenarioWith,
  writeSpeech,
} from './sipp.js';

endSippAfterEach();

const ECHO = ['-rtp_echo', '-mp', String(SIPP_MEDIA_PORT)];

const GATES = ['calls.failed == 0', 'calls.dropped == 0', 'media.downlink.unmeasured == 0'];

const profile = (port: number, load: string, calls: string): string => `
name: sipp-trunk
target: sip:test@127.0.0.1:${port}
load: [{ ${load} }]
calls: { ${calls} }
media: { rtpPorts: 22000-23999 }
`;

describe('SIPp as the trunk', () => {
  it('answers 500 calls at 50 a second and echoes their audio; both count the same', async () => {
    const sipp = await Sipp.callee(500, ['-sn', 'uas', ...ECHO]);
    const { summary, records } = await runProfile(
      `${profile(sipp.port, 'shape: constant, cps: 50, for: 10s', 'hold: 1s')}
gates: [${GATES.join(', ')}]
`,
    );
    // What SIPp did not read in time because the machine was busy was no loss of ours; the kernel counts it.
    const echoDrops = dropsAt(SIPP_MEDIA_PORT);
    expect(await sipp.ended).toBe(0);
    expect(sipp.counts()).toMatchObject({ successful: 500, failed: 0, retransmissions: 0, unexpected: 0 });
    expect(summary.calls).toMatchObject({ attempted: 500, answered: 500, completed: 500, failed: 0, notStarted: 0 });
    expect(summary.responses).toEqual({ '200': 500 });
    expect(summary.sip).toMatchObject({ retransmissionsSent: 0, retransmissionsReceived: 0, parseErrors: 0, scr: 1 });
    expect(summary.gates.map(({ expression, pass }) => [expression, pass])).toEqual(
      GATES.map((expression) => [expression, true]),
    );
    // Where others keep the machine busy, a run says that it could not keep its times, and of nothing else.
    for (const { reason } of summary.run.invalidReasons) expect(['pacing-error', 'event-loop-delay']).toContain(reason);
    expect(summary.verdict).toBe(summary.run.valid ? 'pass' : 'invalid');

    const { uplink, downlink, label, unknown } = summary.media;
    expect(label).toBe('loop');
    expect(uplink).toMatchObject({ streams: 0, packetsSent: null, packetsReceived: null, packetsLost: null });
    expect(unknown).toEqual({ uplink: 500, downlink: 0 });
    expect(downlink).toMatchObject({ streams: 500, measured: 500, unmeasured: 0 });
    expect(downlink.packetsSent).toBeGreaterThan(500 * 40);
    expect(downlink.packetsLost).toBeLessThanOrEqual(echoDrops);
    // The last packets before a BYE may come back after the 200 that ends the call, the more so when SIPp is held up.
    const missed = downlink.packetsSent! - downlink.packetsReceived! - echoDrops;
    expect(missed).toBeGreaterThanOrEqual(0);
    expect(missed / downlink.packetsSent!).toBeLessThan(0.002);
    for (const record of records) {
      expect(record).toMatchObject({ farEnd: 'echo', uplink: null, oneWay: null, noMedia: false, byeStatus: 200 });
      expect(record.downlink).toMatchObject({ evidence: 'echo', heard: { echo: true, verdict: { state: 'ok' } } });
    }
    if (echoDrops === 0) expect(downlink.mosLq!.min).toBeCloseTo(4.409, 2);
  });

  it('is called by the numbers of a CSV, whose columns also fill headers', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'numbers.csv');
    writeFileSync(
      file,
      'caller,callee,account\n+4930111,+4989201,A 17\n+4930112,+4989202,B 4\n+4930113,+4989203,C 9\n',
    );
    const sipp = await Sipp.callee(6, ['-sn', 'uas', '-trace_msg']);
    const { summary, records } = await runProfile(
      profile(
        sipp.port,
        'shape: constant, cps: 6, for: 1s',
        `hold: 500ms, numbers: ${file}, from: "{caller}", to: "{callee}",
         headers: { P-Asserted-Identity: "<sip:{caller}@carrier.example>", X-Account: "{account}/[1-9]" }`,
      ),
      { rows: readNumberFile(file) },
    );
    expect(await sipp.ended).toBe(0);
    expect(summary.calls).toMatchObject({ attempted: 6, completed: 6 });
    const invites = sipp.received(/^INVITE /);
    expect(
      invites.map((invite) => [
        /^INVITE (\S+) /.exec(invite)?.[1],
        /^To: <([^>]*)>/m.exec(invite)?.[1],
        /^From: <sip:([^@]*)@127\.0\.0\.1/m.exec(invite)?.[1],
        headerOf(invite, 'P-Asserted-Identity'),
        headerOf(invite, 'X-Account'),
      ]),
    ).toEqual(
      [1, 2, 3, 1, 2, 3].map((n, i) => [
        `sip:+498920${n}@127.0.0.1:${sipp.port}`,
        `sip:+498920${n}@127.0.0.1:${sipp.port}`,
        `+493011${n}`,
        `<sip:+493011${n}@carrier.example>`,
        `${['A 17', 'B 4', 'C 9'][n - 1]}/${i + 1}`,
      ]),
    );
    expect(records.map((r) => [r.from, r.to]).sort()).toEqual(
      [1, 1, 2, 2, 3, 3].map((n) => [`+493011${n}`, `+498920${n}`]),
    );
  });

  it('challenges with 401 and finds the digest of the right password good, of a wrong one bad', async () => {
    const attempt = async (password: string): Promise<{ status: Record<string, number>; requests: string[] }> => {
      const sipp = await Sipp.callee(3, ['-sf', scenario('challenge-401'), '-trace_msg']);
      const { summary, records } = await runProfile(
        profile(
          sipp.port,
          'shape: constant, cps: 3, for: 1s',
          `hold: 300ms, credentials: { username: alice, password: "${password}" }`,
        ),
      );
      expect(await sipp.ended).toBe(0);
      // A challenge and its retry are one attempt.
      expect(summary.calls.attempted).toBe(3);
      expect(records.every((r) => r.tries.length === 1 && r.sipCallIds.length === 1)).toBe(true);
      return { status: summary.responses, requests: sipp.received(/^INVITE /) };
    };
    const good = await attempt('open sesame');
    expect(good.status).toEqual({ '200': 3 });
    expect(good.requests.length).toBe(6);
    const [first, second] = good.requests.filter(
      (text) => headerOf(text, 'Call-ID') === headerOf(good.requests[0], 'Call-ID'),
    );
    expect(headerOf(first, 'Authorization')).toBeNull();
    expect(headerOf(second, 'Authorization')).toContain('qop=auth');
    // RFC 3261 22.2: the same Call-ID, From and To, the next CSeq.
    expect(headerOf(first, 'CSeq')).toBe('1 INVITE');
    expect(headerOf(second, 'CSeq')).toBe('2 INVITE');
    expect(headerOf(second, 'From')).toBe(headerOf(first, 'From'));
    const bad = await attempt('open sesam');
    expect(bad.status).toEqual({ '403': 3 });
  });

  it('challenges with 407 without qop and gets the digest of RFC 2069', async () => {
    const sipp = await Sipp.callee(1, ['-sf', scenario('challenge-407'), '-trace_msg']);
    const { summary } = await runProfile(
      profile(
        sipp.port,
        'shape: constant, cps: 1, for: 1s',
        'hold: 300ms, credentials: { username: alice, password: "open sesame" }',
      ),
    );
    expect(await sipp.ended).toBe(0);
    expect(summary.responses).toEqual({ '200': 1 });
    const header = headerOf(sipp.received(/^INVITE /)[1], 'Proxy-Authorization')!;
    const field = (name: string): string | undefined => new RegExp(`\\b${name}="?([^",]*)"?`).exec(header)?.[1];
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    expect(field('qop')).toBeUndefined();
    expect(field('uri')).toBe(`sip:test@127.0.0.1:${sipp.port}`);
    expect(field('response')).toBe(
      md5(`${md5('alice:carrier.example:open sesame')}:${field('nonce')}:${md5(`INVITE:${field('uri')}`)}`),
    );
  });

  it('rings for ever and is cancelled, by a CANCEL that fits its INVITE', async () => {
    const sipp = await Sipp.callee(4, ['-sf', scenario('ring-only'), '-trace_msg']);
    const { summary, records } = await runProfile(
      profile(sipp.port, 'shape: constant, cps: 4, for: 1s', 'hold: 1s, giveUpAfter: 700ms'),
    );
    expect(await sipp.ended).toBe(0);
    expect(sipp.counts()).toMatchObject({ successful: 4, failed: 0, retransmissions: 0, unexpected: 0 });
    expect(summary.calls).toMatchObject({ attempted: 4, answered: 0, failed: 0, cancelled: 4 });
    expect(summary.responses).toEqual({});
    expect(summary.sip.setupFailureRatio).toBeNull();
    expect(summary.sip.pddMs).not.toBeNull();
    for (const record of records) {
      expect(record).toMatchObject({ outcome: 'cancelled', cause: 'cancelled', status: 487 });
      const [callId] = record.sipCallIds;
      const of = (method: string): string =>
        sipp.received(new RegExp(`^${method} `)).find((text) => headerOf(text, 'Call-ID') === callId)!;
      const [invite, cancel, ack] = [of('INVITE'), of('CANCEL'), of('ACK')];
      // RFC 3261 9.1 and 17.1.1.3: of the INVITE the Request-URI, top Via, From and sequence number; only the ACK has a To tag.
      const uri = (text: string): string => text.split(' ')[1];
      for (const request of [cancel, ack]) {
        expect(uri(request)).toBe(uri(invite));
        for (const name of ['Via', 'From']) expect(headerOf(request, name)).toBe(headerOf(invite, name));
      }
      expect(headerOf(cancel, 'To')).toBe(headerOf(invite, 'To'));
      expect(headerOf(ack, 'To')).toContain(';tag=');
      expect([headerOf(cancel, 'CSeq'), headerOf(ack, 'CSeq')]).toEqual(['1 CANCEL', '1 ACK']);
    }
  });

  it.each([
    ['486 Busy Here', 1],
    ['603 Decline', 1],
    ['404 Not Found', 0],
  ])('refuses with %s, which is counted, acknowledged and judged', async (status, ner) => {
    const code = status.slice(0, 3);
    const sipp = await Sipp.callee(10, ['-sf', scenarioWith('reject', '486 Busy Here', status)]);
    const { summary, records } = await runProfile(
      profile(sipp.port, 'shape: constant, cps: 20, for: 500ms', 'hold: 1s'),
    );
    expect(await sipp.ended).toBe(0);
    expect(sipp.counts()).toMatchObject({ successful: 10, failed: 0, retransmissions: 0, unexpected: 0 });
    expect(summary.calls).toMatchObject({ attempted: 10, answered: 0, failed: 10 });
    expect(summary.responses).toEqual({ [code]: 10 });
    expect(summary.sip).toMatchObject({ setupFailureRatio: 1, ner, asr: 0 });
    expect(summary.sip.srdMs.success).toBeNull();
    expect(summary.sip.srdMs.failure).not.toBeNull();
    for (const record of records)
      expect(record).toMatchObject({ cause: 'status', status: Number(code), reason: status.slice(4), uplink: null });
  });

  it('sends early media, which is counted and kept out of the figures', async () => {
    const sipp = await Sipp.callee(5, ['-sf', scenario('early-media'), ...ECHO]);
    const { summary, records } = await runProfile(
      profile(sipp.port, 'shape: constant, cps: 10, for: 500ms', 'hold: 2s'),
      {},
    );
    expect(await sipp.ended).toBe(0);
    expect(summary.calls).toMatchObject({ attempted: 5, completed: 5 });
    for (const { timings, answeredMs, downlink } of records) {
      expect(timings.ringingMs! - timings.inviteMs!).toBeLessThan(answeredMs! - timings.inviteMs!);
      const heard = downlink!.heard!;
      // A second of it, at 50 packets a second.
      expect(heard.earlyMedia).toBeGreaterThan(40);
      expect(heard.earlyMedia).toBeLessThan(60);
      const missed = downlink!.packetsSent! - heard.earlyMedia - heard.packetsReceived - heard.packetsLost;
      expect(missed).toBeGreaterThanOrEqual(0);
      expect(missed).toBeLessThanOrEqual(2);
      // What the kernel had taken when the answer came is read after it: one packet at the most.
      expect(heard.firstArrivalMs).toBeGreaterThan(answeredMs! - 20);
      expect(heard.verdict.state).toBe('ok');
    }
    // RFC 6076 4.3: the delay to the first sign of life, not to the answer.
    expect(summary.sip.srdMs.success!.p50).toBeLessThan(summary.sip.setupMs!.p50 - 900);
  });

  it('hangs up itself, which is a dropped call of ours', async () => {
    const sipp = await Sipp.callee(5, ['-sf', scenario('callee-hangs-up'), ...ECHO]);
    const { summary, records } = await runProfile(
      profile(sipp.port, 'shape: constant, cps: 10, for: 500ms', 'hold: 10s'),
    );
    expect(await sipp.ended).toBe(0);
    expect(sipp.counts()).toMatchObject({ successful: 5, failed: 0, retransmissions: 0, unexpected: 0 });
    expect(summary.calls).toMatchObject({ attempted: 5, answered: 5, completed: 0, dropped: 5 });
    // RFC 6076 4.9: a session that the far end ends by BYE is complete; it is our plan that it did not keep to.
    expect(summary.sip).toMatchObject({ asr: 1, scr: 1 });
    for (const record of records)
      expect(record).toMatchObject({ outcome: 'dropped', hangupBy: 'remote', byeStatus: null });
  });

  it('moves its audio to another port by a re-INVITE, and is followed there', async () => {
    const sipp = await Sipp.callee(3, ['-sf', scenario('callee-moves'), ...ECHO]);
    const { records } = await runProfile(profile(sipp.port, 'shape: constant, cps: 6, for: 500ms', 'hold: 10s'));
    expect(await sipp.ended).toBe(0);
    expect(sipp.counts()).toMatchObject({ successful: 3, failed: 0, retransmissions: 0, unexpected: 0 });
    expect(records).toHaveLength(3);
    for (const record of records) {
      expect(record.remoteMedia).toBe(`127.0.0.1:${SIPP_MEDIA_PORT + 2}`);
      const heard = record.downlink!.heard!;
      expect(heard.packetsReceived).toBeGreaterThan(90);
      // What was on its way from the old port when the re-INVITE came is from a wrong source, and missed.
      expect(heard.wrongSource).toBeLessThanOrEqual(1);
      expect(heard.packetsLost).toBeLessThanOrEqual(heard.wrongSource);
    }
  });

  it('goes quiet in mid-call, which is one-way audio from there on and a dropped call', async () => {
    const audioCallee = scenarioWith('callee-goes-quiet', 'AUDIO_FILE', writeSpeech());
    const sipp = await Sipp.callee(3, ['-sf', audioCallee]);
    const { summary, records } = await runProfile(
      profile(sipp.port, 'shape: constant, cps: 6, for: 500ms', 'hold: 5s').replace(
        'media: {',
        'media: { timeout: 2s,',
      ),
    );
    expect(await sipp.ended).toBe(0);
    expect(summary.media.oneWay).toMatchObject({ calls: 3, byCause: { stopped: 3 }, byDirection: { downlink: 3 } });
    for (const record of records) {
      expect(record.farEnd).toBe('foreign');
      expect(record.uplink).toMatchObject({ heard: null, edgeLost: null, evidence: null });
      const heard = record.downlink!.heard!;
      expect(heard.packetsReceived).toBeGreaterThan(40);
      expect(heard.packetsReceived).toBeLessThan(60);
      expect(heard.packetsLost).toBe(0);
      expect(heard.longestGapMs).toBeGreaterThan(3500);
    }
    expect(summary.calls).toMatchObject({ attempted: 3, answered: 3, completed: 0, dropped: 3 });
  });
});
