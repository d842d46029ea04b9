import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder.js';
import { freePort } from './ports.js';

/** An RTP stream as `tshark -z rtp,streams` prints it. */
export interface WireStream {
  from: number;
  to: number;
  ssrc: number;
  packets: number;
  lost: number;
  jitterMs: number;
  jitterMaxMs: number;
}

/** A capture of the loopback interface: RTP of a range of ports and SIP of one port. */
export class Capture {
  private readonly folder = temporaryFolder();
  readonly file = join(this.folder, 'run.pcapng');
  private readonly dumpcap: ChildProcess;
  private told = '';
  private readonly ended: Promise<void>;

  private constructor(
    private readonly sipPort: number,
    rtpPorts: string,
    probePort: number,
  ) {
    const filter = `udp port ${sipPort} or udp portrange ${rtpPorts} or udp port ${probePort}`;
    this.dumpcap = spawn('dumpcap', ['-i', 'lo', '-f', filter, '-w', this.file, '-B', '32'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.dumpcap.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.told += text;
    });
    this.ended = new Promise((resolve) => this.dumpcap.once('close', () => resolve()));
  }

  /** Resolves once packets are really being captured: when datagrams sent for that purpose are counted. */
  static async start(sipPort: number, rtpPorts: string): Promise<Capture> {
    const probePort = await freePort();
    const capture = new Capture(sipPort, rtpPorts, probePort);
    const probe = createSocket('udp4').on('error', () => {});
    while (!/Packets: [1-9]/.test(capture.told)) {
      if (capture.dumpcap.exitCode !== null) throw new Error(`dumpcap ended: ${capture.told}`);
      probe.send('probe', probePort, '127.0.0.1');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    probe.close();
    return capture;
  }

  /** Ends the capture; throws when it missed packets, because nothing could be compared then. */
  async stop(): Promise<void> {
    // What is on its way to dumpcap is still written.
    await new Promise((resolve) => setTimeout(resolve, 500));
    this.dumpcap.kill('SIGINT');
    await this.ended;
    const count = /received\/dropped on interface .*?: (\d+)\/(\d+)/.exec(this.told);
    if (count?.[2] !== '0') throw new Error(`the capture is not complete: ${this.told}`);
  }

  remove(): void {
    if (this.dumpcap.exitCode === null) this.dumpcap.kill('SIGKILL');
  }

  /** Every RTP stream that the descriptions in the captured SIP announce, some frames left out. */
  streams(without: readonly string[] = []): WireStream[] {
    let { file } = this;
    if (without.length > 0) {
      file = join(this.folder, 'cut.pcapng');
      this.tshark(['-Y', `!(frame.number in {${without.join(', ')}})`, '-w', file]);
    }
    const streams: WireStream[] = [];
    for (const line of this.tshark(['-q', '-z', 'rtp,streams'], file).split('\n')) {
      const match =
        /^\s*[\d.]+\s+[\d.]+\s+(?:127\.0\.0\.1|::1)\s+(\d+)\s+(?:127\.0\.0\.1|::1)\s+(\d+)\s+0x([0-9A-F]+)\s+(\S.*?)\s+(\d+)\s+(-?\d+) \([^)]*\)\s+(.*)$/.exec(
          line,
        );
      if (!match) continue;
      const [, from, to, ssrc, , packets, lost, rest] = match;
      const [, , , , jitterMs, jitterMaxMs] = rest.split(/\s+/).map(Number);
      streams.push({
        from: Number(from),
        to: Number(to),
        ssrc: Number.parseInt(ssrc, 16),
        packets: Number(packets),
        lost: Number(lost),
        jitterMs,
        jitterMaxMs,
      });
    }
    return streams;
  }

  /** Fields of the packets that a display filter picks, a row a packet. */
  rows(filter: string, fields: string[], options: string[] = []): string[][] {
    const out = this.tshark([...options, '-Y', filter, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])]);
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  }

  private tshark(args: string[], file = this.file): string {
    return execFileSync('tshark', ['-r', file, '-d', `udp.port==${this.sipPort},sip`, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 28,
    });
  }
}
