import { describe, expect, test } from 'vitest';
import { packagesOf } from '../support/packages.js';

// A run starts four threads, each of which pays for what it loads. Schemas and YAML belong to the main thread.
describe('a thread loads no more packages than it works with', () => {
  test('signalling', () => {
    expect(packagesOf('shard/signalling-thread.ts')).toEqual(['drachtio-srf', 'sdp-transform']);
  });

  test('departures', () => {
    expect(packagesOf('sip/departure-thread.ts')).toEqual([]);
  });

  test('media', () => {
    const packages = packagesOf('media/thread.ts');
    expect(packages).toEqual(['opusscript/build/opusscript_native_wasm.js', 'rtp.js/packets', 'wavefile']);
  });
});
