// An address may say anything: what is no choice of a page is left out, whatever JavaScript has under its name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VIEW_DEFAULTS, chosen } from '../phlare/diff_view.js';
import { isStep, viewOf } from '../phlare/graph_panel.js';

/** What a view of two sides has buttons and options for. */
const CHOICES = {
  view: ['overlay', 'side', 'table'], mode: ['share', 'absolute'], palette: ['blueOrange', 'greenRed'], only: ['all', 'grew', 'shrank', 'new', 'gone'],
};
const RUBBISH = ['', 'x', 'toString', '__proto__', 'constructor', '<script>', '💥'];

for (const text of RUBBISH) {
  test(`${JSON.stringify(text)} is no view, mode, palette, filter or step`, () => {
    assert.deepEqual(chosen({ view: text, mode: text, palette: text, only: text, q: text }, CHOICES), { ...VIEW_DEFAULTS, q: text });
    assert.equal(viewOf(text), 'both');
    for (const step of [text, { kind: text }, { kind: text, name: 'a', path: ['a'] }, { kind: 'preset', preset: text }]) assert.ok(!isStep(step));
  });
}

test('steps without what they need are none', () => {
  for (const step of [null, 7, [], {}, { kind: 'focus' }, { kind: 'focus', name: 7 }, { kind: 'zoom', path: 'a' }, { kind: 'zoom', path: [7] }]) assert.ok(!isStep(step));
  for (const step of [{ kind: 'focus', name: 'a' }, { kind: 'zoom', path: [] }, { kind: 'collapse' }, { kind: 'preset', preset: 'go' }]) assert.ok(isStep(step));
});

test('what is a choice is taken', () => {
  const options = { view: 'table', mode: 'absolute', palette: 'greenRed', only: 'new', q: '' };
  assert.deepEqual(chosen(options, CHOICES), options);
  assert.equal(viewOf('tree'), 'tree');
});
