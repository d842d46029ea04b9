import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Scratch } from '../support/cli.js';
import { runProfile } from '../support/run-profile.js';

const scratch = new Scratch();

const X5U = 'https://certificates.example.net/test.pem';

describe('a run on a carrier that does all it can', () => {
  it('has the figures that the carrier has', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = scratch.write('key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
    const file = scratch.write('public.pem', publicKey.export({ type: 'spki', format: 'pem' }) as string);
    const { summary, records } = await runProfile(
      `
name: test
load: [{ shape: constant, cps: 10, for: 5s }]
calls:
  from: "+4930[000-999]"
  to: "+4989[000-999]"
  hold: 4s
  giveUpAfter: 2s
  identity: { key: ${scratch.path}/${key}, x5u: "${X5U}", attest: B }
media: { rtpPorts: 41400-41999 }
trunk:
  screening: { allow: ["+4930"] }
  identity: { check: require, keys: [{ x5u: "${X5U}", file: ${scratch.path}/${file} }] }
  outcomes: { busy: 20%, machine: 30% }
  machine: { after: 0, length: 1s, pause: 100ms }
  script:
    - { at: 3050ms, do: refuse, status: 480, retryAfter: 7s }
    - { at: 4050ms, do: restart }
gates: [trunk.own.script.restarts == 1, trunk.own.identity.verified.B > 0]
`,
    );
    const own = summary.trunk.own!;
    const { admitted, outcomes, script, identity } = own;
    expect(admitted + script!.refused).toBe(50);
    expect(script!.refused).toBeGreaterThan(0);
    expect(summary.responses).toEqual({ 200: summary.calls.answered, 480: script!.refused, 486: outcomes!.busy });
    for (const record of records.filter(({ status }) => status === 480)) expect(record.retryAfterS).toBe(7);
    expect(identity).toEqual({ verified: { A: 0, B: admitted, C: 0 }, missing: 0, refused: {} });
    expect(outcomes!.machine + outcomes!.answered + outcomes!.busy).toBe(admitted);
    // Whom the restart forgot hears so at the end of the call; who called later is served.
    const { dropped, answered, completed } = summary.calls;
    expect(script!.restarts).toBe(1);
    expect(dropped).toBeGreaterThanOrEqual(10);
    // One may have been on its way to its answer.
    expect(dropped).toBeLessThanOrEqual(script!.forgotten);
    expect(records.filter(({ byeStatus }) => byeStatus === 481)).toHaveLength(dropped);
    expect(completed).toBe(answered - dropped);
    expect(completed).toBeGreaterThan(0);
    expect(summary.gates.map(({ pass }) => pass)).toEqual([true, true]);
  });
});
