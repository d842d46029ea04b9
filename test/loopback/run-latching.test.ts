import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { speechLike } from '../../src/audio/speech.js';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../../src/rtp/packet.js';
import { runProfile } from '../support/run-profile.js';
import { reply } from './sip-harness.js';

const HOST = '127.0.0.1';
const SPEECH = EncodedAudio.encode(speechLike(1, 3), 'PCMU', 20);

async function openSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return socket;
}

/**
 * A phone behind a NAT that its SDP knows nothing of: it answers one call with the port `described`, on which nothing is
 * heard, and talks from the ports that the NAT gives it, one after the other.
 */
class PhoneBehindNat {
  /** RTP packets that reached the described port, and each port of the NAT. */
  readonly atDescribed = { packets: 0 };
  readonly atNat: { packets: number }[] = [];
  private sequence = 100;
  private caller = 0;
  private talking: NodeJS.Timeout | null = null;

  private constructor(
    private readonly sip: Socket,
    private readonly described: Socket,
    private readonly nat: Socket[],
    private readonly moveAfter: number,
  ) {
    described.on('message', () => this.atDescribed.packets++);
    for (const socket of nat) {
      const count = { packets: 0 };
      this.atNat.push(count);
      socket.on('message', () => count.packets++);
    }
    sip.on('message', (data, from) => this.onRequest(data.toString('latin1'), from.port));
  }

  /** @param moveAfter packets after which it goes on from the next port */
  static async open(ports: number, moveAfter = Number.POSITIVE_INFINITY): Promise<PhoneBehindNat> {
    const nat = await Promise.all(Array.from({ length: ports }, openSocket));
    return new PhoneBehindNat(await openSocket(), await openSocket(), nat, moveAfter);
  }

  get uri(): string {
    return `sip:phone@${HOST}:${this.sip.address().port}`;
  }

  get describedMedia(): string {
    return `${HOST}:${this.described.address().port}`;
  }

  natMedia(index: number): string {
    return `${HOST}:${this.nat[index].address().port}`;
  }

  close(): void {
    if (this.talking) clearInterval(this.talking);
    for (const socket of [this.sip, this.described, ...this.nat]) socket.close();
  }

  private onRequest(request: string, port: number): void {
    const send = (text: string): void => this.sip.send(text, port, HOST);
    if (request.startsWith('INVITE')) {
      const contact = `Contact: <${this.uri}>`;
      const sdp = [
        'v=0',
        `o=- 1 1 IN IP4 ${HOST}`,
        's=-',
        `c=IN IP4 ${HOST}`,
        't=0 0',
        `m=audio ${this.described.address().port} RTP/AVP 0`,
        '',
      ].join('\r\n');
      send(reply(request, '200 OK', 'phone', contact, sdp));
      this.caller = Number(/^m=audio (\d+)/m.exec(request)![1]);
    } else if (request.startsWith('ACK')) {
      // What it said before the caller had read the answer would be early media.
      this.talk(this.caller);
    } else if (request.startsWith('BYE')) {
      if (this.talking) clearInterval(this.talking);
      send(reply(request, '200 OK', 'phone'));
    }
  }

  private talk(port: number): void {
    if (this.talking) return;
    this.talking = setInterval(() => {
      const i = this.sequence++ - 100;
      const packet = new Uint8Array(RTP_HEADER_BYTES + 160);
      writeRtpHeader(packet, 0, i === 0, 0, this.sequence & 0xffff, i * 160, 0x5eed);
      packet.set(SPEECH.bytes.subarray((i % SPEECH.frames) * 160, (i % SPEECH.frames) * 160 + 160), RTP_HEADER_BYTES);
      this.nat[Math.min(this.nat.length - 1, Math.floor(i / this.moveAfter))].send(packet, port, HOST);
    }, 20);
  }
}

let phone: PhoneBehindNat | null = null;

afterEach(() => {
  phone?.close();
  phone = null;
});

async function callPhone(latch: 'off' | 'first' | 'follow', ports: number, moveAfter?: number) {
  phone = await PhoneBehindNat.open(ports, moveAfter);
  const { records } = await runProfile(`
name: test
target: ${phone.uri}
load: [{ shape: constant, cps: 1, for: 1s }]
media: { rtpPorts: 36400-36499, timeout: 20s }
calls: { hold: 4s, codecs: [PCMU], latch: ${latch} }
`);
  expect(records).toHaveLength(1);
  expect(records[0]).toMatchObject({ outcome: 'completed', remoteMedia: phone.describedMedia });
  return { record: records[0], heard: records[0].downlink!.heard!, phone };
}

describe('a far end that sends from another port than its SDP says', () => {
  it('shows as one-way audio from a wrong source without latching, and nothing reaches it', async () => {
    const { record, heard, phone } = await callPhone('off', 1);
    expect(record).toMatchObject({
      latchedMedia: null,
      oneWay: { direction: 'downlink', cause: 'wrong-source' },
    });
    expect(heard.packetsReceived).toBe(0);
    expect(heard.wrongSource).toBeGreaterThan(100);
    expect(phone.atDescribed.packets).toBeGreaterThan(100);
    expect(phone.atNat).toEqual([{ packets: 0 }]);
  });

  it('is heard and hears us where latching takes its first packet, and the record says where it was', async () => {
    const { record, heard, phone } = await callPhone('first', 1);
    expect(record).toMatchObject({ latchedMedia: phone.natMedia(0), oneWay: null });
    expect(heard).toMatchObject({ wrongSource: 0, packetsLost: 0, verdict: { state: 'ok' } });
    expect(phone.atNat[0].packets).toBeGreaterThan(100);
    // What left before its first packet had come.
    expect(phone.atDescribed.packets).toBeLessThan(20);
  });

  it('is followed to the next port of its NAT, or lost there, as the profile says', async () => {
    const followed = await callPhone('follow', 2, 60);
    expect(followed.record).toMatchObject({ latchedMedia: followed.phone.natMedia(1), oneWay: null });
    expect(followed.heard).toMatchObject({ wrongSource: 0, packetsLost: 0, verdict: { state: 'ok' } });
    expect(followed.phone.atNat[1].packets).toBeGreaterThan(50);
    followed.phone.close();

    const kept = await callPhone('first', 2, 60);
    expect(kept.record.latchedMedia).toBe(kept.phone.natMedia(0));
    expect(kept.heard.packetsReceived).toBe(60);
    expect(kept.heard.wrongSource).toBeGreaterThan(50);
    expect(kept.phone.atNat[1].packets).toBe(0);
  });
});
