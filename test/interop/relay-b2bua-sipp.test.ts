import { describe, expect, test } from 'vitest';
import { until } from '../loopback/sip-harness.js';
import { endDoorsAfterEach, openDoor } from '../support/relay-door.js';
import { endSippAfterEach, headerOf, SIPP_MEDIA_PORT, Sipp, scenario, scenarioWith, writeSpeech } from './sipp.js';

endSippAfterEach();
endDoorsAfterEach();

const CALLS = 5;

/** Calls of one SIPp to another through the relay; each has to go by its scenario by its own verdict. */
async function through(
  [caller, callerOptions = []]: [string, string[]?],
  [callee, calleeOptions = []]: [string, string[]?],
  ports: [number, number],
  calls = CALLS,
) {
  const b = await Sipp.callee(calls, ['-sf', callee, '-trace_msg', ...calleeOptions]);
  const door = await openDoor({ target: b.port, ports });
  const a = await Sipp.caller(door.port, calls, 20, ['-sf', caller, '-trace_msg', ...callerOptions]);
  expect(await a.ended, a.errors()).toBe(0);
  expect(await b.ended, b.errors()).toBe(0);
  for (const sipp of [a, b]) expect(sipp.counts()).toMatchObject({ successful: calls, failed: 0, unexpected: 0 });
  await until(() => door.records.length === calls);
  expect(door.door.statistics()).toMatchObject({ sip: { dialogs: 0, malformed: 0, strays: 0 } });
  expect(door.relay.counts.up).toBe(0);
  return { a, b, door };
}

describe('SIPp calls SIPp through the relay', () => {
  test('gives up while it rings: the CANCEL reaches the other one', async () => {
    const { door } = await through([scenario('caller-cancels')], [scenario('ring-only')], [38_000, 38_099]);
    expect(door.records.map(({ outcome }) => outcome)).toEqual(Array(CALLS).fill('cancelled'));
  });

  test('insists on reliable progress: each 183 is acknowledged from end to end', async () => {
    const { a, b } = await through(
      [scenario('caller-pracks')],
      [scenario('callee-progresses-reliably')],
      [38_100, 38_199],
    );
    const acknowledgements = b.received(/^PRACK /).map((prack) => headerOf(prack, 'RAck')!.split(' ')[0]);
    expect(acknowledgements).toEqual(Array(CALLS).fill('8'));
    expect(a.received(/^SIP\/2\.0 183/).every((text) => headerOf(text, 'Require') === '100rel')).toBe(true);
  });

  test('holds and takes back, and is held itself', async () => {
    await through([scenario('caller-reinvites')], [scenario('callee-held-and-holds')], [38_200, 38_299]);
  });

  test('transfers the other one, and hears how that goes', async () => {
    const target = 'sip:third@192.0.2.44';
    const { b } = await through(
      [scenarioWith('caller-refers', 'TARGET', target)],
      [scenarioWith('callee-referred', 'REFER_TO', target.replaceAll('.', '[.]'))],
      [38_300, 38_399],
    );
    for (const refer of b.received(/^REFER /)) expect(headerOf(refer, 'Referred-By')).toContain('sip:sipp@');
  });

  test('makes no offer: that of the other one comes back, and the answer with the ACK', async () => {
    const { door, b } = await through([scenario('delayed-offer')], [scenario('callee-answers')], [38_400, 38_499]);
    for (const ack of b.received(/^ACK /)) expect(ack).toMatch(/m=audio 384\d\d RTP\/AVP/);
    expect(door.records.map(({ outcome }) => outcome)).toEqual(Array(CALLS).fill('completed'));
  });

  test('is sent elsewhere', async () => {
    await through(
      [scenario('caller-redirected')],
      [scenarioWith('callee-redirects', 'TARGET', 'sip:elsewhere@192.0.2.5')],
      [38_500, 38_599],
    );
  });

  test.each([
    ['486', 'Busy Here'],
    ['503', 'No Circuit'],
  ])('is refused by %s', async (status, phrase) => {
    const { a, door } = await through(
      [
        scenarioWith('caller-redirected', '302', status, {
          '&lt;sip:elsewhere@': 'INVITE',
          'header="Contact:"': 'header="CSeq:"',
        }),
      ],
      [scenarioWith('reject', '486 Busy Here', `${status} ${phrase}`)],
      [38_500, 38_599],
    );
    for (const text of a.received(new RegExp(`^SIP/2\\.0 ${status}`)))
      expect(text.split(/\r?\n/)[0]).toBe(`SIP/2.0 ${status} ${phrase}`);
    expect(door.records.map((record) => record.status)).toEqual(Array(CALLS).fill(Number(status)));
  });
});

describe('the audio of SIPp', () => {
  const play = scenarioWith('caller-with-audio', 'AUDIO_FILE', writeSpeech(), {
    '3000': '1600',
    // What is under way when the call ends comes back to nobody.
    '"pause"/></action></nop>': '"pause"/></action></nop>\n  <pause milliseconds="300"/>',
  });

  test.each([
    ['nothing is lost', 0],
    ['a tenth is lost', 0.1],
  ])('goes to the other one, which sends it back: where %s', async (_name, ratio) => {
    const b = await Sipp.callee(1, ['-sn', 'uas', '-rtp_echo', '-mp', String(SIPP_MEDIA_PORT + 50)]);
    const door = await openDoor({
      target: b.port,
      ports: [38_600, 38_699],
      seed: 7,
      pipelines: { aToB: ratio > 0 ? [{ kind: 'loss', ratio, burst: 1 }] : [] },
    });
    const a = await Sipp.caller(door.port, 1, 1, ['-sf', play, '-mp', String(SIPP_MEDIA_PORT)]);
    expect(await a.ended, a.errors()).toBe(0);
    await until(() => door.records.length === 1);
    const { ends, directions } = door.records[0].media!;
    const { truth } = directions.aToB;
    expect(truth.packets).toBeGreaterThan(50);
    expect(ends.a.received.packets).toBe(truth.packets);
    if (ratio === 0) expect(truth.dropped).toBe(0);
    else expect(truth.dropped).toBeGreaterThan(0);
    // What came back is what the other one got.
    expect(ends.b.received.packets).toBe(truth.packets - truth.dropped);
    expect(directions.bToA.truth).toMatchObject({ dropped: 0, packets: ends.b.received.packets });
    expect(ends.a.sent.packets).toBe(ends.b.received.packets);
  });

  test('a hundred calls a second: every one is answered and ended, and the ports come back', async () => {
    const calls = 300;
    const b = await Sipp.callee(calls, ['-sn', 'uas']);
    const door = await openDoor({ target: b.port, ports: [38_700, 39_899] });
    const a = await Sipp.caller(door.port, calls, 100, ['-sn', 'uac', '-d', '300']);
    expect(await a.ended, a.errors()).toBe(0);
    expect(a.counts()).toMatchObject({ successful: calls, failed: 0 });
    await until(() => door.records.length === calls);
    expect(door.door.statistics()).toMatchObject({
      calls: { attempts: calls, answered: calls, completed: calls, up: 0, inProgress: 0 },
    });
    expect(door.relay.counts).toMatchObject({ opened: calls, up: 0, refused: 0 });
  });
});
