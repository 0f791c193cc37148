// Ranges of time: what the address says, in milliseconds and in words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromField, innerRange, isRelative, moment, rangeText, resolve, toField } from '../phlare/time_range.js';

const NOW = 1_700_000_000_000;
for (const [text, back] of [['now', 0], ['now-250ms', 250], ['now-15s', 15_000], ['now-5m', 300_000], ['now-2h', 7_200_000], ['now-1d', 86_400_000], ['now-1w', 604_800_000]]) {
  test(`${text} is ${back} ms ago`, () => assert.equal(moment(text, NOW), NOW - back));
}
for (const text of ['', 'now-', 'now-1y', 'now+1h', 'yesterday', '-5', '1e12']) {
  test(`${JSON.stringify(text)} is no moment`, () => assert.ok(Number.isNaN(moment(text, NOW))));
}

test('what is no range, or turned round, is the last hour', () => {
  const hour = { from: NOW - 3_600_000, until: NOW };
  for (const range of [{ from: 'x', until: 'now' }, { from: 'now', until: 'now-1h' }, { from: '5', until: '5' }]) assert.deepEqual(resolve(range, NOW), hour);
  assert.deepEqual(resolve({ from: '100', until: '200' }, NOW), { from: 100, until: 200 });
});

test('a range in words says the day once where it is one, and the year where it is not this one', () => {
  const noon = new Date(2023, 4, 6, 12).getTime(), today = new Date().setHours(12, 0, 0, 0);
  assert.match(rangeText({ from: noon, until: noon + 60_000 }), /^[^–]*\bMay\b[^–]*–[^–]*$/);
  assert.match(rangeText({ from: noon, until: noon + 60_000 }), /2023/);
  assert.equal(rangeText({ from: noon, until: noon + 60_000 }).match(/May/g).length, 1);
  assert.equal(rangeText({ from: noon, until: noon + 86_400_000 }).match(/May/g).length, 2);
  assert.doesNotMatch(rangeText({ from: today, until: today + 60_000 }), new RegExp(new Date().getFullYear()));
});

test('only what names now moves', () => {
  assert.ok(isRelative({ from: 'now-1h', until: 'now' }));
  assert.ok(!isRelative({ from: '1', until: '2' }));
});

test('an inner range is kept as far as it lies in the outer one', () => {
  const outer = { from: 100, until: 200 };
  assert.deepEqual(innerRange('120-150', outer), { from: 120, until: 150 });
  assert.deepEqual(innerRange('50-150', outer), { from: 100, until: 150 });
  for (const text of ['', '300-400', '150-120', 'x', '150-150']) assert.equal(innerRange(text, outer), null);
});

test('a field of a form takes a moment and gives it back', () => {
  assert.equal(fromField(toField(NOW)), NOW);
  assert.ok(Number.isNaN(fromField('')));
});

test('what lies before 1970 is no moment, so that no address gives a range that no Date can hold', () => {
  assert.ok(Number.isNaN(moment('now-999999999w', NOW)));
  assert.deepEqual(resolve({ from: 'now-999999999w', until: 'now' }, NOW), { from: NOW - 3_600_000, until: NOW });
});
