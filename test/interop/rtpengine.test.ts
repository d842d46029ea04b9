import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { runProfile } from '../support/run-profile.js';
import { bencode, readBencoded } from './bencode.js';
import { endKamailioAfterEach, Kamailio } from './kamailio.js';
import { endRtpEnginesAfterEach, RtpEngine } from './rtpengine.js';

endKamailioAfterEach();
endRtpEnginesAfterEach();

const RTP_PORTS = '25000-25399';
/** What a packet of 20 ms of G.711 is for a relay: header and payload. */
const RTP_BYTES = 172;

/** What the relay says of a call, as far as it is looked at here. */
interface Relayed {
  tags: Record<string, { medias: { streams: RelayedStream[] }[] }>;
  /** Of the reports of the source that they are filed under. */
  SSRC: Record<string, { 'cumulative loss': number; 'average MOS'?: { MOS: number; jitter: number } }>;
}

/** What came from one end: its RTP or its RTCP. */
interface RelayedStream {
  endpoint: { port: number };
  SSRC: number;
  stats: { packets: number; bytes: number; errors: number };
}

/** The RTP and RTCP that the relay got from each end of a call; the caller's is the one that its record names. */
async function relayedOf(rtpengine: RtpEngine, record: CallRecord) {
  const relayed = (await rtpengine.command('query', { 'call-id': record.sipCallIds[0] })) as unknown as Relayed;
  const ends = Object.values(relayed.tags).map(({ medias }) => medias[0].streams);
  const isCaller = ([rtp]: RelayedStream[]): boolean => `127.0.0.1:${rtp.endpoint.port}` === record.localMedia;
  expect(ends.filter(isCaller)).toHaveLength(1);
  const [callerRtp, callerRtcp] = ends.find(isCaller)!;
  const [calleeRtp, calleeRtcp] = ends.find((end) => !isCaller(end))!;
  return { callerRtp, callerRtcp, calleeRtp, calleeRtcp, reports: relayed.SSRC };
}

it('bencode is read as it is written, and nothing else is', () => {
  const value = { command: 'offer', sdp: 'v=0\r\nä', flags: ['a', ''], limit: -3, nested: { list: [{}, []] } };
  expect(readBencoded(Buffer.from(bencode(value)))).toEqual(value);
  for (const text of ['', 'i3', 'd1:a', '5:abc', 'l1:a', '1:ab', 'x:a'])
    expect(() => readBencoded(Buffer.from(text)), text).toThrow('bencode');
});

describe('rtpengine between a run and its trunk', () => {
  it('counts the packets that we count, and hears of the losses and the jitter that the trunk heard', async () => {
    const rtpengine = await RtpEngine.start();
    expect(await rtpengine.command('ping')).toEqual({ result: 'pong' });
    const kamailio = await Kamailio.start('rtpengine', `RTPENGINE="udp:127.0.0.1:${rtpengine.port}"`, 'PLAIN');
    const { summary, records } = await runProfile(`
name: rtpengine
load: [{ shape: constant, cps: 4, for: 1s }]
calls: { hold: 8s, proxy: "${kamailio.uri}" }
media: { rtpPorts: ${RTP_PORTS} }
impairment:
  uplink: [{ kind: loss, ratio: 8%, burst: 2 }, { kind: delay, base: 40ms, keepOrder: true, jitter: { distribution: uniform, spread: 15ms } }]
`);
    expect(summary.calls).toMatchObject({ attempted: 4, completed: 4 });
    for (const record of records) {
      const { callerRtp, callerRtcp, calleeRtp, calleeRtcp, reports } = await relayedOf(rtpengine, record);
      const [up, down] = [record.uplink!, record.downlink!];
      const truth = record.impairment!.uplink;
      expect(record).toMatchObject({ farEnd: 'own', oneWay: null, noMedia: false });
      for (const { stats } of [callerRtp, callerRtcp, calleeRtp, calleeRtcp]) expect(stats.errors).toBe(0);
      expect([callerRtp.SSRC, calleeRtp.SSRC]).toEqual([up.heard!.ssrc, down.heard!.ssrc]);

      // What left our path came to the relay, what the relay got came to the trunk: as long as the trunk listened.
      expect(callerRtp.stats).toMatchObject({ packets: truth.delivered, bytes: truth.delivered * RTP_BYTES });
      const upHeard = up.heard!.packetsReceived + up.heard!.earlyMedia;
      expect(truth.delivered - upHeard).toBeGreaterThanOrEqual(0);
      expect(truth.delivered - upHeard).toBeLessThanOrEqual(4);
      expect(calleeRtp.stats).toMatchObject({ packets: down.packetsSent, bytes: down.packetsSent! * RTP_BYTES });
      const downHeard = down.heard!.packetsReceived + down.heard!.earlyMedia;
      expect(down.packetsSent! - downHeard).toBeGreaterThanOrEqual(0);
      expect(down.packetsSent! - downHeard).toBeLessThanOrEqual(2);
      expect([down.heard!.packetsLost, up.heard!.packetsLost]).toEqual([0, truth.droppedWithin]);

      // The trunk's last report goes with its BYE.
      const ofTrunk = reports[String(down.heard!.ssrc)];
      expect(ofTrunk['cumulative loss']).toBe(up.heard!.rfc3550CumulativeLost);
      expect(ofTrunk['cumulative loss']).toBe(record.rtcp!.farEnd!.cumulativeLost);
      expect(callerRtcp.stats.packets).toBe(record.rtcp!.sent);
      expect(calleeRtcp.stats.packets).toBe(record.rtcp!.received);
      // In whole milliseconds, of single reports: J goes up and down around its mean.
      const { jitter, MOS } = ofTrunk['average MOS']!;
      expect(Math.abs(jitter - up.heard!.jitterMs!)).toBeLessThan(0.5 * up.heard!.jitterMs!);
      // In tenths, by a formula of its own.
      expect(MOS).toBeGreaterThan(10);
      expect(MOS).toBeLessThan(43);
    }
    expect(summary.media.uplink.packetsLost).toBeGreaterThan(50);

    for (const { sipCallIds } of records)
      await rtpengine.command('delete', { 'call-id': sipCallIds[0], 'delete delay': 0 });
    expect(await rtpengine.command('list')).toMatchObject({ calls: [] });
    const gone = rtpengine.command('query', { 'call-id': records[0].sipCallIds[0] });
    await expect(gone).rejects.toThrow('Unknown call-id');
  });
});
