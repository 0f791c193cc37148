// Numbers as people read them: three digits, the unit that fits, and a sign that means something.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { age, counted, exact, percent, quantity } from '../phlare/format.js';

for (const [value, unit, text] of [
  [0, 'nanoseconds', '0 ns'], [1, 'nanoseconds', '1 ns'], [1500, 'nanoseconds', '1.5 µs'], [90e9, 'nanoseconds', '1.5 min'],
  [-2.5e9, 'nanoseconds', '-2.5 s'], [1536, 'bytes', '1.5 KiB'], [0, 'bytes', '0 B'], [12_345, 'samples', '12.3 k'], [7, '', '7'],
  [2 ** 63, 'nanoseconds', '2560000 h'], [2 ** 62, 'bytes', '4190000 TiB'],
]) {
  test(`${value} ${unit} is ${text}`, () => assert.equal(quantity(value, unit), text));
}

for (const [part, text] of [[0, '0.0 %'], [1, '100.0 %'], [0.0004, '0.040 %'], [-0.0004, '-0.040 %'], [-0.5, '-50.0 %'], [0.001, '0.1 %']]) {
  test(`a part of ${part} is ${text}`, () => assert.equal(percent(part), text));
}

for (const [seconds, text] of [[0, '0.0 s'], [4.2, '4.2 s'], [102, '1 min 42 s'], [11_100, '3 h 5 min'], [200_000, '2 d']]) {
  test(`${seconds} s is ${text}`, () => assert.equal(age(seconds), text));
}

test('a title has every digit', () => assert.equal(exact(1234567.5, 'bytes'), '1,234,567.5 bytes'));

for (const [count, noun, nouns, text] of [[0, 'frame', undefined, '0 frames'], [1, 'frame', undefined, '1 frame'], [2, 'push', 'pushes', '2 pushes'], [1, 'push', 'pushes', '1 push']]) {
  test(`${text}: the noun is that of the number`, () => assert.equal(counted(count, noun, nouns), text));
}
