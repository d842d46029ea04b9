import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kamailio } from './kamailio.js';

const call = promisify(execFile);

/** A registrar whose database in `folder` has so many accounts, `u0` with the password `p0` and so on. */
export async function registrarOf(folder: string, accounts: number, ...definitions: string[]) {
  const database = join(folder, 'db');
  const control = join(folder, 'ctl');
  mkdirSync(database);
  const rows = Array.from({ length: accounts }, (_, i) => `u${i}:0:0:p${i}:0\n`).join('');
  writeFileSync(join(database, 'version'), 'table_name(string) table_version(int)\naccounts:2\n');
  writeFileSync(
    join(database, 'accounts'),
    `key_name(string) key_type(int) value_type(int) key_value(string) expires(int)\n${rows}`,
  );
  const places = [`DATABASE="text://${database}"`, `CONTROL="unix:${control}"`];
  const kamailio = await Kamailio.start('accounts', ...places, ...definitions);
  const counter = async (group: string, name: string): Promise<number> =>
    Number((await call('kamcmd', ['-s', `unix:${control}`, 'cnt.get', group, name])).stdout);
  return {
    kamailio,
    registered: () => counter('usrloc', 'location_users'),
    accepted: () => counter('registrar', 'accepted_regs'),
    /** Calls for users who had a contact, and for others. */
    found: () => counter('calls', 'found'),
    missed: () => counter('calls', 'missed'),
  };
}
