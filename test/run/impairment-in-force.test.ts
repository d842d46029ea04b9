import { describe, expect, it } from 'vitest';
import { impairmentSpec } from '../../src/impair/impairment-spec.js';
import { networkNames } from '../../src/impair/networks.js';
import { ImpairmentInForce } from '../../src/run/impairment-in-force.js';

const OF_PROFILE = impairmentSpec.parse({ uplink: [{ kind: 'loss', ratio: 0.01 }] });

describe('what is in force in a run', () => {
  it('is what the profile has until something else is asked for, which gets a name of its own', () => {
    const inForce = new ImpairmentInForce(OF_PROFILE);
    expect(inForce.changed).toBeNull();
    expect(inForce.report()).toEqual({ impairment: OF_PROFILE, changes: [] });
    const wifi = impairmentSpec.parse({ network: 'busy-wifi' });
    expect(inForce.change(wifi, 1234.6)).toBe('change 1 (busy-wifi)');
    expect(inForce.change(impairmentSpec.parse({}), 3000)).toBe('change 2');
    expect(inForce.report()).toEqual({
      impairment: impairmentSpec.parse({}),
      changes: [
        { name: 'change 1 (busy-wifi)', atMs: 1235 },
        { name: 'change 2', atMs: 3000 },
      ],
    });
    expect(inForce.changed).toEqual({ impairment: impairmentSpec.parse({}), name: 'change 2' });
  });

  it('goes through the named networks in turn, and back to the profile', () => {
    const inForce = new ImpairmentInForce(OF_PROFILE);
    const seen = networkNames().map(() => inForce.nextNetwork().network);
    expect(seen).toEqual(networkNames());
    expect(inForce.nextNetwork()).toBe(OF_PROFILE);
    expect(inForce.nextNetwork().network).toBe(networkNames()[0]);
  });
});
