import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SrfDialog, SrfRequest, SrfResponder } from '../../src/drachtio/srf-types.js';
import { CallCredentials } from '../../src/flow/call-credentials.js';
import { Conversation, type ConversationSetup } from '../../src/flow/conversation.js';
import { putOnHold } from '../../src/flow/renegotiation.js';
import { requestWithin } from '../../src/flow/request-within.js';
import { conversationSpec, mediaSpec } from '../../src/flow/spec.js';
import { Negotiation } from '../../src/sdp/negotiation.js';
import { Harness, until } from './sip-harness.js';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

/** A call between two applications, of which the callee answers re-INVITEs as it is told. */
async function established(onReinvite: (reinvite: SrfRequest, response: SrfResponder, answer: string) => void) {
  const a = await h.endpoint();
  const b = await h.endpoint();
  const connected: { sends: boolean; hears: boolean }[] = [];
  const setup = {
    media: { open: () => {}, connect: (_call: number, remote: (typeof connected)[0]) => connected.push(remote) },
    mediaSpec: mediaSpec.parse({}),
    conversation: conversationSpec.parse({ codecs: ['PCMU'] }),
    uplink: [],
    downlink: [],
    advertise: undefined,
  } as unknown as ConversationSetup;
  const lease = { pair: 1, address: '127.0.0.1', rtpPort: 20_000, rtcpPort: 20_001 };
  const conversation = new Conversation(setup, 1, lease, 'call');
  const callee = new Negotiation({ address: '127.0.0.1', port: 4000, ptimeMs: 20, sessionId: 1 }, ['PCMU']);
  let answered: SrfDialog | null = null;
  b.srf.invite(async (invite, response) => {
    answered = await b.srf.createUAS(invite, response, { localSdp: callee.answer(invite.body)!.answer });
    answered.on('modify', (reinvite, answer) => onReinvite(reinvite, answer, callee.answer(reinvite.body)!.answer));
  });
  const dialog = await a.srf.createUAC(`sip:x@127.0.0.1:${b.port}`, { localSdp: conversation.offer() });
  conversation.takeAnswer(dialog.remote.sdp, true);
  await until(() => answered !== null);
  const over = async (): Promise<void> => {
    await until(() => a.stats()!.dialogs + b.stats()!.dialogs === 0);
    expect(h.fatal).toEqual([]);
  };
  return { dialog, conversation, connected, answered: answered!, over };
}

test('a hold that the far end refuses does not stand in the way of the next re-INVITE, nor of the BYE', async () => {
  const directions: string[] = [];
  const { dialog, conversation, connected, over } = await established((reinvite, response, answer) => {
    directions.push(/a=(send\w+)/.exec(reinvite.body)![1]);
    if (directions.length === 1) response.send(488);
    else response.send(200, { body: answer });
  });
  expect(await putOnHold(dialog, conversation, true)).toBe(488);
  expect(await putOnHold(dialog, conversation, true)).toBe(200);
  expect(connected.at(-1)).toMatchObject({ sends: true, hears: false });
  expect(await putOnHold(dialog, conversation, false)).toBe(200);
  expect(connected.at(-1)).toMatchObject({ sends: true, hears: true });
  expect(directions).toEqual(['sendonly', 'sendonly', 'sendrecv']);
  await dialog.destroy();
  await over();
});

test('a hold that is challenged comes again with credentials, later requests carry them, and a nonce that grew old is replaced', async () => {
  const given: string[] = [];
  const nonces = ['first', 'second'];
  const note = (request: SrfRequest): string => {
    const [, nonce, count] = /nonce="(\w+)".*nc=(\d+)/.exec(request.get('Authorization') ?? '') ?? ['', 'none', '0'];
    given.push(`${request.method} ${nonce} ${Number(count)}`);
    return nonce;
  };
  const call = await established((reinvite, response, answer) => {
    // Each nonce is good for two requests.
    const nonce = note(reinvite);
    const isKnown = nonce === nonces[0];
    if (isKnown && given.filter((text) => text.includes(nonce)).length <= 2) {
      response.send(200, { body: answer });
      return;
    }
    if (isKnown) nonces.shift();
    response.send(401, { headers: { 'WWW-Authenticate': `Digest realm="r", nonce="${nonces[0]}", qop="auth"` } });
  });
  const { dialog, conversation, connected, over } = call;
  const credentials = new CallCredentials({ username: 'alice', password: 'x' });
  for (const isHeld of [true, false, true]) {
    expect(await putOnHold(dialog, conversation, isHeld, credentials)).toBe(200);
    expect(connected.at(-1)).toMatchObject({ hears: !isHeld });
  }
  call.answered.on('destroy', (bye) => note(bye));
  await new Promise((resolve) => requestWithin(dialog, { method: 'BYE', headers: {} }, credentials, resolve));
  expect(given).toEqual([
    'INVITE none 0',
    'INVITE first 1',
    'INVITE first 2',
    'INVITE first 3',
    'INVITE second 1',
    'BYE second 2',
  ]);
  await over();
});
