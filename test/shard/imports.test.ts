import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
const IMPORT = /^(?:import|export) (?!type )(?:[^'";]*? from )?'([^']+)'/gm;

/** The packages that a file loads, itself or by what it imports; types are not there when it runs. */
function packagesOf(entry: string): string[] {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const walk = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, name] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      if (name.startsWith('.')) walk(resolve(dirname(file), name.replace(/\.js$/, '.ts')));
      else if (!name.startsWith('node:')) packages.add(name);
    }
  };
  walk(resolve(SRC, entry));
  return [...packages].sort();
}

// A run starts four threads, each of which pays for what it loads. Schemas and YAML belong to the main thread.
describe('a thread loads no more packages than it works with', () => {
  test('signalling', () => {
    expect(packagesOf('shard/signalling-thread.ts')).toEqual(['drachtio-srf', 'sdp-transform']);
  });

  test('media', () => {
    const packages = packagesOf('media/thread.ts');
    expect(packages).toEqual(['opusscript/build/opusscript_native_wasm.js', 'rtp.js/packets', 'wavefile']);
  });
});
