import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PortShare, SharedPort } from '../../src/media/shared-port.js';
import { type DatagramSink, PacketMemory, parseIpv4, type UdpPort } from '../../src/media/udp.js';
import { writeRtpHeader } from '../../src/rtp/packet.js';

const PBX = parseIpv4('192.0.2.1')!;
const OTHER = parseIpv4('192.0.2.2')!;
const PORT = 40_000;

/** Keeps the SSRC, or the first word, of what it is given. */
class Ears implements DatagramSink {
  readonly heard: number[] = [];

  onDatagram(memory: PacketMemory, offset: number, length: number): void {
    const view = new DataView(memory.bytes.buffer, memory.bytes.byteOffset + offset, length);
    this.heard.push(length >= 12 ? view.getUint32(8) : -1);
  }
}

/** A shared port with calls on it; packets are put into it as if they had come over the wire. */
class Bench {
  readonly stray = new Ears();
  readonly sent: { ip: number; port: number }[] = [];
  private readonly socket: UdpPort = {
    port: 30_000,
    sink: null,
    send: (_memory, _offset, _length, ip, port) => this.sent.push({ ip, port }),
    carryMany: () => {},
    settleDrops: () => {},
    close: () => {},
  };
  readonly shared = new SharedPort(this.socket, this.stray);

  call(ownSsrc: number): { share: PortShare; ears: Ears } {
    const share = new PortShare(this.shared, ownSsrc);
    const ears = new Ears();
    share.sink = ears;
    return { share, ears };
  }

  rtp(ssrc: number, atMs = 0, ip = PBX, port = PORT): void {
    const bytes = new Uint8Array(172);
    writeRtpHeader(bytes, 0, false, 0, 1, 160, ssrc);
    this.datagram(bytes, atMs, ip, port);
  }

  rtcp(ssrc: number, atMs = 0): void {
    const bytes = new Uint8Array(28);
    new DataView(bytes.buffer).setUint32(0, 0x80c8_0006);
    new DataView(bytes.buffer).setUint32(4, ssrc);
    new DataView(bytes.buffer).setUint32(8, ssrc);
    this.datagram(bytes, atMs, PBX, PORT);
  }

  datagram(bytes: Uint8Array, atMs: number, ip = PBX, port = PORT): void {
    this.socket.sink!.onDatagram(new PacketMemory(bytes), 0, bytes.length, atMs, ip, port);
  }
}

describe('a port that calls share', () => {
  it('takes nothing for a call’s before its far end is known', () => {
    const bench = new Bench();
    const { ears } = bench.call(1);
    bench.rtp(77);
    expect(ears.heard).toEqual([]);
    expect(bench.stray.heard).toEqual([77]);
  });

  it('tells calls by the addresses of their far ends, whatever the SSRC', () => {
    const bench = new Bench();
    const a = bench.call(1);
    const b = bench.call(2);
    a.share.expect(PBX, PORT, [], 0);
    b.share.expect(OTHER, PORT, [], 0);
    bench.rtp(77, 0, PBX);
    bench.rtp(77, 0, OTHER);
    bench.rtp(78, 0, OTHER, PORT + 2);
    expect(a.ears.heard).toEqual([77]);
    expect(b.ears.heard).toEqual([77]);
    expect(bench.stray.heard).toEqual([78]);
  });

  it('tells calls at one address by the SSRCs that their descriptions announced', () => {
    const bench = new Bench();
    const a = bench.call(1);
    const b = bench.call(2);
    a.share.expect(PBX, PORT, [0xfedcba98, 11], 0);
    b.share.expect(PBX, PORT, [22], 0);
    for (const ssrc of [22, 0xfedcba98, 22, 11, 33]) bench.rtp(ssrc);
    expect(a.ears.heard).toEqual([0xfedcba98, 11]);
    expect(b.ears.heard).toEqual([22, 22]);
    expect(bench.stray.heard).toEqual([33]);
  });

  it('gives an SSRC that two calls announced to neither, 0 as any other', () => {
    for (const ssrc of [0, 9]) {
      const bench = new Bench();
      const a = bench.call(1);
      const b = bench.call(2);
      a.share.expect(PBX, PORT, [ssrc], 0);
      b.share.expect(PBX, PORT, [ssrc], 0);
      bench.rtp(ssrc);
      expect([a.ears.heard, b.ears.heard, bench.stray.heard]).toEqual([[], [], [ssrc]]);
    }
  });

  it('hears an echo by the SSRC that the call sends with', () => {
    const bench = new Bench();
    const calls = [1, 2, 3].map((ssrc) => bench.call(ssrc));
    for (const { share } of calls) share.expect(PBX, PORT, [], 0);
    for (const ssrc of [3, 1, 2, 3]) bench.rtp(ssrc);
    expect(calls.map(({ ears }) => ears.heard)).toEqual([[1], [2], [3, 3]]);
    expect(bench.stray.heard).toEqual([]);
  });

  it('does not take the SSRC of another call’s echo for an announced one of its own', () => {
    const bench = new Bench();
    const echoed = bench.call(5);
    const announced = bench.call(6);
    echoed.share.expect(PBX, PORT, [], 0);
    announced.share.expect(PBX, PORT, [5], 0);
    bench.rtp(5);
    // Two claim it: it is nobody's.
    expect(echoed.ears.heard).toEqual([]);
    expect(announced.ears.heard).toEqual([]);
    expect(bench.stray.heard).toEqual([5]);
  });

  it('takes the first SSRC of an address at which one call alone is aimed, and another one after 500 ms of silence', () => {
    const bench = new Bench();
    const { share, ears } = bench.call(1);
    share.expect(PBX, PORT, [], 0);
    bench.rtp(70, 100);
    bench.rtp(71, 120);
    bench.rtp(70, 140);
    bench.rtp(71, 639);
    bench.rtp(71, 641);
    bench.rtp(71, 661);
    expect(ears.heard).toEqual([70, 70, 71, 71]);
    expect(bench.stray.heard).toEqual([71, 71]);
  });

  it('takes the first SSRC also when something that is no RTP has come before, as to keep a NAT open', () => {
    const bench = new Bench();
    const { share, ears } = bench.call(1);
    share.expect(PBX, PORT, [], 0);
    for (const atMs of [10, 20, 30]) bench.datagram(new Uint8Array(2), atMs);
    bench.rtp(70, 40);
    expect(ears.heard).toEqual([-1, -1, -1, 70]);
    expect(bench.stray.heard).toEqual([]);
  });

  it('waits 500 ms for an announced SSRC before it takes another one', () => {
    const bench = new Bench();
    const { share, ears } = bench.call(1);
    share.expect(PBX, PORT, [70], 1000);
    bench.rtp(71, 1400);
    bench.rtp(71, 1501);
    expect(ears.heard).toEqual([71]);
    expect(bench.stray.heard).toEqual([71]);
  });

  it('hands an SSRC that was only taken for a call’s to the call whose description announces it', () => {
    const bench = new Bench();
    const silent = bench.call(1);
    silent.share.expect(PBX, PORT, [10], 0);
    // Early media of the call that comes next, from the same address.
    bench.rtp(20, 600);
    const next = bench.call(2);
    next.share.expect(PBX, PORT, [20], 610);
    bench.rtp(20, 620);
    bench.rtp(10, 640);
    expect(next.ears.heard).toEqual([20]);
    expect(silent.ears.heard).toEqual([20, 10]);
  });

  it('guesses nothing once two calls were aimed at one address, even when one of them has gone', () => {
    const bench = new Bench();
    const a = bench.call(1);
    const b = bench.call(2);
    a.share.expect(PBX, PORT, [], 0);
    bench.rtp(70, 0);
    b.share.expect(PBX, PORT, [], 0);
    bench.rtp(80, 20);
    a.share.leave();
    bench.rtp(80, 5000);
    // What was told before is still known.
    bench.rtp(70, 5001);
    expect(a.ears.heard).toEqual([70, 70]);
    expect(b.ears.heard).toEqual([]);
    expect(bench.stray.heard).toEqual([80, 80]);
  });

  it('leaves late packets of an ended call to that call, until it is forgotten', () => {
    const bench = new Bench();
    const a = bench.call(1);
    a.share.expect(PBX, PORT, [], 0);
    bench.rtp(70, 0);
    a.share.leave();
    const b = bench.call(2);
    b.share.expect(PBX, PORT, [], 100);
    bench.rtp(70, 120);
    bench.rtp(80, 140);
    expect(a.ears.heard).toEqual([70, 70]);
    expect(b.ears.heard).toEqual([80]);
    a.share.forget();
    b.share.forget();
    bench.rtp(70, 160);
    expect(bench.stray.heard).toEqual([70]);
  });

  it('follows a call to the address of a new description, and leaves the old one', () => {
    const bench = new Bench();
    const { share, ears } = bench.call(1);
    share.expect(PBX, PORT, [9], 0);
    share.expect(OTHER, PORT, [9], 100);
    bench.rtp(9, 110, OTHER);
    bench.rtp(10, 5000, PBX);
    expect(ears.heard).toEqual([9]);
    expect(bench.stray.heard).toEqual([10]);
    share.expect(0, 0, [], 200);
    bench.rtp(11, 9000, OTHER);
    expect(bench.stray.heard).toEqual([10, 11]);
  });

  it('takes the first SSRC of that address at once, however lately the far end was heard from the old one', () => {
    const bench = new Bench();
    const { share, ears } = bench.call(1);
    share.expect(PBX, PORT, [], 0);
    bench.rtp(70, 100);
    share.expect(OTHER, PORT, [], 110);
    bench.rtp(70, 120, OTHER);
    bench.rtp(71, 140, OTHER);
    expect(ears.heard).toEqual([70, 70]);
    expect(bench.stray.heard).toEqual([71]);
  });

  it('knows RTCP by its sender’s SSRC, and what RTP has told on the other port', () => {
    const rtp = new Bench();
    const rtcp = new Bench();
    const calls = [1, 2].map((ssrc) => {
      const call = { rtp: rtp.call(ssrc), rtcp: rtcp.call(ssrc) };
      call.rtp.share.sibling = call.rtcp.share;
      call.rtcp.share.sibling = call.rtp.share;
      return call;
    });
    // RTP comes from an address of each call, RTCP from one for both.
    for (const [i, call] of calls.entries()) {
      call.rtp.share.expect(PBX, PORT + 2 * i, [], 0);
      call.rtcp.share.expect(PBX, PORT, [], 0);
      rtp.rtp(70 + i, 0, PBX, PORT + 2 * i);
    }
    for (const ssrc of [71, 70, 72]) rtcp.rtcp(ssrc);
    expect(calls.map((call) => call.rtcp.ears.heard)).toEqual([[70], [71]]);
    expect(rtcp.stray.heard).toEqual([72]);
  });

  it('gives what is neither RTP nor RTCP to the only call of that address, and to nobody where there are two', () => {
    const bench = new Bench();
    const a = bench.call(1);
    a.share.expect(PBX, PORT, [], 0);
    bench.datagram(new Uint8Array(3), 0);
    const b = bench.call(2);
    b.share.expect(PBX, PORT, [], 0);
    bench.datagram(new Uint8Array(3), 0);
    bench.datagram(new Uint8Array(0), 0);
    expect(a.ears.heard).toEqual([-1]);
    expect(b.ears.heard).toEqual([]);
    expect(bench.stray.heard).toEqual([-1, -1]);
  });

  it('lets all calls send by its socket', () => {
    const bench = new Bench();
    const { share } = bench.call(1);
    share.send(PacketMemory.allocate(16), 0, 16, PBX, PORT, 0);
    expect(bench.sent).toEqual([{ ip: PBX, port: PORT }]);
    expect(share.port).toBe(30_000);
  });
});

describe('a shared port under any sequence of calls and datagrams', () => {
  const address = fc.integer({ min: 0, max: 2 });
  const call = fc.integer({ min: 0, max: 4 });
  const step = fc.oneof(
    fc.record({ do: fc.constant('expect' as const), call, address, announces: fc.boolean() }),
    fc.record({ do: fc.constant('leave' as const), call }),
    fc.record({ do: fc.constant('forget' as const), call }),
    fc.record({
      do: fc.constant('packet' as const),
      address,
      ssrc: fc.integer({ min: 0, max: 9 }),
      waitMs: fc.nat(700),
    }),
    fc.record({ do: fc.constant('junk' as const), address, bytes: fc.uint8Array({ maxLength: 40 }) }),
  );

  it('gives a call only what comes from where it was aimed, all that was announced to be its own, and keeps nothing', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const bench = new Bench();
        // Calls send with 0 to 4; their far ends announce 5 to 9.
        const calls = [0, 1, 2, 3, 4].map((ssrc) => ({
          ...bench.call(ssrc),
          at: -1,
          places: new Set<number>(),
          announced: false,
        }));
        let nowMs = 0;
        for (const next of steps) {
          const before = calls.map(({ ears }) => ears.heard.length);
          if (next.do === 'expect') {
            const it = calls[next.call];
            it.share.expect(PBX, PORT + 2 * next.address, next.announces ? [5 + next.call] : [], nowMs);
            it.announced = next.announces || (it.announced && it.at === next.address);
            it.at = next.address;
            it.places.add(next.address);
          } else if (next.do === 'leave') {
            calls[next.call].share.leave();
            calls[next.call].at = -1;
          } else if (next.do === 'forget') {
            const it = calls[next.call];
            it.share.forget();
            it.share.sink = it.ears;
            Object.assign(it, { at: -1, announced: false });
            it.places.clear();
          } else {
            if (next.do === 'packet') bench.rtp(next.ssrc, (nowMs += next.waitMs), PBX, PORT + 2 * next.address);
            else bench.datagram(next.bytes, nowMs, PBX, PORT + 2 * next.address);
            for (const [i, { ears, places }] of calls.entries())
              if (ears.heard.length > before[i]) expect(places).toContain(next.address);
            const owner = next.do === 'packet' && next.ssrc >= 5 ? calls[next.ssrc - 5] : undefined;
            if (owner?.announced && owner.at === next.address)
              expect(owner.ears.heard.length).toBe(before[calls.indexOf(owner)] + 1);
          }
        }
        for (const { share } of calls) share.forget();
        expect((Reflect.get(bench.shared, 'farEnds') as Map<number, unknown>).size).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
