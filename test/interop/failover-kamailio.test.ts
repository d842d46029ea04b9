import { expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';
import { endKamailioAfterEach, Kamailio } from './kamailio.js';
import { Lan, removeLansAfterEach } from './namespace.js';
import { endSippAfterEach, Sipp, scenarioWith } from './sipp.js';
import { EVERY_MS, endCapturesAfterEach, expectAsOnTheWire, NO_RESPONSE_MS, Wire } from './wire.js';

endSippAfterEach();
removeLansAfterEach();
endKamailioAfterEach();
endCapturesAfterEach();

const CPS = 8;

/** What becomes of the targets, in ms after the first call. */
const KILLED_MS = 1500;
const STOPPED_MS = 3500;
const LINK_DOWN_MS = 5500;
const CONTINUED_MS = 7500;
const LINK_UP_MS = 8500;
const LASTS_S = 10;

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
    if (outage) expectAsOnTheWire(outage, own, zeroMs, records, name === 'killed');
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
