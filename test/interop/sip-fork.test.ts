import { afterEach, beforeEach, expect, test } from 'vitest';
import { Harness, SDP, until } from '../loopback/sip-harness.js';
import { endSippAfterEach, Sipp, scenario } from './sipp.js';

endSippAfterEach();
let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

const CALLS = 5;

test('SIPp forks: a reliable 183 gets its PRACK, the first 200 the call, the second an ACK and a BYE', async () => {
  const callee = await Sipp.callee(CALLS, ['-sf', scenario('forked-answer'), '-trace_msg']);
  const a = await h.endpoint();
  for (let i = 0; i < CALLS; i++) {
    const dialog = await a.srf.createUAC(`sip:service@127.0.0.1:${callee.port}`, {
      localSdp: SDP,
      headers: { Supported: '100rel' },
    });
    // The second branch was hung up before the application hangs up the first.
    await until(() => callee.received(/^BYE sip:second@/).length === i + 1);
    await dialog.destroy();
  }
  expect(await callee.ended).toBe(0);
  expect(callee.counts()).toMatchObject({ successful: CALLS, failed: 0, unexpected: 0 });
  expect(a.stats()!.dialogs).toBe(0);
  expect(h.fatal).toEqual([]);
});
