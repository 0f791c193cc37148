// Frames of one package share a colour; a change is told by its size and direction.
import assert from 'node:assert/strict';
import test from 'node:test';
import { relativeChange, changeScale, colouring, packageOf, swatchOf } from '../phlare/flame_colours.js';
import { decode } from '../phlare/flame_data.js';
import { answerOf } from './stacks.js';

for (const [name, expected] of [
  ['runtime.mallocgc', 'runtime'], ['net/http.(*conn).serve', 'net/http'], ['app/views.py handler', 'app/'],
  ['std::vec::Vec<T>::push', 'std'], ['main', 'main'],
  ['java.util.regex.Pattern.match', 'java.util.regex'], ['node:internal/timers:processTimers:502', 'node:internal/timers'],
  ['System.Threading!PortableThreadPool.Start', 'System.Threading'], ['runtime.(*mheap).alloc', 'runtime'], ['strings.Index', 'strings'], ['strings.indexFunc', 'strings'],
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
  assert.equal(relativeChange(compared, nodeOf('same'), true), 0);
  assert.equal(relativeChange(compared, nodeOf('same'), false), 0.5);
  assert.equal(relativeChange(compared, nodeOf('gone'), true), -1);
  assert.equal(relativeChange(compared, nodeOf('new'), true), 1);
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

/** Relative luminance of an oklch() colour, as WCAG has it. */
function luminance(colour) {
  const [lightness, chroma, hue] = /oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)/.exec(colour).slice(1).map(Number);
  const [a, b] = [chroma * Math.cos((hue * Math.PI) / 180), chroma * Math.sin((hue * Math.PI) / 180)];
  const [l, m, s] = [
    lightness + 0.3963377774 * a + 0.2158037573 * b, lightness - 0.1055613458 * a - 0.0638541728 * b,
    lightness - 0.0894841775 * a - 1.291485548 * b,
  ].map((root) => root ** 3);
  const [red, green, blue] = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s, -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((channel) => Math.min(1, Math.max(0, channel)));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const DARK_TEXT = ((20 / 255 + 0.055) / 1.055) ** 2.4; // #14161a is at most as light

test('dark text is readable on every colour', () => {
  const graph = decode(answerOf([{ path: ['a'], values: [1, 1] }]));
  const palettes = [{}, { scheme: 'value' }, { scheme: 'change' }, { scheme: 'change', change: 'greenRed' }].map((options) => colouring(graph, options).palette);
  for (const colour of palettes.flat()) {
    assert.ok((luminance(colour) + 0.05) / (DARK_TEXT + 0.05) > 4.5, `${colour}: ${luminance(colour)}`);
  }
});
