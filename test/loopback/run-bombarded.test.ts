import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { Rng } from '../../src/core/rng.js';
import { runProfile } from '../support/run-profile.js';

const SIP_PORT = 28_599;
const RTP_PORTS = { from: 28_500, to: 28_539 };
const SIZES = [0, 1, 3, 11, 12, 13, 40, 172, 1500, 2048, 9000, 65_507];

/** Sends what nobody asked for to every port of a run; how many are no SIP, and no RTP. */
async function bombard(): Promise<{ sip: number; media: number }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const send = (datagram: Uint8Array, port: number) =>
    new Promise<void>((resolve, reject) =>
      socket.send(datagram, port, '127.0.0.1', (error) => (error ? reject(error) : resolve())),
    );
  const rng = new Rng(1);
  const sent = { sip: 0, media: 0 };
  for (const size of SIZES) {
    const datagram = Uint8Array.from({ length: size }, () => rng.uint32() & 0xff);
    // Version 0 in the first two bits: neither RTP nor RTCP, whatever follows.
    if (size > 0) datagram[0] &= 0x3f;
    await send(datagram, SIP_PORT);
    for (let port = RTP_PORTS.from; port <= RTP_PORTS.to; port++) await send(datagram, port);
    // An empty datagram on a SIP port is a keep-alive, as NAT routers are sent them.
    if (size > 0) sent.sip++;
    sent.media += RTP_PORTS.to - RTP_PORTS.from + 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // RTP in its outline, from a stranger: no malformed datagram, and not the call's audio either.
  for (let i = 0; i < 50; i++) {
    const datagram = Uint8Array.from({ length: 172 }, () => rng.uint32() & 0xff);
    datagram[0] = 0x80;
    datagram[1] &= 0x3f;
    for (let port = RTP_PORTS.from; port <= RTP_PORTS.to; port += 2) await send(datagram, port);
  }
  socket.close();
  return sent;
}

it('datagrams that nobody asked for, on every open port, are counted and change no other figure', async () => {
  let bombardment: Promise<{ sip: number; media: number }> | null = null;
  const { summary } = await runProfile(
    `name: bombarded
load: [{ shape: constant, cps: 10, for: 1s }]
calls: { hold: 4s, dtmf: { digits: "12", after: 1s } }
media: { rtpPorts: ${RTP_PORTS.from}-${RTP_PORTS.to} }
gates:
  - calls.completed == 10
  - media.uplink.packetsLost == 0
  - media.downlink.packetsLost == 0
  - dtmf.uplink.lossRatio == 0
  - media.oneWay.calls == 0
`,
    {
      sipPort: SIP_PORT,
      onSnapshot: ({ calls }) => {
        // A run that is repeated starts anew.
        if (calls.attempted === 0) bombardment = null;
        else if (calls.established === 10) bombardment ??= bombard();
      },
    },
  );
  const sent = await bombardment!;
  expect(summary.verdict).toBe('pass');
  expect(summary.sip.parseErrors).toBe(sent.sip);
  expect(summary.media.malformed).toBe(sent.media);
  expect(summary.responses).toEqual({ '200': 10 });
});
