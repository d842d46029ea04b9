import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import { readNumberFile } from '../../src/swarm/number-file.js';
import { NumberPattern, PatternError } from '../../src/swarm/number-pattern.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('a number pattern', () => {
  it('counts up with leading zeros and starts anew at its end', () => {
    const pattern = new NumberPattern('+49[098-101]');
    expect([0, 1, 2, 3, 4].map((n) => pattern.at(n))).toEqual(['+49098', '+49099', '+49100', '+49101', '+49098']);
  });

  it('counts several ranges like an odometer', () => {
    const pattern = new NumberPattern('[1-2]-[0-1]');
    expect([0, 1, 2, 3, 4].map((n) => pattern.at(n))).toEqual(['1-0', '1-1', '2-0', '2-1', '1-0']);
  });

  it('takes variables', () => {
    const pattern = new NumberPattern('{prefix}[0-9]{missing}');
    expect(pattern.at(7, { prefix: '00' })).toBe('007');
    expect(pattern.variables).toEqual(['prefix', 'missing']);
  });

  it('is the recorded number, unless it takes variables', () => {
    expect(new NumberPattern('9[0-9]').at(3, {}, '4711')).toBe('4711');
    expect(new NumberPattern('9[0-9]').at(3, {}, undefined)).toBe('93');
    expect(new NumberPattern('00{to}').at(3, { to: '4711' }, '4711')).toBe('004711');
  });

  it.each(['[5-1]', '[a-b]', '[', '{', '{a b}', '[1-2'])('refuses %s', (text) => {
    expect(() => new NumberPattern(text)).toThrow(PatternError);
  });
});

describe('a file of numbers', () => {
  const file = (text: string): string => {
    const path = join(temporaryFolder(), 'n.csv');
    writeFileSync(path, text);
    return path;
  };

  it('gives each row as variables', () => {
    expect(readNumberFile(file('from,to\n+491,100\n"+49 2",200\n'))).toEqual([
      { from: '+491', to: '100' },
      { from: '+49 2', to: '200' },
    ]);
  });

  it.each([
    ['a missing file', '/nonexistent/n.csv'],
    ['an empty file', file('')],
    ['uneven rows', file('a,b\n1\n')],
    ['a value that breaks a header', file('a\n"x\r\nVia: y"\n')],
  ])('is refused when it is %s', (_, path) => {
    expect(() => readNumberFile(path)).toThrow(AppError);
  });

  it.each(['\r', '\n', '\0', '\x7f'])('refuses a value with %j, and says where it is and what to do', (character) => {
    const path = file(`from,to\n1,2\n3,"4${character}5"\n`);
    const line = character === '\n' || character === '\r' ? 4 : 3;
    expect(() => readNumberFile(path)).toThrow(
      expect.objectContaining({
        code: 'FILE_UNREADABLE',
        detail: expect.objectContaining({
          where: `${path}:${line}, column to`,
          found: JSON.stringify(`4${character}5`),
          hint: expect.stringContaining('Take it out'),
        }),
      }),
    );
  });
});
