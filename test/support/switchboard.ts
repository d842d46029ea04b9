import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { linearToUlaw, ulawToLinear } from '../../src/audio/g711.js';

const RTP_HEADER_BYTES = 12;

export interface Wiring {
  /** The line to which what comes over line `n` goes. */
  to(line: number): number;
  delayMs: number;
  /** How much louder it leaves than it came. */
  gainDb: number;
}

interface Line {
  socket: Socket;
  /** Where the caller hears, by its SDP. */
  caller: { address: string; port: number };
}

/** A far end that is none of ours: answers every call at once (PCMU) and connects lines as it is wired, rightly or wrongly. */
export class Switchboard {
  private readonly lines: Line[] = [];
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly codes: Uint8Array;

  private constructor(
    private readonly sip: Socket,
    private readonly wiring: Wiring,
  ) {
    const gain = 10 ** (wiring.gainDb / 20);
    this.codes = Uint8Array.from(ulawToLinear, (sample) => linearToUlaw(Math.round(sample * gain)));
    sip.on('message', (message, from) => this.onRequest(message.toString('latin1'), from.port));
  }

  static async open(wiring: Wiring): Promise<Switchboard> {
    const sip = createSocket('udp4').bind(0, '127.0.0.1');
    await once(sip, 'listening');
    return new Switchboard(sip, wiring);
  }

  get uri(): string {
    return `sip:127.0.0.1:${this.sip.address().port}`;
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.sip.close();
    for (const { socket } of this.lines) socket.close();
  }

  private onRequest(request: string, port: number): void {
    if (request.startsWith('ACK')) return;
    if (request.startsWith('INVITE')) void this.connect(request, port);
    else this.answer(request, port, '');
  }

  private async connect(invite: string, port: number): Promise<void> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    const line = this.lines.length;
    const [, address] = /^c=IN IP4 (\S+)/m.exec(invite)!;
    const [, audio] = /^m=audio (\d+)/m.exec(invite)!;
    this.lines.push({ socket, caller: { address, port: Number(audio) } });
    socket.on('message', (packet) => this.pass(line, packet));
    await once(socket, 'listening');
    this.answer(
      invite,
      port,
      `v=0\r\no=- ${line} 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n` +
        `m=audio ${socket.address().port} RTP/AVP 0\r\na=ptime:20\r\n`,
    );
  }

  private pass(line: number, packet: Buffer): void {
    for (let i = RTP_HEADER_BYTES; i < packet.length; i++) packet[i] = this.codes[packet[i]];
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      const to = this.lines[this.wiring.to(line)];
      to?.socket.send(packet, to.caller.port, to.caller.address);
    }, this.wiring.delayMs);
    this.timers.add(timer);
  }

  private answer(request: string, port: number, body: string): void {
    const header = (name: string): string => new RegExp(`^${name}: .*$`, 'im').exec(request)![0];
    const to = header('To');
    const lines = [
      'SIP/2.0 200 OK',
      ...request.split('\r\n').filter((line) => /^Via:/i.test(line)),
      header('From'),
      /;tag=/.test(to) ? to : `${to};tag=line`,
      header('Call-ID'),
      header('CSeq'),
      `Contact: <${this.uri}>`,
      ...(body ? ['Content-Type: application/sdp'] : []),
      `Content-Length: ${body.length}`,
    ];
    this.sip.send(`${lines.join('\r\n')}\r\n\r\n${body}`, port, '127.0.0.1');
  }
}
