import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Pipeline } from '../../src/impair/spec.js';
import { readCapture } from '../../src/pcap/reader.js';
import { PacketFiles } from '../../src/relay/packet-files.js';
import { FAR, PASSES, RelayBed, rtcp, rtp } from '../media/relay-bed.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let folder = '';
beforeEach(() => {
  folder = temporaryFolder();
});

const inFolder = (name: string): string => join(folder, name);

/** Hands what was logged to the files, and the memory back, as the client does. */
function write(bed: RelayBed, files: PacketFiles): void {
  for (const event of bed.events.splice(0)) {
    if (event.kind !== 'log') continue;
    files.take(new Uint8Array(event.batch, 0, event.bytes), (call) => `call-${call}`);
    bed.tell({ kind: 'log-read', batch: event.batch });
  }
}

describe('the packet log', () => {
  it('has a line for each packet: what it was, and what became of it', () => {
    const bed = new RelayBed();
    const spec = { log: { fates: true, packets: false } };
    const { a, b } = bed.open(
      [
        { kind: 'loss', ratio: 0.3, burst: 1 },
        { kind: 'delay', base: 30, keepOrder: true },
      ],
      [{ kind: 'duplicate', ratio: 1 }],
      { spec },
    );
    const files = new PacketFiles({ packetLog: inFolder('log.ndjson') });
    bed.talk('a', a, 100, 65_500);
    write(bed, files);
    bed.tell({ kind: 'block', call: 1, direction: 'bToA', blocks: { ...PASSES, media: true } });
    bed.talk('b', b, 1);
    bed.tell({ kind: 'block', call: 1, direction: 'bToA', blocks: PASSES });
    bed.talk('b', b, 1, 7);
    bed.run(300);
    const { truth } = bed.report().directions.aToB;
    write(bed, files);
    expect(files.close()).toEqual({ fates: 102, datagrams: 0, unwritten: 0, failure: null });
    const lines = readFileSync(inFolder('log.ndjson'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(102);
    const up = lines.filter(({ direction }) => direction === 'aToB');
    expect(up.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, i) => (65_500 + i) & 0xffff));
    expect(up.filter(({ fate }) => fate === 'dropped')).toHaveLength(truth.dropped);
    expect(up[0].time).toBeGreaterThan(1_700_000_000);
    expect(up.find(({ fate }) => fate === 'delivered')).toMatchObject({
      call: 'call-1',
      ssrc: 0xa0a0,
      pt: 0,
      marker: false,
      size: 172,
      delayMs: 30,
    });
    expect(up.find(({ fate }) => fate === 'dropped')).not.toHaveProperty('delayMs');
    expect(lines.slice(100)).toMatchObject([
      { direction: 'bToA', seq: 0, fate: 'blocked' },
      { direction: 'bToA', seq: 7, ts: 1120, fate: 'duplicated', delayMs: 0, delay2Ms: 0 },
    ]);
  });

  it('captures both sides: what crossed each of them, RTCP and what came from elsewhere too', async () => {
    const bed = new RelayBed();
    const { a, b } = bed.open([{ kind: 'loss', ratio: 1, burst: 1 }], [], {
      spec: { log: { fates: false, packets: true } },
    });
    const files = new PacketFiles({ pcap: inFolder('cap') });
    bed.send('a', a, rtp({ sequence: 1 }));
    bed.send('b', b, rtp({ sequence: 2 }));
    bed.send('b', b, rtp({ sequence: 3 }), { address: '10.9.9.9', port: 1 });
    bed.sendRtcp('b', b, rtcp(5));
    bed.run(300);
    write(bed, files);
    expect(files.close()).toMatchObject({ fates: 0, datagrams: 6, unwritten: 0 });
    const ports = async (side: string): Promise<string[]> => {
      const seen: string[] = [];
      await readCapture(inFolder(`cap-${side}.pcap`), ({ bytes, start, end }) => {
        const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
        const address = (at: number): string => [0, 1, 2, 3].map((i) => view.getUint8(at + i)).join('.');
        seen.push(`${address(12)}:${view.getUint16(20)} ${address(16)}:${view.getUint16(22)} ${end - start - 28}`);
      });
      return seen;
    };
    const local = (port: number): string => `10.0.0.1:${port}`;
    const far = (side: 'a' | 'b', more = 0): string => `${FAR[side].address}:${FAR[side].port + more}`;
    expect(await ports('a')).toEqual([
      `${far('a')} ${local(a.rtpPort)} 172`,
      `${local(a.rtpPort)} ${far('a')} 172`,
      `${local(a.rtcpPort)} ${far('a', 1)} 8`,
    ]);
    expect(await ports('b')).toEqual([
      `${far('b')} ${local(b.rtpPort)} 172`,
      `10.9.9.9:1 ${local(b.rtpPort)} 172`,
      `${far('b', 1)} ${local(b.rtcpPort)} 8`,
    ]);
  });

  it('is bounded: what nobody has read makes no room for more, which is counted, until it is read', () => {
    const bed = new RelayBed();
    const { a } = bed.open([], [], { spec: { log: { fates: false, packets: true } } });
    const packets = 20_000;
    for (let i = 0; i < packets; i++) {
      bed.send('a', a, rtp({ sequence: i }));
      if (i % 100 === 99) bed.run(2);
    }
    bed.run(300);
    const batches = bed.events.flatMap((event) => (event.kind === 'log' ? [event.bytes] : []));
    expect(batches).toHaveLength(8);
    const unlogged = (): number => {
      bed.tell({ kind: 'snapshot' });
      const told = bed.events.pop();
      return told?.kind === 'snapshot' ? told.snapshot.unlogged : Number.NaN;
    };
    // Each packet crosses two sides.
    const logged = batches.reduce((sum, bytes) => sum + bytes / 232, 0);
    expect(logged + unlogged()).toBe(2 * packets);
    const before = unlogged();
    const files = new PacketFiles({ pcap: inFolder('cap') });
    write(bed, files);
    bed.talk('a', a, 10);
    bed.run(300);
    write(bed, files);
    expect(unlogged()).toBe(before);
    expect(files.close().datagrams).toBe(logged + 20);
    expect(bed.report().directions.aToB.truth.packets).toBe(packets + 10);
  });

  it.each([0, 1])('has each fate right beside captures, and goes on where neither finds room: %d', (first) => {
    const bed = new RelayBed();
    const spec = { log: { fates: true, packets: true } };
    const { a } = bed.open([{ kind: 'duplicate', ratio: 1 }], [], { spec });
    // What is captured before moves the place at which each batch is full.
    for (let i = 0; i < first; i++) bed.sendRtcp('a', a, rtcp(1, 100));
    const packets = 14_000;
    for (let i = 0; i < packets; i++) {
      bed.send('a', a, rtp({ sequence: i }));
      if (i % 100 === 99) bed.run(2);
    }
    bed.run(300);
    expect(bed.report().directions.aToB.truth.duplicated).toBe(packets);
    const files = new PacketFiles({ packetLog: inFolder('log.ndjson') });
    write(bed, files);
    const { fates } = files.close();
    const lines = readFileSync(inFolder('log.ndjson'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(fates);
    expect(fates).toBeLessThan(packets);
    expect(lines.filter((line) => JSON.parse(line).fate !== 'duplicated')).toEqual([]);
  });

  it('has packets that were merged, split and doubled as what they are', () => {
    const fatesBehind = (...stages: Pipeline): Record<string, number> => {
      const bed = new RelayBed();
      const { a } = bed.open(stages, [], { spec: { log: { fates: true, packets: false } } });
      bed.talk('a', a, 100);
      const files = new PacketFiles({ packetLog: inFolder('log.ndjson') });
      write(bed, files);
      bed.run(300);
      write(bed, files);
      files.close();
      const counts: Record<string, number> = {};
      for (const line of readFileSync(inFolder('log.ndjson'), 'utf8').trimEnd().split('\n')) {
        const { fate } = JSON.parse(line);
        counts[fate] = (counts[fate] ?? 0) + 1;
      }
      return counts;
    };
    expect(fatesBehind({ kind: 'ptime', to: 40 })).toEqual({ absorbed: 50, delivered: 50 });
    expect(fatesBehind({ kind: 'ptime', to: 10 })).toEqual({ delivered: 100 });
    expect(fatesBehind({ kind: 'ptime', to: 40 }, { kind: 'duplicate', ratio: 1 })).toEqual({
      absorbed: 50,
      duplicated: 50,
    });
    expect(fatesBehind({ kind: 'ptime', to: 40 }, { kind: 'loss', ratio: 1, burst: 1 })).toEqual({
      absorbed: 50,
      dropped: 50,
    });
  });

  it('waits in its last batch while nobody reads, as long as that has room', () => {
    const bed = new RelayBed();
    const { a } = bed.open([], [], { spec: { log: { fates: true, packets: false } } });
    bed.talk('a', a, 500);
    const files = new PacketFiles({ packetLog: inFolder('log.ndjson') });
    write(bed, files);
    bed.run(300);
    write(bed, files);
    expect(files.close().fates).toBe(500);
  });

  it('that cannot be written is refused at the start, with the path', () => {
    expect(() => new PacketFiles({ packetLog: inFolder('no/such/log.ndjson') })).toThrow(
      expect.objectContaining({ code: 'FILE_UNWRITABLE' }),
    );
  });

  it('that can no longer be written counts the rest', () => {
    const bed = new RelayBed();
    const { a } = bed.open([], [], { spec: { log: { fates: true, packets: false } } });
    const files = new PacketFiles({ packetLog: '/dev/full' });
    bed.talk('a', a, 5);
    bed.run(300);
    write(bed, files);
    expect(files.unwritten).toBe(5);
    expect(files.close().failure).toContain('/dev/full');
  });
});
