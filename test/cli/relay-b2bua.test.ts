import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { defineRelay } from '../../src/cli/relay.js';

describe('a relay that cannot be', () => {
  test.each([
    ['a B2BUA without a target', '--listen sip:127.0.0.1:5999', '--listen without --to'],
    ['a B2BUA without a place of its own', '--to sip:127.0.0.1', '--to without --listen'],
    [
      'one with two front doors',
      '--listen sip:127.0.0.1:5999 --to sip:127.0.0.1 --ng 127.0.0.1:5998',
      '--ng and --listen',
    ],
    ['one without any', '', 'nothing that calls could come in by'],
    ['one at a name', '--listen sip:relay.test:5080 --to sip:127.0.0.1', 'sip:relay.test:5080'],
    ['one at a user', '--listen sip:me@127.0.0.1:5080 --to sip:127.0.0.1', 'sip:me@127.0.0.1:5080'],
    ['one for no URI', '--listen 127.0.0.1 --to nowhere:99999', 'nowhere:99999'],
  ])('%s', async (_name, options, found) => {
    const words = options === '' ? [] : options.split(' ');
    const refused = defineRelay(new Command()).exitOverride().parseAsync(words, { from: 'user' });
    await expect(refused).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      detail: { found: expect.stringContaining(found) },
    });
  });
});
