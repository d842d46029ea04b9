import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import { readAccountFile, requireOthers } from '../../src/swarm/account-file.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const file = (text: string): string => {
  const path = join(temporaryFolder(), 'a.csv');
  writeFileSync(path, text);
  return path;
};

function refused(path: string, read: (path: string) => unknown = readAccountFile): AppError {
  try {
    read(path);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('the file was taken');
}

describe('a file of accounts', () => {
  it('gives user and password, and domain, name for the digest and realm where it has them', () => {
    expect(readAccountFile(file('user,password\n100,a b\n'))).toEqual([
      { user: '100', password: 'a b', domain: null, authUser: null, realm: null },
    ]);
    expect(
      readAccountFile(file('password,auth_user,user,domain,realm\nx,100-1,100,example.net,pbx\ny,,101,,\n')),
    ).toEqual([
      { user: '100', password: 'x', domain: 'example.net', authUser: '100-1', realm: 'pbx' },
      { user: '101', password: 'y', domain: null, authUser: null, realm: null },
    ]);
  });

  it('tells every bad row by its line', () => {
    const path = file(
      'user,password,domain\n100,x,example.net\n,x,\na b,x,\n100,y,example.net\n101,x,no host\n100,z,other.net\n',
    );
    const { code, message } = refused(path);
    expect(code).toBe('FILE_UNREADABLE');
    expect(message.split('\n').slice(1)).toEqual([
      `  ${path}:3  user: is missing`,
      `  ${path}:4  user: must not contain blanks, <, >, ", @ or control characters, found "a b"`,
      `  ${path}:5  user: "100" is on line 2 already: each account registers once`,
      `  ${path}:6  domain: expected a host such as example.net, found "no host"`,
    ]);
  });

  it('does not list thousands of mistakes', () => {
    const { message } = refused(file(`user,password\n${'a b,x\n'.repeat(50)}`));
    expect(message).toContain('99 mistakes');
    expect(message).toContain('and 79 more');
    expect(message.split('\n')).toHaveLength(22);
  });

  it.each([
    ['a column is missing', 'user\n100\n', ':1'],
    ['a column is unknown', 'user,password,tenant\n100,x,y\n', ':1'],
    ['a row is too short', 'user,password\n100\n', ''],
    ['there are no rows', 'user,password\n', ''],
  ])('is refused when %s', (_why, text, line) => {
    const path = file(text);
    expect(refused(path).detail.where).toBe(`${path}${line}`);
  });
});

describe('accounts that are called', () => {
  const path = () => file('user,password\n\n101,x\n102,x\n103,x\n');
  const byNumbers = { byAccounts: false, from: '20[0-9]', rows: [], attempts: 30 };

  it('may call each other, and be called by numbers that are none of them', () => {
    const accounts = readAccountFile(path());
    expect(() => requireOthers('a.csv', accounts, { ...byNumbers, byAccounts: true, from: '10[1-3]' })).not.toThrow();
    expect(() => requireOthers('a.csv', accounts, byNumbers)).not.toThrow();
    expect(() => requireOthers('a.csv', accounts, { ...byNumbers, from: '10[2-3]', attempts: 1 })).not.toThrow();
  });

  it('are refused where one would call itself, by its line', () => {
    const error = refused(path(), (from) => requireOthers(from, readAccountFile(from), { ...byNumbers, from: '103' }));
    expect(error.code).toBe('FILE_UNREADABLE');
    expect(error.detail).toMatchObject({
      where: expect.stringMatching(/a\.csv:5$/),
      found: 'attempt 2 calls "103" from "103", which is the same there',
      hint: expect.stringContaining('byAccounts: true'),
    });
  });

  it('are refused where there is one alone that is to call another', () => {
    const error = refused(file('user,password\n101,x\n'), (from) =>
      requireOthers(from, readAccountFile(from), { ...byNumbers, byAccounts: true }),
    );
    expect(error.detail).toMatchObject({ where: expect.stringMatching(/a\.csv:2$/), found: 'only "101"' });
  });
});
