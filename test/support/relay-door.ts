import { afterEach, expect } from 'vitest';
import type { Pipeline } from '../../src/impair/spec.js';
import type { RelayDirection, RelaySnapshot } from '../../src/media/link/relay-messages.js';
import type { CallRecord } from '../../src/relay/b2bua/call-record.js';
import { B2buaDoor } from '../../src/relay/b2bua/door.js';
import { Relay } from '../../src/relay/relay.js';
import { RelayMedia } from '../../src/shard/relay-media.js';
import { hostPort } from '../../src/sip/uri.js';

export interface OpenDoor {
  door: B2buaDoor;
  relay: Relay;
  port: number;
  records: CallRecord[];
  /** What went wrong within calls. */
  log: string[];
  snapshot(): RelaySnapshot | null;
  close(): Promise<void>;
}

export interface DoorSetup {
  /** Port of 127.0.0.1. */
  target: number;
  fromTarget?: string;
  pipelines?: Partial<Record<RelayDirection, Pipeline>>;
  seed?: number;
  maxCalls?: number;
  mediaTimeoutMs?: number;
  /** First and last RTP port; no two tests may share any. */
  ports: [number, number];
  /** 127.0.0.1 unless said. */
  address?: string;
  advertise?: string;
}

const open = new Set<OpenDoor>();

/** Ends what a test left open, and expects that nothing went wrong within. */
export function endDoorsAfterEach(): void {
  afterEach(async () => {
    for (const door of [...open]) {
      await door.close();
      expect(door.log).toEqual([]);
    }
  });
}

/** A relay with a media thread of its own, and its door for SIP. */
export async function openDoor(setup: DoorSetup): Promise<OpenDoor> {
  const {
    target,
    fromTarget = null,
    pipelines,
    seed = 1,
    maxCalls = 1000,
    mediaTimeoutMs = 0,
    ports,
    address = '127.0.0.1',
    advertise,
  } = setup;
  const log: string[] = [];
  const records: CallRecord[] = [];
  const [portMin, portMax] = ports;
  const media = new RelayMedia(
    { driver: 'auto', addresses: [address], portMin, portMax, pool: 256, seed, tickMs: 2 },
    { onFailed: (error) => log.push(error.format()), onOutput: (text) => log.push(text) },
  );
  await media.client.ready();
  let snapshot: RelaySnapshot | null = null;
  media.client.onSnapshot = (latest) => {
    snapshot = latest;
  };
  const relay = new Relay({
    client: media.client,
    pipelinesOf: () => ({ aToB: [], bToA: [], ...pipelines }),
    mediaTimeoutMs,
    maxCalls,
  });
  const door = await B2buaDoor.open({
    relay,
    listen: { address, port: 0 },
    advertise,
    target: `sip:${hostPort(address, target)}`,
    fromTarget,
    mediaAddress: address,
    latch: 'off',
    sdpFaultsOf: () => ({ a: [], b: [] }),
    onRecord: (record) => records.push(record),
    onLog: (text) => log.push(text),
    onFatal: (error) => log.push(String(error)),
  });
  const port = Number(/:(\d+) /.exec(door.title)![1]);
  const opened: OpenDoor = {
    door,
    relay,
    port,
    records,
    log,
    snapshot: () => snapshot,
    close: async () => {
      open.delete(opened);
      await door.close();
      await media.close();
    },
  };
  open.add(opened);
  return opened;
}
