import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SrfDialog, SrfRequest, SrfResponder, SrfResult } from '../../src/drachtio/srf-types.js';
import { Harness, SDP } from '../loopback/sip-harness.js';
import { endSippAfterEach, headerOf, Sipp, scenario } from './sipp.js';

endSippAfterEach();
let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await h.close();
});

const CALLS = 5;

/** What srf's dialogs send requests with, where an application wants to hear of provisional responses. */
interface SrfAgent {
  request(
    options: { method: string; stackDialogId: string; headers: Record<string, string>; body: string; _socket: unknown },
    callback: (error: unknown, request: SrfRequest) => void,
  ): void;
}

/** What srf's typings of a response leave out: a listener for the PRACK. */
type SendReliably = (
  status: number,
  options: { headers: Record<string, string>; body: string },
  sent: () => void,
  acknowledged: (prack: SrfRequest) => void,
) => void;

/** Sends a re-INVITE and acknowledges all that it gets; the statuses in their order. */
function reinvite(dialog: SrfDialog): Promise<number[]> {
  const { agent, socket } = dialog as unknown as { agent: SrfAgent; socket: unknown };
  const headers = { Supported: '100rel', Contact: dialog.local.contact };
  const statuses: number[] = [];
  return new Promise((resolve, reject) =>
    agent.request(
      { method: 'INVITE', stackDialogId: dialog.id, headers, body: SDP, _socket: socket },
      (error, request) => {
        if (error) reject(error);
        request.on('response', (response: SrfResult, acknowledge) => {
          statuses.push(response.status);
          acknowledge();
          if (response.status >= 200) resolve(statuses);
        });
      },
    ),
  );
}

describe.each(['u1', 't1'])('a reliable 183 within a re-INVITE (%s)', (transport) => {
  const over = ['-t', transport, '-trace_msg'];

  test('of SIPp: the application acknowledges it with a PRACK before the answer', async () => {
    const sipp = await Sipp.callee(CALLS, ['-sf', scenario('callee-progresses-reinvite'), ...over]);
    const a = await h.endpoint();
    const place = async (): Promise<void> => {
      const uri = `sip:service@127.0.0.1:${sipp.port};transport=${transport === 't1' ? 'tcp' : 'udp'}`;
      const dialog = await a.srf.createUAC(uri, { localSdp: SDP });
      expect(await reinvite(dialog)).toEqual([183, 200]);
      await dialog.destroy();
    };
    await Promise.all(Array.from({ length: CALLS }, place));
    expect(await sipp.ended, sipp.errors()).toBe(0);
    expect(sipp.counts()).toMatchObject({ successful: CALLS, failed: 0, unexpected: 0 });
    expect(sipp.received(/^PRACK /)).toHaveLength(CALLS);
    expect(a.stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0, retransmissionsSent: 0 });
  });

  test('of the application: the PRACK of SIPp gets a 200, though srf would refuse it, and then comes the answer', async () => {
    // srf complains of a PRACK within a dialog.
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
    const b = await h.endpoint();
    const racks: string[] = [];
    b.srf.invite(async (request, response) => {
      const dialog = await b.srf.createUAS(request, response, { localSdp: SDP });
      dialog.on('modify', (_reinvite: SrfRequest, answer: SrfResponder) => {
        const send = answer.send.bind(answer) as unknown as SendReliably;
        const taken = (prack: SrfRequest): void => {
          racks.push(prack.get('RAck')!);
          answer.send(200, { body: SDP });
        };
        send(183, { headers: { Require: '100rel' }, body: SDP }, () => {}, taken);
      });
    });
    const options = ['-sf', scenario('caller-pracks-reinvite'), ...over];
    const sipp = await Sipp.caller(b.port, CALLS, 20, options);
    expect(await sipp.ended, sipp.errors()).toBe(0);
    expect(sipp.counts()).toMatchObject({ successful: CALLS, failed: 0, unexpected: 0 });
    expect(racks).toEqual(Array(CALLS).fill('1 2 INVITE'));
    const answers = sipp.received(/^SIP\/2\.0 /).filter((text) => headerOf(text, 'CSeq') === '3 PRACK');
    expect(answers.map((text) => text.split('\r\n')[0])).toEqual(Array(CALLS).fill('SIP/2.0 200 OK'));
    expect(complaints).toHaveBeenCalledTimes(CALLS);
    expect(b.stats()).toMatchObject({ dialogs: 0, malformed: 0, strays: 0, retransmissionsSent: 0 });
  });
});
