import { describe, expect, it, vi } from 'vitest';
import { formatAddress } from '../../src/media/addresses.js';
import type { MediaRemote } from '../../src/media/link/messages.js';
import { markerOf, sequenceOf, ssrcOf, timestampOf, writeRtpHeader } from '../../src/rtp/packet.js';
import { MemoryPort } from './memory-net.js';
import { ADDRESS, remoteAt, TwoPlanes } from './two-planes.js';

/** A packet of µ-law silence. */
function packet(sequence: number, ssrc = 99): Uint8Array {
  const bytes = new Uint8Array(172).fill(0xff);
  writeRtpHeader(bytes, 0, false, 0, sequence, sequence * 160, ssrc);
  return bytes;
}

describe('a call between two planes', () => {
  it('is heard in full where nothing is impaired', () => {
    const planes = new TwoPlanes();
    planes.call(1);
    planes.run(10_000);
    const { near, far } = planes.close(1);
    expect(near.sent.packetsSent).toBe(500);
    expect(far.heard.packetsReceived).toBe(500);
    expect(far.heard.packetsLost).toBe(0);
    expect(far.heard.ssrc).toBe(near.sent.ssrc);
    expect(far.heard.firstSequence).toBe(near.sent.firstSequence);
    expect(far.heard.jitterMs).toBeLessThan(0.05);
    expect(far.heard.verdict).toEqual({ state: 'ok', cause: null });
    expect(near.truth.uplink).toMatchObject({ packets: 500, delivered: 500, dropped: 0 });
    expect(near.heard.packetsLost).toBe(0);
  });

  it('loses in each direction exactly what its own pipeline dropped', () => {
    const planes = new TwoPlanes();
    planes.call(1, {}, [{ kind: 'loss', ratio: 0.02, burst: 3 }], [{ kind: 'loss', ratio: 0.1, burst: 1 }]);
    planes.run(60_000);
    const { near, far } = planes.close(1);
    expect(near.truth.uplink.droppedWithin).toBeGreaterThan(20);
    expect(far.heard.packetsLost).toBe(near.truth.uplink.droppedWithin);
    expect(far.heard.packetsReceived).toBe(near.truth.uplink.delivered);
    expect(near.truth.downlink.droppedWithin).toBeGreaterThan(200);
    expect(near.heard.packetsLost).toBe(near.truth.downlink.droppedWithin);
  });

  it('hears the exact delay distribution on the downlink, whatever the tick', () => {
    const jitterAt = (stepMs: number): number | null => {
      const planes = new TwoPlanes();
      planes.call(
        1,
        {},
        [],
        [{ kind: 'delay', base: 100, jitter: { distribution: 'uniform', spread: 30 }, keepOrder: false }],
      );
      planes.run(60_000, stepMs);
      return planes.close(1).near.heard.jitterMs;
    };
    // Uniform ± 30 ms has J ≈ 20 ms (mean difference of two draws); a tick of 4 ms must not add to it.
    expect(jitterAt(4)).toBeGreaterThan(18.5);
    expect(jitterAt(4)).toBeLessThan(21.5);
    // The far end sends on its tick, so its own pacing differs by the tick; the injected delays do not.
    expect(Math.abs(jitterAt(4)! - jitterAt(1)!)).toBeLessThan(0.5);
  });

  it('keeps a constant delay exact: it adds no jitter', () => {
    const planes = new TwoPlanes();
    planes.call(1, {}, [], [{ kind: 'delay', base: 33.3, keepOrder: false }]);
    planes.run(10_000, 2);
    const { near } = planes.close(1);
    expect(near.heard.packetsReceived).toBeGreaterThan(490);
    expect(near.heard.jitterMs).toBeLessThan(0.05);
    expect(near.truth.downlink.delayMeanMs).toBeCloseTo(33.3, 6);
  });

  it('repeats the same impairments for the same seed and name', () => {
    const truth = (): unknown => {
      const planes = new TwoPlanes();
      planes.call(1, {}, [{ kind: 'loss', ratio: 0.05, burst: 2 }]);
      planes.run(20_000);
      return planes.close(1).near.truth.uplink;
    };
    expect(truth()).toEqual(truth());
  });

  it('duplicates on the wire what the pipeline duplicates', () => {
    const planes = new TwoPlanes();
    planes.call(1, {}, [{ kind: 'duplicate', ratio: 0.1 }]);
    planes.run(10_000);
    const { near, far } = planes.close(1);
    expect(near.truth.uplink.duplicated).toBeGreaterThan(20);
    expect(far.heard.duplicates).toBe(near.truth.uplink.duplicated);
    expect(far.heard.packetsLost).toBe(0);
  });

  it('rewrites only the packets of the impaired call, not the shared audio', () => {
    const planes = new TwoPlanes();
    planes.call(1, {}, [{ kind: 'relabel', payloadType: 96 }]);
    planes.call(2);
    planes.run(5000);
    const first = planes.close(1);
    const second = planes.close(2);
    expect(first.far.heard.undecodable).toBeGreaterThan(200);
    expect(first.far.heard.verdict.cause).toBe('undecodable');
    expect(second.far.heard.undecodable).toBe(0);
    expect(second.far.heard.verdict.state).toBe('ok');
  });
});

describe('pacing', () => {
  it('leaves out slots that come late by more than one packet interval, and sends no burst', () => {
    const planes = new TwoPlanes();
    planes.call(1);
    planes.run(1000);
    const before = planes.near.plane.snapshot(planes.clock.now()).packetsSent;
    // The thread was away for 200 ms: ten slots passed.
    planes.run(200, 200);
    const after = planes.near.plane.snapshot(planes.clock.now());
    expect(after.packetsSent - before).toBe(1);
    expect(after.health.slotsSkipped).toBe(9);
    planes.run(1000);
    const { near, far } = planes.close(1);
    // Nothing was lost: the sequence went on where it was, the timestamps passed.
    expect(far.heard.packetsLost).toBe(0);
    expect(far.heard.packetsReceived).toBe(near.sent.packetsSent);
  });

  it('goes on after a stall that is longer than the ring of deadlines', () => {
    const planes = new TwoPlanes();
    planes.call(1);
    planes.run(1000);
    planes.run(3000, 3000);
    planes.run(1000);
    const { far } = planes.close(1);
    expect(far.heard.packetsReceived).toBeGreaterThanOrEqual(100);
    expect(far.heard.packetsReceived).toBeLessThanOrEqual(102);
  });

  it('marks the first packet and the first one after a pause, and no other', () => {
    const planes = new TwoPlanes();
    planes.open(1);
    const marked: boolean[] = [];
    const tap = planes.net.driver().bind('10.0.0.2', 7000);
    if (typeof tap === 'string') throw new Error(tap);
    tap.sink = { onDatagram: (memory, offset) => void marked.push(markerOf(memory.bytes, offset)) };
    const sendTo = (more: Partial<MediaRemote>): void => {
      planes.near.plane.connect(1, remoteAt(7000, { address: '10.0.0.2', ...more }), true, planes.clock.now());
      planes.run(500);
      (tap as MemoryPort).drain();
    };
    sendTo({});
    sendTo({ sends: false });
    const first = marked.length;
    sendTo({});
    expect(first).toBeGreaterThan(20);
    expect(marked.length).toBeGreaterThan(first + 20);
    expect(marked.map((marker, i) => (marker ? i : -1)).filter((i) => i >= 0)).toEqual([0, first]);
  });

  it('spreads the streams over the packet interval', () => {
    const planes = new TwoPlanes();
    for (let call = 1; call <= 40; call++) planes.call(call);
    planes.run(100);
    let most = 0;
    for (let ms = 0; ms < 20; ms++) {
      const before = planes.near.plane.snapshot(planes.clock.now()).packetsSent;
      planes.run(1);
      most = Math.max(most, planes.near.plane.snapshot(planes.clock.now()).packetsSent - before);
    }
    expect(most).toBeLessThanOrEqual(4);
  });

  it('records how late each packet left', () => {
    const planes = new TwoPlanes();
    planes.call(1);
    planes.run(2000, 2);
    const { pacingErrorMs } = planes.near.plane.snapshot(planes.clock.now()).health;
    expect(pacingErrorMs.count).toBe(100);
    expect(pacingErrorMs.max).toBeLessThanOrEqual(2);
  });

  it.each([10, 30, 40, 60])('sends packets of %i ms', (ptimeMs) => {
    const planes = new TwoPlanes();
    planes.call(1, { ptimeMs });
    planes.run(6000);
    const { near, far } = planes.close(1);
    expect(near.sent.packetsSent).toBe(6000 / ptimeMs);
    expect(far.heard.packetsReceived).toBe(6000 / ptimeMs);
    expect(far.heard.jitterMs).toBeLessThan(0.05);
  });

  it('sends no RTP at all from a session without audio, and tells that none of its digits were sent', () => {
    const planes = new TwoPlanes();
    planes.call(1, { audio: 'none' });
    planes.near.plane.sendDigits(1, '12', 100, 60);
    planes.run(3000);
    const { near, far } = planes.close(1);
    expect(near.sent.packetsSent).toBe(0);
    expect(near.sent.firstSentMs).toBeNull();
    expect(far.heard.verdict.cause).toBe('no-rtp');
    expect(planes.near.told.digits).toEqual([{ call: 1, digits: '' }]);
  });

  it('sends digital silence for the source silence', () => {
    const planes = new TwoPlanes();
    planes.call(1, { audio: 'silence' });
    planes.run(10_000);
    const { far } = planes.close(1);
    expect(far.heard.packetsReceived).toBe(500);
    expect(far.heard.silentRatio).toBe(1);
    expect(far.heard.verdict.cause).toBe('silence');
  });
});

describe('hush', () => {
  it('stops sending for good, whatever a later description says, and goes on listening', () => {
    const planes = new TwoPlanes();
    const { far: lease } = planes.call(1);
    planes.run(1000);
    planes.near.plane.hush(1);
    planes.near.plane.connect(1, remoteAt(lease.rtpPort), true, planes.clock.now());
    planes.run(1000);
    const { near, far } = planes.close(1);
    expect(near.sent.packetsSent).toBe(50);
    expect(far.heard.packetsReceived).toBe(50);
    expect(near.heard.packetsReceived).toBe(100);
  });
});

describe('digits', () => {
  it('are heard in order at the far end, and told to have been sent', () => {
    const planes = new TwoPlanes();
    planes.call(1);
    planes.run(500);
    planes.near.plane.sendDigits(1, '1234', 100, 60);
    planes.near.plane.sendDigits(1, '#', 100, 60);
    planes.run(4000);
    expect(planes.near.told.digits).toEqual([
      { call: 1, digits: '1234' },
      { call: 1, digits: '#' },
    ]);
    const { near, far } = planes.close(1);
    expect(near.sent.digits).toBe('1234#');
    expect(far.heard.digits).toBe('1234#');
    expect(far.heard.packetsLost).toBe(0);
    expect(planes.far.plane.snapshot(planes.clock.now()).digitsHeard).toBe(5);
  });

  it('are not sent where telephone-event was not negotiated', () => {
    const planes = new TwoPlanes();
    const { near, far } = planes.open(1);
    planes.near.plane.connect(1, remoteAt(far.rtpPort, { eventPayloadType: null }), true, planes.clock.now());
    planes.far.plane.connect(1, remoteAt(near.rtpPort), true, planes.clock.now());
    planes.near.plane.sendDigits(1, '5', 100, 60);
    planes.run(1000);
    expect(planes.near.told.digits).toEqual([{ call: 1, digits: '' }]);
    expect(planes.close(1).far.heard.digits).toBe('');
  });

  it('vanish on a path that drops events, while the audio goes on', () => {
    const planes = new TwoPlanes();
    planes.call(1, {}, [{ kind: 'drop-events', ratio: 1 }]);
    planes.near.plane.sendDigits(1, '77', 100, 60);
    planes.run(3000);
    const { near, far } = planes.close(1);
    expect(near.sent.digits).toBe('77');
    expect(far.heard.digits).toBe('');
    expect(near.truth.uplink.eventsDropped).toBeGreaterThan(10);
    expect(far.heard.verdict.state).toBe('ok');
  });

  it('that were still waiting at the close are told as far as they were sent', () => {
    const planes = new TwoPlanes();
    planes.call(1);
    planes.near.plane.sendDigits(1, '123456789', 100, 100);
    planes.run(700);
    planes.near.plane.close(1, planes.clock.now());
    planes.run(10);
    const { digits } = planes.near.told.digits[0];
    expect('123456789'.startsWith(digits)).toBe(true);
    expect(digits.length).toBeGreaterThan(0);
    expect(digits.length).toBeLessThan(9);
  });
});

describe('what does not belong to the call', () => {
  it('is counted as of a wrong source and not mixed in', () => {
    const planes = new TwoPlanes();
    const { near } = planes.call(1);
    for (let i = 0; i < 100; i++) {
      planes.net.inject(packet(1000 + i), '10.0.0.9', 4000, ADDRESS, near.rtpPort);
      planes.run(20);
    }
    const report = planes.close(1).near;
    expect(report.heard.wrongSource).toBe(100);
    expect(report.heard.packetsReceived).toBeGreaterThanOrEqual(99);
    expect(report.heard.packetsLost).toBe(0);
    expect(report.truth.downlink.packets).toBe(report.heard.packetsReceived);
  });

  it('is counted as malformed when it is no RTP', () => {
    const planes = new TwoPlanes();
    const { near } = planes.call(1);
    for (let i = 0; i < 10; i++) {
      planes.net.inject(new Uint8Array(i), ADDRESS, 4000, ADDRESS, near.rtpPort);
      planes.run(20);
    }
    expect(planes.near.plane.snapshot(planes.clock.now()).malformed).toBe(10);
    expect(planes.close(1).near.heard.malformed).toBe(10);
    expect(planes.near.plane.snapshot(planes.clock.now()).malformed).toBe(10);
  });

  it('is forgotten when it came before the far end was known and from elsewhere', () => {
    const planes = new TwoPlanes();
    const { near, far } = planes.open(1);
    for (let i = 0; i < 5; i++) planes.net.inject(packet(i), '10.0.0.9', 4000, ADDRESS, near.rtpPort);
    planes.run(100);
    planes.near.plane.connect(1, remoteAt(far.rtpPort), true, planes.clock.now());
    planes.far.plane.connect(1, remoteAt(near.rtpPort), true, planes.clock.now());
    planes.run(1000);
    const { heard } = planes.close(1).near;
    expect(heard.wrongSource).toBe(5);
    expect(heard.ssrc).not.toBe(99);
    expect(heard.packetsLost).toBe(0);
  });

  it('is counted when it is no RTP and no call holds the port', () => {
    const planes = new TwoPlanes();
    const { near } = planes.call(1);
    planes.close(1);
    planes.net.inject(new Uint8Array(3), ADDRESS, 4000, ADDRESS, near.rtpPort);
    planes.net.inject(packet(1), ADDRESS, 4000, ADDRESS, near.rtpPort);
    planes.net.inject(new Uint8Array(40), ADDRESS, 4000, ADDRESS, near.rtcpPort);
    planes.run(20);
    const { malformed, rtcpReceived } = planes.near.plane.snapshot(planes.clock.now());
    expect({ malformed, rtcpReceived }).toEqual({ malformed: 2, rtcpReceived: 0 });
  });

  it('is counted apart when it comes on the RTCP port', () => {
    const planes = new TwoPlanes();
    const { near } = planes.call(1);
    planes.net.inject(Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 7), ADDRESS, 4001, ADDRESS, near.rtcpPort);
    planes.run(20);
    expect(planes.near.plane.snapshot(planes.clock.now()).rtcpReceived).toBe(1);
  });
});

describe('early media', () => {
  it('is taken before the far end is known and before the answer, and counted as early', () => {
    const planes = new TwoPlanes();
    const { near, far } = planes.open(1);
    planes.far.plane.connect(1, remoteAt(near.rtpPort), true, planes.clock.now());
    planes.run(1000);
    planes.near.plane.connect(1, remoteAt(far.rtpPort), false, planes.clock.now());
    planes.run(1000);
    planes.near.plane.connect(1, remoteAt(far.rtpPort), true, planes.clock.now());
    planes.run(3000);
    const { heard } = planes.close(1).near;
    expect(heard.earlyMedia).toBeGreaterThanOrEqual(99);
    expect(heard.earlyMedia).toBeLessThanOrEqual(101);
    expect(heard.wrongSource).toBe(0);
    expect(heard.packetsLost).toBe(0);
  });

  it('is left out of the comparison of what was lost with what was dropped', () => {
    const planes = new TwoPlanes();
    const { near, far } = planes.open(1, {}, [], [{ kind: 'loss', ratio: 0.3, burst: 1 }]);
    planes.far.plane.connect(1, remoteAt(near.rtpPort), true, planes.clock.now());
    planes.near.plane.connect(1, remoteAt(far.rtpPort), false, planes.clock.now());
    planes.run(4000);
    planes.near.plane.connect(1, remoteAt(far.rtpPort), true, planes.clock.now());
    planes.run(4000);
    const { heard, truth } = planes.close(1).near;
    expect(truth.downlink.droppedBefore).toBeGreaterThan(30);
    expect(heard.packetsLost).toBe(truth.downlink.droppedWithin);
    const { droppedBefore, droppedWithin, droppedAfter, dropped } = truth.downlink;
    expect(droppedBefore + droppedWithin + droppedAfter).toBe(dropped);
  });

  it('counts where the answer came while it was under way, and what was dropped behind it', () => {
    const planes = new TwoPlanes();
    for (let call = 1; call <= 8; call++) {
      const { near, far } = planes.open(
        call,
        {},
        [],
        [
          { kind: 'loss', ratio: 0.3, burst: 1 },
          { kind: 'delay', base: 200, keepOrder: true },
        ],
      );
      planes.far.plane.connect(call, remoteAt(near.rtpPort), true, planes.clock.now());
      planes.near.plane.connect(call, remoteAt(far.rtpPort), false, planes.clock.now());
      planes.run(500, 2);
      planes.near.plane.connect(call, remoteAt(far.rtpPort), true, planes.clock.now());
      planes.run(500, 2);
    }
    for (let call = 1; call <= 8; call++) planes.near.plane.close(call, planes.clock.now());
    planes.run(500, 5);
    for (let call = 1; call <= 8; call++) {
      const { heard, truth } = planes.near.told.reports.get(call)!;
      expect(heard.packetsLost).toBe(truth.downlink.droppedWithin);
      const { droppedBefore, droppedWithin, droppedAfter, dropped } = truth.downlink;
      expect(droppedBefore + droppedWithin + droppedAfter).toBe(dropped);
    }
  });
});

describe('an echo as the far end', () => {
  it('brings our own stream back and is said to be one', () => {
    const planes = new TwoPlanes();
    planes.open(1);
    const echo = planes.net.driver().bind('10.0.0.2', 7000);
    if (typeof echo === 'string') throw new Error(echo);
    echo.sink = {
      onDatagram: (memory, offset, length, _arrivalMs, ip, port) => {
        echo.send(memory, offset, length, ip, port, 0);
      },
    };
    planes.near.plane.connect(1, { ...remoteAt(7000), address: '10.0.0.2' }, true, planes.clock.now());
    for (let i = 0; i < 2000; i++) {
      planes.run(1);
      (echo as unknown as { drain(): void }).drain();
    }
    planes.near.plane.close(1, planes.clock.now());
    planes.run(10);
    const { heard, sent } = planes.near.told.reports.get(1)!;
    expect(heard.echo).toBe(true);
    expect(heard.ssrc).toBe(sent.ssrc);
    expect(heard.packetsReceived).toBe(sent.packetsSent);
  });

  it('is none when it has drawn our SSRC for packets of its own: it is heard, we take another one, and once only', () => {
    const planes = new TwoPlanes();
    const { near } = planes.open(1);
    const other = planes.net.driver().bind('10.0.0.2', 7000);
    if (typeof other === 'string') throw new Error(other);
    const reply = new Uint8Array(172).fill(0x20);
    const ssrcs: number[] = [];
    let replies = 0;
    other.sink = {
      onDatagram: ({ bytes }, offset) => {
        // Its sequence numbers and timestamps have nothing to do with ours.
        const sequence = (sequenceOf(bytes, offset) + 20_000) & 0xffff;
        const timestamp = (timestampOf(bytes, offset) + 0x7000_0000) >>> 0;
        ssrcs.push(ssrcOf(bytes, offset));
        // It goes on with our first one, and for the last packets takes the next one too, as a loop would.
        writeRtpHeader(reply, 0, false, 0, sequence, timestamp, ssrcs.length < 40 ? ssrcs[0] : ssrcs[1]);
        planes.net.inject(reply.slice(), '10.0.0.2', 7000, ADDRESS, near.rtpPort);
        replies++;
      },
    };
    planes.near.plane.connect(1, { ...remoteAt(7000), address: '10.0.0.2' }, true, planes.clock.now());
    for (let i = 0; i < 1000; i++) {
      planes.run(1);
      (other as MemoryPort).drain();
    }
    planes.near.plane.close(1, planes.clock.now());
    planes.run(10);
    const { heard, sent } = planes.near.told.reports.get(1)!;
    expect(new Set(ssrcs).size).toBe(2);
    expect(ssrcs.slice(1).every((ssrc) => ssrc === sent.ssrc)).toBe(true);
    expect(heard).toMatchObject({ echo: false, ssrcCollision: true, ssrcChanges: 1, packetsLost: 0 });
    expect(heard.packetsReceived).toBe(replies);
    expect(replies).toBeGreaterThan(45);
  });
});

describe('closing', () => {
  it('lets delayed packets of both directions arrive before the report', () => {
    const planes = new TwoPlanes();
    const delay = [{ kind: 'delay' as const, base: 400, keepOrder: false }];
    planes.call(1, {}, delay, delay);
    planes.run(2000);
    planes.near.plane.close(1, planes.clock.now());
    planes.run(300);
    expect(planes.near.told.reports.has(1)).toBe(false);
    planes.run(200);
    const near = planes.near.told.reports.get(1)!;
    expect(near.sent.packetsSent).toBe(100);
    expect(near.heard.packetsReceived).toBe(near.truth.downlink.delivered);
    planes.far.plane.close(1, planes.clock.now());
    planes.run(10);
    expect(planes.far.told.reports.get(1)!.heard.packetsReceived).toBe(100);
  });

  it('waits for them a second at most', () => {
    const planes = new TwoPlanes();
    planes.call(1, {}, [{ kind: 'delay', base: 5000, keepOrder: false }]);
    planes.run(500);
    planes.near.plane.close(1, planes.clock.now());
    planes.run(999);
    expect(planes.near.told.reports.has(1)).toBe(false);
    planes.run(10);
    expect(planes.near.told.reports.has(1)).toBe(true);
    const sent = vi.spyOn(MemoryPort.prototype, 'send');
    planes.far.plane.hush(1);
    planes.run(6000);
    expect(sent).not.toHaveBeenCalled();
    sent.mockRestore();
  });

  it('keeps the totals of ended calls in the snapshot', () => {
    const planes = new TwoPlanes();
    planes.call(1, {}, [{ kind: 'loss', ratio: 0.1, burst: 1 }]);
    planes.run(5000);
    const { near, far } = planes.close(1);
    const snapshot = planes.far.plane.snapshot(planes.clock.now());
    expect(snapshot.sessions).toBe(0);
    expect(snapshot.packetsReceived).toBe(far.heard.packetsReceived);
    expect(snapshot.packetsLost).toBe(far.heard.packetsLost);
    expect(planes.near.plane.snapshot(planes.clock.now()).truth.uplink).toEqual({
      packets: near.truth.uplink.packets,
      dropped: near.truth.uplink.dropped,
    });
  });
});

describe('a call on hold', () => {
  it('by an address of zeros sends nothing, and still hears the far end where that was', () => {
    for (const latch of ['off', 'follow'] as const) {
      const planes = new TwoPlanes();
      const session = { latch, rtcp: { xr: false } };
      const { far } = planes.call(1, session, [{ kind: 'delay', base: 200, keepOrder: true }]);
      planes.run(1000);
      const held = remoteAt(far.rtpPort, {
        address: '0.0.0.0',
        rtcp: { address: '0.0.0.0', port: far.rtcpPort, mux: false },
      });
      planes.near.plane.connect(1, held, true, planes.clock.now());
      const sent = vi.spyOn(MemoryPort.prototype, 'send');
      planes.run(8000);
      // What was on its way arrives, and nothing more.
      const targets = sent.mock.calls.map(([, , , ip, port]) => `${formatAddress(ip)}:${port}`);
      expect(targets.filter((target) => target === `${ADDRESS}:${far.rtpPort}`)).toHaveLength(10);
      expect(targets.filter((target) => target.startsWith('0.0.0.0'))).toEqual([]);
      expect(targets).not.toContain(`${ADDRESS}:${far.rtcpPort}`);
      sent.mockRestore();
      planes.near.plane.connect(1, remoteAt(far.rtpPort), true, planes.clock.now());
      planes.run(1000);
      const { near } = planes.close(1);
      expect(near.heard).toMatchObject({ wrongSource: 0, packetsLost: 0, verdict: { state: 'ok' } });
      expect(near.rtcp).toMatchObject({ wrongSource: 0 });
      expect(near.sent.packetsSent).toBe(100);
    }
  });

  it('sends nothing, and goes on when it is taken back: with the timestamps of that time, without a packet lost or late', () => {
    const planes = new TwoPlanes();
    const { near, far } = planes.call(1);
    planes.run(1000);
    planes.near.plane.connect(1, remoteAt(far.rtpPort, { sends: false }), true, planes.clock.now());
    planes.far.plane.connect(1, remoteAt(near.rtpPort, { hears: false }), true, planes.clock.now());
    planes.run(2000);
    planes.near.plane.connect(1, remoteAt(far.rtpPort), true, planes.clock.now());
    planes.far.plane.connect(1, remoteAt(near.rtpPort), true, planes.clock.now());
    planes.run(1000);
    const heard = planes.close(1).far.heard;
    expect(heard.packetsReceived).toBeGreaterThan(97);
    expect(heard.packetsReceived).toBeLessThan(103);
    expect(heard).toMatchObject({ packetsLost: 0, lateDiscarded: 0, verdict: { state: 'ok' } });
    expect(heard.longestGapMs!).toBeGreaterThan(1900);
    expect(heard.jitterMaxMs!).toBeLessThan(3);
    // A second before, one after, and one and a half until the far side closes.
    expect(heard.secondsExpected).toBe(4);
  });
});
