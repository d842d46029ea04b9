import { describe, expect, it } from 'vitest';
import { conversationSpec, mediaSpec } from '../../src/flow/spec.js';

describe('comfortNoise', () => {
  it.each(['yes', 13, null])('is refused as %s', (comfortNoise) => {
    const { error } = conversationSpec.safeParse({ comfortNoise });
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['comfortNoise']);
  });

  it('is off unless it is asked for', () => {
    expect(conversationSpec.parse({}).comfortNoise).toBe(false);
  });
});

describe('media.codecs', () => {
  it.each([
    [{ PCMU: { ie: 0, bpl: 25.1 } }, 'codecs'],
    [{ G729: { ie: 11 } }, 'codecs.G729.bpl'],
    [{ G729: { ie: -1, bpl: 19 } }, 'codecs.G729.ie'],
    [{ EVS: { ie: 10, bpl: 0 } }, 'codecs.EVS.bpl'],
    [{ AMR: { ie: 5, bpl: 10, r: 1 } }, 'codecs.AMR'],
  ])('is refused as %o at %s', (codecs, path) => {
    const { error } = mediaSpec.safeParse({ codecs });
    expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  });

  it('takes Ie and Bpl of what is not encoded here', () => {
    const codecs = { 'AMR-WB': { ie: 7, bpl: 4.9 } };
    expect(mediaSpec.parse({ codecs }).codecs).toEqual(codecs);
  });
});
