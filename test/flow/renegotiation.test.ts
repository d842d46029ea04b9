import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { CodecName } from '../../src/core/codecs.js';
import type { SrfDialog, SrfResult } from '../../src/drachtio/srf-types.js';
import { Conversation, type ConversationSetup } from '../../src/flow/conversation.js';
import { followRenegotiation, putOnHold } from '../../src/flow/renegotiation.js';
import { conversationSpec, mediaSpec } from '../../src/flow/spec.js';
import type { MediaRemote } from '../../src/media/link/messages.js';
import type { SrtpSuite } from '../../src/rtp/srtp-keys.js';
import { Negotiation } from '../../src/sdp/negotiation.js';

/** A far end's offers and answers. */
function farEnd(codecs: readonly CodecName[], srtp: readonly SrtpSuite[] = []): Negotiation {
  return new Negotiation({ address: '127.0.0.1', port: 4000, ptimeMs: 20, sessionId: 1 }, codecs, srtp);
}

/** A call that is up, seen from the far end: what it asks and what it is answered. */
class Established {
  readonly talk: MediaRemote[] = [];
  readonly mismatches: string[] = [];
  readonly conversation: Conversation;
  /** Answers our own re-INVITEs. */
  onReinvite: (offer: string) => { status: number; body: string } = () => ({ status: 500, body: '' });
  private readonly events = new EventEmitter();
  readonly dialog: SrfDialog;

  constructor(codecs: CodecName[], awaitsAnswer = false, srtp: SrtpSuite[] = []) {
    const media = {
      open: () => {},
      connect: (_call: number, remote: MediaRemote) => this.talk.push(remote),
    };
    const setup = {
      media,
      mediaSpec: mediaSpec.parse({}),
      conversation: conversationSpec.parse({ codecs, srtp }),
      uplink: [],
      downlink: [],
      advertise: undefined,
    };
    const lease = { pair: 1, address: '127.0.0.1', rtpPort: 20_000, rtcpPort: 20_001 };
    this.conversation = new Conversation(setup as unknown as ConversationSetup, 1, lease, 'call');
    this.dialog = Object.assign(this.events, {
      local: { sdp: '', contact: '<sip:us@192.0.2.1>' },
      request: ({ body }: { body: string }, done: (error: unknown, response?: SrfResult) => void) => {
        done(null, { status: 180, body: '' } as SrfResult);
        done(null, this.onReinvite(body) as SrfResult);
      },
    }) as unknown as SrfDialog;
    followRenegotiation({
      dialog: this.dialog,
      conversation: this.conversation,
      awaitsAnswer,
      guarded: (callback) => callback,
      onMismatch: ({ reason }) => this.mismatches.push(reason),
    });
  }

  ask(method: 'modify' | 'update', body: string): { status: number; body: string } {
    const answer = { status: 0, body: '' };
    const send = (status: number, options?: { body?: string }): void => {
      Object.assign(answer, { status, body: options?.body ?? '' });
    };
    this.events.emit(method, { body }, { send });
    return answer;
  }

  ack(body: string): void {
    this.events.emit('ack', { body });
  }
}

describe('within a call', () => {
  it.each(['modify', 'update'] as const)('an offer by %s is answered and followed: codec, hold, resume', (method) => {
    const call = new Established(['PCMU', 'G722']);
    const caller = farEnd(['PCMU']);
    expect(call.ask(method, caller.offer())).toMatchObject({ status: 200, body: expect.stringContaining('PCMU/8000') });
    expect(call.talk.at(-1)).toMatchObject({ codec: 'PCMU', sends: true, hears: true });
    const wide = call.ask(method, farEnd(['G722']).offer());
    expect(wide.body).toContain('a=rtpmap:9 G722/8000');
    expect(call.talk.at(-1)).toMatchObject({ codec: 'G722', sendPayloadType: 9 });
    caller.hold(true);
    expect(call.ask(method, caller.offer()).body).toContain('a=recvonly');
    expect(call.talk.at(-1)).toMatchObject({ codec: 'PCMU', sends: false, hears: true });
    caller.hold(false);
    expect(call.ask(method, caller.offer()).body).toContain('a=sendrecv');
    expect(call.talk.at(-1)).toMatchObject({ sends: true });
  });

  it('an offer of nothing that we speak is refused with 488, and all stays as it was', () => {
    const call = new Established(['PCMU']);
    call.ask('modify', farEnd(['PCMU']).offer());
    expect(call.ask('modify', farEnd(['opus']).offer())).toEqual({ status: 488, body: '' });
    expect(call.ask('modify', 'no SDP at all')).toEqual({ status: 488, body: '' });
    expect(call.talk).toHaveLength(1);
    expect(call.mismatches).toEqual([]);
  });

  it('a new key of the far end is taken over, ours stays; an offer without protection is refused, and all stays', () => {
    const call = new Established(['PCMU'], false, ['AEAD_AES_128_GCM']);
    const caller = farEnd(['PCMU'], ['AEAD_AES_128_GCM']);
    call.ask('modify', caller.offer());
    caller.hold(true);
    call.ask('modify', caller.offer());
    expect(call.ask('modify', farEnd(['PCMU'], ['AEAD_AES_128_GCM']).offer()).status).toBe(200);
    expect(call.ask('modify', farEnd(['PCMU']).offer())).toEqual({ status: 488, body: '' });
    const [first, held, rekeyed, ...others] = call.talk.map(({ srtp }) => srtp!);
    expect(others).toEqual([]);
    expect(held).toEqual(first);
    expect(rekeyed).toMatchObject({ suite: 'AEAD_AES_128_GCM', send: first.send });
    expect(rekeyed.receive).not.toBe(first.receive);
  });

  it('an UPDATE without an offer is answered without one', () => {
    expect(new Established(['PCMU']).ask('update', '')).toEqual({ status: 200, body: '' });
  });

  it('a re-INVITE without an offer gets ours, and the answer is taken from its ACK', () => {
    const call = new Established(['PCMU', 'G722']);
    const { status, body } = call.ask('modify', '');
    expect(status).toBe(200);
    expect(call.talk).toEqual([]);
    call.ack(farEnd(['G722']).answer(body)!.answer);
    expect(call.talk.at(-1)).toMatchObject({ codec: 'G722', port: 4000 });
    // ACKs that answer nothing change nothing.
    call.ack(farEnd(['PCMU']).offer());
    expect(call.talk).toHaveLength(1);
  });

  it('an answer of no use to the offer in our first 200 ends the call, a later one leaves it as it was', () => {
    const late = new Established(['PCMU'], true);
    late.conversation.offer();
    late.ack('');
    expect(late.mismatches).toEqual(['answered without an audio stream']);
    const call = new Established(['PCMU']);
    call.ask('modify', '');
    call.ack('');
    expect(call.mismatches).toEqual([]);
  });

  it('we put the far end on hold, and take it back', async () => {
    const call = new Established(['PCMU']);
    const callee = farEnd(['PCMU']);
    call.onReinvite = (offer) => ({ status: 200, body: callee.answer(offer)!.answer });
    expect(await putOnHold(call.dialog, call.conversation, true)).toBe(200);
    expect(call.talk.at(-1)).toMatchObject({ sends: true, hears: false });
    expect(await putOnHold(call.dialog, call.conversation, false)).toBe(200);
    expect(call.talk.at(-1)).toMatchObject({ sends: true, hears: true });
  });

  it('a hold that is refused leaves all as it was, in what we offer later too', async () => {
    const call = new Established(['PCMU']);
    call.ask('modify', farEnd(['PCMU']).offer());
    const agreed = call.dialog.local.sdp;
    call.onReinvite = () => ({ status: 488, body: '' });
    expect(await putOnHold(call.dialog, call.conversation, true)).toBe(488);
    expect(call.talk).toHaveLength(1);
    expect(call.dialog.local.sdp).toBe(agreed);
    expect(call.conversation.offer()).toContain('a=sendrecv');
  });
});
