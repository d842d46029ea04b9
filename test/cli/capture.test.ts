import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { defineCapture } from '../../src/cli/capture.js';

const parse = (...args: string[]) =>
  defineCapture(new Command())
    .exitOverride()
    .parseAsync(['analyze', 'no-such-file.pcap', ...args], { from: 'user' });

describe('capture analyze --codec', () => {
  it.each([
    ['AMR-WB=7', /AMR-WB=MODE with a mode of 12.65, .*23.85/],
    ['GSM=20', /GSM=IE\/BPL/],
    ['GSM=20/0', /a Bpl above 0/],
    ['speex=6/10', /NAME=MODE or NAME=IE\/BPL with a name of PCMU, /],
    ['GSM', /GSM=MODE/],
  ])('is refused as %s, with what it may be', async (text, expected) => {
    await expect(parse('--codec', text)).rejects.toMatchObject({ detail: { where: '--codec', found: text } });
    await expect(parse('--codec', text)).rejects.toMatchObject({
      detail: { expected: expect.stringMatching(expected) },
    });
  });

  it('takes modes and figures, and goes on to the file', async () => {
    await expect(parse('--codec', 'AMR-WB=23.85', '--codec', 'GSM=20/10')).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
    });
  });
});
