// The arithmetic of the time chart, against slow and plain versions of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barAt, layOut, niceStep, summary, timeTicks, valueAxis } from '../phlare/chart_scale.js';

for (const [value, unit, step] of [[1, '', 1], [3, '', 5], [11, '', 20], [0.3, '', 0.5], [900, 'bytes', 1000], [1500, 'bytes', 2048], [900 * 1024, 'bytes', 1000 * 1024], [1010 * 1024, 'bytes', 1024 ** 2], [3e9, 'nanoseconds', 5e9], [55e9, 'nanoseconds', 60e9], [70e9, 'nanoseconds', 120e9], [3600e9, 'nanoseconds', 3600e9]]) {
  test(`${value} ${unit} is rounded up to ${step}`, () => assert.equal(niceStep(value, unit), step));
}

test('an axis reaches over its values in few steps', () => {
  for (const unit of ['', 'bytes', 'nanoseconds']) {
    for (let value = 1; value < 1e14; value *= 1.7) {
      const { step, top } = valueAxis(value, unit);
      assert.ok(top >= value && top / step <= 4 && Number.isInteger(top / step), `${value} ${unit}: ${top} by ${step}`);
    }
  }
  assert.ok(valueAxis(0, '').top > 0);
});

test('ticks lie in the range, at equal distances, no more than fit', () => {
  for (const length of [10_000, 900_000, 3_600_000, 86_400_000, 30 * 86_400_000]) {
    const from = 1_700_000_000_000, { step, ticks } = timeTicks(from, from + length, 8);
    assert.ok(ticks.length > 0 && ticks.length <= 9);
    ticks.forEach((tick, index) => assert.ok(tick >= from && tick <= from + length && (!index || tick - ticks[index - 1] === step)));
  }
});

test('ticks are round on a clock on the wall that is put forward or back between them', () => {
  const usual = process.env.TZ;
  process.env.TZ = 'Europe/Berlin';
  try {
    for (const change of ['2026-03-29T01:00:00Z', '2026-10-25T01:00:00Z'].map(Date.parse)) {
      for (const [before, hours] of [[2, 6], [5, 24]]) {
        const { step, ticks } = timeTicks(change - before * 86_400_000, change + before * 86_400_000, 24);
        assert.ok(step >= hours * 3_600_000 / 2);
        for (const tick of ticks) assert.equal((new Date(tick).getHours() * 3_600_000) % Math.min(step, 86_400_000), 0, new Date(tick).toString());
      }
    }
  } finally { if (usual === undefined) delete process.env.TZ; else process.env.TZ = usual; }
});

test('lines with gaps are laid out on one set of moments and stacked', () => {
  const { times, values, tops } = layOut([{ timestamps_ms: [10, 30], values: [1, 2] }, { timestamps_ms: [20, 30], values: [4, 8] }]);
  assert.deepEqual(times, [10, 20, 30]);
  assert.deepEqual(values.map((column) => [...column]), [[1, 0, 2], [0, 4, 8]]);
  assert.deepEqual(tops.map((column) => [...column]), [[1, 0, 2], [1, 4, 10]]);
  assert.deepEqual(layOut([]).times, []);
});

for (const [ms, index] of [[-5, -1], [0, -1], [1, 0], [10, 0], [11, 1], [20, 1], [21, -1], [40, -1], [41, 2], [50, 2], [51, -1]]) {
  test(`at ${ms} lies bar ${index}`, () => assert.equal(barAt([10, 20, 50], 10, ms), index));
}

test('groups are listed with the largest sum first, and their shares are of all', () => {
  const { values } = layOut([{ timestamps_ms: [1, 2], values: [1, 2] }, { timestamps_ms: [1, 2], values: [4, 5] }]);
  assert.deepEqual(summary(values), [{ index: 1, sum: 9, largest: 5, share: 0.75 }, { index: 0, sum: 3, largest: 2, share: 0.25 }]);
  assert.deepEqual(summary([]), []);
});
