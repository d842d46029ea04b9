import { readCsv } from '../core/csv-file.js';
import { AppError } from '../core/errors.js';
import { headerText, userPart } from '../sip/header-text.js';
import { calledAccount } from './account-pairs.js';
import { NumberPattern } from './number-pattern.js';

/** Whom a registrar knows. */
export interface Account {
  /** User part of the address of record. */
  user: string;
  password: string;
  /** Host of the address of record; `null`: the registrar's. */
  domain: string | null;
  /** Name for the digest; `null`: the user. */
  authUser: string | null;
  /** The only realm whose challenges are answered; `null`: any. */
  realm: string | null;
}

const COLUMNS = ['user', 'password', 'domain', 'auth_user', 'realm'];
const EXAMPLE = COLUMNS.join(',');
/** A file that is no list of accounts at all has thousands of mistakes. */
const MOST_LISTED = 20;
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]*)(?::\d{1,5})?$/;

/**
 * Reads a CSV of accounts: `user` and `password`, and where they are needed `domain`, `auth_user` and `realm`.
 * @throws AppError FILE_UNREADABLE with every bad row by its line
 */
export function readAccountFile(path: string): Account[] {
  const { rows, lines } = readCsv(path, 'accounts', EXAMPLE);
  const named = Object.keys(rows[0]);
  const missing = ['user', 'password'].filter((column) => !named.includes(column));
  const unknown = named.filter((column) => !COLUMNS.includes(column));
  if (missing.length > 0 || unknown.length > 0)
    throw new AppError('FILE_UNREADABLE', 'The file of accounts has other columns than it should', {
      where: `${path}:1`,
      expected: `user and password, and where they are needed domain, auth_user and realm`,
      found: named.join(','),
      hint: `Name the columns in the first line: ${EXAMPLE}`,
    });
  const accounts: Account[] = [];
  const mistakes: string[] = [];
  const firstLine = new Map<string, number>();
  for (const [i, { user, password, domain = '', auth_user: authUser = '', realm = '' }] of rows.entries()) {
    const mistake = (column: string, message: string): void => {
      mistakes.push(`  ${path}:${lines[i]}  ${column}: ${message}`);
    };
    if (user === '') mistake('user', 'is missing');
    else if (!userPart.safeParse(user).success)
      mistake('user', `must not contain blanks, <, >, ", @ or control characters, found ${JSON.stringify(user)}`);
    for (const [column, value] of [
      ['password', password],
      ['auth_user', authUser],
      ['realm', realm],
    ])
      if (!headerText.safeParse(value).success) mistake(column, 'must not contain control characters');
    if (domain !== '' && !HOST.test(domain))
      mistake('domain', `expected a host such as example.net, found ${JSON.stringify(domain)}`);
    const name = `${user}@${domain}`;
    const before = firstLine.get(name);
    if (before !== undefined && user !== '')
      mistake('user', `${JSON.stringify(user)} is on line ${before} already: each account registers once`);
    else firstLine.set(name, lines[i]);
    accounts.push({ user, password, domain: domain || null, authUser: authUser || null, realm: realm || null });
  }
  if (mistakes.length === 0) return accounts;
  const count = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`;
  const rest = mistakes.length > MOST_LISTED ? [`  … and ${mistakes.length - MOST_LISTED} more`] : [];
  throw new AppError(
    'FILE_UNREADABLE',
    `The file of accounts has ${count}:\n${[...mistakes.slice(0, MOST_LISTED), ...rest].join('\n')}`,
    { hint: `A row has the columns of the first line: ${EXAMPLE}` },
  );
}

/** Attempts that are looked at for one that calls itself. */
const LOOKED_AT = 100_000;

/** Who calls the accounts of a file. */
export interface CallersOfAccounts {
  byAccounts: boolean;
  /** Pattern of their numbers, without `byAccounts`, and the rows that its variables are of. */
  from: string;
  rows: readonly Record<string, string>[];
  attempts: number;
}

/**
 * Makes sure that accounts which are called have somebody else to call them.
 * @throws AppError FILE_UNREADABLE with the line of an account that would call itself
 */
export function requireOthers(path: string, accounts: readonly Account[], callers: CallersOfAccounts): void {
  const { byAccounts, from, rows, attempts } = callers;
  const refuse = (user: string, message: string, expected: string, found: string, hint: string): never => {
    const { rows: all, lines } = readCsv(path, 'accounts', EXAMPLE);
    const where = `${path}:${lines[all.findIndex((row) => row.user === user)]}`;
    throw new AppError('FILE_UNREADABLE', message, { where, expected, found, hint });
  };
  if (byAccounts) {
    if (accounts.length < 2)
      refuse(
        accounts[0].user,
        'An account has no other one to call',
        'two accounts or more, as they call each other by `byAccounts` and `toAccounts`',
        `only ${JSON.stringify(accounts[0].user)}`,
        'Add a row for another account, or leave `calls.byAccounts` out: then numbers call.',
      );
    return;
  }
  const numbers = new NumberPattern(from);
  for (let index = 0; index < Math.min(attempts, LOOKED_AT); index++) {
    const { user } = accounts[calledAccount(index, accounts.length, false)];
    if (numbers.at(index, rows.length > 0 ? rows[index % rows.length] : {}) === user)
      refuse(
        user,
        'An account would call itself',
        'caller numbers other than the users of the accounts that they call',
        `attempt ${index} calls ${JSON.stringify(user)} from ${JSON.stringify(from)}, which is the same there`,
        'Take other numbers for `calls.from`, or have the accounts call each other: `byAccounts: true`.',
      );
  }
}
