// What is asked of a graph's columns gives what counting stacks one by one gives.
import assert from 'node:assert/strict';
import test from 'node:test';
import { decode, depthOf, follow, functions, literally, pathOf, search, seek } from '../phlare/flame_data.js';
import { answerOf, randomStacks, stacksOf, summed } from './stacks.js';

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);

function invariants(graph) {
  for (let node = 1; node < graph.count; node++) {
    const above = graph.parent[node];
    assert.equal(depthOf(graph, node), depthOf(graph, above) + 1);
    assert.ok(graph.first[above] <= node && node < graph.first[above + 1]);
    assert.ok(graph.x[above] + graph.self[above] <= graph.x[node]);
    assert.ok(graph.x[node] + graph.total[node] <= graph.x[above] + graph.total[above]);
  }
  for (let node = 0; node < graph.count; node++) {
    let sum = graph.self[node];
    for (let child = graph.first[node]; child < graph.first[node + 1]; child++) sum += graph.total[child];
    assert.equal(graph.total[node], sum);
  }
}

for (const sides of [1, 2]) {
  test(`an answer of ${sides} sides is decoded into its stacks`, () => {
    for (const seed of SEEDS) {
      const stacks = randomStacks(seed, { sides });
      const graph = decode(answerOf(stacks));
      invariants(graph);
      assert.deepEqual(stacksOf(graph), summed(stacks));
    }
  });

  test(`functions of ${sides} sides are summed once a stack`, () => {
    for (const seed of SEEDS) {
      const stacks = randomStacks(seed, { sides });
      const rows = functions(decode(answerOf(stacks)));
      const sum = (values) => values.reduce((a, b) => a + b, 0);
      const expected = [...new Set(stacks.flatMap(({ path }) => path))].map((name) => {
        const through = stacks.filter(({ path }) => path.includes(name));
        const ends = stacks.filter(({ path }) => path.at(-1) === name);
        const side = (some, index) => sum(some.map(({ values }) => values[index]));
        const both = { name, self: sum(ends.map(({ values }) => sum(values))), total: sum(through.map(({ values }) => sum(values))) };
        return sides === 1 ? both : { ...both, left: side(through, 0), right: side(through, 1), leftSelf: side(ends, 0), rightSelf: side(ends, 1) };
      });
      const byName = (a, b) => (a.name < b.name ? -1 : 1);
      assert.deepEqual(rows.slice().sort(byName), expected.sort(byName));
      rows.reduce((before, row) => (assert.ok(before.self >= row.self), row));
    }
  });
}

test('a search counts what lies in or under a match once', () => {
  for (const seed of SEEDS) {
    const stacks = randomStacks(seed);
    const found = search(decode(answerOf(stacks)), '[AB]');
    const names = new Set(stacks.flatMap(({ path }) => path));
    const total = stacks.reduce((sum, { values }) => sum + values[0], 0);
    const under = stacks.filter(({ path }) => path.some((name) => 'ab'.includes(name))).reduce((sum, { values }) => sum + values[0], 0);
    assert.equal(found.functions, Number(names.has('a')) + Number(names.has('b')));
    assert.equal(found.share, under / total);
  }
});

test('a text that is no expression is searched for as it is', () => {
  const graph = decode(answerOf([{ path: ['run(', 'run'], values: [1] }]));
  assert.equal(search(graph, 'RUN(').functions, 1);
});

test('an empty name is searched for as such', () => {
  const graph = decode({ names: ['total', '', 'a'], levels: [[0, 3, 0, 0], [0, 1, 1, 1, 0, 2, 2, 2]] });
  for (const pattern of [literally(''), `^${literally('')}$`]) assert.equal(search(graph, pattern).share, 1 / 3);
});

test('a name that is searched for literally is found, whatever is in it', () => {
  for (const name of ['operator[]', 'main.(*Server).Serve', 'a|b', 'f()', '$^', 'x{2}', 'C:\\run\\d', '[unknown]', '多+', '</script>', 'שלום?']) {
    const graph = decode(answerOf([{ path: [name, 'other.function'], values: [1] }]));
    assert.equal(search(graph, literally(name)).functions, 1, name);
    assert.equal(search(graph, `^${literally(name)}$`).functions, 1, name);
  }
});

test('a node is found where it lies', () => {
  for (const seed of SEEDS) {
    const graph = decode(answerOf(randomStacks(seed)));
    for (let node = 0; node < graph.count; node++) {
      assert.equal(seek(graph, depthOf(graph, node), graph.x[node]), node);
      assert.equal(seek(graph, depthOf(graph, node), graph.x[node] + graph.total[node] / 2), node);
    }
  }
});

test('a path leads to its node, and as far as there are nodes', () => {
  const graph = decode(answerOf(randomStacks(7)));
  for (let node = 0; node < graph.count; node++) {
    assert.equal(follow(graph, pathOf(graph, node)), node);
    assert.equal(follow(graph, [...pathOf(graph, node), 'nobody']), node);
  }
});

test('an empty answer is a root without a value', () => {
  for (const answer of [{ names: null, levels: [] }, { names: ['total'], levels: [] }, { names: ['total'], levels: [[0, 0, 0, 0]] }]) {
    const graph = decode(answer);
    assert.deepEqual([graph.count, graph.total[0], functions(graph), search(graph, 'a').share], [1, 0, [], 0]);
  }
});
