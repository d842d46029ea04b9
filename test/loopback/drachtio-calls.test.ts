import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { guard } from '../../src/drachtio/guard.js';
import type { SrfCallError, SrfDialog, SrfRequest, SrfResponder, SrfResult } from '../../src/drachtio/srf-types.js';
import { closedPort, Harness, QUICK, SDP, until } from './sip-harness.js';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

async function failureOf(call: Promise<SrfDialog>): Promise<SrfCallError> {
  return call.then(
    () => {
      throw new Error('the call was answered');
    },
    (error: SrfCallError) => error,
  );
}

describe('a call between two embedded servers', () => {
  test('rings, is answered, acknowledged and hung up by the caller', async () => {
    const [a, b] = [await h.endpoint(), await h.endpoint()];
    const seen: string[] = [];
    b.srf.invite(async (request, response) => {
      seen.push(`INVITE ${request.callingNumber} ${request.calledNumber}`);
      response.send(180);
      const dialog = await b.srf.createUAS(request, response, { localSdp: SDP });
      dialog.once('ack', () => seen.push('ACK'));
      dialog.on('destroy', () => seen.push('BYE'));
    });
    const provisional: number[] = [];
    const dialog = await a.srf.createUAC(
      `sip:1000@127.0.0.1:${b.port}`,
      { localSdp: SDP, callingNumber: '42' },
      { cbProvisional: (response) => provisional.push(response.status) },
    );
    expect(dialog.remote.sdp).toBe(SDP);
    await until(() => seen.includes('ACK'));
    await dialog.destroy();
    expect(seen).toEqual(['INVITE 42 1000', 'ACK', 'BYE']);
    expect(provisional).toEqual([180]);
    expect([a.stats()!.dialogs, b.stats()!.dialogs]).toEqual([0, 0]);
    expect(h.fatal).toEqual([]);
  });

  test('is hung up by the called side', async () => {
    const [a, b] = [await h.endpoint(), await h.endpoint()];
    b.srf.invite(async (request, response) => {
      const dialog = await b.srf.createUAS(request, response, { localSdp: SDP });
      dialog.once('ack', () => void dialog.destroy({ headers: { Reason: 'Q.850;cause=16' } }));
    });
    const dialog = await a.srf.createUAC(`sip:1000@127.0.0.1:${b.port}`, { localSdp: SDP });
    const bye = await new Promise<SrfRequest>((resolve) => dialog.on('destroy', resolve));
    expect(bye.get('Reason')).toBe('Q.850;cause=16');
    await until(() => b.stats()!.dialogs === 0);
    expect(a.stats()!.dialogs).toBe(0);
  });

  test.each([
    [486, 'Busy Here'],
    [503, 'Service Unavailable'],
  ])('is refused with %i, which carries the To tag of a remote answer', async (status, reason) => {
    const [a, b] = [await h.endpoint(), await h.endpoint()];
    b.srf.invite((_request, response) => response.send(status, { headers: { 'Retry-After': '7' } }));
    const error = await failureOf(a.srf.createUAC(`sip:1000@127.0.0.1:${b.port}`, { localSdp: SDP }));
    expect([error.status, error.reason]).toEqual([status, reason]);
    expect(error.res!.get('retry-after')).toBe('7');
    expect(error.res!.getParsedHeader('to').params.tag).toBeTruthy();
    await until(() => b.stats()!.messagesReceived === 2);
    expect(b.stats()!.retransmissionsSent).toBe(0);
  });

  test('is cancelled while it rings: both sides hear of 487', async () => {
    const [a, b] = [await h.endpoint(), await h.endpoint()];
    let cancelled = false;
    b.srf.invite((request, response) => {
      request.on('cancel', () => {
        cancelled = true;
      });
      response.send(180);
    });
    let sent: SrfRequest | undefined;
    const error = await failureOf(
      a.srf.createUAC(
        `sip:1000@127.0.0.1:${b.port}`,
        { localSdp: SDP },
        {
          cbRequest: (_error, request) => {
            sent = request;
          },
          cbProvisional: () => sent!.cancel(),
        },
      ),
    );
    expect(error.status).toBe(487);
    expect(cancelled).toBe(true);
  });

  test('is cancelled before anything came back: the CANCEL waits for the 100', async () => {
    const [a, b] = [await h.endpoint(), await h.endpoint()];
    b.srf.invite(() => {});
    const error = await failureOf(
      a.srf.createUAC(
        `sip:1000@127.0.0.1:${b.port}`,
        { localSdp: SDP },
        { cbRequest: (_error, request) => request!.cancel() },
      ),
    );
    expect(error.status).toBe(487);
  });

  test('answers a challenge and is one dialog afterwards', async () => {
    const [a, b] = [await h.endpoint(), await h.endpoint()];
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    const cseqs: number[] = [];
    b.srf.invite(async (request, response) => {
      cseqs.push(request.getParsedHeader('cseq').seq);
      const authorization = request.get('authorization');
      if (!authorization) {
        response.send(401, {
          headers: { 'WWW-Authenticate': 'Digest realm="trunk", nonce="abc", qop="auth", algorithm=MD5' },
        });
        return;
      }
      const field = (name: string): string => new RegExp(`[ ,]${name}="?([^",]*)`).exec(authorization)![1];
      const ha1 = md5('alice:trunk:secret');
      const ha2 = md5(`INVITE:${field('uri')}`);
      const expected = md5(`${ha1}:abc:${field('nc')}:${field('cnonce')}:auth:${ha2}`);
      if (field('response') === expected) await b.srf.createUAS(request, response, { localSdp: SDP });
      else response.send(403);
    });
    const dialog = await a.srf.createUAC(`sip:1000@127.0.0.1:${b.port}`, {
      localSdp: SDP,
      auth: { username: 'alice', password: 'secret' },
    });
    expect(cseqs[1]).toBe(cseqs[0] + 1);
    await dialog.destroy();
    await until(() => a.stats()!.dialogs === 0 && b.stats()!.dialogs === 0);
  });

  test('carries INFO and re-INVITE within the dialog, both ways', async () => {
    const [a, b] = [await h.endpoint(), await h.endpoint()];
    let callee: SrfDialog | undefined;
    const infos: string[] = [];
    b.srf.invite(async (request, response) => {
      callee = await b.srf.createUAS(request, response, { localSdp: SDP });
      callee.on('info', (info, answer) => {
        infos.push(info.body);
        answer.send(200);
      });
    });
    const caller = await a.srf.createUAC(`sip:1000@127.0.0.1:${b.port}`, { localSdp: SDP });
    const answer = await caller.request({
      method: 'INFO',
      headers: { 'Content-Type': 'application/dtmf-relay' },
      body: 'Signal=5\r\nDuration=160\r\n',
    });
    expect(answer.status).toBe(200);
    expect(infos).toEqual(['Signal=5\r\nDuration=160\r\n']);
    expect(await caller.modify(SDP.replace('sendrecv', 'sendonly'))).toContain('m=audio');
    await until(() => b.stats()!.messagesReceived >= 5);
    expect(await callee!.modify(SDP.replace('sendrecv', 'recvonly'))).toContain('m=audio');
    await caller.destroy();
    await until(() => b.stats()!.dialogs === 0);
    expect(a.stats()!.retransmissionsSent + b.stats()!.retransmissionsSent).toBe(0);
  });

  test('carries bodies byte for byte, whatever they are encoded in', async () => {
    const [a, b] = [await h.endpoint(), await h.endpoint()];
    const type = 'text/plain;charset=utf-8';
    b.srf.message((request, response) =>
      response.send(200, { headers: { Subject: 'grüße', 'Content-Type': type }, body: request.body }),
    );
    const text = 'Größe: 🎧 – ok';
    const request = await a.srf.request(`sip:1000@127.0.0.1:${b.port}`, {
      method: 'MESSAGE',
      headers: { 'Content-Type': type },
      body: text,
    });
    const response = await new Promise<SrfResult>((resolve) => request.on('response', (result) => resolve(result)));
    expect([response.status, response.get('subject'), response.body]).toEqual([200, 'grüße', text]);
  });
});

describe('requests outside a dialog', () => {
  test('OPTIONS is answered by the application, and a method without handler with 405, without ending the link', async () => {
    const [a, b] = [await h.endpoint(), await h.endpoint()];
    b.srf.options((_request, response) => response.send(200, { headers: { Allow: 'INVITE' } }));
    const ask = async (method: string): Promise<number> => {
      const request = await a.srf.request(`sip:1000@127.0.0.1:${b.port}`, { method });
      return new Promise((resolve) => request.on('response', (response) => resolve(response.status)));
    };
    expect(await ask('OPTIONS')).toBe(200);
    expect(await ask('REGISTER')).toBe(405);
    expect(await ask('OPTIONS')).toBe(200);
    expect(h.fatal).toEqual([]);
  });

  test('a BYE without dialog gets 481 from the stack', async () => {
    const [a, b] = [await h.endpoint(), await h.endpoint()];
    const request = await a.srf.request(`sip:1000@127.0.0.1:${b.port}`, { method: 'BYE' });
    const status = await new Promise((resolve) => request.on('response', (response) => resolve(response.status)));
    expect(status).toBe(481);
  });
});

describe('failures that nobody answered', () => {
  test('a closed port ends in a local 503 without To tag, long before the timeout', async () => {
    const a = await h.endpoint();
    const error = await failureOf(a.srf.createUAC(`sip:1000@127.0.0.1:${await closedPort()}`, { localSdp: SDP }));
    expect(error.status).toBe(503);
    expect(error.res!.get('reason')).toBe('SIP;cause=503;text="transport: ECONNREFUSED"');
    expect(error.res!.getParsedHeader('to').params.tag).toBeUndefined();
    expect(a.stats()!.timerExpiries.B).toBe(0);
    expect(a.stats()!.transportErrors).toBe(1);
  });

  test('a port that keeps silent ends in a local 408 by Timer B', async () => {
    const a = await h.endpoint({ t1Ms: 10 });
    const silent = await h.peer();
    const error = await failureOf(a.srf.createUAC(`sip:1000@127.0.0.1:${silent.port}`, { localSdp: SDP }));
    expect(error.status).toBe(408);
    expect(error.res!.get('reason')).toBe('SIP;cause=408;text="Timer B"');
    expect(error.res!.getParsedHeader('to').params.tag).toBeUndefined();
    expect(a.stats()!.timerExpiries.B).toBe(1);
    // Repetitions at T1 times 1, 3, 7, 15, 31 and, where the timer's resolution lets it, 63, before 64.
    expect(silent.count('INVITE')).toBeGreaterThanOrEqual(6);
    expect(silent.count('INVITE')).toBeLessThanOrEqual(7);
  });

  test('an unknown host is a transport failure', async () => {
    const a = await h.endpoint();
    const error = await failureOf(a.srf.createUAC('sip:1000@no-such-host.invalid', { localSdp: SDP }));
    expect(error.status).toBe(503);
    expect(error.res!.get('reason')).toMatch(/text="transport: /);
  });

  test('a transport that is not there is refused at once', async () => {
    const a = await h.endpoint();
    await expect(a.srf.createUAC('sip:1000@127.0.0.1:5060;transport=tls', { localSdp: SDP })).rejects.toThrow(
      'requested protocol/transport not available',
    );
  });
});

describe('lost packets', () => {
  test.each([
    ['INVITE', (text: string) => text.startsWith('INVITE')],
    ['200 of the INVITE', (text: string) => text.startsWith('SIP/2.0 200') && /CSeq: \d+ INVITE/.test(text)],
    ['ACK', (text: string) => text.startsWith('ACK')],
    ['BYE', (text: string) => text.startsWith('BYE')],
    ['200 of the BYE', (text: string) => text.startsWith('SIP/2.0 200') && /CSeq: \d+ BYE/.test(text)],
  ])('a lost %s is repeated and the call goes through', async (_name, matches) => {
    const [a, b] = [await h.endpoint(QUICK), await h.endpoint(QUICK)];
    let lost = 0;
    const port = await h.proxy(b.port, (text) => matches(text) && lost++ === 0);
    let acknowledged = false;
    let ended = 0;
    b.srf.invite(async (request, response) => {
      const dialog = await b.srf.createUAS(request, response, {
        localSdp: SDP,
        headers: { Contact: `<sip:127.0.0.1:${port}>` },
      });
      dialog.once('ack', () => {
        acknowledged = true;
      });
      dialog.on('destroy', () => ended++);
    });
    const dialog = await a.srf.createUAC(`sip:1000@127.0.0.1:${port}`, { localSdp: SDP });
    await until(() => acknowledged);
    await dialog.destroy();
    expect(ended).toBe(1);
    expect(lost).toBeGreaterThan(1);
    expect(a.stats()!.retransmissionsSent + b.stats()!.retransmissionsSent).toBeGreaterThan(0);
  });

  test('a refusal whose ACK is lost is repeated and acknowledged again', async () => {
    const [a, b] = [await h.endpoint(QUICK), await h.endpoint(QUICK)];
    let lost = 0;
    const port = await h.proxy(b.port, (text) => text.startsWith('ACK') && lost++ === 0);
    b.srf.invite((_request, response) => response.send(486));
    const error = await failureOf(a.srf.createUAC(`sip:1000@127.0.0.1:${port}`, { localSdp: SDP }));
    expect(error.status).toBe(486);
    await until(() => lost === 2);
    expect(b.stats()!.retransmissionsSent).toBe(1);
    expect(a.stats()!.retransmissionsReceived).toBe(1);
    expect(b.stats()!.timerExpiries.H).toBe(0);
  });
});

describe('callbacks that throw', () => {
  test('a guarded one turns into an answer, an unguarded one is reported, and the link lives on', async () => {
    const [a, b] = [await h.endpoint(), await h.endpoint()];
    let mode: 'guarded' | 'fine' = 'guarded';
    b.srf.invite(
      guard(
        (_request: SrfRequest, response: SrfResponder) => {
          if (mode === 'guarded') throw new Error('broken flow');
          response.send(486);
        },
        (_error, _request, response) => response.send(500),
      ),
    );
    const target = `sip:1000@127.0.0.1:${b.port}`;
    expect((await failureOf(a.srf.createUAC(target, { localSdp: SDP }))).status).toBe(500);
    mode = 'fine';
    expect((await failureOf(a.srf.createUAC(target, { localSdp: SDP }))).status).toBe(486);
    expect(h.fatal).toEqual([]);
    b.srf.disconnect();
    expect(h.fatal).toHaveLength(1);
    expect((await failureOf(a.srf.createUAC(target, { localSdp: SDP }))).status).toBe(486);
  });
});
