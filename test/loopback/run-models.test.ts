import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PacketLogFile } from '../../src/cli/packet-log-file.js';
import { runProfile } from '../support/run-profile.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const CALLS = 7;
const folder = temporaryFolder();

describe('a run over modelled networks', () => {
  it('hears as lost what a trace and a shared link dropped, and waits in the link that its calls fill', async () => {
    const trace = join(folder, 'loss.txt');
    writeFileSync(trace, '# one of twenty\n0000000000 0000000001\n');
    // Seven calls of 80 kbit/s, less one packet of twenty, over 430 kbit/s.
    const file = join(folder, 'packets.ndjson');
    let log = new PacketLogFile(file);
    const { summary, records } = await runProfile(
      `
name: models
load: [{ shape: constant, cps: 14, for: 500ms }]
calls: { hold: 5s }
media: { rtpPorts: 43400-43599 }
trunk: { channels: 20, answerAfter: 20ms }
impairment:
  uplink:
    - { kind: loss-trace, file: ${trace} }
    - { kind: queue, rate: 430kbit/s, buffer: 200ms, group: uplink }
  downlink:
    - { kind: corrupt, ratio: 20% }
    - { kind: delay, base: 40ms, jitter: { distribution: pareto-normal, spread: 5ms, correlation: 50% } }
`,
      {
        // A run that was held up begins anew.
        atOnce: () => {
          log.close();
          log = new PacketLogFile(file);
        },
        onPackets: (packets) => log.take(packets),
      },
    );
    expect(log.close()).toBeNull();
    const logged = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records).toHaveLength(CALLS);
    let fromTrace = 0;
    for (const { uplink, downlink, impairment, id } of records) {
      const truth = impairment!.uplink;
      // What still waits in the link when the far end has hung up, 200 ms at most, it does not see.
      const unseen = truth.droppedWithin - uplink!.heard!.packetsLost;
      expect(unseen, `call ${id}`).toBeGreaterThanOrEqual(0);
      expect(unseen, `call ${id}`).toBeLessThanOrEqual(10);

      // Every packet is in the log, with what the truth counts.
      for (const direction of ['uplink', 'downlink'] as const) {
        const fates = logged.filter((packet) => packet.call === String(id) && packet.direction === direction);
        const { packets, dropped, delayMaxMs } = impairment![direction];
        expect(fates, `call ${id}`).toHaveLength(packets);
        expect(fates.filter(({ fate }) => fate === 'dropped')).toHaveLength(dropped);
        expect(Math.max(...fates.map(({ delayMs }) => delayMs ?? 0))).toBe(delayMaxMs);
      }
      fromTrace += Math.floor(truth.packets / 20);
      expect(downlink!.heard!.packetsLost).toBe(impairment!.downlink.droppedWithin);
      expect(impairment!.downlink.corrupted).toBeGreaterThan(10);
    }
    const { uplink, downlink } = summary.impairment;
    expect(uplink.dropped).toBe(fromTrace + uplink.faults.queue);
    expect(uplink.faults.queue).toBeGreaterThan(0);
    expect(uplink.delayMs!.max).toBeGreaterThan(150);
    expect(uplink.delayMs!.max).toBeLessThanOrEqual(200 + 1e-3);
    expect(downlink.corrupted).toBe(records.reduce((sum, { impairment }) => sum + impairment!.downlink.corrupted, 0));
    expect(downlink.delayMs!.mean).toBeGreaterThan(39);
    expect(downlink.delayMs!.mean).toBeLessThan(41);
  });
});
