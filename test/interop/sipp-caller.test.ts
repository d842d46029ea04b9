import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endSippAfterEach, SIPP_MEDIA_PORT, Sipp, scenario, scenarioWith, writeSpeech } from './sipp.js';
import { endTrunksAfterEach, TrunkProcess } from './trunk-process.js';

endSippAfterEach();
endTrunksAfterEach();

/** A call that is never acknowledged takes 32 s to end: it begins before the other tests and is looked at after them. */
let lonely: { trunk: TrunkProcess; caller: Sipp };
beforeAll(async () => {
  const trunk = (await TrunkProcess.start(['--channels', '1', '--rtp-ports', '26000-26999'])).inBackground();
  const options = ['-sf', scenario('caller-without-ack'), '-trace_msg'];
  lonely = { trunk, caller: (await Sipp.caller(trunk.port, 1, 1, options)).inBackground() };
});
afterAll(async () => {
  await lonely.caller.kill();
  await lonely.trunk.kill();
});

const AUDIO_CALL_PACKETS = 3000 / 20;

describe('SIPp as the caller of a trunk', () => {
  it('places 200 calls at 50 a second, and both count 200', async () => {
    const trunk = await TrunkProcess.start(['--channels', '200']);
    const sipp = await Sipp.caller(trunk.port, 200, 50, ['-sn', 'uac', '-d', '1000']);
    expect(await sipp.ended).toBe(0);
    expect(sipp.counts()).toMatchObject({ successful: 200, failed: 0, retransmissions: 0, unexpected: 0 });
    const { code, result, notes } = await trunk.interrupt();
    expect(notes).toEqual([]);
    expect(code).toBe(0);
    expect(result).toMatchObject({ answered: 200, refusedFull: 0, refusedTooFast: 0, packetsReceived: 0 });
    // 50 cps × 1 s: Little's law, with room for a machine that stalls.
    expect(result.peak).toBeGreaterThanOrEqual(45);
    expect(result.peak).toBeLessThanOrEqual(120);
  });

  it('sends audio, which the trunk hears in every call', async () => {
    const calls = 10;
    const trunk = await TrunkProcess.start();
    const audioCaller = scenarioWith('caller-with-audio', 'AUDIO_FILE', writeSpeech());
    const sipp = await Sipp.caller(trunk.port, calls, 10, ['-sf', audioCaller]);
    expect(await sipp.ended).toBe(0);
    expect(sipp.counts()).toMatchObject({ successful: calls, failed: 0 });
    const { result } = await trunk.interrupt();
    expect(result).toMatchObject({ answered: calls, silentCalls: 0, packetsLost: 0, callsWithDigits: 0 });
    expect(result.packetsReceived).toBeGreaterThan(calls * AUDIO_CALL_PACKETS * 0.95);
    expect(result.packetsReceived).toBeLessThan(calls * AUDIO_CALL_PACKETS * 1.05);
  });

  it('sends none, which the trunk counts as calls without audio', async () => {
    const trunk = await TrunkProcess.start();
    const sipp = await Sipp.caller(trunk.port, 5, 10, ['-sn', 'uac', '-d', '3000']);
    expect(await sipp.ended).toBe(0);
    const { result } = await trunk.interrupt();
    expect(result).toMatchObject({ answered: 5, silentCalls: 5, packetsReceived: 0 });
  });

  it.each(['503', '486'])('gets no more than 10 channels; the other 20 calls are refused with %s', async (status) => {
    const trunk = await TrunkProcess.start(['--channels', '10', '--when-full', status]);
    const sipp = await Sipp.caller(trunk.port, 30, 30, ['-sn', 'uac', '-d', '2500', '-trace_msg']);
    expect(await sipp.ended).toBe(1);
    expect(sipp.counts()).toMatchObject({ successful: 10, failed: 20, unexpected: 20, retransmissions: 0 });
    expect(sipp.received(new RegExp(`^SIP/2.0 ${status} `)).length).toBe(20);
    const { result } = await trunk.interrupt();
    expect(result).toMatchObject({ answered: 10, peak: 10, refusedFull: 20, refusedTooFast: 0 });
  });

  it('is held to the rate that the trunk admits', async () => {
    const trunk = await TrunkProcess.start(['--channels', '100', '--cps', '10']);
    const sipp = await Sipp.caller(trunk.port, 60, 30, ['-sn', 'uac', '-d', '200']);
    await sipp.ended;
    const { successful, failed } = sipp.counts();
    const { result } = await trunk.interrupt();
    expect(result).toMatchObject({ answered: successful, refusedFull: 0, refusedTooFast: failed });
    // Ten in each of the two seconds, and ten more if the last attempts fall into a third.
    expect(successful).toBeGreaterThanOrEqual(20);
    expect(successful).toBeLessThanOrEqual(30);
  });
});

describe('SIPp as a caller with descriptions of its own way', () => {
  it.each([
    ['moves its audio by a re-INVITE', 'caller-moves'],
    ['leaves the offer to the trunk', 'delayed-offer'],
    ['offers video before its audio, which is refused in its place', 'caller-offers-video'],
  ])('%s, and is heard and spoken to', async (_, name) => {
    const trunk = await TrunkProcess.start();
    const echo = ['-rtp_echo', '-mp', String(SIPP_MEDIA_PORT)];
    const sipp = await Sipp.caller(trunk.port, 3, 6, ['-sf', scenario(name), ...echo]);
    expect(await sipp.ended).toBe(0);
    expect(sipp.counts()).toMatchObject({ successful: 3, failed: 0, retransmissions: 0, unexpected: 0 });
    const { result } = await trunk.interrupt();
    expect(result).toMatchObject({ answered: 3, silentCalls: 0, packetsLost: 0 });
    // Two seconds of its own audio come back to the trunk.
    expect(result.packetsReceived).toBeGreaterThan(3 * 90);
    expect(result.packetsReceived).toBeLessThan(3 * 105);
  });
});

describe('SIPp insists on reliable provisional responses', () => {
  it('and acknowledges the ringing of a trunk', async () => {
    const trunk = await TrunkProcess.start(['--ring-after', '0ms', '--answer-after', '1s']);
    const sipp = await Sipp.caller(trunk.port, 5, 10, ['-sf', scenario('caller-insists-on-reliability')]);
    expect(await sipp.ended, sipp.errors()).toBe(0);
    expect(sipp.counts()).toMatchObject({ successful: 5, failed: 0, retransmissions: 0, unexpected: 0 });
    const { result, notes } = await trunk.interrupt();
    expect(notes).toEqual([]);
    expect(result).toMatchObject({ answered: 5, refusedFull: 0 });
  });
});

describe('SIPp gives up', () => {
  it('while it rings: its CANCEL and INVITE are answered, and the channel is free again', async () => {
    const trunk = await TrunkProcess.start(['--channels', '1', '--ring-after', '0ms', '--answer-after', '60s']);
    for (let i = 0; i < 2; i++) {
      const sipp = await Sipp.caller(trunk.port, 1, 1, ['-sf', scenario('caller-cancels')]);
      expect(await sipp.ended).toBe(0);
      expect(sipp.counts()).toMatchObject({ successful: 1, failed: 0, retransmissions: 0, unexpected: 0 });
    }
    const { result } = await trunk.interrupt();
    expect(result).toMatchObject({ answered: 0, peak: 1, refusedFull: 0 });
  });
});

describe('SIPp misbehaves', () => {
  it('and never sends a BYE: the trunk hangs up when it is stopped, although nobody answers', async () => {
    const trunk = await TrunkProcess.start(['--channels', '3']);
    const gone = await Sipp.caller(trunk.port, 3, 10, ['-sf', scenario('caller-without-bye')]);
    expect(await gone.ended).toBe(0);
    const late = await Sipp.caller(trunk.port, 2, 10, ['-sn', 'uac', '-d', '100']);
    expect(await late.ended).toBe(1);
    expect(late.counts()).toMatchObject({ successful: 0, failed: 2 });
    const { code, result, notes } = await trunk.interrupt();
    expect(notes).toEqual([]);
    expect(code).toBe(0);
    expect(result).toMatchObject({ answered: 3, peak: 3, refusedFull: 2 });
  });

  it('and never acknowledges: after 64·T1 the trunk hangs up and has its channel back', async () => {
    const { trunk, caller } = lonely;
    expect(await caller.ended).toBe(0);
    // RFC 3261 13.3.1.4: repeated after 0.5, 1.5, 3.5, 7.5 s and then every 4 s; at 32 s the BYE.
    expect(caller.received(/^SIP\/2\.0 200 /).length).toBe(11);
    expect(caller.received(/^BYE /).length).toBe(1);
    const next = await Sipp.caller(trunk.port, 1, 1, ['-sn', 'uac', '-d', '100']);
    expect(await next.ended).toBe(0);
    const { result } = await trunk.interrupt();
    expect(result).toMatchObject({ answered: 2, peak: 1, refusedFull: 0 });
  });
});
