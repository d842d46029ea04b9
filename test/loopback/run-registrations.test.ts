import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SrfRequest, SrfResponder } from '../../src/drachtio/srf-types.js';
import { runProfile } from '../support/run-profile.js';
import { Harness } from './sip-harness.js';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(async () => {
  await h.close();
  expect(h.fatal).toEqual([]);
});

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** Whose credentials a request carries, where they are right: `u7` has the password `p7`. `null` for any other. */
function userOf(request: SrfRequest, header: string): string | null {
  const value = request.get(header) ?? '';
  const field = (name: string): string => new RegExp(`\\b${name}="?([^",]+)`).exec(value)?.[1] ?? '';
  const user = field('username');
  const a1 = md5(`${user}:test:p${user.slice(1)}`);
  const a2 = md5(`${request.method}:${field('uri')}`);
  const expected = md5(`${a1}:${field('nonce')}:${field('nc')}:${field('cnonce')}:auth:${a2}`);
  return field('response') === expected ? user : null;
}

/** A registrar that grants a minute, and takes calls of registered users only: they are busy. */
async function registrar() {
  const end = await h.endpoint();
  const bound = new Set<string>();
  const seen = { most: 0, calls: [] as [from: string, user: string, wasBound: boolean][] };
  let nonces = 0;
  const challenge = (response: SrfResponder, status: 401 | 407): void => {
    const name = status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    response.send(status, { headers: { [name]: `Digest realm="test", nonce="n${nonces++}", qop="auth"` } });
  };
  end.srf.register((request, response) => {
    const user = userOf(request, 'Authorization');
    if (user === null) {
      challenge(response, 401);
      return;
    }
    if (request.get('Expires') === '0') bound.delete(user);
    else bound.add(user);
    seen.most = Math.max(seen.most, bound.size);
    response.send(200, { headers: { Contact: `${request.get('Contact')};expires=60` } });
  });
  end.srf.invite((request, response) => {
    const user = userOf(request, 'Proxy-Authorization');
    if (user === null) {
      challenge(response, 407);
      return;
    }
    seen.calls.push([request.getParsedHeader('from').uri, user, bound.has(user)]);
    response.send(486);
  });
  return { end, bound, seen };
}

describe('a run with registrations', () => {
  it('registers before it calls, has the accounts call, and takes them off at the end', async () => {
    const { end, bound, seen } = await registrar();
    const accounts = Array.from({ length: 10 }, (_, i) => ({
      user: `u${i}`,
      password: i === 3 ? 'guess' : `p${i}`,
      domain: i === 4 ? 'four.test' : null,
      authUser: null,
      realm: null,
    }));
    const { summary } = await runProfile(
      `
name: registered
registrations: { accounts: accounts.csv, registrar: "sip:127.0.0.1:${end.port}", cps: 20 }
target: sip:bob@127.0.0.1:${end.port}
load: [{ shape: constant, cps: 20, for: 500ms }]
calls: { byAccounts: true }
media: { rtpPorts: 27840-27899 }
gates: [registrations.registered == 9, registrations.responses.403 == 0, sip.rrdMs.p50 < 10s, sip.ira == 0]
`,
      { accounts },
    );
    expect(summary.registrations).toMatchObject({
      accounts: 10,
      registered: 9,
      peakRegistered: 9,
      attempted: 19,
      failed: 1,
      unregistered: 9,
      lost: 0,
      challenges: 10,
      responses: { '200': 18, '401': 1 },
    });
    expect(summary.gates.map(({ pass }) => pass)).toEqual([true, true, true, true]);
    expect([seen.most, bound.size]).toEqual([9, 0]);
    const { attempted } = summary.calls;
    expect(seen.calls).toHaveLength(summary.responses['486']);
    for (const [from, user, wasBound] of seen.calls)
      expect([from, wasBound]).toEqual([`sip:${user}@${user === 'u4' ? 'four.test' : '127.0.0.1'}`, true]);
    // The one that could not register cannot call either.
    expect((summary.responses['486'] ?? 0) + (summary.responses['407'] ?? 0)).toBe(attempted);
    expect(new Set(seen.calls.map(([, user]) => user)).has('u3')).toBe(false);
  });
});
