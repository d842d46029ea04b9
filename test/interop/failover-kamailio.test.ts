import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import type { OutageSummary } from '../../src/metrics/failover-summary.js';
import { until } from '../loopback/sip-harness.js';
import { runProfile } from '../support/run-profile.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { endKamailioAfterEach, Kamailio } from './kamailio.js';
import { Lan, removeLansAfterEach } from './namespace.js';
import { endSippAfterEach, Sipp, scenarioWith } from './sipp.js';

endSippAfterEach();
removeLansAfterEach();
endKamailioAfterEach();

const EVERY_MS = 500;
const NO_RESPONSE_MS = 800;
const CPS = 8;
/** What the generator's own turns of the event loop put between its clock and the wire, on a machine with other work. */
const SLACK_MS = 250;

/** What becomes of the targets, in ms after the first call. */
const KILLED_MS = 1500;
const STOPPED_MS = 3500;
const LINK_DOWN_MS = 5500;
const CONTINUED_MS = 7500;
const LINK_UP_MS = 8500;
const LASTS_S = 10;

const capturing = new Set<Wire>();
afterEach(() => {
  for (const wire of capturing) wire.remove();
});

/** A request to a target, however often it was sent, as the wire has it. */
interface Request {
  method: string;
  callId: string;
  target: string;
  sentMs: number;
  /** First response above 100, and first 2xx, from that target; `null` where none came. */
  heardMs: number | null;
  takenMs: number | null;
}

/** A capture of the SIP to and from some hosts and ports, and of what ICMP says of it. */
class Wire {
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

it('between Kamailios of which one is killed, one stopped and one cut off: times and counts are those of a capture', async () => {
  const lan = Lan.open();
  const place = { address: lan.here };
  const far = { address: lan.there, namespace: lan.namespace };
  const targets = await Promise.all([place, place, far, place].map((at) => Kamailio.startAt(at, 'failover')));
  const [killed, stopped, cut] = targets;
  const scenario = scenarioWith('callee-answers', '[last_Via:]\n', '[last_Via:]\n[last_Record-Route:]\n');
  const trunk = await Sipp.callee(10_000, ['-sf', scenario, '-i', lan.here, '-mi', lan.here]);
  const wire = await new Wire(['lo', lan.interface], targets).ready();

  const { records, summary, timeline } = await runProfile(
    `
name: failover
targets:
${targets.map(({ uri }, i) => `  - { uri: "${uri}", name: ${['killed', 'stopped', 'cut', 'backup'][i]}, priority: ${i + 1} }`).join('\n')}
failover:
  noResponseMs: ${NO_RESPONSE_MS}
  keepalive: { every: ${EVERY_MS}, failures: 2 }
load: [{ shape: constant, cps: ${CPS}, for: ${LASTS_S}s }]
calls: { to: "100", hold: 1500ms, audio: none, headers: { X-Next: "sip:${lan.here}:${trunk.port}" } }
media: { rtpPorts: 25000-25499, rtcp: { enabled: false } }
gates: [failover.detectionMs < 10s, failover.outages == 3]
`,
    { local: lan.here },
    () => {
      setTimeout(() => killed.signal('SIGKILL'), KILLED_MS);
      setTimeout(() => stopped.signal('SIGSTOP'), STOPPED_MS);
      setTimeout(() => lan.setLink(false), LINK_DOWN_MS);
      setTimeout(() => stopped.signal('SIGCONT'), CONTINUED_MS);
      setTimeout(() => lan.setLink(true), LINK_UP_MS);
    },
  );
  await wire.stop();

  const requests = wire.requests(trunk.port);
  // The run's clock, by the first call's first INVITE.
  const first = records.find(({ id }) => id === 0)!;
  const zeroMs = requests.find(({ callId }) => callId === first.sipCallIds[0])!.sentMs - first.startedMs;
  const failover = summary.failover!;
  expect(summary.calls.attempted).toBe(CPS * LASTS_S);
  expect(failover.eachOutage.map(({ target }) => target)).toEqual(['killed', 'stopped', 'cut']);
  expect(summary.gates.map(({ pass }) => pass)).toEqual([true, true]);
  expect(wire.refusals(killed.port)).toBeGreaterThan(0);
  expect(wire.refusals(stopped.port) + wire.refusals(cut.port)).toBe(0);

  for (const [i, { uri }] of targets.entries()) {
    const name = ['killed', 'stopped', 'cut', 'backup'][i];
    const own = requests.filter(({ target }) => target === uri);
    const invites = own.filter(({ method }) => method === 'INVITE');
    const inTime = invites.filter(({ sentMs, takenMs }) => takenMs !== null && takenMs - sentMs < NO_RESPONSE_MS);
    expect(summary.trunks[i]).toMatchObject({ target: name, attempted: invites.length, answered: inTime.length });
    const outage = failover.eachOutage.find(({ target }) => target === name);
    if (outage) expectAsOnTheWire(outage, own, zeroMs, records);
  }

  // Only ICMP tells of a closed port; the others are silent.
  expect(summary.trunks.map(({ unreachable }) => unreachable > 0)).toEqual([true, false, false, false]);
  expect(summary.trunks.map(({ timedOut }) => timedOut > 0)).toEqual([false, true, true, false]);

  // Who was killed is gone, who was stopped takes its calls again.
  const [gone, resumed] = failover.eachOutage;
  expect(gone).toMatchObject({ upMs: null, failBackMs: null });
  expect(gone.lostCalls).toBeGreaterThan(0);
  expect(resumed).toMatchObject({ failedAttempts: 0, refusedAttempts: 0, lostCalls: 0 });
  expect(timeline.some((line) => line.targets[1].state === 'down')).toBe(true);
});

/** Holds the figures of an outage against the requests that the wire has of its target. */
function expectAsOnTheWire(outage: OutageSummary, own: Request[], zeroMs: number, records: CallRecord[]): void {
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
  if (outage.target === 'killed') {
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
  if (outage.target === 'stopped') near(outage.failBackMs!, taken!.takenMs! - back.sentMs);
  else expect(outage.failBackMs).toBeNull();
}
