import { describe, expect, it } from 'vitest';
import { conversationSpec } from '../../src/flow/spec.js';

describe('comfortNoise', () => {
  it.each(['yes', 13, null])('is refused as %s', (comfortNoise) => {
    const { error } = conversationSpec.safeParse({ comfortNoise });
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['comfortNoise']);
  });

  it('is off unless it is asked for', () => {
    expect(conversationSpec.parse({}).comfortNoise).toBe(false);
  });
});
