// Selectors are taken apart and put together again without a change of meaning, and what could come next is known.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complete, completionAt, excluding, formatSelector, including, parseSelector } from '../phlare/selector.js';

const PARSED = [
  ['{}', []],
  [' { a = "1" , } ', [{ name: 'a', op: '=', value: '1' }]],
  ['{a!="1",b=~\'x|y\',c!~`z\\.`}', [{ name: 'a', op: '!=', value: '1' }, { name: 'b', op: '=~', value: 'x|y' }, { name: 'c', op: '!~', value: 'z\\.' }]],
  ['{"k8s.node"="say \\"hi\\"\\\\"}', [{ name: 'k8s.node', op: '=', value: 'say "hi"\\' }]],
  ['{a="}", b="{,"}', [{ name: 'a', op: '=', value: '}' }, { name: 'b', op: '=', value: '{,' }]],
];
for (const [text, matchers] of PARSED) {
  test(`${text} is taken apart, and what is written of it means the same`, () => {
    assert.deepEqual(parseSelector(text), matchers);
    assert.deepEqual(parseSelector(formatSelector(matchers)), matchers);
  });
}

for (const text of ['', 'cpu{a="1"}', '{', '{a}', '{a=}', '{a="1"', '{a="1" b="2"}', '{a="1"} x', '{a="\\q"}', '{="1"}']) {
  test(`${JSON.stringify(text)} is left to the server`, () => assert.equal(parseSelector(text), null));
}

test('any names and values survive being written and read', () => {
  const parts = ['a', '"', '\\', '\n', ',', '}', '{', '=', '~', 'é', ' ', "'", '`'];
  let seed = 7;
  const pick = () => parts[(seed = (seed * 1103515245 + 12345) % 2147483648) % parts.length];
  for (let round = 0; round < 300; round++) {
    const text = () => Array.from({ length: round % 7 }, pick).join('');
    const matchers = ['=', '!=', '=~', '!~'].map((op) => ({ name: `n${text()}`, op, value: text() }));
    assert.deepEqual(parseSelector(formatSelector(matchers)), matchers);
  }
});

test('a value that is included takes the place of other conditions on its label', () => {
  const matchers = parseSelector('{a="1", a!="2", b="3"}');
  assert.equal(formatSelector(including(matchers, 'a', '4')), '{b="3", a="4"}');
});

test('a value is left out once, and no longer asked for', () => {
  const once = excluding(parseSelector('{a="1", b="3"}'), 'a', '1');
  assert.equal(formatSelector(once), '{b="3", a!="1"}');
  assert.deepEqual(excluding(once, 'a', '1'), once);
  assert.equal(formatSelector(excluding(once, 'a', '2')), '{b="3", a!="1", a!="2"}');
});

const COMPLETED = [ // the caret is at the bar
  ['|', 'name', '', '{x=|'], ['{|', 'name', '', '{x=|'], ['{ser|}', 'name', 'ser', '{x=|}'], ['{a="b, c", re|', 'name', 're', '{a="b, c", x=|'],
  ['{a=|', 'value', '', '{a="x"|}'], ['{a="|"}', 'value', '', '{a="x"|}'], ['{a="we|b"}', 'value', 'we', '{a="x"|}'], ['{a=~"we|, b="1"}', 'value', 'we', '{a=~"x"|, b="1"}'],
];
for (const [marked, kind, typed, after] of COMPLETED) {
  test(`at ${marked} a ${kind} is suggested and put in`, () => {
    const caret = marked.indexOf('|'), text = marked.replace('|', '');
    const at = completionAt(text, caret);
    assert.equal(at.kind, kind);
    assert.equal(at.typed, typed);
    const done = complete(text, at, 'x');
    assert.equal(`${done.text.slice(0, done.caret)}|${done.text.slice(done.caret)}`, after);
  });
}

for (const [text, kind] of [['{a="b"', 'none'], ['cpu', 'none'], ['{a ', 'name'], ['{a !', 'operator']]) {
  test(`${text} waits for a ${kind}`, () => assert.equal(completionAt(text, text.length).kind, kind));
}
