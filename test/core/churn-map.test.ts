import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChurnMap } from '../../src/core/churn-map.js';

describe('a map for entries that come and go', () => {
  it('holds what a Map would hold, whatever is set and deleted', () => {
    const step = fc.record({ kind: fc.constantFrom('set', 'delete', 'get'), key: fc.nat(300), value: fc.nat() });
    const keys = [(n: number) => n, (n: number) => `z9hG4bK${n.toString(36)} INVITE`];
    for (const keyOf of keys)
      fc.assert(
        fc.property(fc.array(step, { minLength: 200, maxLength: 600 }), (steps) => {
          const map = new ChurnMap<number | string, number>();
          const model = new Map<number | string, number>();
          for (const { kind, key: n, value } of steps) {
            const key = keyOf(n);
            if (kind === 'set') {
              map.set(key, value);
              model.set(key, value);
            } else if (kind === 'delete' && map.delete(key) !== model.delete(key)) return false;
            if (map.get(key) !== model.get(key) || map.has(key) !== model.has(key) || map.size !== model.size)
              return false;
          }
          expect(new Map(map.entries())).toEqual(model);
          expect(map.values().sort()).toEqual([...model.values()].sort());
          return true;
        }),
        { seed: 1, numRuns: 15 },
      );
  });

  it('grows without losing any, and is empty once all are deleted', () => {
    const map = new ChurnMap<string, number>();
    for (let i = 0; i < 5000; i++) map.set(`call-${i}`, i);
    expect(map.size).toBe(5000);
    for (let i = 0; i < 5000; i++) expect(map.get(`call-${i}`)).toBe(i);
    for (let i = 0; i < 5000; i++) map.delete(`call-${i}`);
    expect(map.size).toBe(0);
    expect(map.entries()).toEqual([]);
  });

  it('lets its entries be deleted while they are visited', () => {
    const map = new ChurnMap<number, number>();
    for (let i = 0; i < 200; i++) map.set(i, i);
    let visited = 0;
    map.forEach((value, key) => {
      expect(value).toBe(key);
      map.delete(key);
      visited++;
    });
    expect(visited).toBe(200);
    expect(map.size).toBe(0);
  });

  it('forgets everything when it is cleared', () => {
    const map = new ChurnMap<string, string>().set('a', 'b');
    map.clear();
    expect(map.has('a')).toBe(false);
    expect(map.size).toBe(0);
  });
});
