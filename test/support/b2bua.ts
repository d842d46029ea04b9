import { afterEach, beforeEach, expect } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import type { DrachtioConnection } from '../../src/drachtio/connect.js';
import type { SrfCallError, SrfDialog, SrfRequest } from '../../src/drachtio/srf-types.js';
import type { RelayRemote, RelayReport, RelaySide } from '../../src/media/link/relay-messages.js';
import { B2bua, type B2buaOptions } from '../../src/relay/b2bua/b2bua.js';
import type { CallRecord } from '../../src/relay/b2bua/call-record.js';
import { Places } from '../../src/relay/b2bua/places.js';
import { type AudioOptions, RelayedAudio } from '../../src/relay/b2bua/relayed-audio.js';
import { Harness, QUICK, type RawPeer, SDP, until } from '../loopback/sip-harness.js';

export type Endpoint = DrachtioConnection & { port: number };

/** A B2BUA without a media thread: what it would have told that is kept. */
export interface TestRelay {
  b2bua: B2bua;
  records: CallRecord[];
  errors: unknown[];
  /** By call and side, in order: where RTP is to be sent. */
  connected: { call: number; side: RelaySide; remote: RelayRemote }[];
}

/** Ports of the relay that side A and side B of a call are told of. */
export function placesOf(call: number): Record<RelaySide, { address: string; port: number }> {
  return { a: { address: '127.0.0.9', port: 40_000 + 4 * call }, b: { address: '127.0.0.9', port: 40_002 + 4 * call } };
}

/** How the audio of a call is relayed. */
export function audioOf(call: number, faults: Partial<AudioOptions['faults']> = {}): AudioOptions {
  return { places: placesOf(call), latch: 'off', faults: { a: [], b: [], ...faults } };
}

/** Puts a B2BUA on a connection, towards `127.0.0.1:target`. */
export function relayOn(
  connection: DrachtioConnection,
  target: number,
  options: Partial<B2buaOptions> = {},
): TestRelay {
  const own = { host: '127.0.0.1', port: connection.sip!.port };
  const test: Omit<TestRelay, 'b2bua'> = { records: [], errors: [], connected: [] };
  const client = {
    connect: (call: number, side: RelaySide, remote: RelayRemote) => {
      test.connected.push({ call, side, remote });
    },
    close: (): Promise<RelayReport | null> => Promise.resolve(null),
  };
  const b2bua = new B2bua({
    srf: connection.srf,
    clock: systemClock,
    places: new Places([own], { host: '127.0.0.1', port: target }),
    target: `sip:127.0.0.1:${target}`,
    targetAddresses: ['127.0.0.1'],
    fromTarget: null,
    openMedia: (call) => new RelayedAudio(client, call, audioOf(call)),
    onRecord: (record) => test.records.push(record),
    onError: (error) => test.errors.push(error),
    ...options,
  });
  return { ...test, b2bua };
}

export interface Chain {
  a: Endpoint;
  r: Endpoint;
  b: Endpoint;
  relay: TestRelay;
  /** What `a` calls. */
  uri: string;
}

/** For each test: a caller, a relay, and a callee to which it leads; nothing may have thrown when the test ends. */
export function chainOfEach(): {
  chain(options?: Partial<B2buaOptions>, target?: number): Promise<Chain>;
  peer(): Promise<RawPeer>;
} {
  let h: Harness;
  let relays: TestRelay[];
  beforeEach(() => {
    h = new Harness();
    relays = [];
  });
  afterEach(async () => {
    for (const { b2bua, errors } of relays) {
      b2bua.close();
      expect(errors).toEqual([]);
    }
    await h.close();
    expect(h.fatal).toEqual([]);
  });
  return {
    async chain(options = {}, target) {
      const [a, r, b] = [await h.endpoint(QUICK), await h.endpoint(QUICK), await h.endpoint(QUICK)];
      const relay = relayOn(r, target ?? b.port, options);
      relays.push(relay);
      return { a, r, b, relay, uri: `sip:bob@127.0.0.1:${r.port}` };
    },
    peer: () => h.peer(),
  };
}

export function sdpAt(port: number): string {
  return SDP.replace('m=audio 4000', `m=audio ${port}`);
}

/** Answers every INVITE, and keeps the dialogs. */
export function answering(endpoint: Endpoint, sdp = sdpAt(5000)): { invites: SrfRequest[]; dialogs: SrfDialog[] } {
  const invites: SrfRequest[] = [];
  const dialogs: SrfDialog[] = [];
  endpoint.srf.invite(async (request, response) => {
    invites.push(request);
    dialogs.push(await endpoint.srf.createUAS(request, response, { localSdp: sdp }));
  });
  return { invites, dialogs };
}

export async function failureOf(call: Promise<SrfDialog>): Promise<SrfCallError> {
  return call.then(
    () => {
      throw new Error('the call was answered');
    },
    (error: SrfCallError) => error,
  );
}

/** Waits until no dialog is left, and expects that nothing went astray. */
export async function allOver(...endpoints: Endpoint[]): Promise<void> {
  await until(() => endpoints.every((endpoint) => endpoint.stats()!.dialogs === 0));
  for (const endpoint of endpoints) expect(endpoint.stats()).toMatchObject({ malformed: 0, strays: 0 });
}
