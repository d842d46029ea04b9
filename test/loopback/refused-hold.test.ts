import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SrfDialog } from '../../src/drachtio/srf-types.js';
import { Conversation, type ConversationSetup } from '../../src/flow/conversation.js';
import { putOnHold } from '../../src/flow/renegotiation.js';
import { conversationSpec, mediaSpec } from '../../src/flow/spec.js';
import { Negotiation } from '../../src/sdp/negotiation.js';
import { Harness, until } from './sip-harness.js';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

test('a hold that the far end refuses does not stand in the way of the next re-INVITE, nor of the BYE', async () => {
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
  const directions: string[] = [];
  let answered: SrfDialog | null = null;
  b.srf.invite(async (invite, response) => {
    answered = await b.srf.createUAS(invite, response, { localSdp: callee.answer(invite.body)!.answer });
    answered.on('modify', (reinvite, answer) => {
      directions.push(/a=(send\w+)/.exec(reinvite.body)![1]);
      if (directions.length === 1) answer.send(488);
      else answer.send(200, { body: callee.answer(reinvite.body)!.answer });
    });
  });
  const dialog = await a.srf.createUAC(`sip:x@127.0.0.1:${b.port}`, { localSdp: conversation.offer() });
  conversation.takeAnswer(dialog.remote.sdp, true);
  await until(() => answered !== null);

  expect(await putOnHold(dialog, conversation, true)).toBe(488);
  expect(await putOnHold(dialog, conversation, true)).toBe(200);
  expect(connected.at(-1)).toMatchObject({ sends: true, hears: false });
  expect(await putOnHold(dialog, conversation, false)).toBe(200);
  expect(connected.at(-1)).toMatchObject({ sends: true, hears: true });
  expect(directions).toEqual(['sendonly', 'sendonly', 'sendrecv']);
  await dialog.destroy();
  await until(() => a.stats()!.dialogs + b.stats()!.dialogs === 0);
  expect(h.fatal).toEqual([]);
});
