import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import type { OutageSummary } from '../../src/metrics/failover-summary.js';
import { until } from '../loopback/sip-harness.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import type { Kamailio } from './kamailio.js';

/** Between the OPTIONS to a target, and how long a try waits for a response: of all runs that are held against a capture. */
export const EVERY_MS = 500;
export const NO_RESPONSE_MS = 800;
/** What the generator's own turns of the event loop put between its clock and the wire, on a machine with other work. */
const SLACK_MS = 250;

const capturing = new Set<Wire>();

/** Ends what a test left capturing. */
export function endCapturesAfterEach(): void {
  afterEach(() => {
    for (const wire of [...capturing]) wire.remove();
  });
}

/** A request to a target, however often it was sent, as the wire has it. */
export interface Request {
  method: string;
  callId: string;
  target: string;
  sentMs: number;
  /** First response above 100, and first 2xx, from that target; `null` where none came. */
  heardMs: number | null;
  takenMs: number | null;
}

/** A capture of the SIP to and from some hosts and ports, and of what ICMP says of it. */
export class Wire {
  private readonly folder = temporaryFolder();
  private readonly file = join(this.folder, 'run.pcapng');
  private readonly dumpcap: ChildProcess;
  private told = '';

  constructor(
    interfaces: string[],
    private readonly targets: Kamailio[],
  ) {
    const filter = [...targets.map(({ port }) => `udp port ${port}`), 'icmp'].join(' or ');
    const args = [...interfaces.flatMap((name) => ['-i', name, '-f', filter]), '-w', this.file, '-q'];
    this.dumpcap = spawn('dumpcap', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.dumpcap.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.told += text;
    });
    capturing.add(this);
  }

  async ready(): Promise<this> {
    await until(() => this.told.includes('File: '));
    return this;
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const ended = new Promise((resolve) => this.dumpcap.once('close', resolve));
    this.dumpcap.kill('SIGINT');
    await ended;
  }

  remove(): void {
    capturing.delete(this);
    if (this.dumpcap.exitCode === null) this.dumpcap.kill('SIGKILL');
  }

  /** Port-unreachable messages about datagrams to a port. */
  refusals(port: number): number {
    return this.rows(`icmp.type == 3 && icmp.code == 3 && udp.dstport == ${port}`, ['frame.number']).length;
  }

  /** All that was asked of the targets from elsewhere than the trunk behind them, in the order in which it was first sent. */
  requests(trunkPort: number): Request[] {
    const fields = ['frame.time_epoch', 'ip.src', 'udp.srcport', 'ip.dst', 'udp.dstport'];
    const requests = new Map<string, Request>();
    const rows = this.rows('sip && !icmp', [...fields, 'sip.Method', 'sip.Status-Code', 'sip.Call-ID', 'sip.CSeq']);
    for (const [time, from, fromPort, to, toPort, method, status, callId, cseq] of rows) {
      if (Number(fromPort) === trunkPort || Number(toPort) === trunkPort) continue;
      const atMs = Number(time) * 1000;
      if (method !== '') {
        const [target, key] = [`sip:${to}:${toPort}`, `${callId} ${cseq}`];
        if (method === 'ACK' || method === 'CANCEL' || requests.has(key)) continue;
        requests.set(key, { method, callId, target, sentMs: atMs, heardMs: null, takenMs: null });
        continue;
      }
      const request = requests.get(`${callId} ${cseq}`);
      if (!request || request.target !== `sip:${from}:${fromPort}` || Number(status) <= 100) continue;
      request.heardMs ??= atMs;
      if (Number(status) < 300) request.takenMs ??= atMs;
    }
    return [...requests.values()].sort((a, b) => a.sentMs - b.sentMs);
  }

  private rows(filter: string, fields: string[]): string[][] {
    const ports = this.targets.flatMap(({ port }) => ['-d', `udp.port==${port},sip`]);
    const args = ['-r', this.file, ...ports, '-Y', filter, '-T', 'fields', ...fields.flatMap((f) => ['-e', f])];
    const out = execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  }
}

/**
 * Holds the figures of an outage against the requests that the wire has of its target.
 * @param isKilled its port was closed: ICMP told, not silence
 */
export function expectAsOnTheWire(
  outage: OutageSummary,
  own: Request[],
  zeroMs: number,
  records: CallRecord[],
  isKilled: boolean,
): void {
  const near = (figure: number, wireMs: number): void => expect(Math.abs(figure - wireMs)).toBeLessThan(SLACK_MS);
  const inTime = ({ method, sentMs, heardMs }: Request): boolean =>
    heardMs !== null && heardMs - sentMs < (method === 'OPTIONS' ? EVERY_MS : NO_RESPONSE_MS);
  const asked = own.filter(({ method }) => method === 'OPTIONS' || method === 'INVITE');
  const at = asked.findIndex((request, i) => !inTime(request) && asked.slice(i, i + 3).every((one) => !inTime(one)));
  const begin = asked[at].sentMs;
  near(outage.sinceMs, begin - zeroMs);

  // Marked down: when the OPTIONS after the second without an answer was due, or with what ICMP said of the second.
  const options = own.filter(({ method, sentMs }) => method === 'OPTIONS' && sentMs >= begin);
  const [, second, third] = options;
  if (isKilled) {
    expect(outage.downMs).toBeGreaterThanOrEqual(second.sentMs - zeroMs - SLACK_MS);
    expect(outage.downMs).toBeLessThan(third.sentMs - zeroMs + SLACK_MS);
  } else near(outage.detectionMs, third.sentMs - begin);

  const lost = records.filter(
    ({ trunk, outcome, answeredMs, endedMs }) =>
      trunk === outage.target &&
      outcome === 'dropped' &&
      answeredMs! <= (outage.upMs ?? Number.POSITIVE_INFINITY) &&
      endedMs! >= outage.sinceMs,
  );
  const unanswered = own.filter(({ method, takenMs }) => method === 'BYE' && takenMs === null);
  expect(outage.lostCalls).toBe(lost.length);
  expect(new Set(unanswered.map(({ callId }) => callId)).size).toBe(lost.length);

  if (outage.upMs === null) return;
  const back = options.find(inTime)!;
  near(outage.upMs, back.heardMs! - zeroMs);
  const taken = own.find(
    ({ method, sentMs, takenMs }) => method === 'INVITE' && sentMs >= back.sentMs && takenMs !== null,
  );
  if (taken) near(outage.failBackMs!, taken.takenMs! - back.sentMs);
  else expect(outage.failBackMs).toBeNull();
}
