// Frames of one package share a colour; a change is told by its size and direction.
import assert from 'node:assert/strict';
import test from 'node:test';
import { changeOf, changeScale, colouring, packageOf, swatchOf } from '../phlare/flame_colours.js';
import { decode } from '../phlare/flame_data.js';
import { answerOf } from './stacks.js';

for (const [name, expected] of [
  ['runtime.mallocgc', 'runtime'], ['net/http.(*conn).serve', 'net/http'], ['app/views.py handler', 'app/'],
  ['std::vec::Vec<T>::push', 'std'], ['main', 'main'],
]) {
  test(`${name} is of ${expected}`, () => assert.equal(packageOf(name), expected));
}

test('a list has the colour of the graph', () => {
  const graph = decode(answerOf([{ path: ['net/http.a', 'net/http.b', 'os.c'], values: [1] }]));
  const { palette, of } = colouring(graph);
  assert.equal(palette[of(1, false)], swatchOf('net/http.x'));
  assert.equal(of(1, false), of(2, false));
  assert.notEqual(palette[of(1, true)], palette[of(1, false)]);
});

const compared = decode(answerOf([
  { path: ['same'], values: [4, 8] }, { path: ['new'], values: [0, 2] }, { path: ['gone'], values: [1, 0] }, { path: ['rest'], values: [5, 10] },
]));
const nodeOf = (name) => [...compared.name].findIndex((index) => compared.names[index] === name);

test('a change is one of shares, or of values', () => {
  assert.equal(changeOf(compared, nodeOf('same'), true), 0);
  assert.equal(changeOf(compared, nodeOf('same'), false), 0.5);
  assert.equal(changeOf(compared, nodeOf('gone'), true), -1);
  assert.equal(changeOf(compared, nodeOf('new'), true), 1);
});

for (const change of ['blueOrange', 'greenRed']) {
  test(`new and gone frames have the ends of the ${change} scale`, () => {
    const { palette, of } = colouring(compared, { scheme: 'change', change });
    const scale = changeScale(change);
    const colours = ['gone', 'same', 'new'].map((name) => palette[of(nodeOf(name))]);
    assert.deepEqual(colours, [scale[0], scale[(scale.length - 1) / 2], scale.at(-1)]);
  });
}

test('by value, the whole has the strongest colour', () => {
  const { palette, of } = colouring(decode(answerOf([{ path: ['a'], values: [100] }, { path: ['b'], values: [1] }])), { scheme: 'value' });
  assert.deepEqual([of(0), of(2)], [palette.length - 1, 1]);
});
