// What the explore page asks for: each part of its state in the parameters it belongs to, and in no other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DEFAULTS, FIRST_NODES, chartQuestion, comparison, comparisonWithBefore, graphParameters, groupQuery, linesParameters, movedRange, refreshSeconds,
  topParameters,
} from '../phlare/explore_query.js';

const NOW = 1_700_000_000_000, HOUR = 3_600_000;
const values = (more = {}) => ({ ...DEFAULTS, query: '{a="1"}', type: 't', ...more });

test('the graph is of the inner selection, the chart of the whole range', () => {
  const chosen = values({ sel: `${NOW - 1000}-${NOW - 500}` });
  assert.deepEqual(graphParameters(chosen, NOW), { from: NOW - 1000, until: NOW - 500, query: '{a="1"}', profile_type: 't', max_nodes: FIRST_NODES, profile_id: '', span: '' });
  const [path, parameters] = chartQuestion(chosen, NOW);
  assert.equal(path, '/api/v1/timeline');
  assert.deepEqual([parameters.from, parameters.until, parameters.group_by, parameters.limit], [NOW - HOUR, NOW, '', '']);
});

test('without a query all profiles count', () => assert.equal(graphParameters(values({ query: '' }), NOW).query, '{}'));

test('one profile or span is what the graph and the table are of', () => {
  for (const picked of [{ profile: 'p' }, { span: 's' }]) {
    for (const parameters of [graphParameters(values(picked), NOW), topParameters(values(picked), NOW)]) {
      assert.deepEqual([parameters.profile_id, parameters.span], [picked.profile ?? '', picked.span ?? '']);
    }
  }
});

test('all frames are more than the first ones', () => assert.ok(graphParameters(values({ nodes: 'all' }), NOW).max_nodes > FIRST_NODES));

for (const [chart, counted] of [['profiles', 'individual'], ['spans', 'span']]) {
  test(`a chart of ${chart} is a heatmap`, () => {
    const [path, parameters] = chartQuestion(values({ chart, group: 'region' }), NOW);
    assert.equal(path, '/api/v1/heatmap');
    assert.equal(parameters.counted, counted);
    assert.ok(!('group_by' in parameters));
  });
}

test('services have about forty points of all profiles', () => {
  const parameters = linesParameters(values({ sel: '1-2' }), NOW);
  assert.deepEqual([parameters.step, parameters.query, parameters.from], ['90s', '{}', NOW - HOUR]);
  assert.equal(linesParameters(values({ from: '100', until: '200' }), NOW).step, '1s');
});

test('a group is asked for by one more condition', () => assert.equal(groupQuery(values({ group: 'b' }), 'x"'), '{a="1", b="x\\""}'));

test('two groups are compared over what is selected', () => {
  const state = comparison(values({ sel: `${NOW - 1000}-${NOW}` }), NOW, '{l="1"}', '{r="1"}');
  assert.deepEqual(state, { type: 't', from: NOW - HOUR, until: NOW, left_query: '{l="1"}', left_from: NOW - 1000, left_until: NOW, right_query: '{r="1"}', right_from: NOW - 1000, right_until: NOW });
});

test('what is shown is compared with as long a time before it', () => {
  const state = comparisonWithBefore(values(), NOW, 'f');
  assert.deepEqual([state.left_from, state.left_until, state.right_from, state.right_until, state.q], [NOW - 2 * HOUR, NOW - HOUR, NOW - HOUR, NOW, 'f']);
  assert.equal(comparisonWithBefore(values(), NOW, 'operator[]').q, 'operator\\[\\]'); // a search is an expression
});

test('a range is moved by its length, widened around its middle, and never later than now', () => {
  assert.deepEqual(movedRange(values(), NOW, -1), { from: String(NOW - 2 * HOUR), until: String(NOW - HOUR) });
  assert.deepEqual(movedRange(values(), NOW, 1), { from: String(NOW - HOUR), until: String(NOW) });
  assert.deepEqual(movedRange(values(), NOW, 0), { from: String(NOW - 1.5 * HOUR), until: String(NOW) });
  const past = values({ from: String(NOW - 4 * HOUR), until: String(NOW - 3 * HOUR) });
  assert.deepEqual(movedRange(past, NOW, 1), { from: String(NOW - 3 * HOUR), until: String(NOW - 2 * HOUR) });
  assert.deepEqual(movedRange(past, NOW, 0), { from: String(NOW - 4.5 * HOUR), until: String(NOW - 2.5 * HOUR) });
});

test('the page refreshes as often as it offers to, and not where nothing can change', () => {
  for (const [refresh, seconds] of [['30', 30], ['', 0], ['0.001', 0], ['-1', 0], ['often', 0]]) assert.equal(refreshSeconds(values({ refresh })), seconds, refresh);
  assert.equal(refreshSeconds(values({ refresh: '30', from: '1', until: '2' })), 0);
});
