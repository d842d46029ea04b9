import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedServer } from '../../src/drachtio/embedded-server.js';
import type { RunOptions } from '../../src/run/run-options.js';
import { UserAgent } from '../../src/sip/user-agent.js';
import { type FinishedRun, runProfile } from '../support/run-profile.js';
import { closedPort } from './sip-harness.js';

let agent: UserAgent;
let admin: Server;
let drachtio: NonNullable<RunOptions['drachtio']>;
const sockets = new Set<Socket>();

beforeEach(async () => {
  agent = await UserAgent.open({ address: '127.0.0.1', port: 0 });
  const server = new EmbeddedServer(agent, { secret: 'cymru' });
  admin = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    server.accept(socket);
  });
  await new Promise<void>((resolve) => admin.listen(0, '127.0.0.1', resolve));
  drachtio = { host: '127.0.0.1', port: (admin.address() as { port: number }).port, secret: 'cymru' };
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => admin.close(resolve));
  await agent.close();
});

const profile = (load: string, calls: string, trunk: string): string => `
name: external
load: [${load}]
calls: { ${calls} }
media: { rtpPorts: 31000-31999 }
trunk: { ${trunk} }
`;

/** What must not depend on the server that serves the calls. */
function figuresOf({ summary, records }: FinishedRun): object {
  const { peakInProgress: _, peakEstablished: __, ...calls } = summary.calls;
  const { exhausted, exhaustedAtInProgress, cause, refusals } = summary.trunk;
  const { setupFailureRatio, ner, asr, ser, seer, isa, ira, scr } = summary.sip;
  return {
    calls,
    responses: summary.responses,
    ratios: { setupFailureRatio, ner, asr, ser, seer, isa, ira, scr },
    trunk: { exhausted, exhaustedAtInProgress, cause, refusals },
    verdict: summary.verdict,
    oneWay: summary.media.oneWay,
    records: records
      .sort((a, b) => a.id - b.id)
      .map(({ id, outcome, cause, status, reason, q850, hangupBy, byeStatus, tries, sipCallIds }) => ({
        ...{ id, outcome, cause, status, reason, q850, hangupBy, byeStatus, tries: tries.length },
        callIds: sipCallIds.length,
      })),
  };
}

describe('a run on a drachtio server that it reaches over TCP', () => {
  it.each([
    ['a trunk that is full', 'hold: 3s', 'channels: 10, ringAfter: 20ms, answerAfter: 100ms'],
    ['attempts that are given up', 'hold: 2s, giveUpAfter: 400ms', 'channels: 50, answerAfter: 10s'],
    ['a trunk that hangs up half of the calls', 'hold: 2s', 'channels: 50, faults: { drop: 50% }'],
  ])('counts as one on its own server: %s', async (_, calls, trunk) => {
    const yaml = profile('{ shape: constant, cps: 20, for: 1s }', calls, trunk);
    const external = await runProfile(yaml, { drachtio });
    expect(external.summary.calls.attempted).toBe(20);
    expect(figuresOf(external)).toEqual(figuresOf(await runProfile(yaml)));
    expect(agent.stats().dialogs).toBe(0);
  });

  it('says nothing of what only the server could count', async () => {
    const { summary, timeline, records } = await runProfile(
      profile('{ shape: constant, cps: 5, for: 1s }', 'hold: 500ms', 'channels: 10'),
      { drachtio },
    );
    expect(summary.sip).toMatchObject({
      retransmissionsSent: null,
      retransmissionsReceived: null,
      parseErrors: null,
      server: null,
    });
    for (const { trace, timings } of records) expect([trace, timings.ackMs]).toEqual([null, null]);
    expect(summary.calls).toMatchObject({ attempted: 5, completed: 5 });
    expect(timeline.length).toBeGreaterThan(0);
    expect(summary.sip.srdMs.success).not.toBeNull();
    expect(summary.media.downlink).toMatchObject({ streams: 5, measured: 5, unmeasured: 0 });
  });

  it('hangs up what is up and cancels what rings when it is stopped', async () => {
    const { summary } = await runProfile(
      profile('{ shape: constant, cps: 10, for: 60s }', 'hold: 60s', 'ringAfter: 20ms, answerAfter: 1s'),
      { drachtio },
      (run) => setTimeout(() => run.stop(), 3000),
    );
    expect(summary.verdict).toBe('interrupted');
    expect(summary.calls.stillUp).toBeGreaterThan(0);
    expect(summary.calls.cancelled).toBeGreaterThan(0);
    expect(summary.calls.attempted).toBe(summary.calls.stillUp + summary.calls.cancelled);
    expect(agent.stats().dialogs).toBe(0);
  });

  it('ends early when nobody is at the target', async () => {
    const { summary, failure } = await runProfile(
      `${profile('{ shape: constant, cps: 2, for: 60s }', 'hold: 1s', 'channels: 1')}
target: sip:127.0.0.1:${await closedPort()}
`,
      { drachtio },
    );
    expect(failure).toMatchObject({ code: 'TARGET_SILENT', exitCode: 3 });
    expect(Object.keys(summary.responses)).toEqual(['transport']);
  });

  it('that is lost in mid-run still reports the calls that it placed', async () => {
    const { summary, failure, records } = await runProfile(
      profile('{ shape: constant, cps: 10, for: 60s }', 'hold: 500ms', 'channels: 50'),
      { drachtio },
      () =>
        setTimeout(() => {
          for (const socket of sockets) socket.destroy();
        }, 3000),
    );
    expect(failure).toMatchObject({ code: 'DRACHTIO_UNREACHABLE', exitCode: 3 });
    expect(failure?.detail.found).toBe('it closed the connection');
    expect(summary.calls.completed).toBeGreaterThan(0);
    expect(records.length).toBe(summary.calls.attempted);
  });
});
