import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { audioOf } from '../../src/audio/recording.js';
import { runProfile } from '../support/run-profile.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Few calls between a swarm and a trunk with codecs of their own. */
function profile(calls: string, trunk: string, media = ''): string {
  return `
name: test
load: [{ shape: constant, cps: 4, for: 1s }]
media: { rtpPorts: 36000-36399${media} }
calls: { ${calls} }
trunk: { channels: 20, ${trunk} }
`;
}

describe('a run', () => {
  it.each([
    ['G722', 20, 'G.107.1'],
    ['L16/16000', 10, 'G.107.1'],
    ['opus', 20, 'G.107.2'],
    ['opus', 60, 'G.107.2'],
  ] as const)('with %s every %d ms is heard both ways with its digits and rated on %s', async (codec, ptime, model) => {
    const { summary, records } = await runProfile(
      profile(
        `codecs: [${codec}], ptime: ${ptime}, audio: "tone:1000", hold: 4s, dtmf: { digits: "15#", after: 1s }`,
        `codecs: [${codec}], ptime: ${ptime}`,
      ),
    );
    expect(summary.calls).toMatchObject({ attempted: 4, completed: 4 });
    expect(records.map((r) => r.codec)).toEqual([codec, codec, codec, codec]);
    for (const record of records) {
      const heard = record.uplink!.heard!;
      expect(heard.verdict).toEqual({ state: 'ok', cause: null });
      expect(record.downlink!.heard!.verdict).toEqual({ state: 'ok', cause: null });
      expect(record.dtmf!.uplink).toMatchObject({ sent: '15#', heard: '15#' });
      expect(heard).toMatchObject({ packetsLost: 0, undecodable: 0, malformed: 0 });
      // The tone leaves with −26 dBov.
      expect(heard.levelDbov!).toBeGreaterThan(-27);
      expect(heard.levelDbov!).toBeLessThan(-25);
      expect(heard.mos!.codec).toBe(codec);
      expect(record.uplink!.packetsSent!).toBeGreaterThan(2000 / ptime);
      expect(record.uplink!.packetsSent!).toBeLessThan(4600 / ptime);
    }
    expect(summary.media.uplink).toMatchObject({ measured: 4, mosModel: { model, codec } });
  });

  it('settles on the codec that the answerer prefers, with the packet interval that each side asks for', async () => {
    const { records } = await runProfile(
      profile('codecs: [opus, G722, PCMA], ptime: 20, hold: 3s', 'codecs: [PCMA, G722], ptime: 40'),
    );
    for (const record of records) {
      expect(record.codec).toBe('PCMA');
      // Each sends as the other would like it.
      expect(record.uplink!.packetsSent!).toBeLessThan(100);
      expect(record.downlink!.packetsSent!).toBeGreaterThan(120);
    }
  });

  it.each([
    ['G729', 40, { model: 'G.107', codec: 'G729', ie: 11, bpl: 19, equipmentSource: 'G.113' }, ''],
    [
      'AMR-WB',
      33,
      { model: 'G.107.1', codec: 'AMR-WB', ie: 7, bpl: 4.9, equipmentSource: 'given' },
      ', codecs: { AMR-WB: { ie: 7, bpl: 4.9 } }',
    ],
  ] as const)(
    'with %s carries the frames of a file, loses some and rates them, and claims no level',
    async (codec, bytes, model, media) => {
      const folder = temporaryFolder();
      const file = join(folder, 'frames.bin');
      writeFileSync(file, Buffer.alloc(bytes * 50, 7));
      const side = `codecs: [${codec}, PCMA], ptime: 40, frames: { ${codec}: { file: ${file}, bytes: ${bytes} } }`;
      const { summary, records } = await runProfile(
        `${profile(`hold: 7s, dtmf: { digits: "15#", after: 1s }, ${side}`, side, `, record: {}${media}`)}
impairment: { uplink: [{ kind: loss, ratio: 5% }] }`,
        { onRecording: (_, recording) => expect(audioOf(recording, 10)).toBeNull() },
      );
      expect(summary.calls).toMatchObject({ attempted: 4, completed: 4 });
      for (const record of records) {
        const heard = record.uplink!.heard!;
        expect(record).toMatchObject({ codec, oneWay: null, noMedia: false });
        expect(heard).toMatchObject({ levelDbov: null, silentRatio: null, secondsHeard: null, undecodable: 0 });
        expect(heard.verdict).toEqual({ state: 'ok', cause: null });
        expect(heard.packetsLost).toBe(record.impairment!.uplink.droppedWithin);
        expect(heard.mos).toMatchObject({ codec, ptimeMs: 40 });
        expect(record.downlink!.heard!.mos!.lq).toBeGreaterThan(heard.mos!.lq);
        expect(record.dtmf!.uplink).toMatchObject({ sent: '15#', heard: '15#' });
      }
      expect(summary.media.uplink).toMatchObject({ measured: 4, mosModel: model });
      expect(summary.media.uplink.packetsLost).toBeGreaterThan(10);
    },
  );

  it('decodes G.722 for its level in half of the calls where that is all that it shall', async () => {
    const side = 'codecs: [G722]';
    const { summary, records } = await runProfile(profile(`hold: 3s, ${side}`, side, ', levels: 50%'));
    expect(summary.calls).toMatchObject({ attempted: 4, completed: 4 });
    const known = records.map(({ uplink, downlink }) => [uplink, downlink].map((d) => d!.heard!.levelDbov !== null));
    expect(known.flat().filter((isKnown) => isKnown)).toHaveLength(4);
    expect(records.filter(({ id }) => id % 2 === 1).map((r) => r.downlink!.heard!.levelDbov !== null)).toEqual([
      true,
      true,
    ]);
    expect(summary.media.downlink).toMatchObject({
      measured: 4,
      mosModel: { model: 'G.107.1', scale: 'CQEW', codec: 'G722' },
    });
  });

  it('without a common codec fails with 488', async () => {
    const { summary } = await runProfile(profile('codecs: [PCMU], hold: 1s', 'codecs: [opus, G722]'));
    expect(summary.calls).toMatchObject({ attempted: 4, answered: 0, failed: 4 });
    expect(summary.responses).toEqual({ '488': 4 });
  });

  it('without an offer in the INVITE answers that of the far end with its ACK, and hangs up where it speaks none of it', async () => {
    const good = await runProfile(profile('lateOffer: true, codecs: [G722], hold: 3s', 'codecs: [PCMU, G722]'));
    expect(good.summary.calls).toMatchObject({ attempted: 4, completed: 4 });
    for (const record of good.records) {
      expect(record).toMatchObject({ codec: 'G722', oneWay: null, noMedia: false });
      expect(record.uplink!.heard!.verdict.state).toBe('ok');
      expect(record.downlink!.heard!.verdict.state).toBe('ok');
    }
    const bad = await runProfile(profile('lateOffer: true, codecs: [opus], hold: 3s', 'codecs: [PCMU]'));
    expect(bad.summary.calls).toMatchObject({ attempted: 4, answered: 4, dropped: 4 });
    expect(bad.records.map((r) => r.cause)).toEqual(['codec', 'codec', 'codec', 'codec']);
  });

  it('hears early media before the answer, and keeps it apart', async () => {
    const { summary, records } = await runProfile(
      profile('codecs: [G722], hold: 3s', 'codecs: [G722], earlyMedia: true, answerAfter: 1500ms'),
    );
    expect(summary.calls).toMatchObject({ attempted: 4, completed: 4 });
    for (const record of records) {
      const heard = record.downlink!.heard!;
      expect(heard.earlyMedia).toBeGreaterThan(50);
      expect(heard.packetsReceived).toBeLessThan(170);
      expect(heard).toMatchObject({ packetsLost: 0, verdict: { state: 'ok' } });
      expect(record.timings.finalMs! - record.timings.ringingMs!).toBeGreaterThan(1000);
    }
  });

  it('that puts the far end on hold hears nothing meanwhile, and nobody calls it a fault', async () => {
    const { summary, records } = await runProfile(
      profile('hold: 7s, putOnHold: { after: 2s, for: 3s }', 'answerAfter: 50ms', ', timeout: 1s'),
    );
    expect(summary.calls).toMatchObject({ completed: 4, dropped: 0 });
    expect(summary.media.oneWay.calls).toBe(0);
    for (const record of records) {
      const downlink = record.downlink!;
      expect(downlink.heard!.longestGapMs!).toBeGreaterThan(2500);
      expect(downlink.packetsSent!).toBeGreaterThan(150);
      expect(downlink.packetsSent!).toBeLessThan(250);
      expect(downlink.heard!.packetsLost).toBe(0);
      expect(downlink.heard!.secondsExpected).toBeLessThanOrEqual(5);
      // The holder goes on playing.
      expect(record.uplink!.packetsSent!).toBeGreaterThan(320);
      expect(record.uplink!.heard!.longestGapMs!).toBeLessThan(1000);
    }
  });
});
