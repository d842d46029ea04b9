import { expect, test } from 'vitest';
import { Rng } from '../../src/core/rng.js';
import { ANSWER_COUNT, answerText, extraOf, METHODS, requestText } from '../fuzz/corpus.js';
import { mutate } from '../fuzz/mutators.js';
import { chainOfEach } from '../support/b2bua.js';
import { headerIn, reply, SDP, until } from './sip-harness.js';

const { chain, peer } = chainOfEach();

const COUNT = 2500;
const CHUNK = 40;
/** Turns of the event loop in which nothing came. */
const QUIET_TURNS = 8;
/** Of the requests and answers, mutated ones. REFER is left out: the dialog of a transfer stays for its NOTIFYs. */
const SPOILT = 0.6;
const WITHIN = ['BYE', 'INVITE', 'UPDATE', 'INFO', 'NOTIFY', 'PRACK', 'ACK', 'MESSAGE', 'CANCEL'];

test('mutated requests, and mutated answers to what is passed on, make nothing throw and leave nothing behind', async () => {
  const rng = new Rng(77);
  const pick = (n: number): number => Math.floor(rng.uniform() * n);
  const [caller, callee] = [await peer(), await peer()];
  const { a, r, relay, uri } = await chain({}, callee.port);
  const place = { protocol: 'UDP', here: `127.0.0.1:${caller.port}`, server: `127.0.0.1:${r.port}` };
  const spoil = (text: string): string => (rng.uniform() < SPOILT ? mutate(text, text, rng, 1400) : text);
  let sent = 0;
  const send = (method: string, callId: string, toTag: string): void => {
    const names = { callId, fromTag: `f-${callId}`, toTag, branch: `z9hG4bK${++sent}`, cseq: sent };
    caller.send(spoil(requestText(method, `u${sent % 7}`, place, names, extraOf(pick(20)))), r.port);
  };
  const dialogs: { callId: string; toTag: string }[] = [];
  let answered = 0;
  let heard = 0;
  /** Until nobody has anything left to read: what overflows a socket was sent in vain, the more the busier the machine. */
  const quiet = async (): Promise<void> => {
    const read = (): number => r.stats()!.messagesReceived + caller.received.length + callee.received.length;
    for (let before = read(), turns = 0; turns < QUIET_TURNS; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (read() !== before) turns = 0;
      before = read();
    }
  };
  while (sent < COUNT) {
    for (let i = 0; i < CHUNK; i++) {
      const dialog = dialogs[pick(dialogs.length * 2)];
      if (dialog) send(WITHIN[pick(WITHIN.length)], dialog.callId, dialog.toTag);
      else send(rng.uniform() < 0.5 ? 'INVITE' : METHODS[pick(METHODS.length)], `h${sent}`, '');
    }
    await quiet();
    for (; answered < callee.received.length; answered++) {
      const request = callee.received[answered];
      if (!request.startsWith('SIP/2.0') && !request.startsWith('ACK'))
        callee.send(spoil(answerText(request, pick(ANSWER_COUNT), `t${answered}`, `127.0.0.1:${callee.port}`)), r.port);
    }
    for (; heard < caller.received.length; heard++) {
      const text = caller.received[heard];
      const toTag = /;tag=([^;\s]+)/.exec(headerIn(text, 'To'))?.[1];
      if (toTag && /^SIP\/2\.0 (1[1-9]\d|2\d\d)/.test(text) && headerIn(text, 'CSeq').endsWith('INVITE'))
        dialogs.push({ callId: headerIn(text, 'Call-ID'), toTag });
      if (dialogs.length > 20) dialogs.shift();
    }
  }
  await quiet();
  const { attempts, answered: up } = relay.b2bua.counts();
  // Not all was refused at the door, and some of it made calls.
  expect(attempts).toBeGreaterThan(COUNT / 20);
  expect(up).toBeGreaterThan(40);
  for (let before = -1; before !== callee.received.length; await new Promise((resolve) => setTimeout(resolve, 300)))
    before = callee.received.length;
  const call = a.srf.createUAC(uri.replace('bob', 'clean'), { localSdp: SDP });
  const isClean = (text: string): boolean => text.startsWith('INVITE sip:clean@');
  await until(() => callee.received.some(isClean));
  const contact = `Contact: <sip:clean@127.0.0.1:${callee.port}>`;
  callee.send(reply(callee.received.find(isClean)!, '200 OK', 'clean', contact, SDP), r.port);
  const dialog = await call;
  expect(dialog.remote.sdp).toContain('c=IN IP4 127.0.0.9');
  relay.b2bua.stop();
  await relay.b2bua.settled();
  expect(relay.b2bua.counts()).toMatchObject({ up: 0, inProgress: 0 });
  await until(() => r.stats()!.dialogs === 0);
});
