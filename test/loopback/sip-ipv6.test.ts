import { createSocket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectEmbedded, type DrachtioConnection } from '../../src/drachtio/connect.js';
import type { SrfCallError, SrfRequest } from '../../src/drachtio/srf-types.js';
import { type SipTrace, TraceBook } from '../../src/sip/trace.js';
import { Authority } from '../support/certificates.js';
import { Harness, QUICK, SDP, until } from './sip-harness.js';

const authority = new Authority();
const tls = { ca: authority.ca, ...authority.issue('DNS:trunk.test'), serverName: 'trunk.test' };

let h: Harness;
const opened: DrachtioConnection[] = [];
beforeEach(() => {
  h = new Harness();
});
afterEach(async () => {
  for (const connection of opened.splice(0)) await connection.close();
  await h.close();
  expect(h.fatal).toEqual([]);
});

async function endpoint(trace?: TraceBook): Promise<DrachtioConnection> {
  const onFatal = (error: Error): number => h.fatal.push(error);
  const connection = await connectEmbedded({ address: '::1', port: 0, tls, timers: QUICK, trace, onFatal });
  opened.push(connection);
  return connection;
}

/** A caller that is traced, a callee, and the callee's URI over that transport. */
async function pair(transport: 'udp' | 'tcp' | 'tls') {
  const trace = new TraceBook();
  const [a, b] = [await endpoint(trace), await endpoint()];
  const { port } = b.listens.find(({ protocol }) => protocol === transport)!;
  return { trace, a, b, uri: `sip:x@[::1]:${port};transport=${transport}` };
}

function expectAllBy(transport: string, { messages }: SipTrace, from: DrachtioConnection): void {
  const { port } = from.listens.find(({ protocol }) => protocol === transport)!;
  for (const message of messages) {
    expect(message).toMatchObject({
      transport,
      local: `[::1]:${port}`,
      remote: expect.stringMatching(/^\[::1\]:\d+$/),
    });
  }
}

const firstWords = ({ messages }: SipTrace): string[] =>
  messages.map(({ text }) => (text.startsWith('SIP/2.0 ') ? text.slice(8, 11) : text.split(' ')[0]));

describe.each(['udp', 'tcp', 'tls'] as const)('over %s on IPv6', (transport) => {
  test('a call is placed and hung up', async () => {
    const { trace, a, b, uri } = await pair(transport);
    let ended = false;
    b.srf.invite(async (request, response) => {
      const dialog = await b.srf.createUAS(request, response, { localSdp: SDP });
      dialog.on('destroy', () => {
        ended = true;
      });
    });
    const dialog = await a.srf.createUAC(uri, { localSdp: SDP });
    await dialog.destroy();
    await until(() => ended);
    const whole = trace.take(dialog.sip.callId)!;
    expect(firstWords(whole)).toEqual(['INVITE', '100', '200', 'ACK', 'BYE', '200']);
    expectAllBy(transport, whole, a);
    expect(whole.messages[0].text).toContain(`Via: SIP/2.0/${transport.toUpperCase()} [::1]:`);
  });

  test('a refusal is acknowledged', async () => {
    const { trace, a, b, uri } = await pair(transport);
    b.srf.invite((_request, response) => response.send(486));
    const error: SrfCallError = await a.srf.createUAC(uri, { localSdp: SDP }).then(
      () => Promise.reject(new Error('it was answered')),
      (failed: SrfCallError) => failed,
    );
    expect(error.status).toBe(486);
    const whole = trace.take(error.res!.get('call-id')!)!;
    expect(firstWords(whole)).toEqual(['INVITE', '100', '486', 'ACK']);
    expectAllBy(transport, whole, a);
  });

  test('a call that rings is cancelled', async () => {
    const { trace, a, b, uri } = await pair(transport);
    let gone = false;
    b.srf.invite((request, response) => {
      request.on('cancel', () => {
        gone = true;
      });
      response.send(180);
    });
    let invite: SrfRequest | undefined;
    const status = await new Promise((resolve) => {
      a.srf.createUAC(
        uri,
        { localSdp: SDP },
        {
          cbRequest: (_error: unknown, request?: SrfRequest) => {
            invite = request;
          },
          cbProvisional: () => invite!.cancel(() => {}),
        },
        (error: SrfCallError | null) => resolve(error?.status),
      );
    });
    expect(status).toBe(487);
    await until(() => gone);
    const whole = trace.take(invite!.get('call-id')!)!;
    expect(firstWords(whole).sort()).toEqual(['100', '180', '200', '487', 'ACK', 'CANCEL', 'INVITE']);
    expectAllBy(transport, whole, a);
  });
});

test('over UDP on IPv6 an INVITE that nobody answers is repeated until Timer B', async () => {
  const trace = new TraceBook();
  const a = await endpoint(trace);
  const mute = createSocket('udp6');
  await new Promise<void>((resolve) => mute.bind(0, '::1', resolve));
  const error: SrfCallError = await a.srf.createUAC(`sip:x@[::1]:${mute.address().port}`, { localSdp: SDP }).then(
    () => Promise.reject(new Error('it was answered')),
    (failed: SrfCallError) => failed,
  );
  mute.close();
  expect(error.status).toBe(408);
  const { messages } = trace.take(error.res!.get('call-id')!)!;
  // Six times by the book; a tick of the timers here and there may cost the last one.
  expect(messages.length).toBeGreaterThanOrEqual(5);
  expect(messages.map(({ repeated }) => repeated)).toEqual(messages.map((_, i) => i > 0));
  expect(a.stats()).toMatchObject({ sentAgain: { INVITE: messages.length - 1 }, timerExpiries: { B: 1 } });
});
