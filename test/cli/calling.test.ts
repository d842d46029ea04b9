import { expect, it } from 'vitest';
import { type CallerFlags, externalDrachtio, readInputs } from '../../src/cli/calling.js';
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
  const read = (flags: CallerFlags) => readInputs(PROFILE, { peakCps: 1, attempts: 0 }, flags);
  await expect(read({})).rejects.toMatchObject({ code: 'ARGUMENT_INVALID', message: expect.stringContaining('TLS') });
  await expect(read({ drachtio: { host: '127.0.0.1', port: 9022 } })).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
  });
});

it('refuses what has no effect beside a drachtio-server, or without one', () => {
  const drachtio = { host: '127.0.0.1', port: 9022 };
  expect(externalDrachtio({})).toBeUndefined();
  expect(externalDrachtio({ drachtio })).toMatchObject({ ...drachtio, secret: 'cymru' });
  expect(() => externalDrachtio({ secret: 'x' })).toThrow('--secret has no effect without --drachtio');
  expect(() => externalDrachtio({ drachtio, sipPort: 5060 })).toThrow('--sip-port has no effect with --drachtio');
});
