import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { Rng } from '../../src/core/rng.js';
import { CallTraces } from '../../src/flow/call-traces.js';
import type { ConversationSetup } from '../../src/flow/conversation.js';
import { OutboundCall } from '../../src/flow/outbound-call.js';
import { Population } from '../../src/flow/population.js';
import { callSpec, mediaSpec } from '../../src/flow/spec.js';
import type { MediaClient } from '../../src/media/link/client.js';
import type { MediaRemote } from '../../src/media/link/messages.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { TraceBook } from '../../src/sip/trace.js';
import { trunkSpec } from '../../src/trunk/spec.js';
import { Trunk } from '../../src/trunk/trunk.js';
import { ANSWER_COUNT, answerText, extraOf, METHODS, requestText } from '../fuzz/corpus.js';
import { mutate } from '../fuzz/mutators.js';
import { handMedia } from '../support/trunk-by-hand.js';
import { Harness, headerIn, QUICK, until } from './sip-harness.js';

const COUNT = Number(process.env.HOSTILE_MESSAGES ?? 1500);
const SEED = Number(process.env.HOSTILE_SEED ?? 34);
const CHUNK = 30;
/** Turns of the event loop in which nothing came. */
const QUIET_TURNS = 8;
const SPOILT = 0.7;
const WITHIN = ['BYE', 'INVITE', 'UPDATE', 'INFO', 'NOTIFY', 'REFER', 'PRACK', 'ACK', 'MESSAGE', 'CANCEL', 'OPTIONS'];
const AT_ONCE = 12;

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await h.close();
  expect(h.fatal).toEqual([]);
});

/** A media thread that does nothing, and takes nothing that cannot be sent. */
function media(faults: string[]): MediaClient {
  return Object.assign(handMedia(), {
    connect: (_call: number, remote: MediaRemote) => {
      const { address, port, sendPayloadType } = remote;
      if (
        typeof address !== 'string' ||
        !(port > 0 && port < 65_536) ||
        !(sendPayloadType >= 0 && sendPayloadType < 128)
      )
        faults.push(JSON.stringify(remote));
    },
    sendDigits: () => Promise.resolve(''),
  });
}

test('callers and a trunk against who sends mutated requests and answers: no callback throws, every call ends and is told of', async () => {
  const rng = new Rng(SEED);
  const pick = (n: number): number => Math.floor(rng.uniform() * n);
  const spoil = (text: string): string => (rng.uniform() < SPOILT ? mutate(text, text, rng, 1400) : text);
  const trace = new TraceBook();
  const unread: string[] = [];
  const onUnread = (line: string): void => void unread.push(line);
  // What drachtio-srf cannot read it prints.
  vi.spyOn(console, 'error').mockImplementation((...said: unknown[]) => void unread.push(said.join(' ')));
  const endpoint = await h.endpoint(QUICK, { callsOnly: true, onUnread, trace } as object);
  const traces = new CallTraces(trace, 'all');
  const peer = await h.peer();
  const errors: unknown[] = [];
  const faults: string[] = [];
  const records: CallRecord[] = [];
  const population = new Population();
  const common = {
    srf: endpoint.srf,
    clock: systemClock,
    population,
    departures: null,
    media: media(faults),
    mediaSpec: mediaSpec.parse({}),
    uplink: [],
    downlink: [],
    advertise: undefined,
    probe: null,
    onError: (error: unknown) => void errors.push(error),
  };
  const onRecord = (record: CallRecord): void => {
    traces.settle(record);
    records.push(record);
  };
  const trunkOptions = trunkSpec.parse({
    transfers: { after: '50ms' },
    perCaller: { channels: 1000 },
    channels: 10_000,
  });
  const trunk = new Trunk({
    ...common,
    conversation: trunkOptions,
    trunk: trunkOptions,
    seed: 1,
    verify: null,
    impairment: { select: undefined, uplink: [], downlink: [] },
    failing: endpoint.failing,
    onScript: () => {},
    onRecord,
    onRefused: () => {},
  });

  const target = `sip:callee@127.0.0.1:${peer.port}`;
  let placed = 0;
  let over = 0;
  const calls = new Set<OutboundCall>();
  /** Plain calls, late offers, hold, and a list of steps, by turns; all have credentials. */
  const place = (): void => {
    const id = placed++;
    const digits = { digits: '12', method: 'info-dtmf-relay' };
    const dtmf = { ...digits, after: '20ms' };
    const soon = { within: '50ms', onFail: 'continue' };
    const steps = [
      { step: 'send-dtmf', ...digits, onFail: 'continue' },
      ...['hold', 'resume', 'refresh'].map((step) => ({ step, ...soon })),
      { step: 'reinvite', codecs: ['PCMA'], ...soon },
      { step: 'refer', to: target, attended: id % 8 === 3, ...soon },
      { step: 'hangup' },
    ];
    const ways = [
      { dtmf },
      { dtmf, lateOffer: true },
      { dtmf, putOnHold: { after: '30ms', for: '30ms' } },
      { flow: steps },
    ];
    const spec = callSpec.parse({
      hold: '400ms',
      giveUpAfter: '400ms',
      credentials: { username: 'a', password: 'b' },
      ...ways[id % 4],
    });
    const setup: ConversationSetup = { ...common, conversation: spec };
    const call: OutboundCall = new OutboundCall(
      { ...common, ...setup, calls: spec, onAnswer: () => {} },
      {
        id,
        dueMs: 0,
        uri: target,
        proxy: undefined,
        trunk: target,
        from: '100',
        to: 'callee',
        headers: {},
        holdMs: 400,
      },
      { pair: id, address: '127.0.0.1', rtpPort: 4000, rtcpPort: 4001 },
      (record) => {
        over++;
        calls.delete(call);
        onRecord(record);
      },
    );
    calls.add(call);
    call.start();
  };

  const place4 = { protocol: 'UDP', here: `127.0.0.1:${peer.port}`, server: `127.0.0.1:${endpoint.port}` };
  let sent = 0;
  /** Dialogs that the peer knows, by its own tag and the other one. */
  const dialogs: { callId: string; fromTag: string; toTag: string }[] = [];
  const send = (method: string, callId: string, fromTag: string, toTag: string): void => {
    const names = { callId, fromTag, toTag, branch: `z9hG4bKh${++sent}`, cseq: sent };
    peer.send(spoil(requestText(method, 'x', place4, names, extraOf(pick(20)))), endpoint.port);
  };
  const quiet = async (): Promise<void> => {
    const read = (): number => endpoint.stats()!.messagesReceived + peer.received.length;
    for (let before = read(), turns = 0; turns < QUIET_TURNS; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (read() !== before) turns = 0;
      before = read();
    }
  };
  let heard = 0;
  const hear = (): void => {
    for (; heard < peer.received.length; heard++) {
      const text = peer.received[heard];
      const tag = (name: string): string => /;tag=([^;\s]+)/.exec(headerIn(text, name))?.[1] ?? '';
      if (!text.startsWith('SIP/2.0')) {
        if (text.startsWith('ACK')) continue;
        peer.send(spoil(answerText(text, pick(ANSWER_COUNT), `t${heard}`, place4.here)), endpoint.port);
        if (text.startsWith('INVITE'))
          dialogs.push({ callId: headerIn(text, 'Call-ID'), fromTag: `t${heard}`, toTag: tag('From') });
      } else if (
        /^SIP\/2\.0 (1[1-9]\d|2\d\d)/.test(text) &&
        tag('To') !== '' &&
        headerIn(text, 'CSeq').endsWith('INVITE')
      )
        dialogs.push({ callId: headerIn(text, 'Call-ID'), fromTag: tag('From'), toTag: tag('To') });
      if (dialogs.length > 30) dialogs.shift();
    }
  };
  while (sent < COUNT) {
    while (calls.size < AT_ONCE) place();
    for (let i = 0; i < CHUNK; i++) {
      const dialog = dialogs[pick(dialogs.length * 2)];
      if (dialog) send(WITHIN[pick(WITHIN.length)], dialog.callId, dialog.fromTag, dialog.toTag);
      else send(rng.uniform() < 0.5 ? 'INVITE' : METHODS[pick(METHODS.length)], `h${sent}`, `f${sent}`, '');
    }
    await quiet();
    hear();
    await quiet();
    expect([errors, faults, unread]).toEqual([[], [], []]);
  }
  // Not all was refused at the door.
  expect(trunk.counts.admitted).toBeGreaterThan(COUNT / 20);
  expect(placed).toBeGreaterThan(2 * AT_ONCE);
  for (const call of calls) call.stop();
  trunk.stop();
  await until(
    () => calls.size === 0 && trunk.up === 0,
    () => ({ up: trunk.up, calls: calls.size }),
  );
  expect(over).toBe(placed);
  expect(records.filter(({ outcome }) => outcome === null)).toEqual([]);
  expect(population.inProgress).toBe(0);
  expect(records.filter(({ cause }) => cause === 'internal')).toEqual([]);
  expect([errors, faults, unread]).toEqual([[], [], []]);
});
