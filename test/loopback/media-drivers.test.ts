import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import wavefile from 'wavefile';
import { systemClock } from '../../src/core/clock.js';
import { loadLibc } from '../../src/core/libc.js';
import { LinearHistogram } from '../../src/core/linear-histogram.js';
import type { Pipeline } from '../../src/impair/spec.js';
import { formatAddress, parseAddress } from '../../src/media/addresses.js';
import type { MediaClient } from '../../src/media/link/client.js';
import type { MediaSetup, MediaSnapshot, SessionSpec } from '../../src/media/link/messages.js';
import { PacketMemory, parseIpv4, type UdpPort } from '../../src/media/udp.js';
import { EpollDriver } from '../../src/media/udp-epoll.js';
import { UringDriver } from '../../src/media/udp-uring.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { LOOPBACK, leaseFrom, type MediaThread, remoteOf, SESSION, startMediaThread, until } from './media-thread.js';

const libc = loadLibc()!;
const threads: MediaThread[] = [];

/** Two media threads that call each other over 127.0.0.1. */
function twoThreads(driver: MediaSetup['driver'], more: Partial<MediaSetup> = {}): [MediaClient, MediaClient] {
  const near = startMediaThread({ driver, portMin: 21000, portMax: 21499, seed: 1, ...more });
  const far = startMediaThread({ driver, portMin: 21500, portMax: 21999, seed: 2, ...more });
  threads.push(near, far);
  return [near.client, far.client];
}

async function openCall(
  near: MediaClient,
  far: MediaClient,
  call: number,
  uplink: Pipeline = [],
  session: Partial<SessionSpec> = {},
): Promise<void> {
  const ours = await leaseFrom(near);
  const theirs = await leaseFrom(far);
  const spec = { ...SESSION, ...session };
  near.open(call, ours.pair, `call-${call}`, spec, uplink, []);
  far.open(call, theirs.pair, `call-${call}`, spec, [], []);
  far.connect(call, remoteOf(ours), true);
  near.connect(call, remoteOf(theirs), true);
}

/** Waits until the far thread has heard so many packets in all. */
async function heard(client: MediaClient, packets: number): Promise<MediaSnapshot> {
  let latest: MediaSnapshot | null = null;
  client.onSnapshot = (snapshot) => {
    latest = snapshot;
  };
  await until(() => latest !== null && latest.packetsReceived >= packets);
  return latest!;
}

afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.close();
});

describe.each(['native', 'epoll', 'dgram'] as const)('the %s driver', (driver) => {
  it('carries what is sent to the far end, digits included, and reports it on both sides', async () => {
    const [near, far] = twoThreads(driver);
    expect((await near.ready)?.driver).toBe(driver === 'dgram' ? 'dgram' : 'native');
    await openCall(near, far, 1);
    expect(await near.sendDigits(1, '1234#', 80, 40)).toBe('1234#');
    await heard(far, 100);
    const ours = await near.close(1);
    // What the near end sent last is in the far socket: it is read before the far end reports.
    const theirs = await far.close(1);
    expect(theirs?.heard.digits).toBe('1234#');
    expect(ours?.sent.digits).toBe('1234#');
    expect(theirs?.heard.packetsLost).toBe(0);
    expect(theirs?.heard.packetsReceived).toBe(ours?.sent.packetsSent);
    expect(theirs?.heard.ssrc).toBe(ours?.sent.ssrc);
    expect(theirs?.heard.verdict.state).toBe('ok');
    expect(ours?.heard.packetsLost).toBe(0);
    expect(theirs?.remotePort).toBe(ours?.localPort);
  });

  it('carries calls over IPv6, and reports the addresses', async () => {
    const [near, far] = twoThreads(driver, { addresses: ['::1'] });
    await openCall(near, far, 1);
    expect(await near.sendDigits(1, '12', 80, 40)).toBe('12');
    await heard(far, 50);
    const ours = await near.close(1);
    const theirs = await far.close(1);
    expect(ours).toMatchObject({ localAddress: '::1', remoteAddress: '::1', latched: null });
    expect(ours!.heard).toMatchObject({ packetsLost: 0, wrongSource: 0, verdict: { state: 'ok' } });
    expect(theirs!.heard).toMatchObject({ packetsLost: 0, wrongSource: 0, digits: '12' });
    expect(theirs!.heard.packetsReceived).toBe(ours!.sent.packetsSent);
  });

  it('sends nothing to an address of the other family', async () => {
    const [near, far] = twoThreads(driver, { addresses: ['::1'] });
    const lease = await leaseFrom(near);
    near.open(1, lease.pair, 'call-1', SESSION, [], []);
    near.connect(1, remoteOf(lease, { address: LOOPBACK }), true);
    await openCall(near, far, 2);
    const { health } = await heard(far, 50);
    expect(health.sendErrors).toBe(0);
    expect((await near.close(1))!.sent.packetsSent).toBe(0);
    expect((await near.close(2))!.sent.packetsSent).toBeGreaterThan(40);
  });

  it('shows at the far end exactly the loss that was injected', async () => {
    const [near, far] = twoThreads(driver);
    const calls = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    for (const call of calls) await openCall(near, far, call, [{ kind: 'loss', ratio: 0.2, burst: 2 }]);
    await heard(far, 800);
    for (const call of calls) {
      const ours = await near.close(call);
      const theirs = await far.close(call);
      expect(theirs?.heard.packetsReceived).toBe(ours?.truth.uplink.delivered);
      expect(theirs?.heard.packetsLost).toBe(ours?.truth.uplink.droppedWithin);
      expect(ours?.truth.uplink.dropped).toBeGreaterThan(0);
      expect(ours?.heard.packetsLost).toBe(0);
    }
  });

  it('plays a WAV file', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'tone.wav');
    const wav = new wavefile.WaveFile();
    wav.fromScratch(
      1,
      8000,
      '16',
      Int16Array.from({ length: 8000 }, (_, i) => 16384 * Math.sin((i * Math.PI) / 10)),
    );
    writeFileSync(path, wav.toBuffer());
    const [near, far] = twoThreads(driver, { sounds: { [path]: { audio: path } } });
    await openCall(near, far, 1, [], { audio: path });
    await heard(far, 100);
    await near.close(1);
    const { levelDbov, silentRatio } = (await far.close(1))!.heard;
    // A sine of half amplitude: −6.02 dB for the amplitude and −3.01 dB for its RMS.
    expect(levelDbov).toBeGreaterThan(-9.3);
    expect(levelDbov).toBeLessThan(-8.7);
    expect(silentRatio).toBe(0);
  });

  it('skips ports that are taken and says when the range is used up', async () => {
    const squatter = createSocket('udp4');
    squatter.bind(21002, LOOPBACK);
    await once(squatter, 'listening');
    try {
      const thread = startMediaThread({ driver, portMin: 21000, portMax: 21005, pool: 8 });
      threads.push(thread);
      await until(() => thread.client.exhausted !== null);
      expect(thread.client.exhausted?.code).toBe('PORTS_EXHAUSTED');
      expect(thread.client.lease()?.rtpPort).toBe(21000);
      expect(thread.client.lease()?.rtpPort).toBe(21004);
      expect(thread.client.lease()).toBeNull();
    } finally {
      squatter.close();
    }
  });

  it('reports an unusable address as an error that the user can act on', async () => {
    const thread = startMediaThread({ driver, addresses: ['192.0.2.1'] });
    threads.push(thread);
    await until(() => thread.client.exhausted !== null);
    expect(thread.client.exhausted?.code).toBe('ADDRESS_UNUSABLE');
    expect(thread.client.lease()).toBeNull();
  });
});

describe.each([
  ['io_uring', () => UringDriver.open(libc, systemClock)!],
  ['epoll', () => new EpollDriver(libc, systemClock)],
] as const)('the driver over %s', (_name, open) => {
  it('takes the arrival times of the kernel: when a datagram came, however late it is read', async () => {
    const driver = open();
    const [from, to] = [driver.bind(LOOPBACK, 0), driver.bind(LOOPBACK, 0)] as UdpPort[];
    const arrivals: number[] = [];
    to.sink = { onDatagram: (_memory, _offset, _length, arrivalMs) => arrivals.push(arrivalMs) };
    const packet = PacketMemory.allocate(172);
    const sent: { before: number; after: number }[] = [];
    for (let i = 0; i < 20; i++) {
      const before = systemClock.now();
      from.send(packet, 0, 172, parseIpv4(LOOPBACK)!, to.port, before);
      driver.flush();
      sent.push({ before, after: systemClock.now() });
    }
    // Over loopback a datagram is in the other socket when the call that sends it returns.
    await new Promise((resolve) => setTimeout(resolve, 50));
    driver.poll();
    if (arrivals.length === 1) for (let i = 1; i < 20; i++) driver.poll();
    expect(arrivals).toHaveLength(20);
    // What the two clocks may be apart: they are related by readings a moment from each other.
    const TOLERANCE_MS = 2;
    for (const [i, { before, after }] of sent.entries()) {
      expect(arrivals[i]).toBeGreaterThan(before - TOLERANCE_MS);
      expect(arrivals[i]).toBeLessThan(after + TOLERANCE_MS);
    }
    driver.close();
  });

  it('tells a datagram’s source in either family, from ports of both', () => {
    const driver = open();
    const seen: [string, number, number][] = [];
    const packet = PacketMemory.allocate(172);
    packet.bytes.fill(7);
    const sources: [string, number, number][] = [];
    for (const address of ['::1', LOOPBACK]) {
      const [from, to] = [driver.bind(address, 0), driver.bind(address, 0)] as UdpPort[];
      to.sink = {
        onDatagram: (memory, offset, length, _arrivalMs, ip, port) => {
          expect([...memory.bytes.subarray(offset, offset + length)]).toEqual(Array(172).fill(7));
          seen.push([formatAddress(ip), port, length]);
        },
      };
      for (let i = 0; i < 100; i++) from.send(packet, 0, 172, parseAddress(address)!, to.port, systemClock.now());
      sources.push([address, from.port, 172]);
    }
    driver.flush();
    for (let i = 0; i < 200 && seen.length < 200; i++) driver.poll();
    expect(driver.sendErrors).toBe(0);
    expect(seen).toHaveLength(200);
    for (const source of sources) expect(seen.filter((s) => String(s) === String(source))).toHaveLength(100);
    driver.close();
  });

  it('counts what the kernel drops for want of buffer space, also when nothing comes after it', () => {
    const driver = open();
    const [from, to] = [driver.bind(LOOPBACK, 0), driver.bind(LOOPBACK, 0)] as UdpPort[];
    let read = 0;
    to.sink = { onDatagram: () => read++ };
    const packet = PacketMemory.allocate(172);
    for (let i = 0; i < 5000; i++) from.send(packet, 0, 172, parseIpv4(LOOPBACK)!, to.port, systemClock.now());
    driver.flush();
    to.settleDrops();
    const drops = driver.receiveDrops;
    expect(drops).toBeGreaterThan(0);
    for (let before = -1; before !== read; ) {
      before = read;
      driver.poll();
    }
    expect(read + drops).toBe(5000);
    // What was queued before the drops tells an older count, what comes now the same one.
    from.send(packet, 0, 172, parseIpv4(LOOPBACK)!, to.port, systemClock.now());
    driver.flush();
    driver.poll();
    to.settleDrops();
    expect([read + drops, driver.receiveDrops]).toEqual([5001, drops]);
    driver.close();
  });
});

describe('the driver over io_uring', () => {
  it('is not there where the kernel forbids it, and epoll takes its place', () => {
    const forbidden = { ...libc, systemCall: () => -1 };
    expect(UringDriver.open(forbidden, systemClock)).toBeNull();
    const driver = new EpollDriver(forbidden, systemClock);
    expect(driver.bind(LOOPBACK, 0)).toMatchObject({ sink: null });
    driver.close();
  });

  it('reads all that waits, more than it has buffers for, in order and whole', () => {
    const driver = UringDriver.open(libc, systemClock)!;
    const [from, to] = [driver.bind(LOOPBACK, 0), driver.bind(LOOPBACK, 0)] as UdpPort[];
    const seen: number[] = [];
    to.sink = {
      onDatagram: (memory, offset, length, arrivalMs, ip, port) => {
        expect([length, ip, port]).toEqual([172, parseIpv4(LOOPBACK), from.port]);
        expect(Math.abs(systemClock.now() - arrivalMs)).toBeLessThan(60_000);
        seen.push((memory.bytes[offset + 2] << 8) | memory.bytes[offset + 3]);
      },
    };
    const packet = PacketMemory.allocate(172);
    // Four times as many as the driver has buffers, less than the receive buffer holds, read between two lots.
    for (let lot = 0; lot < 4; lot++) {
      for (let i = lot * 1000; i < (lot + 1) * 1000; i++) {
        packet.bytes[2] = i >> 8;
        packet.bytes[3] = i;
        from.send(packet, 0, 172, parseIpv4(LOOPBACK)!, to.port, systemClock.now());
      }
      driver.flush();
      driver.poll();
    }
    expect(driver.receiveDrops).toBe(0);
    expect(seen).toEqual(Array.from({ length: 4000 }, (_, i) => i));
    expect(driver.pacingErrorMs.count).toBe(4000);
    driver.close();
  });

  it('tells a datagram that is longer than its buffers by length 0', async () => {
    const driver = UringDriver.open(libc, systemClock)!;
    const to = driver.bind(LOOPBACK, 0) as UdpPort;
    const lengths: number[] = [];
    to.sink = { onDatagram: (_memory, _offset, length) => lengths.push(length) };
    const from = createSocket('udp4');
    for (const length of [2048, 2049, 100]) {
      await new Promise((sent) => from.send(new Uint8Array(length), to.port, LOOPBACK, sent));
    }
    from.close();
    driver.poll();
    expect(lengths).toEqual([2048, 0, 100]);
    driver.close();
  });

  it('counts what the kernel refuses to send and goes on', () => {
    const driver = UringDriver.open(libc, systemClock)!;
    const from = driver.bind(LOOPBACK, 0) as UdpPort;
    // Nothing outside can be reached from a socket on the loopback address.
    for (let i = 0; i < 3; i++) from.send(PacketMemory.allocate(100), 0, 100, parseIpv4('192.0.2.1')!, 9, 0);
    driver.flush();
    driver.poll();
    expect(driver.sendErrors).toBe(3);
    driver.close();
  });

  it('frees a port when it is closed, and all of them when the driver is', () => {
    const driver = UringDriver.open(libc, systemClock)!;
    const ports = Array.from({ length: 100 }, () => driver.bind(LOOPBACK, 0) as UdpPort);
    ports[0].close();
    const again = driver.bind(LOOPBACK, ports[0].port);
    expect(again).toMatchObject({ port: ports[0].port });
    driver.close();
    const other = new EpollDriver(libc, systemClock);
    for (const { port } of ports) expect(other.bind(LOOPBACK, port)).toMatchObject({ port });
    other.close();
  });
});

describe('the native driver alone', () => {
  it('carries twenty calls without a loss, drop or error, and says how it fared', async () => {
    const [near, far] = twoThreads('native');
    expect(await near.ready).toEqual({ driver: 'native', timestampSource: 'kernel' });
    const calls = Array.from({ length: 20 }, (_, i) => i + 1);
    for (const call of calls) await openCall(near, far, call);
    const { health } = await heard(far, 2000);
    expect(health.timestampSource).toBe('kernel');
    expect(health.receiveDrops).toBe(0);
    expect(health.sendErrors).toBe(0);
    expect(health.cpuMs).toBeGreaterThan(0);
    const pacing = new LinearHistogram(health.pacingErrorMs.bucketWidth, health.pacingErrorMs.counts.length);
    pacing.merge(health.pacingErrorMs);
    expect(pacing.count).toBeGreaterThan(1000);
    for (const call of calls) {
      await near.close(call);
      const report = await far.close(call);
      expect(report?.heard.packetsLost).toBe(0);
      expect(report?.heard.jitterMs).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('the client', () => {
  it('is told why the thread could not start', async () => {
    const thread = startMediaThread({ sounds: { missing: { audio: '/nowhere/to/be/found.wav' } } });
    threads.push(thread);
    expect(await thread.client.ready).toBeNull();
    const reasons: string[] = [];
    thread.client.onUnreported = (_call, reason) => reasons.push(reason);
    expect(await thread.client.close(1)).toBeNull();
    expect(reasons[0]).toContain('/nowhere/to/be/found.wav');
  });

  it('gets null and the reason for a call that the thread does not know', async () => {
    const thread = startMediaThread({});
    threads.push(thread);
    const reasons: string[] = [];
    thread.client.onUnreported = (call, reason) => reasons.push(`${call}: ${reason}`);
    expect(await thread.client.close(77)).toBeNull();
    expect(reasons).toEqual(['77: the media thread did not report within 2000 ms']);
  });

  it('gives back a pair without a call', async () => {
    const thread = startMediaThread({ portMin: 21000, portMax: 21001, pool: 1 });
    threads.push(thread);
    const lease = await leaseFrom(thread.client);
    await until(() => thread.client.exhausted !== null);
    thread.client.release(lease.pair);
    await until(() => thread.client.lease()?.pair === lease.pair);
  });
});
