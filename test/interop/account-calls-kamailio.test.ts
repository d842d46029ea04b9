import { beforeEach, describe, expect, it } from 'vitest';
import type { Account } from '../../src/swarm/account-file.js';
import { runProfile } from '../support/run-profile.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { registrarOf } from './account-registrar.js';
import { endKamailioAfterEach, type Kamailio } from './kamailio.js';

/** 10,000 with TRUNKSTORM_ACCOUNT_CALLS=10000, which takes six minutes. */
const ACCOUNTS = Number(process.env.TRUNKSTORM_ACCOUNT_CALLS ?? 200);
const CPS = 50;

endKamailioAfterEach();
let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

const accountsOf = (count: number): Account[] =>
  Array.from({ length: count }, (_, i) => ({
    user: `u${i}`,
    password: `p${i}`,
    domain: null,
    authUser: null,
    realm: 'accounts.test',
  }));

const profileOf = (kamailio: Kamailio, calls: string, count: number): string => `
name: account-calls
registrations: { accounts: a.csv, registrar: "${kamailio.uri}", cps: 150 }
load: [{ shape: constant, cps: ${CPS}, for: ${(count / CPS) * 1000}ms }]
calls: { toAccounts: true, ${calls}, hold: 500ms }
trunk: { channels: 800 }
media: { rtpPorts: 10000-13199 }
`;

describe('calls to accounts at a Kamailio with a database', () => {
  it(`reach each of ${ACCOUNTS} accounts once, by way of the Contact that it registered, with RTP both ways`, {
    timeout: 60_000 + ACCOUNTS * 40,
  }, async () => {
    const { kamailio, found, missed } = await registrarOf(folder, ACCOUNTS);
    const accounts = accountsOf(ACCOUNTS);
    const { summary, records } = await runProfile(profileOf(kamailio, 'byAccounts: true', ACCOUNTS), { accounts });
    if (process.env.TRUNKSTORM_ACCOUNT_CALLS)
      console.info(summary.registrations, summary.calls, summary.responses, summary.accountCalls, summary.sip.srdMs);
    expect(kamailio.troubles).toEqual([]);
    const { attempted } = summary.calls;
    expect(summary.registrations).toMatchObject({ registered: ACCOUNTS, unregistered: ACCOUNTS, lost: 0 });
    expect(summary.accountCalls).toEqual({
      offered: attempted,
      reached: attempted,
      wrongAccount: 0,
      unmatched: 0,
      notReached: 0,
      responses: {},
      unregistered: 0,
      unknown: 0,
    });
    // Attempts that a busy machine could not start leave accounts that nobody called.
    expect(attempted + summary.calls.notStarted).toBe(ACCOUNTS);
    expect(await missed()).toBe(0);
    // A proxy that is held up has forgotten a call by the time that it reads its INVITE once more.
    const again = (await found()) - attempted;
    expect(again).toBeGreaterThanOrEqual(0);
    expect(again).toBeLessThanOrEqual(summary.sip.server!.retransmissionsSent.INVITE ?? 0);
    expect(new Set(records.map(({ to }) => to)).size).toBe(attempted);
    for (const { from, to, reached, farEnd } of records) {
      expect([reached, farEnd]).toEqual([to, 'own']);
      expect(from).not.toBe(to);
    }
    const heard = records.filter(({ uplink, downlink }) =>
      [uplink, downlink].every((way) => way!.heard!.packetsReceived > 0),
    );
    // On a machine that is held up a call may be over before its first packet.
    expect(heard.length).toBeGreaterThanOrEqual(summary.run.valid ? attempted : attempted / 2);
  });

  it('are told apart that did not get there, came to another account, or to one that is not registered', async () => {
    const { kamailio, found, missed } = await registrarOf(folder, 10, 'ASTRAY');
    const accounts = accountsOf(10);
    accounts[3].password = 'guess';
    const { summary, records } = await runProfile(profileOf(kamailio, 'from: "9[0-9]"', 10), { accounts });
    expect(summary.registrations).toMatchObject({ registered: 9, failed: 1 });
    expect(summary.accountCalls).toEqual({
      offered: 10,
      reached: 6,
      wrongAccount: 1,
      unmatched: 0,
      notReached: 3,
      responses: { '404': 2, '480': 1 },
      unregistered: 1,
      unknown: 1,
    });
    const again = (await found()) + (await missed()) - 10;
    expect(again).toBeGreaterThanOrEqual(0);
    expect(again).toBeLessThanOrEqual(summary.sip.server!.retransmissionsSent.INVITE ?? 0);
    const reached = Object.fromEntries(records.map((record) => [record.to, record.reached]));
    expect(reached).toMatchObject({ u2: 'u2', u3: null, u4: null, u5: 'u6', u6: 'u6', u7: null });
  });
});
