import { describe, expect, it, vi } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import type { Lease } from '../../src/media/link/messages.js';
import type { RelayClient } from '../../src/media/link/relay-client.js';
import { type CallTraits, Relay } from '../../src/relay/relay.js';

const LOSS = [{ kind: 'loss' as const, ratio: 1, burst: 1 }];

function fakeClient() {
  let pair = 0;
  return {
    onTimeout: null as ((call: number) => void) | null,
    lease: vi.fn((address: string): Lease | AppError => {
      const port = 20_000 + 2 * pair;
      return { pair: pair++, address, rtpPort: port, rtcpPort: port + 1 };
    }),
    release: vi.fn(),
    open: vi.fn(),
    impair: vi.fn(),
    close: vi.fn(async (_call: number) => null),
  };
}

function relayOver(client: ReturnType<typeof fakeClient>, more: { maxCalls?: number } = {}) {
  const seen: CallTraits[] = [];
  const relay = new Relay({
    client: client as unknown as RelayClient,
    pipelinesOf: (call) => {
      seen.push(call);
      return { aToB: call.from === '100' ? LOSS : [], bToA: [] };
    },
    mediaTimeoutMs: 1000,
    maxCalls: 3,
    ...more,
  });
  return { relay, seen };
}

describe('the relay that all doors share', () => {
  it('opens a call between two leased ports, with what is done to calls like it', () => {
    const client = fakeClient();
    const { relay, seen } = relayOver(client);
    const opened = relay.open('x', { a: '10.0.0.1', b: '10.0.0.2' }, { from: '100', to: '200' });
    expect(opened).toMatchObject({ call: 1, leases: { a: { address: '10.0.0.1' }, b: { address: '10.0.0.2' } } });
    expect(client.open).toHaveBeenCalledWith({
      call: 1,
      name: 'x',
      pairs: { a: 0, b: 1 },
      pipelines: { aToB: LOSS, bToA: [] },
      mediaTimeoutMs: 1000,
      log: undefined,
    });
    expect(seen).toEqual([{ id: 0, from: '100', to: '200', trunk: '' }]);
    expect(relay.nameOf(1)).toBe('x');
  });

  it('takes no more calls than it may, and takes them again once one has ended', async () => {
    const client = fakeClient();
    const { relay } = relayOver(client, { maxCalls: 1 });
    relay.open('x', { a: '10.0.0.1', b: '10.0.0.1' });
    expect(relay.open('y', { a: '10.0.0.1', b: '10.0.0.1' })).toMatchObject({ code: 'CALLS_EXHAUSTED' });
    expect(client.lease).toHaveBeenCalledTimes(2);
    await relay.close(1);
    expect(relay.open('y', { a: '10.0.0.1', b: '10.0.0.1' })).not.toBeInstanceOf(AppError);
    expect(relay.counts).toEqual({ up: 1, peak: 1, opened: 2, refused: 1, timedOut: 0 });
  });

  it('gives the first port back when there is no second, and says why', () => {
    const client = fakeClient();
    const { relay } = relayOver(client);
    client.lease.mockImplementationOnce((address) => ({ pair: 5, address, rtpPort: 1, rtcpPort: 2 }));
    client.lease.mockImplementationOnce(() => new AppError('PORTS_EXHAUSTED', 'none left'));
    expect(relay.open('x', { a: '10.0.0.1', b: '10.0.0.1' })).toMatchObject({ code: 'PORTS_EXHAUSTED' });
    expect(client.release).toHaveBeenCalledWith(5);
    expect(client.open).not.toHaveBeenCalled();
    expect(relay.counts).toMatchObject({ up: 0, refused: 1 });
  });

  it('closes a call once, whoever asks for it how often', async () => {
    const client = fakeClient();
    const { relay } = relayOver(client);
    const ended: string[] = [];
    relay.onEnded = ({ name }) => ended.push(name);
    relay.open('x', { a: '10.0.0.1', b: '10.0.0.1' });
    relay.open('y', { a: '10.0.0.1', b: '10.0.0.1' });
    await Promise.all([relay.close(1), relay.close(1), relay.closeAll(), relay.close(9)]);
    expect(client.close.mock.calls).toEqual([[1], [2]]);
    expect(ended).toEqual(['x', 'y']);
    expect(relay.counts.up).toBe(0);
  });

  it('puts other impairments on calls that are up and on those that come, by who calls whom', async () => {
    const client = fakeClient();
    const { relay } = relayOver(client);
    for (const from of ['100', '101', '102']) relay.open(from, { a: '10.0.0.1', b: '10.0.0.1' }, { from });
    await relay.close(2);
    relay.impairAll((call) => ({ aToB: [], bToA: call.from === '102' ? LOSS : [] }), 'change 1');
    expect(client.impair.mock.calls).toEqual([
      [1, 'aToB', [], 'change 1'],
      [1, 'bToA', [], 'change 1'],
      [3, 'aToB', [], 'change 1'],
      [3, 'bToA', LOSS, 'change 1'],
    ]);
    relay.open('y', { a: '10.0.0.1', b: '10.0.0.1' }, { from: '102' });
    expect(client.open).toHaveBeenLastCalledWith(expect.objectContaining({ pipelines: { aToB: [], bToA: LOSS } }));
  });

  it('counts calls without media, and tells their door', () => {
    const client = fakeClient();
    const { relay } = relayOver(client);
    const told: number[] = [];
    relay.onTimeout = (call) => told.push(call);
    client.onTimeout?.(4);
    expect(told).toEqual([4]);
    expect(relay.counts.timedOut).toBe(1);
  });
});
