import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runSippUac, startSippUas } from '../../bench/signalling/sipp.js';
import { Harness, SDP, until } from '../loopback/sip-harness.js';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

const CALLS = 200;

describe('SIPp', () => {
  test('as callee: 200 calls are answered and hung up, nothing is repeated', async () => {
    const uas = await startSippUas();
    try {
      const a = await h.endpoint();
      let ended = 0;
      for (let i = 0; i < CALLS; i++) {
        const dialog = await a.srf.createUAC(`sip:service@127.0.0.1:${uas.port}`, {
          localSdp: SDP,
          callingNumber: `${i}`,
        });
        expect(dialog.remote.sdp).toContain('m=audio');
        void dialog.destroy().then(() => ended++);
      }
      await until(() => ended === CALLS);
      expect(a.stats()!.dialogs).toBe(0);
      expect(a.stats()!.timerExpiries).toEqual({ B: 0, F: 0, H: 0, ack: 0 });
      expect(a.stats()!.malformed).toBe(0);
    } finally {
      await uas.stop();
    }
  });

  test('as caller: 200 calls at 100 a second all succeed', async () => {
    const b = await h.endpoint();
    let ended = 0;
    b.srf.invite(async (request, response) => {
      response.send(180);
      const dialog = await b.srf.createUAS(request, response, { localSdp: SDP });
      dialog.on('destroy', () => ended++);
    });
    const result = await runSippUac(b.port, CALLS, 100);
    expect([result.successful, result.failed]).toEqual([CALLS, 0]);
    expect(ended).toBe(CALLS);
    expect(b.stats()!.dialogs).toBe(0);
    expect(b.stats()!.malformed).toBe(0);
    expect(h.fatal).toEqual([]);
  });

  test('as callee over TCP: 200 calls over one connection, nothing is repeated', async () => {
    const uas = await startSippUas('t1');
    try {
      const a = await h.endpoint();
      let ended = 0;
      for (let i = 0; i < CALLS; i++) {
        const uri = `sip:service@127.0.0.1:${uas.port};transport=tcp`;
        const dialog = await a.srf.createUAC(uri, { localSdp: SDP, callingNumber: `${i}` });
        void dialog.destroy().then(() => ended++);
      }
      await until(() => ended === CALLS);
      expect(a.stats()).toMatchObject({ dialogs: 0, retransmissionsSent: 0, malformed: 0, strays: 0 });
      expect(a.stats()!.streams).toMatchObject({ opened: 1, framing: 0 });
    } finally {
      await uas.stop();
    }
  });

  test.each(['t1', 'tn'] as const)(
    'as caller over TCP (%s): 200 calls at 100 a second all succeed',
    async (transport) => {
      const b = await h.endpoint();
      let ended = 0;
      b.srf.invite(async (request, response) => {
        response.send(180);
        const dialog = await b.srf.createUAS(request, response, { localSdp: SDP });
        dialog.on('destroy', () => ended++);
      });
      const result = await runSippUac(b.port, CALLS, 100, transport);
      expect([result.successful, result.failed]).toEqual([CALLS, 0]);
      expect(ended).toBe(CALLS);
      expect(b.stats()).toMatchObject({ dialogs: 0, retransmissionsSent: 0, malformed: 0 });
      expect(b.stats()!.streams).toMatchObject({ accepted: transport === 't1' ? 1 : CALLS, opened: 0, framing: 0 });
    },
  );
});
