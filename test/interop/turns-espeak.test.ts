import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Sound } from '../../src/audio/sound.js';
import { pipeline } from '../../src/impair/spec.js';
import { converse, errorsOf, type Scene } from '../media/conversation.js';
import { Scratch } from '../support/cli.js';
import { quantile } from '../voice/scenes.js';

const scratch = new Scratch();

const SAID = {
  greeting: ['en', 'Good morning, how may I help you today?'],
  'question-1': ['en+f3', 'I would like to change my appointment.'],
  'question-2': ['de', 'Wann haben Sie am Dienstag noch Zeit?'],
  'answer-1': ['en', 'Your appointment is on Tuesday at half past nine.'],
  'answer-2': ['en', 'I am sorry, I did not understand that. Could you say it again?'],
  'answer-3': ['de', 'Bitte sagen Sie ja oder nein.'],
} as const;

const CALLER = { say: ['question-1', 'question-2'] };
const AGENT = { greeting: 'greeting', says: ['answer-1', 'answer-2', 'answer-3'] };
const NOISE = { kind: 'pink', level: -42 };

/** A script by the names of the same sounds with noise in them. */
function noisy<T extends object>(script: T): T {
  const of = (name: string): string => `noisy-${name}`;
  return Object.fromEntries(
    Object.entries(script).map(([key, names]) => [key, Array.isArray(names) ? names.map(of) : of(names)]),
  ) as T;
}

/** What espeak-ng says, as sounds of a run. */
const sounds: Record<string, Sound> = {};
beforeAll(() => {
  for (const [name, [voice, text]] of Object.entries(SAID)) {
    const audio = join(scratch.path, `${name}.wav`);
    execFileSync('espeak-ng', ['-v', voice, '-w', audio, text]);
    sounds[name] = { audio, once: true };
    sounds[`noisy-${name}`] = { audio, once: true, noise: NOISE };
  }
  sounds.noise = { audio: 'silence', noise: NOISE };
});

describe('conversations in which espeak-ng speaks on both sides', () => {
  it.each<[string, Scene]>([
    ['over G.711', {}],
    ['over G.722', { codec: 'G722', calls: 1 }],
    ['over Opus', { codec: 'opus', calls: 1 }],
    ['with noise on the line', { audio: 'hum' }],
    [
      'with noise in all that is said, too, 20 dB below',
      { audio: 'noise', agent: noisy(AGENT), caller: noisy(CALLER) },
    ],
    [
      'with 2 % loss and jitter',
      {
        impairment: pipeline.parse([
          { kind: 'loss', ratio: 0.02 },
          { kind: 'delay', base: 40, jitter: { distribution: 'uniform', spread: 10 } },
        ]),
      },
    ],
  ])('are timed as the agent took its turns, 95 in 100 of the times to 30 ms: %s', (_name, scene) => {
    const records = converse({
      calls: 3,
      ms: 32_000,
      ...scene,
      sounds,
      caller: scene.caller ?? CALLER,
      agent: scene.agent ?? AGENT,
    });
    for (const { responses } of records) expect(responses).toHaveLength(4);
    const errors = errorsOf(records);
    console.log(
      _name,
      errors.length,
      [0.5, 0.9, 0.95, 1].map((q) => quantile(errors, q).toFixed(1)),
    );
    expect(quantile(errors, 0.95)).toBeLessThanOrEqual(30);
  });
});
