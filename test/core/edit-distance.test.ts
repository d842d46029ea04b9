import { expect, it } from 'vitest';
import { editDistance } from '../../src/core/edit-distance.js';

it.each([
  ['', '', 0],
  ['', 'abc', 3],
  ['channels', 'channels', 0],
  ['chanels', 'channels', 1],
  ['kitten', 'sitting', 3],
  ['dtfm', 'dtmf', 1],
  ['ba', 'ab', 1],
  // A pair that was swapped is not changed once more.
  ['ca', 'abc', 3],
])('%s is %s after so many changes', (a, b, changes) => {
  expect([editDistance(a, b), editDistance(b, a)]).toEqual([changes, changes]);
});
