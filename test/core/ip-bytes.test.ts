import { expect, test } from 'vitest';
import { ipBytes } from '../../src/core/ip-bytes.js';

test.each([
  ['192.0.2.255', [192, 0, 2, 255]],
  ['::', new Array(16).fill(0)],
  ['::1', [...new Array(15).fill(0), 1]],
  ['2001:db8::ffff:1', [0x20, 1, 0x0d, 0xb8, ...new Array(8).fill(0), 0xff, 0xff, 0, 1]],
  ['::ffff:192.0.2.1', [...new Array(10).fill(0), 0xff, 0xff, 192, 0, 2, 1]],
  ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
])('%s is its bytes in network order', (text, bytes) => {
  expect([...ipBytes(text)!]).toEqual(bytes);
});

test.each(['', 'localhost', '1.2.3', '1.2.3.256', '[::1]', 'fe80::1%lo', ':::'])('%j is no address', (text) => {
  expect(ipBytes(text)).toBeNull();
});
