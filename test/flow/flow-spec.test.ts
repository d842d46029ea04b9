import { describe, expect, it } from 'vitest';
import { type ProfileError, parseProfile } from '../../src/profile/read.js';

/** The mistakes of a profile whose sides are these, each with its line: the first line of the sides is 3. */
function mistakes(sides: string): string[] {
  try {
    parseProfile(`name: t\nload: [{ shape: constant, cps: 1, for: 1s }]\n${sides}`, 'p.yaml');
    return [];
  } catch (error) {
    return (error as ProfileError).mistakes.map(({ path, line, message }) => `${line} ${path}: ${message}`);
  }
}

const caller = (...steps: string[]): string => `calls:\n  flow:\n${steps.map((s) => `    - ${s}\n`).join('')}`;
const callee = (...steps: string[]): string => caller(...steps).replace('calls', 'trunk');

describe('a list of steps in a profile', () => {
  it('takes steps by name or with their fields, for either side', () => {
    expect(mistakes(caller('ring', 'answer', '{ step: wait, for: 2s }', 'hangup'))).toEqual([]);
    expect(mistakes(callee('{ step: expect-dtmf, count: 4, within: 5s }', 'expect-hangup'))).toEqual([]);
    expect(mistakes(callee('ring', '{ step: wait, for: 1s }', '{ step: hangup, status: 486 }'))).toEqual([]);
    expect(mistakes(callee('early-media', '{ step: say, audio: busy.wav }', '{ step: hangup, status: 486 }'))).toEqual(
      [],
    );
    const twice = '{ step: repeat, times: 100, every: 1s, steps: [{ step: send-dtmf, digits: "1" }] }';
    expect(mistakes(`${caller(twice)}  hold: 2m\n`)).toEqual([]);
  });

  it('takes every step by its name that needs no field', () => {
    const bare = ['ring', 'early-media', 'answer', 'say', 'silence', 'noise', 'expect-speech', 'hold', 'resume'];
    expect(mistakes(caller(...bare, 'refresh', 'hangup'))).toEqual([]);
    expect(mistakes(callee('expect-hangup'))).toEqual([]);
  });

  it.each([
    [caller('{ step: dance }'), '5 calls.flow.0.step: expected wait, ring, early-media, answer'],
    [caller('{ step: wait }'), '5 calls.flow.0.for: is missing'],
    [caller('wait'), '5 calls.flow.0: expected ring, early-media, answer'],
    [caller('{ step: hold, within: 3q }'), '5 calls.flow.0.within: expected a duration'],
    [caller('{ step: repeat, times: 2, steps: [{ step: wait }] }'), '5 calls.flow.0.steps.0.for: is missing'],
    [caller('{ step: refer, to: bob }'), '5 calls.flow.0.to: expected a SIP URI'],
    [caller('{ step: send-dtmf, digits: "12x" }'), '5 calls.flow.0'],
    [caller('{ step: expect-dtmf }'), '5 calls.flow.0'],
    [caller('{ step: wait, for: 1s, onFail: shrug }'), '5 calls.flow.0'],
    ['calls:\n  flow: []\n', '4 calls.flow'],
  ])('is refused as %j', (sides, place) => {
    expect(mistakes(sides)[0]).toContain(place);
  });

  it.each([
    [caller('answer', 'hangup', '{ step: wait, for: 1s }'), '7 calls.flow.2: nothing can follow `hangup`'],
    [caller('{ step: send-dtmf, digits: "1" }', 'answer'), '5 calls.flow.0: `send-dtmf` needs an answered call'],
    [caller('answer', 'ring'), '6 calls.flow.1: `ring` comes after the answer'],
    [callee('answer', 'answer'), '6 trunk.flow.1: `answer` happens once in a call'],
    [callee('ring', '{ step: wait, for: 1s }'), '4 trunk.flow: neither answers nor hangs up'],
    [callee('answer', '{ step: hangup, status: 486 }'), '6 trunk.flow.1: `status` is for a callee'],
    [caller('{ step: repeat, times: 2, steps: [hangup] }'), '5 calls.flow.0.steps.0: `hangup` happens once'],
    [
      caller(
        '{ step: repeat, times: 9999, steps: [{ step: wait, for: 0 }, { step: wait, for: 0 }, { step: wait, for: 0 }] }',
      ),
      '4 calls.flow: comes to 29997 steps in a call: 20000 are the most',
    ],
    [`${caller('{ step: wait, for: 8s }')}  hold: 5s\n`, '6 calls.hold: the steps of `flow` take 8000 ms at least'],
    [caller('{ step: play, audio: "tone:" }'), '5 calls.flow.0'],
    [
      caller('{ step: reinvite, codecs: [G722] }'),
      '4 calls.flow: `1 reinvite` offers G722, which is not among `codecs`',
    ],
    [caller('{ step: hold, status: 100 }'), '5 calls.flow.0'],
    [callee('{ step: say }', 'answer'), '5 trunk.flow.0: `say` needs an answered call'],
    [
      `${caller('{ step: say }')}  codecs: [G729]\n  audio: none\n`,
      '4 calls.flow: `1 say` cannot be done with G729, which is not encoded here',
    ],
    [
      caller('{ step: wait, for: 1s, name: a }', '{ step: wait, for: 1s, name: a }'),
      '4 calls.flow: has two steps of the name `a`',
    ],
  ])('is refused where its steps contradict each other: %j', (sides, mistake) => {
    expect(mistakes(sides).join('\n')).toContain(mistake);
  });

  it.each([
    [`${caller('answer')}  dtmf: { digits: '1' }\n`, '6 calls.dtmf: cannot stand beside `flow`'],
    [`${caller('answer')}  turns: {}\n`, '6 calls.turns: cannot stand beside `flow`'],
    [`${caller('answer')}  putOnHold: { after: 1s, for: 1s }\n`, '6 calls.putOnHold: cannot stand beside `flow`'],
    [`${callee('expect-hangup')}  agent: {}\n`, '6 trunk.agent: cannot stand beside `flow`'],
    [`${callee('answer')}  answerAfter: 1s\n`, '6 trunk.answerAfter: cannot stand beside a `flow` that rings'],
    [`${callee('answer')}  earlyMedia: true\n`, '6 trunk.earlyMedia: cannot stand beside a `flow` that rings'],
  ])('is refused beside what it would contradict: %j', (sides, mistake) => {
    expect(mistakes(sides).join('\n')).toContain(mistake);
  });
});
