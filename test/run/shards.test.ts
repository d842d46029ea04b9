import { describe, expect, it } from 'vitest';
import type { MediaSnapshot } from '../../src/media/link/messages.js';
import { split, wholeSpan } from '../../src/run/rtp-ports.js';
import { shardsFor, sumMedia, sumPulses } from '../../src/run/shards.js';
import type { Pulse } from '../../src/shard/messages.js';
import { emptyStats } from '../../src/sip/stats.js';

const pulse = (given: Partial<Pulse>): Pulse => ({
  attempted: 0,
  notStarted: 0,
  up: 0,
  inProgress: 0,
  established: 0,
  peakInProgress: 0,
  peakEstablished: 0,
  load: null,
  arrivalsDoneMs: null,
  trunk: null,
  group: null,
  sip: null,
  eventLoopDelayMs: null,
  cpuMs: null,
  departuresCpuMs: null,
  ...given,
});

describe('the number of shards', () => {
  it.each([
    [{ peakCalls: 100, burst: 10 }, 16, true, 1],
    [{ peakCalls: 3000, burst: 10 }, 16, true, 3],
    [{ peakCalls: 100, burst: 1000 }, 16, false, 4],
    [{ peakCalls: 100_000, burst: 1000 }, 16, true, 7],
    [{ peakCalls: 100_000, burst: 1000 }, 16, false, 8],
    [{ peakCalls: 100_000, burst: 1000 }, 2, true, 1],
    [{ peakCalls: 0, burst: 0 }, 1, false, 1],
  ])('of %j on %i cores, own trunk %s, is %i', (plan, cores, ownTrunk, expected) => {
    expect(shardsFor(plan, cores, ownTrunk)).toBe(expected);
  });
});

describe('the counters of several shards', () => {
  it('add up, and those of the shared population do not', () => {
    const sip = { ...emptyStats(), messagesSent: 3, sentAgain: { INVITE: 1 }, traces: { kept: 1, leftOut: 0 } };
    const sum = sumPulses([
      pulse({ attempted: 5, notStarted: 1, inProgress: 7, peakInProgress: 9, arrivalsDoneMs: 100, sip }),
      pulse({
        attempted: 4,
        inProgress: 8,
        peakInProgress: 8,
        arrivalsDoneMs: 90,
        sip: { ...sip, sentAgain: { INVITE: 2, BYE: 1 }, timerExpiries: { B: 1, F: 0, H: 0, ack: 0 }, traces: null },
      }),
    ])!;
    expect(sum).toMatchObject({ attempted: 9, notStarted: 1, inProgress: 8, peakInProgress: 9, arrivalsDoneMs: 100 });
    expect(sum.sip).toMatchObject({
      messagesSent: 6,
      sentAgain: { INVITE: 3, BYE: 1 },
      timerExpiries: { B: 1, F: 0 },
      traces: { kept: 1, leftOut: 0 },
    });
    expect(sip.sentAgain).toEqual({ INVITE: 1 });
  });

  it('have the plan of all: what was due from the first to the last, whichever shard it fell to', () => {
    const load = { due: 3, firstDueMs: 20, lastDueMs: 90, offeredMs: 300, carriedMs: 30 };
    const other = { due: 2, firstDueMs: 10, lastDueMs: 80, offeredMs: 200, carriedMs: 5 };
    const idle = { due: 0, firstDueMs: null, lastDueMs: null, offeredMs: 0, carriedMs: 0 };
    expect(sumPulses([pulse({ load }), pulse({ load: idle }), pulse({ load: other })])!.load).toEqual({
      due: 5,
      firstDueMs: 10,
      lastDueMs: 90,
      offeredMs: 500,
      carriedMs: 35,
    });
  });

  it('are over only when each shard has made its last attempt, and none where no server tells', () => {
    expect(sumPulses([pulse({ arrivalsDoneMs: 5 }), pulse({})])).toMatchObject({ arrivalsDoneMs: null, sip: null });
    expect(sumPulses([])).toBeNull();
  });

  it('of media add up with every cause that one of them saw', () => {
    const media = (given: Partial<MediaSnapshot>): MediaSnapshot => ({
      atMs: 0,
      sessions: 1,
      packetsSent: 10,
      packetsReceived: 9,
      packetsLost: 1,
      packetsExpected: 10,
      truth: { uplink: { packets: 10, dropped: 1 }, downlink: { packets: 0, dropped: 0 } },
      faults: {},
      digitsHeard: 0,
      malformed: 0,
      unattributed: 0,
      rtcpReceived: 0,
      health: {} as MediaSnapshot['health'],
      ...given,
    });
    const sum = sumMedia([media({ faults: { silence: 1 } }), media({ atMs: 7, faults: { silence: 1, 'no-rtp': 2 } })]);
    expect(sum).toMatchObject({
      atMs: 7,
      sessions: 2,
      packetsSent: 20,
      truth: { uplink: { packets: 20, dropped: 2 } },
      faults: { silence: 2, 'no-rtp': 2 },
    });
    expect(sum).not.toHaveProperty('health');
  });
});

describe('the ports of several shards', () => {
  it('lie side by side, as many for each', () => {
    expect(split(wholeSpan('20000-20013'), 3)).toEqual([
      { min: 20000, max: 20003, pairs: 2 },
      { min: 20004, max: 20007, pairs: 2 },
      { min: 20008, max: 20011, pairs: 2 },
    ]);
  });
});
