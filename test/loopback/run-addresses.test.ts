import { expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';

it('the callers take several addresses in turn, each with all the ports', async () => {
  const { summary, records } = await runProfile(`
name: test
load: [{ shape: constant, cps: 9, for: 1s }]
media: { rtpPorts: 37000-37199, addresses: [127.0.0.2, 127.0.0.3, 127.0.0.4] }
calls: { hold: 4s }
trunk: { channels: 20 }
`);
  expect(summary.calls).toMatchObject({ attempted: 9, completed: 9 });
  const taken = records.map((record) => record.localMedia!).sort();
  expect(taken).toEqual(
    ['127.0.0.2', '127.0.0.3', '127.0.0.4'].flatMap((address) =>
      [0, 2, 4].map((port) => `${address}:${37_000 + port}`),
    ),
  );
  for (const record of records) {
    expect(record.remoteMedia).toMatch(/^127\.0\.0\.1:/);
    for (const { heard } of [record.uplink!, record.downlink!])
      expect(heard).toMatchObject({ packetsLost: 0, wrongSource: 0, verdict: { state: 'ok' } });
  }
});
