import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import { SilentPeers } from '../../src/sip/silent-peers.js';
import type { Peer, Transport } from '../../src/sip/transport.js';

const PEER: Peer = { address: '192.0.2.1', port: 5060 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched() {
  const clock = new ManualClock(10_000);
  const probes: ((reason: string) => void)[] = [];
  const refused: Peer[] = [];
  const transport = { probe: (_peer: Peer, onRefused: (reason: string) => void) => probes.push(onRefused) };
  const peers = new SilentPeers(
    clock,
    () => transport as unknown as Transport,
    (peer) => refused.push(peer),
  );
  return { clock, peers, probes, refused };
}

describe('a peer to which a request had to be repeated', () => {
  it('is probed where it was never heard, once at a time, and given up where nobody listens', () => {
    const { peers, probes, refused } = watched();
    peers.suspect(PEER);
    peers.suspect(PEER);
    expect(probes).toHaveLength(1);
    probes[0]('ECONNREFUSED');
    expect(refused).toEqual([PEER]);
    vi.advanceTimersByTime(400);
    peers.suspect(PEER);
    expect(probes).toHaveLength(2);
  });

  it('is left in peace while it talks to us', () => {
    const { peers, probes, clock } = watched();
    peers.hear(PEER);
    clock.advance(499);
    peers.suspect(PEER);
    expect(probes).toHaveLength(0);
    peers.suspect({ ...PEER, port: 5062 });
    expect(probes).toHaveLength(1);
  });

  it('is probed again once it has fallen silent: it may have died since', () => {
    const { peers, probes, refused, clock } = watched();
    peers.hear(PEER);
    clock.advance(500);
    peers.suspect(PEER);
    expect(probes).toHaveLength(1);
    peers.hear(PEER);
    probes[0]('ECONNREFUSED');
    expect(refused).toEqual([]);
  });
});
