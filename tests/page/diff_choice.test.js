// What is compared when nobody has said anything: two halves of what there is, each with values.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { chosenComparison, halves } from '../phlare/diff_choice.js';

const HOUR = 3_600_000, NOW = 1_800_000_000_000, STEP = 15_000;
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const RANGE = { from: NOW - HOUR, until: NOW };
const realFetch = globalThis.fetch;

afterEach(() => { globalThis.fetch = realFetch; });

/** A server that knows profiles of one service by their times; points are on multiples of the step, as the API has them. */
function serve(times, stepOf = () => STEP) {
  const asked = [];
  globalThis.fetch = async (address) => {
    const { pathname, searchParams } = new URL(address, 'http://here');
    const from = Number(searchParams.get('from')), until = Number(searchParams.get('until'));
    const seen = times.filter((time) => time >= from && time <= until);
    asked.push({ pathname, from, until });
    if (pathname === '/api/v1/series') return Response.json({ series: seen.length ? [{ service_name: 'shop', __profile_type__: CPU }] : [] });
    const step = stepOf(until - from), sums = new Map();
    for (const time of seen) { const at = Math.ceil(time / step) * step; sums.set(at, (sums.get(at) ?? 0) + 1); }
    const timestamps = [...sums.keys()].sort((a, b) => a - b);
    return Response.json({ step_ms: step, series: timestamps.length ? [{ timestamps_ms: timestamps, values: timestamps.map((at) => sums.get(at)) }] : [] });
  };
  return asked;
}

/** How many profiles are on either side of a choice. */
function counts({ state }, times) {
  const value = (name, standard) => (name in state ? Number(state[name]) : standard);
  const within = (from, until) => times.filter((time) => time >= from && time <= until).length;
  return [within(value('left_from', NOW - HOUR), value('left_until', NOW - HOUR / 2)), within(value('right_from', NOW - HOUR / 2), value('right_until', NOW))];
}

test('an hour that is full is halved in its middle', () => {
  const points = Array.from({ length: 240 }, (_, at) => [NOW - HOUR + (at + 1) * STEP, 1]);
  assert.deepEqual(halves(points, STEP, RANGE), { from: RANGE.from, cut: NOW - HOUR / 2, until: NOW, even: true });
});

test('what fills a part of the hour is halved itself', () => {
  const points = [10, 8, 6, 4].map((minutes) => [NOW - minutes * 60_000, 5]);
  assert.deepEqual(halves(points, STEP, RANGE), { from: NOW - 10 * 60_000 - STEP, cut: NOW - 8 * 60_000, until: NOW - 4 * 60_000, even: false });
});

for (const points of [[], [[NOW - STEP, 3]], [[NOW - HOUR / 2, 3], [NOW - STEP, 0]]]) {
  test(`no halves of ${JSON.stringify(points)}`, () => assert.equal(halves(points, STEP, RANGE), null));
}

const CASES = {
  'all of the last hour': Array.from({ length: 60 }, (_, at) => NOW - at * 60_000),
  'a quarter of an hour': Array.from({ length: 15 }, (_, at) => NOW - at * 60_000),
  'two profiles at the ends': [NOW - HOUR + 1000, NOW - 1000],
  'the morning': Array.from({ length: 30 }, (_, at) => NOW - 9 * HOUR - at * 60_000),
  'three seconds': [NOW - 61_000, NOW - 62_000, NOW - 63_000],
};
for (const [name, times] of Object.entries(CASES)) {
  test(`both sides have profiles: ${name}`, async () => {
    serve(times, (length) => Math.max(1000, Math.ceil(length / 240 / 1000) * 1000));
    const chosen = await chosenComparison(NOW);
    const [left, right] = counts(chosen, times);
    assert.ok(left > 0 && right > 0, `${left} and ${right}`);
    assert.equal(chosen.state.left_query, '{service_name="shop"}');
    assert.equal(chosen.state.type, CPU);
    assert.match(chosen.said, /^To begin with: the service shop, the first half of .*hours? against the second/);
  });
}

test('the halves of the last hour move with the clock', async () => {
  serve(CASES['all of the last hour']);
  const { state } = await chosenComparison(NOW);
  assert.deepEqual(Object.keys(state).sort(), ['left_query', 'right_query', 'type']);
});

test('nothing, or one profile, is no comparison, and is not asked about for ever', async () => {
  serve([]);
  assert.equal(await chosenComparison(NOW), null);
  const asked = serve([NOW - 60_000], (length) => Math.max(1000, Math.ceil(length / 240 / 1000) * 1000));
  assert.equal(await chosenComparison(NOW), null);
  assert.ok(asked.length < 10);
});
