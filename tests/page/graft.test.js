// A part of a graph that came again at full depth, against plain nested objects.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, follow, pathOf } from '../phlare/flame_data.js';
import { grafted, hasHidden } from '../phlare/graft.js';

/** The answer of a server for stacks, [["a;b", value], ...], small children summed up as "other". */
function answerOf(stacks, least = 0) {
  const root = { name: 'total', self: 0, total: 0, children: new Map() };
  for (const [stack, value] of stacks) {
    let node = root;
    node.total += value;
    for (const name of stack.split(';')) {
      if (!node.children.has(name)) node.children.set(name, { name, self: 0, total: 0, children: new Map() });
      node = node.children.get(name);
      node.total += value;
    }
    node.self += value;
  }
  const names = ['total'], levels = [];
  const cut = (node) => {
    const kept = [...node.children.values()].filter((one) => one.total >= least).sort((a, b) => (a.name < b.name ? -1 : 1));
    const rest = node.total - node.self - kept.reduce((sum, one) => sum + one.total, 0);
    return rest ? [...kept, { name: 'other', self: rest, total: rest, children: new Map() }] : kept;
  };
  let row = [[0, root]];
  while (row.length) {
    let end = 0;
    const level = [], below = [];
    for (const [x, node] of row) {
      if (!names.includes(node.name)) names.push(node.name);
      level.push(x - end, node.total, node.self, names.indexOf(node.name));
      end = x + node.total;
      let left = x + node.self;
      for (const child of cut(node)) { below.push([left, child]); left += child.total; }
    }
    levels.push(level);
    row = below;
  }
  return { names, levels };
}

/** Self values by stack. */
function sums(graph) {
  const found = {};
  for (let node = 1; node < graph.count; node++) if (graph.self[node]) found[pathOf(graph, node).join(';')] = graph.self[node];
  return found;
}

const STACKS = [['a;b;c', 9], ['a;b;d', 1], ['a;b;d;e', 1], ['a;x', 1], ['a;b', 2], ['z;b', 1], ['z', 8]];

test('what was summed up under a frame is there in full, the rest stays as it was', () => {
  const graph = decode(answerOf(STACKS, 3));
  const deep = decode(answerOf(STACKS.filter(([stack]) => `${stack};`.startsWith('a;b;'))));
  const path = ['a', 'b'];
  assert.ok(hasHidden(graph, follow(graph, path)));
  const full = grafted(graph, path, deep);
  assert.deepEqual(sums(full), { 'a;b;c': 9, 'a;b;d': 1, 'a;b;d;e': 1, 'a;b': 2, 'a;other': 1, z: 8, 'z;other': 1 });
  assert.ok(!hasHidden(full, follow(full, path)));
  assert.ok(hasHidden(full, 0));
  assert.equal(full.total[0], graph.total[0]);
});

test('a frame that is not there changes nothing', () => {
  const graph = decode(answerOf(STACKS));
  assert.equal(grafted(graph, ['nowhere'], graph), graph);
});

test('a graph in which nothing was summed up hides nothing', () => {
  assert.ok(!hasHidden(decode(answerOf(STACKS)), 0));
});
