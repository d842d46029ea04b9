import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { RegistrationMetrics } from '../../src/metrics/registration-metrics.js';
import { TimerQueue } from '../../src/sip/timer-queue.js';
import { readAccountFile } from '../../src/swarm/account-file.js';
import { registrationsSpec } from '../../src/swarm/registration-spec.js';
import { Registrations } from '../../src/swarm/registrations.js';
import { Harness, until } from '../loopback/sip-harness.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { registrarOf } from './account-registrar.js';
import { endKamailioAfterEach, type Kamailio } from './kamailio.js';

/** 10,000 with TRUNKSTORM_ACCOUNTS=10000, which takes five minutes. */
const ACCOUNTS = Number(process.env.TRUNKSTORM_ACCOUNTS ?? 500);
/** So many accounts shall not fail because the machine has other work. */
const CPS = ACCOUNTS > 1000 ? 150 : 500;

endKamailioAfterEach();
let h: Harness;
let folder: string;
beforeEach(() => {
  h = new Harness();
  folder = temporaryFolder();
});
afterEach(async () => {
  await h.close();
  expect(h.fatal).toEqual([]);
});

/** Those accounts, with their passwords from a file; `wrong` of them have another one. */
async function accountsAt(kamailio: Kamailio, count: number, spec: object, wrong = 0) {
  const file = join(folder, 'accounts.csv');
  const rows = Array.from({ length: count }, (_, i) => `u${i},${i < wrong ? 'guess' : `p${i}`}\n`).join('');
  writeFileSync(file, `user,password\n${rows}`);
  const { srf, stats } = await h.endpoint(undefined, { callsOnly: true } as object);
  const metrics = new RegistrationMetrics(count);
  const state = { tried: false, ended: false };
  const registrations = new Registrations({
    srf,
    clock: systemClock,
    queue: new TimerQueue(systemClock),
    spec: registrationsSpec.parse({ accounts: file, registrar: kamailio.uri, cps: CPS, ...spec }),
    accounts: readAccountFile(file),
    slice: { index: 0, of: 1 },
    seed: 7,
    onResult: (result) => metrics.add(result),
    onTried: () => {
      state.tried = true;
    },
    onEnd: () => {
      state.ended = true;
    },
    onError: (error) => h.fatal.push(error as Error),
  });
  h.closing(async () => registrations.close());
  return { registrations, metrics, state, sentAgain: () => stats()!.retransmissionsSent };
}

/** Waits as long as so many accounts may take. */
async function wait(condition: () => boolean): Promise<void> {
  for (let tries = 1 + ACCOUNTS / 2000; ; tries--) {
    try {
      await until(condition);
      return;
    } catch (error) {
      if (tries <= 1) throw error;
    }
  }
}

describe('accounts at a Kamailio with a database', () => {
  it(`all register, ${ACCOUNTS} of them, are refreshed without a second 401, and taken off: its counts are ours`, {
    timeout: 60_000 + ACCOUNTS * 40,
  }, async () => {
    const { kamailio, registered, accepted } = await registrarOf(folder, ACCOUNTS);
    const roundMs = (ACCOUNTS / CPS) * 1000;
    const { registrations, metrics, state, sentAgain } = await accountsAt(kamailio, ACCOUNTS, {
      expires: 2 * roundMs + 4000,
    });
    registrations.start();
    await wait(() => state.tried);
    expect(metrics.summary().responses).toEqual({ '200': ACCOUNTS });
    expect(await registered()).toBe(ACCOUNTS);
    expect(metrics.summary().challenges).toBe(ACCOUNTS);
    await wait(() => metrics.snapshot().refreshed >= ACCOUNTS);
    expect(metrics.summary()).toMatchObject({ challenges: ACCOUNTS, lost: 0, failed: 0 });
    expect(await registered()).toBe(ACCOUNTS);
    registrations.stop();
    await wait(() => state.ended);
    const { attempted, unregistered, responses } = metrics.summary();
    expect([unregistered, responses]).toEqual([ACCOUNTS, { '200': attempted }]);
    expect(await registered()).toBe(0);
    // Without transactions of its own it accepts what was sent again once more.
    const again = (await accepted()) - attempted;
    expect(again).toBeGreaterThanOrEqual(0);
    expect(again).toBeLessThanOrEqual(sentAgain());
    if (process.env.TRUNKSTORM_ACCOUNTS) console.info(`${ACCOUNTS} accounts`, metrics.rrdMs, metrics.summary());
  });

  it('register by SHA-256, and those with a wrong password are told apart', async () => {
    const { kamailio, registered } = await registrarOf(folder, 20, 'SHA256');
    const { registrations, metrics, state } = await accountsAt(kamailio, 20, {}, 3);
    registrations.start();
    await until(() => state.tried);
    expect(await registered()).toBe(17);
    expect(metrics.summary()).toMatchObject({ registered: 17, failed: 3, responses: { '200': 17, '401': 3 } });
    expect(metrics.ira).toEqual([0, 20]);
  });
});
