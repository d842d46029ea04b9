import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import type { Summary } from '../../src/metrics/summary.js';
import { runProfile } from '../support/run-profile.js';
import { quantile } from '../voice/scenes.js';

/** The judge: an agent that answers after known delays, over both jitter buffers, which are known too. */
const PROFILE = `name: turns
load: [{ shape: constant, cps: 20, for: 2s }]
calls:
  hold: 5800ms
  turns: { say: speech, length: 1200ms, count: 1, pause: 600ms, deadAir: 1s }
trunk:
  agent:
    greeting: speech
    after: 700ms
    length: 1000ms
    respondsAfter: [500, 900, 1300]
media: { rtpPorts: 38400-38699 }
`;

const BARGE_IN = `name: barge-in
load: [{ shape: constant, cps: 12, for: 1s }]
calls:
  hold: 4s
  codecs: [PCMA]
  turns: { say: speech, length: 1000ms, count: 1, bargeIn: { after: 500ms } }
trunk: { codecs: [PCMA], agent: { length: 3s, respondsAfter: 600ms, stopsOnBargeIn: 300ms } }
media: { rtpPorts: 38700-38899 }
`;

function turnsOf(records: readonly CallRecord[]): NonNullable<CallRecord['turns']>[] {
  return records.flatMap(({ turns }) => turns ?? []);
}

/** What the summary says is what the records say, of a run that was held up, too. */
function expectSums(summary: Summary, turns: ReturnType<typeof turnsOf>): void {
  const responses = turns.flatMap((turn) => turn.responses.map(({ ms }) => ms));
  const bargeIns = turns.flatMap(({ bargeInMs }) => bargeInMs);
  const firstWords = turns.flatMap(({ ttfwMs }) => ttfwMs ?? []);
  expect(turns.length).toBeGreaterThan(0);
  expect(turns.length).toBe(summary.calls.answered);
  expect(turns.every(({ agent }) => agent !== null)).toBe(true);
  expect(summary.voice).toMatchObject({
    calls: turns.length,
    firstWords: firstWords.length,
    utterances: responses.length,
    unanswered: responses.filter((ms) => ms === null).length,
    bargeIns: bargeIns.length,
    bargeInsIgnored: bargeIns.filter((ms) => ms === null).length,
    interruptions: turns.reduce((sum, { interruptions }) => sum + interruptions, 0),
  });
  if (firstWords.length > 0) expect(summary.voice!.ttfwMs!.max).toBeCloseTo(Math.max(...firstWords), 3);
  expect(summary.voice!.deadAir.calls).toBe(turns.filter(({ deadAir }) => deadAir.length > 0).length);
}

describe('a run of conversations', () => {
  it('times the far end’s first word and responses as a simulated agent gave them', async () => {
    const { summary, records } = await runProfile(PROFILE);
    const turns = turnsOf(records);
    expectSums(summary, turns);
    // Threads that were held up speak and hear later than they meant to: such a run says so, and claims nothing of times.
    if (!summary.run.valid) return;
    expect(turns).toHaveLength(40);
    const errors: number[] = [];
    const nominal: number[] = [];
    for (const { ttfwMs, responses, agent, pathMs } of turns) {
      expect(pathMs).toEqual({ uplink: expect.closeTo(60, 0), downlink: expect.closeTo(60, 0) });
      errors.push(Math.abs(ttfwMs! - agent!.ttfwMs! - pathMs.downlink!));
      nominal.push(Math.abs(ttfwMs! - 700 - pathMs.downlink!));
      expect(responses).toHaveLength(1);
      expect(agent!.responseMs).toHaveLength(1);
      for (const [i, { ms, inProgress }] of responses.entries()) {
        const heardMs = ms! - pathMs.uplink! - pathMs.downlink!;
        errors.push(Math.abs(heardMs - agent!.responseMs[i]));
        nominal.push(Math.min(...[500, 900, 1300].map((delay) => Math.abs(heardMs - delay))));
        expect(inProgress).toBeGreaterThan(0);
      }
    }
    if (process.env.VOICE_UTTERANCES)
      console.log([errors, nominal].map((list) => [0.5, 0.95, 1].map((q) => quantile(list, q).toFixed(1))));
    expect(quantile(errors, 0.95)).toBeLessThanOrEqual(30);
    expect(quantile(nominal, 0.95)).toBeLessThanOrEqual(45);
    expect(summary.voice).toMatchObject({ calls: 40, firstWords: 40, utterances: 40, unanswered: 0, interruptions: 0 });
    expect(summary.voice!.responseByInProgress.reduce((sum, bin) => sum + bin.responses, 0)).toBe(40);
    // Only responses after 1.3 s, over the buffers, leave the caller alone for longer than a second.
    const late = turns.flatMap(({ responses }) => responses).filter(({ ms }) => ms! > 1000).length;
    expect(turns.flatMap(({ deadAir }) => deadAir)).toHaveLength(late);
    expect(summary.voice!.deadAir.calls).toBeGreaterThan(0);
  });

  it('times how fast an agent stops that is talked over', async () => {
    const { summary, records } = await runProfile(BARGE_IN);
    const turns = turnsOf(records);
    expectSums(summary, turns);
    if (!summary.run.valid) return;
    const errors: number[] = [];
    for (const { bargeInMs, agent, pathMs } of turns) {
      expect(bargeInMs).toHaveLength(1);
      for (const [i, ms] of bargeInMs.entries())
        errors.push(Math.abs(ms! - agent!.stopMs[i] - pathMs.uplink! - pathMs.downlink!));
    }
    if (process.env.VOICE_UTTERANCES) console.log([0.5, 0.95, 1].map((q) => quantile(errors, q).toFixed(1)));
    expect(errors).toHaveLength(12);
    expect(quantile(errors, 0.9)).toBeLessThanOrEqual(30);
    expect(summary.voice).toMatchObject({ bargeIns: 12, bargeInsIgnored: 0 });
    expect(summary.voice!.overlapRatio).toBeGreaterThan(0);
  });
});
