import { describe, expect, it } from 'vitest';
import { parseProfile } from '../../src/profile/read.js';
import { agentScript, callerScript, turnSounds } from '../../src/voice/scripts.js';

const LOAD = 'name: t\nload: [{ shape: constant, cps: 1, for: 1s }]\n';

describe('turns in a profile', () => {
  it('have defaults, and sounds by name', () => {
    const { calls, trunk } = parseProfile(
      `${LOAD}calls: { turns: {} }\ntrunk: { agent: { respondsAfter: 1s } }\n`,
      't.yaml',
    );
    expect(callerScript(calls.turns!)).toMatchObject({
      say: ['turn 0'],
      count: 3,
      pauseMs: 1000,
      bargeInAfterMs: null,
    });
    expect(agentScript(trunk.agent!)).toMatchObject({ respondsAfterMs: [1000], afterMs: 500, stopsAfterMs: null });
    expect(Object.keys(turnSounds(trunk, {}))).toEqual(['agent 0', 'agent greeting']);
  });

  it.each([
    ['calls: { turns: { pause: 100ms } }', 'pause'],
    ['calls: { turns: { length: 60s } }', 'length'],
    ['calls: { turns: { count: 0 } }', 'count'],
    ['calls: { turns: { bargeIn: {} } }', 'bargeIn'],
    ['trunk: { agent: { respondsAfter: 100ms } }', 'respondsAfter'],
    ['trunk: { agent: { respondsAfter: { min: 2s, max: 1s } } }', 'respondsAfter'],
    ['trunk: { agent: { stopsOnBargeIn: 50ms } }', 'stopsOnBargeIn'],
    ['calls: { turns: {}, codecs: [G729], frames: { G729: { file: a, bytes: 20 } } }', 'turns'],
  ])('are refused where they cannot be: %s', (yaml, field) => {
    expect(() => parseProfile(`${LOAD}${yaml}\n`, 't.yaml')).toThrow(new RegExp(field));
  });
});
