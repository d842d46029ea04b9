import { describe, expect, it } from 'vitest';
import { answering } from '../support/answering.js';
import { freePort } from './ports.js';
import { endSippAfterEach, SIPP_MEDIA_PORT, Sipp, scenario, scenarioWith, writeSpeech } from './sipp.js';

endSippAfterEach();

/** By hand: how many calls, in tens; then some are not acknowledged, too, which takes 32 s. */
const { INBOUND_CALLS } = process.env;
const CALLS = Number(INBOUND_CALLS ?? 10);
const UNACKNOWLEDGED = INBOUND_CALLS === undefined ? 0 : 2;
/** From the ACK to the first word. */
const PAUSE_MS = 700;
/** Playout buffer, detection of the beginning, SIPp's own times on a busy machine. */
const LATER_MS = 1500;

describe('SIPp as a dialer', () => {
  it('counts what the run counts, and is heard when it speaks, by machines and persons', async () => {
    const port = await freePort();
    const population = answering(
      `
name: population
inbound: { for: 30s, calls: ${CALLS} }
media: { rtpPorts: 61000-61199 }
trunk:
  ringAfter: 50ms
  outcomes: { busy: 20%, noAnswer: 10%, ringFor: 300ms, reject: 10%, machine: 20% }
  machine: { after: 200ms, length: 1500ms, beepFor: 200ms }
`,
      '127.0.0.1',
      port,
    );
    await population.listening;
    const play = '<nop><action><exec rtp_stream="AUDIO_FILE';
    const speaking = scenarioWith(
      'caller-with-audio',
      play,
      `<pause milliseconds="${PAUSE_MS}"/><nop><action><exec rtp_stream="${writeSpeech()}`,
    );
    const sipp = await Sipp.caller(port, CALLS, 5, ['-sf', speaking, '-mp', String(SIPP_MEDIA_PORT), '-trace_counts']);
    await sipp.ended;
    const { summary, records } = await population.finished;

    const sent = (message: string): number => sipp.books().find((book) => book.message.endsWith(message))!.sent;
    const counts = sipp.counts();
    const answered = CALLS * 0.6;
    expect(counts, sipp.errors()).toMatchObject({ successful: answered, failed: CALLS * 0.4 });
    expect(summary.inbound).toMatchObject({
      received: counts.successful + counts.failed,
      refused: 0,
      dealt: {
        answered: CALLS * 0.4,
        machine: CALLS * 0.2,
        busy: CALLS * 0.2,
        noAnswer: CALLS * 0.1,
        reject: CALLS * 0.1,
      },
      cancelled: 0,
      notAcknowledged: 0,
      endedByCaller: sent('BYE'),
      endedByUs: 0,
      heard: answered,
      silentCalls: 0,
      // It speaks whoever answers.
      machine: { calls: CALLS * 0.2, talkedOver: CALLS * 0.2, hungUp: 0 },
    });
    expect(summary.calls).toMatchObject({ attempted: CALLS, answered, completed: answered, failed: counts.failed });
    expect(summary.media.oneWay.byDirection.downlink).toBe(0);
    for (const { caller } of records) {
      if (!caller) continue;
      expect(caller.firstWordMs).toBeGreaterThanOrEqual(PAUSE_MS);
      expect(caller.firstWordMs).toBeLessThan(PAUSE_MS + LATER_MS);
    }
  });

  it('that cancels, sends no audio, or never acknowledges is found out', async () => {
    const port = await freePort();
    const population = answering(
      `
name: population
inbound: { for: 30s, calls: ${4 + UNACKNOWLEDGED}, runOut: 40s }
media: { rtpPorts: 61200-61399 }
trunk: { ringAfter: 50ms, answerAfter: 1500ms, turns: { speaksFirst: true, length: 500ms } }
gates: [inbound.abandonedRatio == 0, inbound.notAcknowledged == 0, inbound.silentCalls == 0]
`,
      '127.0.0.1',
      port,
    );
    await population.listening;
    const dialers = await Promise.all([
      Sipp.caller(port, 2, 5, ['-sf', scenario('caller-cancels')]),
      Sipp.caller(port, 2, 5, ['-sn', 'uac', '-d', '3000']),
      ...(UNACKNOWLEDGED > 0 ? [Sipp.caller(port, UNACKNOWLEDGED, 5, ['-sf', scenario('caller-without-ack')])] : []),
    ]);
    await Promise.all(dialers.map(({ ended }) => ended));
    const { summary } = await population.finished;
    const answered = 2 + UNACKNOWLEDGED;
    expect(summary.inbound).toMatchObject({
      received: 2 + answered,
      cancelled: 2,
      abandoned: 2,
      notAcknowledged: UNACKNOWLEDGED,
      silentCalls: answered,
    });
    expect(summary.media.oneWay).toMatchObject({
      byDirection: { downlink: answered },
      byCause: { 'no-rtp': answered },
    });
    expect(summary.calls).toMatchObject({ answered, dropped: UNACKNOWLEDGED, completed: 2 });
    expect(summary.gates.map(({ pass }) => pass)).toEqual([false, UNACKNOWLEDGED === 0, false]);
  });
});
