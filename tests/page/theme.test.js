// The theme that was chosen holds on every page, and until the page is left where a browser stores nothing.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import vm from 'node:vm';

const SCRIPT = readFileSync(new URL('../phlare/theme.js', import.meta.url), 'utf-8');

/** A page of a browser with this storage whose system is light; `choose` is what the button of the bar does. */
function opened(storage) {
  const document = Object.assign(new EventTarget(), { documentElement: { dataset: {} } });
  const media = Object.assign(new EventTarget(), { matches: true });
  const paper = Object.assign(new EventTarget(), { matches: false });
  const context = { document, matchMedia: (query) => (query === 'print' ? paper : media), addEventListener: () => {}, Event };
  Object.defineProperty(context, 'localStorage', { get: storage });
  vm.runInNewContext(SCRIPT, context);
  return {
    media, paper, theme: () => document.documentElement.dataset.theme,
    choose: (detail) => document.dispatchEvent(new CustomEvent('themechosen', { detail })),
  };
}

function storing() {
  const stored = new Map();
  return () => ({ getItem: (name) => stored.get(name) ?? null, setItem: (name, value) => stored.set(name, value) });
}

test('a choice holds on the next page', () => {
  const storage = storing();
  const first = opened(storage);
  assert.equal(first.theme(), 'light');
  first.choose('dark');
  assert.equal(first.theme(), 'dark');
  assert.equal(opened(storage).theme(), 'dark');
});

test('a choice holds on this page where nothing can be stored', () => {
  const page = opened(() => { throw new Error('storage is off'); });
  page.choose('dark');
  assert.equal(page.theme(), 'dark');
});

test('without a choice the theme follows the system', () => {
  const page = opened(storing());
  page.media.matches = false;
  page.media.dispatchEvent(new Event('change'));
  assert.equal(page.theme(), 'dark');
});

test('paper is light, and the choice is back on the screen', () => {
  const page = opened(() => ({ getItem: () => 'dark', setItem: () => {} }));
  assert.equal(page.theme(), 'dark');
  page.paper.matches = true;
  page.paper.dispatchEvent(new Event('change'));
  assert.equal(page.theme(), 'light');
  page.paper.matches = false;
  page.paper.dispatchEvent(new Event('change'));
  assert.equal(page.theme(), 'dark');
});
