// Each transform does to a graph what it says it does to stacks.
import assert from 'node:assert/strict';
import test from 'node:test';
import { decode } from '../phlare/flame_data.js';
import { PRESETS, cutTo, extended, labelOf, sandwich, shown, trailOf, transformed, zoomedPath } from '../phlare/flame_transforms.js';
import { answerOf, randomStacks, stacksOf, summed } from './stacks.js';

const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);

function folded(path) {
  const kept = [];
  for (const name of path) {
    const at = kept.indexOf(name);
    if (at >= 0) kept.length = at + 1; else kept.push(name);
  }
  return kept;
}

const startsWith = (path, start) => start.every((name, index) => name === path[index]);

/** Each transform and what it makes of the path of a stack; null leaves the stack out. */
const CASES = [
  [{ kind: 'focus', name: 'b' }, (path) => (path.includes('b') ? path.slice(path.indexOf('b')) : null)],
  [{ kind: 'focus', name: 'nobody' }, () => null],
  [{ kind: 'hide', name: 'b' }, (path) => (path.includes('b') ? null : path)],
  [{ kind: 'merge', name: 'b' }, (path) => path.filter((name) => name !== 'b')],
  [{ kind: 'collapse' }, folded],
  [{ kind: 'invert' }, (path) => path.slice().reverse()],
  [{ kind: 'zoom', path: ['a'] }, (path) => path],
];

for (const sides of [1, 2]) {
  for (const [transform, onPath] of CASES) {
    test(`${labelOf(transform)} (${transform.kind}), ${sides} sides`, () => {
      for (const seed of SEEDS) {
        const stacks = randomStacks(seed, { sides });
        const graph = decode(answerOf(stacks));
        const before = stacksOf(graph);
        const expected = stacks.map(({ path, values }) => ({ path: onPath(path), values })).filter(({ path }) => path);
        assert.deepEqual(stacksOf(transformed(graph, transform)), summed(expected));
        assert.deepEqual(stacksOf(graph), before, 'the graph itself is left alone');
      }
    });
  }

  test(`what is laid out anew is laid out as a server does, ${sides} sides`, () => {
    for (const seed of SEEDS) {
      const graph = decode(answerOf(randomStacks(seed, { sides })));
      const again = transformed(graph, { kind: 'merge', name: 'nobody' });
      for (const column of ['x', 'total', 'self', 'parent', 'first', 'offsets']) assert.deepEqual(again[column], graph[column], column);
      assert.deepEqual(again.sides, graph.sides);
    }
  });
}

test('focus on a subtree keeps what is below that one frame', () => {
  for (const seed of SEEDS) {
    const stacks = randomStacks(seed);
    const { path } = stacks[0];
    const start = path.slice(0, Math.ceil(path.length / 2));
    const kept = stacks.filter((one) => startsWith(one.path, start))
      .map((one) => ({ ...one, path: one.path.slice(start.length - 1) }));
    assert.deepEqual(stacksOf(transformed(decode(answerOf(stacks)), { kind: 'subtree', path: start })), summed(kept));
  }
});

test('a sandwich has callers upwards and callees downwards, recursion once', () => {
  for (const seed of SEEDS) {
    const stacks = randomStacks(seed, { sides: 2 });
    const { callers, callees } = sandwich(decode(answerOf(stacks)), 'b');
    const through = stacks.filter(({ path }) => path.includes('b'));
    const up = through.map(({ path, values }) => ({ path: path.slice(0, path.indexOf('b')).reverse(), values }));
    const down = through.map(({ path, values }) => ({ path: path.slice(path.indexOf('b') + 1), values }));
    assert.deepEqual(stacksOf(callers), summed(up));
    assert.deepEqual(stacksOf(callees), summed(down));
    assert.equal(callers.total[0], callees.total[0]);
    if (through.length) assert.equal(callees.names[callees.name[0]], 'b');
  }
});

test('what small frames are summed up under stays at the right', () => {
  const graph = decode(answerOf([{ path: ['z'], values: [1] }, { path: ['other'], values: [1] }, { path: ['a'], values: [1] }]));
  const { names, name } = transformed(graph, { kind: 'collapse' });
  assert.deepEqual([...name].map((index) => names[index]), ['total', 'a', 'z', 'other']);
});

const RUNTIME = {
  go: [['runtime.mallocgc', 'runtime.(*mheap).alloc', 'runtime/internal/atomic.Load', 'internal/runtime/maps.(*Map).get'], ['main.runtime', 'net/http.(*conn).serve', 'runtimes.Start', 'myruntime.f']],
  python: [['_PyEval_EvalFrameDefault', 'PyEval_EvalCode', '<frozen importlib._bootstrap> _find_and_load', 'threading.py run'], ['app/views.py handler', 'mythreading.py run', 'PyramidView']],
  libc: [['__libc_start_main', 'malloc', '__GI___poll', 'start_thread', 'clone3'], ['my_malloc_pool', 'starting', 'cloned']],
  jvm: [['java.lang.Thread.run', 'java/lang/Thread.run', 'jdk.internal.misc.Unsafe.park', 'JavaCalls::call'], ['com.acme.Thread.run', 'java.util.HashMap.get']],
  v8: [['(program)', '(garbage collector)', 'node:internal/timers listOnTimeout', 'node::Start'], ['app.js handler', 'program']],
};

for (const [preset, [runtime, own]] of Object.entries(RUNTIME)) {
  test(`${PRESETS[preset].label} leaves its value with its callers`, () => {
    const stacks = [...runtime, ...own].map((name, index) => ({ path: ['main', name], values: [index + 1] }));
    const expected = stacks.map(({ path, values }) => ({ path: runtime.includes(path[1]) ? ['main'] : path, values }));
    assert.deepEqual(stacksOf(transformed(decode(answerOf(stacks)), { kind: 'preset', preset })), summed(expected));
  });
}

test('a trail goes forwards, back, and knows its zoom', () => {
  const start = trailOf(decode(answerOf(randomStacks(3))));
  const zoomed = extended(start, { kind: 'zoom', path: ['a', 'b'] });
  const focused = extended(zoomed, { kind: 'focus', name: 'c' });
  assert.deepEqual([zoomedPath(start), zoomedPath(zoomed), zoomedPath(focused)], [[], ['a', 'b'], []]);
  assert.equal(shown(zoomed), start.base);
  assert.deepEqual(stacksOf(shown(focused)), stacksOf(transformed(start.base, { kind: 'focus', name: 'c' })));
  assert.equal(shown(cutTo(focused, 1)), start.base);
  assert.deepEqual(zoomedPath(cutTo(focused, 1)), ['a', 'b']);
  assert.deepEqual([start.steps.length, focused.steps.length], [0, 2]);
});

test('transforms are values that an address can carry', () => {
  for (const [transform] of CASES) {
    const graph = decode(answerOf(randomStacks(5)));
    assert.deepEqual(stacksOf(transformed(graph, JSON.parse(JSON.stringify(transform)))), stacksOf(transformed(graph, transform)));
  }
});

test('five thousand levels are turned round, folded and merged', () => {
  const path = Array.from({ length: 5000 }, (_, index) => `f${index}`);
  const graph = decode({ names: ['total', ...path], levels: Array.from({ length: 5001 }, (_, depth) => [0, 1, depth === 5000 ? 1 : 0, depth]) });
  assert.deepEqual(Object.keys(stacksOf(transformed(graph, { kind: 'invert' }))), [path.slice().reverse().join(';')]);
  assert.equal(transformed(graph, { kind: 'collapse' }).depth, 5001);
  assert.equal(sandwich(graph, 'f2500').callers.depth, 2501);
});
