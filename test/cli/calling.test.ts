import { expect, it } from 'vitest';
import { readInputs } from '../../src/cli/calling.js';
import { parseProfile } from '../../src/profile/read.js';

const PROFILE = parseProfile(
  `
name: test
target: sip:127.0.0.1
load: [{ shape: constant, cps: 1, for: 1s }]
registrations: { accounts: none.csv, registrar: "sips:127.0.0.1" }
`,
  'test.yaml',
);

it('refuses a registrar by a transport that our own server does not speak, and leaves that to another server', async () => {
  const read = (isEmbedded: boolean) => readInputs(PROFILE, { peakCps: 1 }, {}, isEmbedded);
  await expect(read(true)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID', message: expect.stringContaining('TLS') });
  await expect(read(false)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});
