import { describe, expect, it } from 'vitest';
import { destinationAt, readTarget } from '../../src/swarm/target.js';

describe('where a call goes', () => {
  const target = readTarget('sip:192.0.2.1:5070;transport=tcp')!;

  it('is the user at the target', () => {
    expect(destinationAt(target, '101', null)).toEqual({
      uri: 'sip:101@192.0.2.1:5070;transport=tcp',
      trunk: 'sip:192.0.2.1:5070;transport=tcp',
    });
  });

  it('is the user at its own domain, by way of the target', () => {
    expect(destinationAt(target, '101', 'example.net')).toEqual({
      uri: 'sip:101@example.net',
      proxy: 'sip:192.0.2.1:5070;transport=tcp',
      trunk: 'sip:192.0.2.1:5070;transport=tcp',
    });
  });
});
