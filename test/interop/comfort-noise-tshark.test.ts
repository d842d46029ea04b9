import { expect, it } from 'vitest';
import { capturedRun } from './captured-run.js';

it('tshark sees comfort noise offered, answered, and sent in place of silence: all of it, or the pauses of speech', async () => {
  const { summary, records, wire } = await capturedRun(`
name: comfort-noise
load: [{ shape: constant, cps: 4, for: 1s }]
calls: { hold: 4s, audio: silence, noise: { kind: white, level: -50 }, comfortNoise: true }
trunk: { comfortNoise: true, expectAudio: false }
`);
  expect(summary.calls).toMatchObject({ attempted: 4, completed: 4 });
  for (const filter of ['sip.Method == "INVITE"', 'sip.Status-Code == 200 && sip.CSeq.method == "INVITE"']) {
    const described = wire.rows(`sdp && ${filter}`, ['sdp.media', 'sdp.mime.type']);
    expect(described.length).toBeGreaterThanOrEqual(4);
    for (const [media, types] of described) {
      expect(media).toMatch(/ 13 101$/);
      expect(types.split(',')).toContain('CN');
    }
  }
  const fields = ['udp.srcport', 'rtp.p_type', 'rtp.marker', 'rtp.timestamp', 'rtp.payload'];
  const rows = wire.rows('rtp', fields);
  for (const { localMedia, remoteMedia, uplink, downlink } of records) {
    const [near, far] = [localMedia, remoteMedia].map((address) => rows.filter(([p]) => address!.endsWith(`:${p}`)));
    // 50 dB below overload, and no packet of audio among them.
    expect(near.every(([, type, marker, , payload]) => type === '13' && marker === '0' && payload === '32')).toBe(true);
    const steps = near.slice(1).map((row, i) => (Number(row[3]) - Number(near[i][3]) + 2 ** 32) % 2 ** 32);
    // 200 ms, and as much more as slots were left out because the machine was busy.
    for (const step of steps) expect([step % 160, step >= 1600]).toEqual([0, true]);
    expect(near.length).toBe(uplink!.packetsSent);
    expect(uplink!.heard).toMatchObject({ comfortNoiseDbov: -50, packetsLost: 0, undecodable: 0 });
    expect(far.length).toBe(downlink!.packetsSent);
    const comfort = far.filter(([, type]) => type === '13');
    expect(comfort.length).toBeGreaterThan(0);
    expect(comfort.every(([, , , , payload]) => payload === '7f')).toBe(true);
    for (const [i, [, type, marker]] of far.entries())
      expect(marker).toBe(type === '0' && far[i - 1]?.[1] !== '0' ? '1' : '0');
    expect(downlink!.heard!.comfortNoise + downlink!.heard!.earlyMedia).toBeGreaterThanOrEqual(comfort.length);
  }
});
