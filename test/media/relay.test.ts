import { describe, expect, it, vi } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import { Rng } from '../../src/core/rng.js';
import type { RelayBlocks } from '../../src/media/link/relay-messages.js';
import { payloadTypeOf, sequenceOf } from '../../src/rtp/packet.js';
import { SrtpContext } from '../../src/rtp/srtp.js';
import { MemoryDriver, MemoryPort } from './memory-net.js';
import { type Came, FAR, PASSES, RELAY, RelayBed, rtcp, rtp } from './relay-bed.js';

const STRANGER = { address: '10.9.9.9', port: 6666 };

function sequences(came: readonly Came[]): number[] {
  return came.map(({ bytes }) => sequenceOf(bytes, 0));
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

describe('a relayed call', () => {
  it('passes RTP both ways as it came, from the port that the other side sends to', () => {
    const bed = new RelayBed();
    const { a, b } = bed.open();
    bed.send('a', a, rtp({ sequence: 1 }));
    bed.send('b', b, rtp({ sequence: 9, ssrc: 0xb0b0 }));
    bed.run(2);
    expect(bed.came.b.map(({ bytes }) => bytes)).toEqual([rtp({ sequence: 1 })]);
    expect(bed.came.a.map(({ bytes }) => bytes)).toEqual([rtp({ sequence: 9, ssrc: 0xb0b0 })]);
    const [toB] = bed.net.port(FAR.b.address, FAR.b.port).queue;
    expect(toB.sourcePort).toBe(b.rtpPort);
    expect(bed.close()).toMatchObject({
      ends: {
        a: {
          local: { address: RELAY, rtpPort: a.rtpPort, rtcpPort: a.rtpPort + 1 },
          remote: FAR.a,
          latched: false,
          received: { packets: 1, bytes: 172 },
          sent: { packets: 1, bytes: 172 },
          streams: [{ ssrc: 0xa0a0, packets: 1, bytes: 172, payloadType: 0 }],
        },
        b: { received: { packets: 1, bytes: 172 }, streams: [{ ssrc: 0xb0b0, packets: 1 }] },
      },
      directions: { aToB: { truth: { packets: 1, delivered: 1, dropped: 0 }, blocked: 0 } },
    });
  });

  it('drops and delays one direction as its truth says, and leaves the other one alone', () => {
    const bed = new RelayBed();
    const { a, b } = bed.open([
      { kind: 'loss', ratio: 0.2, burst: 1 },
      { kind: 'delay', base: 50, keepOrder: true },
    ]);
    for (let i = 0; i < 500; i++) {
      bed.send('a', a, rtp({ sequence: i }));
      bed.send('b', b, rtp({ sequence: i, ssrc: 2 }));
      bed.run(20);
    }
    const { aToB, bToA } = bed.close().directions;
    expect(aToB.truth).toMatchObject({ packets: 500, delayMaxMs: 50 });
    expect(aToB.truth.dropped).toBeGreaterThan(60);
    expect(aToB.truth.dropped).toBeLessThan(140);
    expect(bed.came.b).toHaveLength(aToB.truth.delivered);
    expect(sequences(bed.came.a)).toEqual(upTo(500));
    expect(bToA.truth).toMatchObject({ packets: 500, delivered: 500 });
  });

  it('sends what becomes due while packets are read with them, not with the next tick', () => {
    const bed = new RelayBed();
    const { a } = bed.open([{ kind: 'delay', base: 11, keepOrder: true }]);
    bed.send('a', a, rtp({ sequence: 1 }));
    bed.run(10);
    const sentMs = bed.clock.now() - 10;
    const read = vi.spyOn(MemoryDriver.prototype, 'poll').mockImplementationOnce(() => bed.clock.advance(1.5));
    bed.plane.tick(bed.clock.now());
    expect(read).toHaveBeenCalledOnce();
    read.mockRestore();
    expect(bed.came.b.map(({ atMs }) => atMs - sentMs)).toEqual([11.5]);
  });

  it('decides by seed and name: the same calls lose the same packets, others lose others', () => {
    const lossy = (name: string): number[] => {
      const bed = new RelayBed();
      const { a } = bed.open([{ kind: 'loss', ratio: 0.3, burst: 2 }], [], { spec: { name } });
      bed.talk('a', a, 200);
      return sequences(bed.came.b);
    };
    expect(lossy('x')).toEqual(lossy('x'));
    expect(lossy('x')).not.toEqual(lossy('y'));
  });

  it('lets delayed packets go when it is closed, takes nothing new, and gives both pairs back', () => {
    const bed = new RelayBed();
    const { a, b } = bed.open([{ kind: 'delay', base: 400, keepOrder: true }]);
    bed.send('a', a, rtp({ sequence: 1 }));
    bed.run(10);
    bed.tell({ kind: 'close', call: 1 });
    bed.send('a', a, rtp({ sequence: 2 }));
    bed.run(500);
    expect(sequences(bed.came.b)).toEqual([1]);
    expect(bed.events.filter(({ kind }) => kind === 'closed')).toHaveLength(1);
    bed.run(3000);
    bed.plane.lease(2, RELAY);
    bed.run(2);
    expect(bed.leases.map(({ pair }) => pair).sort()).toEqual([a.pair, b.pair].sort());
  });

  it('sends nothing after it has ended, also of what was to come later: its ports are another call’s by then', () => {
    const bed = new RelayBed();
    const slow = bed.open([{ kind: 'delay', base: 5000, keepOrder: true }]);
    bed.send('a', slow.a, rtp({ sequence: 1 }));
    bed.run(10);
    bed.close();
    bed.run(2000);
    const next = bed.open([], [], { spec: { call: 2 }, remotes: { a: null, b: null } });
    for (const side of ['a', 'b'] as const) bed.tell({ kind: 'connect', call: 2, side, remote: { rtp: FAR[side] } });
    expect([next.a.pair, next.b.pair].sort()).toEqual([slow.a.pair, slow.b.pair].sort());
    bed.send('a', next.a, rtp({ sequence: 2, ssrc: 0xbeef }));
    bed.run(4000);
    expect(sequences(bed.came.b)).toEqual([2]);
  });

  it('answers the closing of a call that is not up, and the question for it, with null', () => {
    const bed = new RelayBed();
    bed.tell({ kind: 'close', call: 7 });
    bed.tell({ kind: 'query', call: 7 });
    expect(bed.events).toEqual([
      { kind: 'closed', call: 7, report: null },
      { kind: 'report', call: 7, report: null },
    ]);
  });

  it('counts what cannot be sent on, for want of a far end', () => {
    const bed = new RelayBed();
    const { a } = bed.open([], [], { remotes: { b: null } });
    bed.talk('a', a, 3);
    expect(bed.report().ends.b).toMatchObject({ remote: null, unsendable: 3, sent: { packets: 0 } });
    bed.connect('b', { rtp: FAR.b });
    bed.talk('a', a, 2, 3);
    expect(sequences(bed.came.b)).toEqual([3, 4]);
  });

  it('throws away traffic that is blocked, counted apart from what impairments drop', () => {
    const bed = new RelayBed();
    const { a, b } = bed.open();
    bed.tell({ kind: 'block', call: 1, direction: 'aToB', blocks: { ...PASSES, traffic: true } });
    bed.talk('a', a, 4);
    bed.sendRtcp('a', a, rtcp(1));
    bed.send('b', b, rtp({ sequence: 1 }));
    bed.run(2);
    bed.tell({ kind: 'block', call: 1, direction: 'aToB', blocks: PASSES });
    bed.talk('a', a, 2, 4);
    expect(sequences(bed.came.b)).toEqual([4, 5]);
    expect(bed.rtcpCame.b).toEqual([]);
    expect(bed.came.a).toHaveLength(1);
    expect(bed.close().directions.aToB).toMatchObject({ blocked: 4, truth: { packets: 2, dropped: 0 } });
  });

  it.each<[keyof RelayBlocks, number[]]>([
    ['media', [101]],
    ['events', [0, 8, 9, 18]],
  ])('blocks %s and lets all else through, RTCP too', (what, left) => {
    const bed = new RelayBed();
    const payloadTypes = { 0: 'PCMU', 8: 'PCMA', 9: 'G722', 18: 'G729', 101: 'telephone-event' };
    const { a } = bed.open([], [], { remotes: { a: { payloadTypes } } });
    bed.tell({ kind: 'block', call: 1, direction: 'aToB', blocks: { ...PASSES, [what]: true } });
    for (const [i, type] of [0, 8, 9, 18, 101].entries()) bed.send('a', a, rtp({ sequence: i, payloadType: type }));
    bed.sendRtcp('a', a, rtcp(1));
    bed.run(2);
    expect(bed.came.b.map(({ bytes }) => payloadTypeOf(bytes, 0))).toEqual(left);
    expect(bed.rtcpCame.b).toHaveLength(1);
    expect(bed.close().directions.aToB).toMatchObject({ blocked: 5 - left.length, silenced: 0 });
  });

  it('silences audio of G.711 and G.722, and leaves other codecs and digits as they are', () => {
    const bed = new RelayBed();
    const payloadTypes = { 0: 'PCMU', 8: 'PCMA', 18: 'G729', 96: 'G722', 101: 'telephone-event' };
    const { a } = bed.open([], [], { remotes: { a: { payloadTypes } } });
    bed.tell({ kind: 'block', call: 1, direction: 'aToB', blocks: { ...PASSES, silence: true } });
    const types = [0, 8, 96, 18, 101];
    for (const [i, type] of types.entries()) bed.send('a', a, rtp({ sequence: 7 + i, payloadType: type }));
    bed.run(2);
    const silent = [0xff, 0xd5, 0xfa, 10, 11];
    expect(bed.came.b.map(({ bytes }) => bytes)).toEqual(
      types.map((payloadType, i) => rtp({ sequence: 7 + i, payloadType }).fill(silent[i], 12)),
    );
    expect(bed.close().directions.aToB).toMatchObject({ blocked: 0, silenced: 3, truth: { packets: 5, recoded: 0 } });
  });

  it('changes the impairments of a direction: what is under way arrives, and the truth is of both', () => {
    const bed = new RelayBed();
    const { a } = bed.open([{ kind: 'delay', base: 100, keepOrder: true }]);
    bed.talk('a', a, 10);
    bed.tell({
      kind: 'impair',
      call: 1,
      direction: 'aToB',
      pipeline: [{ kind: 'loss', ratio: 1, burst: 1 }],
      name: 'outage',
    });
    bed.talk('a', a, 5, 10);
    bed.tell({ kind: 'impair', call: 1, direction: 'aToB', pipeline: [], name: 'clean' });
    bed.talk('a', a, 5, 15);
    expect(sequences(bed.came.b)).toEqual([...upTo(10), 15, 16, 17, 18, 19]);
    expect(bed.close().directions.aToB.truth).toMatchObject({
      packets: 20,
      delivered: 15,
      dropped: 5,
      droppedBefore: 0,
      droppedWithin: 5,
      droppedAfter: 0,
      delayMaxMs: 100,
      periods: [
        { name: 'at first', packets: 10, dropped: 0 },
        { name: 'outage', packets: 5, dropped: 5 },
        { name: 'clean', packets: 5, dropped: 0 },
      ],
    });
  });

  it('says since when it was as it was before its first impairments, also where those were none', () => {
    const bed = new RelayBed();
    const { a } = bed.open();
    bed.run(300);
    const firstMs = bed.clock.now();
    bed.talk('a', a, 10);
    const changedMs = bed.clock.now();
    bed.tell({
      kind: 'impair',
      call: 1,
      direction: 'aToB',
      pipeline: [{ kind: 'loss', ratio: 1, burst: 1 }],
      name: 'outage',
    });
    bed.talk('a', a, 5, 10);
    expect(bed.close().directions.aToB.truth.periods).toEqual([
      { name: 'at first', fromMs: firstMs, packets: 10, dropped: 0 },
      { name: 'outage', fromMs: changedMs, packets: 5, dropped: 5 },
    ]);
  });

  it('goes over to another port towards one side where a stage says so, and what comes to the old one is lost', () => {
    const bed = new RelayBed();
    const { a, b } = bed.open([{ kind: 'port-change', after: 100 }]);
    for (let i = 0; i < 20; i++) {
      bed.send('a', a, rtp({ sequence: i }));
      bed.send('b', b, rtp({ sequence: i, ssrc: 2 }));
      bed.run(20);
    }
    const ports = bed.net.port(FAR.b.address, FAR.b.port).queue.map(({ sourcePort }) => sourcePort);
    expect(sequences(bed.came.b)).toEqual(upTo(20));
    expect(ports.slice(0, 5)).toEqual(new Array(5).fill(b.rtpPort));
    const [moved] = new Set(ports.slice(5));
    expect(ports.slice(5)).toEqual(new Array(15).fill(moved));
    expect(moved).not.toBe(b.rtpPort);
    // Towards A nothing has moved: what B sent to the port that it was told of came through until that was dead.
    expect(sequences(bed.came.a)).toEqual(upTo(5));
    bed.send('b', { ...b, rtpPort: moved }, rtp({ sequence: 20, ssrc: 2 }));
    bed.run(2);
    expect(sequences(bed.came.a)).toEqual([...upTo(5), 20]);
    expect(bed.close().directions.aToB.truth).toMatchObject({ dropped: 0, faults: { 'port-change': 1 } });
  });

  it('knows what the payload types of a side mean', () => {
    const bed = new RelayBed();
    const { a, b } = bed.open([{ kind: 'drop-events', ratio: 1 }], [{ kind: 'drop-events', ratio: 1 }], {
      remotes: { a: { payloadTypes: { 0: 'PCMU', 97: 'telephone-event' } } },
    });
    for (const [side, lease] of [
      ['a', a],
      ['b', b],
    ] as const) {
      bed.send(side, lease, rtp({ sequence: 1, payloadType: 97 }));
      bed.send(side, lease, rtp({ sequence: 2, payloadType: 0 }));
    }
    bed.run(2);
    expect(bed.came.b.map(({ bytes }) => payloadTypeOf(bytes, 0))).toEqual([0]);
    expect(bed.came.a.map(({ bytes }) => payloadTypeOf(bytes, 0))).toEqual([97, 0]);
  });

  it('tells once that nothing came from either end for the media timeout, and again after more of it', () => {
    const bed = new RelayBed();
    const { a } = bed.open([], [], { spec: { mediaTimeoutMs: 1000 } });
    const told = (): number => bed.events.filter(({ kind }) => kind === 'timeout').length;
    bed.talk('a', a, 100);
    expect(told()).toBe(0);
    bed.run(5000);
    expect(told()).toBe(1);
    bed.sendRtcp('a', a, rtcp(1));
    bed.run(900);
    expect(told()).toBe(1);
    bed.run(2200);
    expect(told()).toBe(2);
  });

  it('counts what is no RTP, and none of it goes on', () => {
    const bed = new RelayBed();
    const { a } = bed.open();
    for (const bytes of [new Uint8Array(0), new Uint8Array(11), new Uint8Array(200).fill(0xff), rtcp(1)])
      bed.send('a', a, bytes);
    bed.net.inject(new Uint8Array(40), FAR.a.address, FAR.a.port + 1, RELAY, a.rtcpPort);
    bed.run(2);
    expect(bed.came.b).toEqual([]);
    expect(bed.close().ends.a).toMatchObject({ malformed: 5, received: { packets: 0 } });
  });
});

describe('the totals of a relay', () => {
  it('are added up over some ticks, and are those of all calls, also of such as ended meanwhile', () => {
    const bed = new RelayBed();
    const calls = 40;
    for (let i = 0; i < 2 * calls; i++) bed.tell({ kind: 'bind', request: i, address: RELAY, port: 9000 + 2 * i });
    const leases = bed.events
      .splice(0)
      .flatMap((event) => (event.kind === 'bound' && event.lease ? [event.lease] : []));
    for (let call = 0; call < calls; call++) {
      const [a, b] = leases.slice(2 * call);
      const pipelines = { aToB: [{ kind: 'loss' as const, ratio: 1, burst: 1 }], bToA: [] };
      const pairs = { a: a.pair, b: b.pair };
      bed.tell({ kind: 'open', spec: { call, name: `${call}`, pairs, pipelines, mediaTimeoutMs: 0 } });
      bed.tell({ kind: 'connect', call, side: 'a', remote: { rtp: FAR.a } });
      bed.tell({ kind: 'connect', call, side: 'b', remote: { rtp: FAR.b } });
      bed.send('a', a, rtp({ sequence: 1 }));
      bed.send('b', b, rtp({ sequence: 1 }));
    }
    bed.run(2);
    bed.plane.relay.tell();
    // The last one ends before it was added up.
    bed.tell({ kind: 'close', call: calls - 1 });
    bed.run(6);
    const [snapshot, ...more] = bed.events.flatMap((event) => (event.kind === 'snapshot' ? [event.snapshot] : []));
    expect(more).toEqual([]);
    expect(snapshot).toMatchObject({
      calls: calls - 1,
      directions: {
        aToB: { received: calls, packets: calls, dropped: calls, sent: 0, delayMeanMs: null },
        bToA: { received: calls, sent: calls, dropped: 0, delayMeanMs: 0 },
      },
      wrongSource: 0,
    });
    bed.plane.relay.tell();
    bed.run(6);
    const last = bed.events.findLast((event) => event.kind === 'snapshot');
    expect(last?.kind === 'snapshot' && last.snapshot.directions).toEqual(snapshot.directions);
  });
});

describe('the source of relayed RTP', () => {
  it('is the described one: a flood from elsewhere neither gets through nor moves anything', () => {
    const bed = new RelayBed();
    const { a, b } = bed.open();
    for (let i = 0; i < 1000; i++) bed.send('a', a, rtp({ sequence: i, ssrc: 666 }), STRANGER);
    bed.talk('a', a, 3);
    bed.send('b', b, rtp({ sequence: 1 }));
    bed.run(2);
    expect(sequences(bed.came.b)).toEqual([0, 1, 2]);
    expect(bed.came.a).toHaveLength(1);
    expect(bed.report().ends.a).toMatchObject({ wrongSource: 1000, remote: FAR.a, streams: [{ ssrc: 0xa0a0 }] });
  });

  it('is latched to the first packet, for good, and answers go there', () => {
    const bed = new RelayBed();
    const elsewhere = { address: '10.0.0.2', port: 4444 };
    const behindNat = bed.listen(elsewhere.address, elsewhere.port);
    const { a, b } = bed.open([], [], { remotes: { a: { latch: 'first' } } });
    bed.send('a', a, rtp({ sequence: 1 }), elsewhere);
    bed.run(2);
    for (let i = 0; i < 100; i++) bed.send('a', a, rtp({ sequence: 50 + i, ssrc: 666 }), STRANGER);
    bed.send('b', b, rtp({ sequence: 7 }));
    bed.run(2);
    expect(sequences(bed.came.b)).toEqual([1]);
    expect(sequences(behindNat)).toEqual([7]);
    expect(bed.report().ends.a).toMatchObject({ latched: true, remote: elsewhere, wrongSource: 100 });
  });

  it('follows a stream to another port, and no other stream while that one is heard', () => {
    const bed = new RelayBed();
    const moved = { address: '10.0.0.2', port: 4446 };
    const atNewPort = bed.listen(moved.address, moved.port);
    const { a, b } = bed.open([], [], { remotes: { a: { latch: 'follow' } } });
    bed.talk('a', a, 3);
    bed.send('a', a, rtp({ sequence: 30, ssrc: 666 }), STRANGER);
    bed.send('a', a, rtp({ sequence: 3 }), moved);
    bed.send('b', b, rtp({ sequence: 1 }));
    bed.run(2);
    expect(sequences(bed.came.b)).toEqual([0, 1, 2, 3]);
    expect(sequences(atNewPort)).toEqual([1]);
    expect(bed.report().ends.a).toMatchObject({ wrongSource: 1, latched: true, remote: moved });
  });

  it('is learned where nobody described it, whatever the latching', () => {
    const bed = new RelayBed();
    const { a, b } = bed.open([], [], { remotes: { a: { rtp: null }, b: { rtp: null } } });
    bed.talk('b', b, 1);
    bed.talk('a', a, 2);
    bed.talk('b', b, 1, 1);
    bed.send('a', a, rtp({ sequence: 9 }), STRANGER);
    bed.run(2);
    expect(sequences(bed.came.b)).toEqual([0, 1]);
    expect(sequences(bed.came.a)).toEqual([1]);
    expect(bed.report().ends).toMatchObject({ a: { remote: FAR.a, wrongSource: 1 }, b: { remote: FAR.b } });
    // What was learned stays when the door says the same again.
    bed.connect('a', { rtp: null });
    bed.talk('b', b, 1, 2);
    expect(sequences(bed.came.a)).toEqual([1, 2]);
  });

  it('that is not strict lets packets from elsewhere through, counts them, and still sends to the far end', () => {
    const bed = new RelayBed();
    const { a, b } = bed.open([], [], { remotes: { a: { strictSource: false } } });
    bed.send('a', a, rtp({ sequence: 5 }), STRANGER);
    bed.send('b', b, rtp({ sequence: 6 }));
    bed.run(2);
    expect(sequences(bed.came.b)).toEqual([5]);
    expect(sequences(bed.came.a)).toEqual([6]);
    expect(bed.report().ends.a).toMatchObject({ wrongSource: 1, remote: FAR.a });
  });

  it('that is described anew is the new one, at once', () => {
    const bed = new RelayBed();
    const { a } = bed.open();
    bed.talk('a', a, 1);
    bed.connect('a', { rtp: STRANGER });
    bed.send('a', a, rtp({ sequence: 1 }));
    bed.send('a', a, rtp({ sequence: 2 }), STRANGER);
    bed.run(2);
    expect(sequences(bed.came.b)).toEqual([0, 2]);
  });
});

describe('RTCP of a relayed call', () => {
  it('goes from the port above RTP to the port above RTP, and no impairment touches it', () => {
    const bed = new RelayBed();
    const { a, b } = bed.open([
      { kind: 'loss', ratio: 0.9, burst: 1 },
      { kind: 'delay', base: 500, keepOrder: true },
    ]);
    for (let i = 0; i < 50; i++) bed.sendRtcp('a', a, rtcp(i));
    bed.run(2);
    expect(bed.rtcpCame.b.map(({ bytes }) => bytes)).toEqual(upTo(50).map((i) => rtcp(i)));
    expect(bed.net.port(FAR.b.address, FAR.b.port + 1).queue[0].sourcePort).toBe(b.rtcpPort);
    expect(bed.close().ends).toMatchObject({
      a: { rtcpReceived: { packets: 50, bytes: 400 } },
      b: { rtcpSent: { packets: 50, bytes: 400 } },
    });
  });

  it('is dropped where the path drops everything', () => {
    const bed = new RelayBed();
    const { a } = bed.open([{ kind: 'loss', ratio: 1, burst: 1 }]);
    bed.sendRtcp('a', a, rtcp(1));
    bed.run(2);
    expect(bed.rtcpCame.b).toEqual([]);
    bed.tell({ kind: 'impair', call: 1, direction: 'aToB', pipeline: [], name: 'clean' });
    bed.sendRtcp('a', a, rtcp(1));
    bed.run(2);
    expect(bed.rtcpCame.b).toHaveLength(1);
  });

  it('crosses from a side that muxes to one that does not, and back', () => {
    const bed = new RelayBed();
    const { a, b } = bed.open([], [], { remotes: { a: { rtcp: 'mux' } } });
    bed.send('a', a, rtcp(1));
    bed.sendRtcp('b', b, rtcp(2));
    // RTCP on the port of RTP is none of this side's.
    bed.send('b', b, rtcp(3));
    // From elsewhere, even to the right port.
    bed.send('a', a, rtcp(4), STRANGER);
    bed.run(2);
    expect(bed.rtcpCame.b.map(({ bytes }) => bytes)).toEqual([rtcp(1)]);
    expect(bed.came.a.map(({ bytes }) => bytes)).toEqual([rtcp(2)]);
    expect(bed.report().ends).toMatchObject({ a: { wrongSource: 1 }, b: { malformed: 1 } });
  });

  it('goes to the address that was described for it, and is taken from no other', () => {
    const bed = new RelayBed();
    const place = { address: '10.0.0.7', port: 7001 };
    const came = bed.listen(place.address, place.port);
    const { a, b } = bed.open([], [], { remotes: { b: { rtcp: place } } });
    bed.sendRtcp('a', a, rtcp(1));
    bed.sendRtcp('b', b, rtcp(2));
    bed.sendRtcp('b', b, rtcp(3), place, place.port);
    bed.run(2);
    expect(came.map(({ bytes }) => bytes)).toEqual([rtcp(1)]);
    expect(bed.rtcpCame.a.map(({ bytes }) => bytes)).toEqual([rtcp(3)]);
    expect(bed.report().ends.b.wrongSource).toBe(1);
  });

  it('is latched to as RTP is: the first report tells where the far end takes it, the next stranger does not', () => {
    const bed = new RelayBed();
    const nat = bed.listen(FAR.a.address, 4711);
    const { a, b } = bed.open([], [], { remotes: { a: { latch: 'first' } } });
    bed.sendRtcp('a', a, rtcp(1), FAR.a, 4711);
    bed.sendRtcp('a', a, rtcp(2), STRANGER);
    bed.sendRtcp('b', b, rtcp(3));
    bed.run(2);
    expect(nat.map(({ bytes }) => bytes)).toEqual([rtcp(3)]);
    expect(bed.rtcpCame.b.map(({ bytes }) => bytes)).toEqual([rtcp(1)]);
    expect(bed.report().ends.a.wrongSource).toBe(1);
  });

  it('of a far end that nobody described goes to the port above the one that RTP came from', () => {
    const bed = new RelayBed();
    const { a, b } = bed.open([], [], { remotes: { a: { rtp: null } } });
    bed.talk('a', a, 1);
    bed.sendRtcp('b', b, rtcp(3));
    bed.sendRtcp('a', a, rtcp(4), STRANGER);
    bed.run(2);
    expect(bed.rtcpCame.a.map(({ bytes }) => bytes)).toEqual([rtcp(3)]);
    expect(bed.rtcpCame.b).toEqual([]);
  });
});

describe('RTCP of a far end whose RTP has the highest port', () => {
  it('goes nowhere: there is no port above it', () => {
    const highest = { address: '10.0.0.7', port: 65_535 };
    for (const told of [highest, null]) {
      const bed = new RelayBed();
      const sent = vi.spyOn(MemoryPort.prototype, 'send');
      const { a, b } = bed.open([], [], { remotes: { a: { rtp: told } } });
      bed.send('a', a, rtp({ sequence: 1 }), highest);
      bed.run(2);
      bed.send('b', b, rtp({ sequence: 2 }));
      bed.sendRtcp('b', b, rtcp(6));
      bed.run(2);
      expect(sent.mock.calls.map(([, , , , port]) => port)).toEqual([FAR.b.port, 65_535]);
      expect(bed.close().ends.a).toMatchObject({ sent: { packets: 1 }, rtcpSent: { packets: 0 } });
      sent.mockRestore();
    }
  });
});

describe('SRTP of a relayed call', () => {
  const SUITE = 'AES_CM_128_HMAC_SHA1_80';
  const key = (number: number): string => Buffer.alloc(30, number).toString('base64');
  const context = (number: number): SrtpContext => new SrtpContext(SUITE, Buffer.from(key(number), 'base64'));
  const A_KEYS = { suite: SUITE, send: key(1), receive: key(2) } as const;
  const B_KEYS = { suite: SUITE, send: key(3), receive: key(4) } as const;

  function sealed(by: SrtpContext, packet: Uint8Array, isRtcp = false): Uint8Array {
    const bytes = new Uint8Array(packet.length + 64);
    bytes.set(packet);
    const length = isRtcp ? by.protectRtcp(bytes, 0, packet.length) : by.protectRtp(bytes, 0, packet.length);
    return bytes.slice(0, length);
  }

  function opened(by: SrtpContext, bytes: Uint8Array, isRtcp = false): Uint8Array {
    const copy = bytes.slice();
    const length = isRtcp ? by.openRtcp(copy, 0, copy.length) : by.openRtp(copy, 0, copy.length);
    return copy.slice(0, length);
  }

  it('is opened on one side and plain on the other, RTCP too', () => {
    const bed = new RelayBed();
    const { a, b } = bed.open([], [], { remotes: { a: { srtp: A_KEYS } } });
    const [near, far] = [context(2), context(1)];
    bed.send('a', a, sealed(near, rtp({ sequence: 1 })));
    bed.sendRtcp('a', a, sealed(near, rtcp(5), true));
    bed.send('b', b, rtp({ sequence: 2 }));
    bed.sendRtcp('b', b, rtcp(6));
    bed.run(2);
    expect(bed.came.b.map(({ bytes }) => bytes)).toEqual([rtp({ sequence: 1 })]);
    expect(bed.rtcpCame.b.map(({ bytes }) => bytes)).toEqual([rtcp(5)]);
    expect(opened(far, bed.came.a[0].bytes)).toEqual(rtp({ sequence: 2 }));
    expect(opened(far, bed.rtcpCame.a[0].bytes, true)).toEqual(rtcp(6));
    expect(bed.close().ends).toMatchObject({ a: { srtp: SUITE, unopened: 0 }, b: { srtp: null } });
  });

  it('is protected anew by the key of the other side, after the impairments', () => {
    const bed = new RelayBed();
    const { a } = bed.open([{ kind: 'recode', to: 'PCMA' }], [], {
      remotes: { a: { srtp: A_KEYS }, b: { srtp: B_KEYS } },
    });
    bed.send('a', a, sealed(context(2), rtp({ sequence: 0xff })));
    bed.run(2);
    const clear = opened(context(3), bed.came.b[0].bytes);
    expect(clear.slice(0, 12)).toEqual(rtp({ sequence: 0xff }).slice(0, 12));
    // 0xff is the positive zero of µ-law, 0xd5 that of A-law.
    expect(new Set(clear.slice(12))).toEqual(new Set([0xd5]));
  });

  it('that does not authenticate is counted and goes nowhere', () => {
    const bed = new RelayBed();
    const { a } = bed.open([], [], { remotes: { a: { srtp: A_KEYS } } });
    const forged = sealed(context(9), rtp({ sequence: 1 }));
    const twice = sealed(context(2), rtp({ sequence: 2 }));
    for (const bytes of [forged, twice, twice]) bed.send('a', a, bytes.slice());
    bed.run(2);
    expect(sequences(bed.came.b)).toEqual([2]);
    expect(bed.close().ends.a).toMatchObject({ unopened: 2, received: { packets: 1 } });
  });
});

describe('hostile datagrams on relayed ports', () => {
  it('that are as long as any that are read, and longer, are not sent where protection has no room behind them', () => {
    const key = (number: number): string => Buffer.alloc(28, number).toString('base64');
    const srtp = { suite: 'AEAD_AES_128_GCM' as const, send: key(1), receive: key(2) };
    const bed = new RelayBed();
    const { a } = bed.open([], [], { remotes: { b: { srtp } } });
    const lengths = [1500, 2028, 2033, 2040, 2048, 65_507];
    for (const [sequence, length] of lengths.entries()) {
      const packet = new Uint8Array(length);
      packet.set(rtp({ sequence }));
      bed.send('a', a, packet);
      bed.run(20);
    }
    expect(bed.came.b.map(({ bytes }) => bytes.length)).toEqual([1516, 2044]);
    const { ends } = bed.close();
    expect(ends.a.received.packets).toBe(6);
    expect(ends.b).toMatchObject({ sent: { packets: 2 }, unsendable: 4 });
  });

  it('of more SSRCs than one key protects count as sent only as far as they were', () => {
    const key = (number: number): string => Buffer.alloc(30, number).toString('base64');
    const srtp = { suite: 'AES_CM_128_HMAC_SHA1_80' as const, send: key(1), receive: key(2) };
    const bed = new RelayBed();
    const { a } = bed.open([], [], { remotes: { b: { srtp } } });
    for (let ssrc = 0; ssrc < 40; ssrc++) bed.send('a', a, rtp({ sequence: 1, ssrc }));
    bed.run(2);
    const { sent, unsendable } = bed.close().ends.b;
    expect(sent.packets).toBe(bed.came.b.length);
    expect(sent.packets + unsendable).toBe(40);
  });

  it('are each counted once, as RTP, as of elsewhere, as malformed or as unopened, and none ends anything', () => {
    const rng = new Rng(99);
    const bed = new RelayBed();
    const key = (number: number): string => Buffer.alloc(30, number).toString('base64');
    const srtp = { suite: 'AES_CM_128_HMAC_SHA1_80' as const, send: key(1), receive: key(2) };
    const { a, b } = bed.open([{ kind: 'recode', to: 'PCMA' }], [{ kind: 'duplicate', ratio: 0.5 }], {
      remotes: { a: { latch: 'follow', rtcp: 'mux' }, b: { srtp } },
    });
    const count = 20_000;
    for (let i = 0; i < count; i++) {
      const bytes =
        rng.uniform() < 0.8 ? rtp({ sequence: i, ssrc: rng.uint32() }) : rtcp(rng.uint32(), 4 * (2 + (i % 20)));
      for (let flips = rng.uint32() % 4; flips > 0; flips--) bytes[rng.uint32() % bytes.length] = rng.uint32();
      const cut = rng.uniform() < 0.2 ? bytes.slice(0, rng.uint32() % bytes.length) : bytes;
      const isA = rng.uniform() < 0.5;
      bed.send(isA ? 'a' : 'b', isA ? a : b, cut, rng.uniform() < 0.3 ? STRANGER : undefined);
      if (i % 200 === 0) bed.run(2);
    }
    bed.run(10);
    const { ends } = bed.close();
    const sum = (['a', 'b'] as const).reduce((all, side) => {
      const { received, rtcpReceived, wrongSource, malformed, unopened } = ends[side];
      return all + received.packets + rtcpReceived.packets + wrongSource + malformed + unopened;
    }, 0);
    expect(sum).toBe(count);
    for (const kind of ['wrongSource', 'malformed'] as const) expect(ends.a[kind]).toBeGreaterThan(0);
    expect(ends.a.received.packets).toBeGreaterThan(1000);
    expect(ends.b.unopened).toBeGreaterThan(1000);
    expect(ends.a.streams).toHaveLength(8);
  });
});

describe('ports of a relay', () => {
  it('are bound where the owner says, and closed with their call', () => {
    const bed = new RelayBed();
    bed.tell({ kind: 'bind', request: 1, address: RELAY, port: 9001 });
    bed.tell({ kind: 'bind', request: 2, address: RELAY, port: 9003 });
    const [a, b] = bed.events.splice(0).map((event) => {
      if (event.kind !== 'bound' || event.lease === null) throw new Error('not bound');
      return event.lease;
    });
    expect(a).toMatchObject({ address: RELAY, rtpPort: 9001, rtcpPort: 9002 });
    bed.tell({ kind: 'bind', request: 3, address: RELAY, port: 9002 });
    expect(bed.events).toMatchObject([{ kind: 'bound', request: 3, lease: null, refusal: { code: 'PORT_TAKEN' } }]);
    const pairs = { a: a.pair, b: b.pair };
    const spec = { call: 1, name: 'x', pairs, pipelines: { aToB: [], bToA: [] }, mediaTimeoutMs: 0 };
    bed.tell({ kind: 'open', spec });
    bed.tell({ kind: 'close', call: 1 });
    bed.run(4);
    bed.tell({ kind: 'bind', request: 4, address: RELAY, port: 9001 });
    expect(bed.events.at(-1)).toMatchObject({ kind: 'bound', request: 4, refusal: null });
  });

  it('that are used up are told as such, and are there again when a call ends', () => {
    const bed = new RelayBed();
    bed.open();
    bed.plane.lease(100, RELAY);
    bed.run(200);
    expect(bed.leases).toHaveLength(48);
    expect(bed.refusals).toHaveLength(1);
    expect(bed.refusals[0]).toBeInstanceOf(AppError);
    expect(bed.refusals[0]).toMatchObject({ code: 'PORTS_EXHAUSTED' });
    bed.close();
    bed.leases.length = 0;
    bed.plane.lease(3, RELAY);
    bed.run(4);
    expect(bed.leases).toHaveLength(2);
  });
});
