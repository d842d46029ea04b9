import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PacketLogFile } from '../../src/cli/packet-log-file.js';
import { pipeline } from '../../src/impair/spec.js';
import { PacketLog } from '../../src/media/packet-log.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { TwoPlanes } from './two-planes.js';

const file = join(temporaryFolder(), 'packets.ndjson');

/** The log of a plane, and what was handed over so far, of which nobody has read more than `read`. */
function openLog(read: () => number) {
  const batches: Uint8Array[] = [];
  const log = new PacketLog(0, (batch, bytes) => batches.push(new Uint8Array(batch.slice(0, bytes))), read);
  return { log, batches };
}

it('each packet of a call is logged with what became of it, in both directions', () => {
  const { log, batches } = openLog(() => 0);
  const planes = new TwoPlanes(false, {}, log);
  const uplink = [
    { kind: 'loss', ratio: 0.1 },
    { kind: 'delay', base: 30, jitter: { distribution: 'uniform', spread: 10 } },
  ];
  planes.call(4, {}, pipeline.parse(uplink), pipeline.parse([{ kind: 'ptime', to: 40 }]));
  planes.run(4000);
  const { near } = planes.close(4);
  log.handOver();
  const written = new PacketLogFile(file);
  for (const batch of batches) written.take({ batch, unlogged: 0 });
  expect(written.close()).toBeNull();
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const of = (direction: string, fate: string) =>
    lines.filter((line) => line.call === '4' && line.direction === direction && line.fate === fate);
  const { packets, dropped, delivered, delayMeanMs } = near.truth.uplink;
  expect(packets).toBe(near.sent.packetsSent);
  expect(of('uplink', 'dropped')).toHaveLength(dropped);
  const passed = of('uplink', 'delivered');
  expect(passed).toHaveLength(delivered);
  expect(passed.reduce((sum, { delayMs }) => sum + delayMs, 0) / delivered).toBeCloseTo(delayMeanMs!, 9);
  expect(passed[0]).toMatchObject({ ssrc: near.sent.ssrc, pt: 0, size: 172 });
  // Two packets make one: the audio of the first goes on in the second.
  expect(of('downlink', 'delivered').length).toBe(near.truth.downlink.delivered);
  expect(of('downlink', 'absorbed').length).toBeGreaterThan(90);
  expect(lines).toHaveLength(packets + near.truth.downlink.packets);
});

it('a log that nobody reads is bounded, and goes on once somebody does', () => {
  let read = 0;
  const { log, batches } = openLog(() => read);
  const fates = log.fatesOf(1, 0);
  const packet = { bytes: new Uint8Array(172), words: new Int32Array(43) };
  const notePackets = (count: number): void => {
    for (let i = 0; i < count; i++) {
      fates.note(packet as never, 0, 172, i);
      fates.settle(1, 0, 0);
    }
  };
  const perBatch = Math.floor((1 << 20) / 48);
  notePackets(9 * perBatch);
  expect(batches).toHaveLength(8);
  expect(log.takeUnlogged()).toBe(perBatch);
  read = 2;
  notePackets(perBatch);
  log.handOver();
  expect(batches).toHaveLength(9);
  expect(log.takeUnlogged()).toBe(0);
  const written = new PacketLogFile(file);
  written.take({ batch: new Uint8Array(), unlogged: 7 });
  expect(written.close()).toContain('for 7 packets there was no room');
});
