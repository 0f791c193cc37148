// What the explore page makes of answers: services, types, labels, notices, and where a value lies in a heatmap.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginning, failureTexts, hiddenText, missingNotice, pointsAfter, preferredType, queryOf, resolutionText, serviceOf, servicesOf, typesOf } from '../phlare/explore_data.js';
import { bucketOf, exemplarsOf } from '../phlare/heatmap.js';
import { countValues } from '../phlare/labels.js';
import { groupedTypes } from '../phlare/profile_types.js';
import { arranged } from '../phlare/favourites.js';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds', SPACE = 'memory:inuse_space:bytes:space:bytes';
const SERIES = [{ service_name: 'web', __profile_type__: SPACE }, { service_name: 'api', __profile_type__: CPU }, { service_name: 'web', __profile_type__: CPU }, { __profile_type__: CPU }];

test('services are listed by name, each with its own types', () => {
  const services = servicesOf(SERIES);
  assert.deepEqual([...services.keys()], ['', 'api', 'web']);
  assert.deepEqual(typesOf(services, queryOf('web')), [SPACE, CPU]);
  assert.deepEqual(typesOf(services, '{service_name="api", region="eu"}'), [CPU]);
  for (const query of ['{}', '{region="eu"}', '{service_name="gone"}']) assert.deepEqual(typesOf(services, query), [SPACE, CPU]);
});

test('a query is about one service, about all, or about labels', () => {
  assert.equal(serviceOf(queryOf('a"b\\')), 'a"b\\');
  assert.equal(serviceOf('{}'), null);
  for (const query of ['{region="eu"}', '{service_name=~"a.*"}', '{']) assert.equal(serviceOf(query), undefined);
});

test('CPU time is what one begins with, if there is any', () => {
  assert.equal(preferredType([SPACE, CPU]), CPU);
  assert.equal(preferredType([SPACE]), SPACE);
  assert.equal(preferredType(['x:y:z:a:b']), 'x:y:z:a:b');
  assert.equal(preferredType([]), '');
});

test('where the address says nothing, the first favourite or the first service is shown', () => {
  const services = servicesOf(SERIES.slice(0, 3));
  assert.deepEqual(beginning({ query: '', type: '' }, services, new Set()), { query: queryOf('api'), type: CPU });
  assert.deepEqual(beginning({ query: '', type: '' }, services, new Set(['web', 'gone'])), { query: queryOf('web'), type: CPU });
  assert.deepEqual(beginning({ query: queryOf('web'), type: SPACE }, services, new Set()), { query: queryOf('web'), type: SPACE });
  assert.equal(beginning({ query: '', type: '' }, servicesOf([]), new Set(['web'])), null);
});

test('types have the heading of their profile', () => {
  assert.deepEqual(groupedTypes([SPACE, CPU]).map(([heading, types]) => [heading, types.map(({ text }) => text)]), [
    ['memory', ['memory · inuse_space (bytes)']], ['process_cpu', ['process_cpu · cpu (nanoseconds)']],
  ]);
});

test('values of labels are counted, the most frequent first, private labels are not shown', () => {
  const counted = countValues([{ region: 'us', __name__: 'x' }, { region: 'eu', zone: 'a' }, { region: 'eu', zone: 'b' }]);
  assert.deepEqual([...counted], [['region', [['eu', 2], ['us', 1]]], ['zone', [['a', 1], ['b', 1]]]]);
});

test('favourites come first, and only what has the text in its name is listed', () => {
  assert.deepEqual(arranged(['b', 'a', 'c'], new Set(['c']), ''), ['c', 'a', 'b']);
  assert.deepEqual(arranged(['Web', 'api', 'webhook'], new Set(), ' WEB '), ['Web', 'webhook']);
});

const sources = (complete, ...missing) => ({ sources: { complete, missing: missing.map((name) => ({ name, reason: 'timeout' })) } });
test('who did not answer is said, and whether that matters', () => {
  assert.equal(missingNotice([sources(true)]), null);
  assert.equal(missingNotice([sources(true), sources(true, 'ingester-1')])[0], 'info');
  const again = () => {};
  const [kind, text, way] = missingNotice([sources(true, 'ingester-1'), sources(false, 'ingester-1', 'bucket')], again);
  assert.equal(kind, 'warn');
  assert.equal(way, again);
  assert.match(text, /ingester-1 \(timeout\), bucket \(timeout\)/);
});

test('parts that failed for one reason are told together, each other one alone', () => {
  const away = new Error('Redis cannot be reached.'), late = new Error('Too late.');
  assert.deepEqual(failureTexts([]), []);
  assert.deepEqual(failureTexts([['labels', late]]), [['Labels could not be read', late]]);
  const failures = [['services', away], ['labels', late], ['the timeline', new Error(away.message)], ['the flame graph', away]];
  assert.deepEqual(failureTexts(failures), [['Services, the timeline and the flame graph could not be read', away], ['Labels could not be read', late]]);
});

test('what a graph leaves out is said in frames and share', () => {
  assert.match(hiddenText({ hidden_nodes: 1234, hidden: 5, total: 100 }), /^5\.0 % is in 1.?234 frames/);
  assert.match(hiddenText({ hidden_nodes: 1, hidden: 5, total: 100 }), /in 1 frame too small/);
  assert.equal(hiddenText({ hidden_nodes: 0, hidden: 0, total: 0 }), '');
});

for (const [ms, text] of [[15_000, '15 s a bar'], [90_000, '1.5 min a bar'], [7_200_000, '2 h a bar']]) {
  test(`${ms} ms are ${text}`, () => assert.equal(resolutionText(ms), text));
}

test('a value lies in the last bucket whose floor it reaches', () => {
  for (const [value, bucket] of [[0, 0], [9, 0], [10, 1], [25, 2], [1e9, 2]]) assert.equal(bucketOf([0, 10, 20], value), bucket);
});

test('exemplars of all steps are listed by their value', () => {
  const one = (value, time_ms) => ({ value, time_ms });
  assert.deepEqual(exemplarsOf([{ exemplars: [one(1, 5), one(9, 5)] }, { exemplars: [one(9, 4)] }]), [one(9, 4), one(9, 5), one(1, 5)]);
});

test('a point at the start of the range is of the time before it', () => {
  const [some, none] = pointsAfter([{ labels: {}, timestamps_ms: [10, 20, 30], values: [1, 2, 3] }, { labels: {}, timestamps_ms: [10], values: [1] }], 10);
  assert.deepEqual([some.timestamps_ms, some.values, none.values], [[20, 30], [2, 3], []]);
});
