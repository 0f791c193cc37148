// The end of a name is what tells, and what is kept where there is little room.
import assert from 'node:assert/strict';
import test from 'node:test';
import { partsOf, shortened, visible } from '../phlare/frame_name.js';

for (const [name, ...parts] of [
  ['java.util.regex.Pattern$Curly.match0', 'java.util.regex.', 'Pattern$Curly.', 'match0'],
  ['java/util/regex/Pattern$Curly.match0', 'java/util/regex/', 'Pattern$Curly.', 'match0'],
  ['scala/collection/AbstractSeq.<init>', 'scala/collection/', '', 'AbstractSeq.<init>'],
  ['github.com/prometheus/prometheus/tsdb.(*memSeries).chunk', 'github.com/prometheus/prometheus/tsdb.', '(*memSeries).', 'chunk'],
  ['github.com/slok/std.Handler.func1.1', 'github.com/slok/', 'std.', 'Handler.func1.1'],
  ['encoding/json.Unmarshal', 'encoding/', 'json.', 'Unmarshal'],
  ['gopkg.in/yaml%2ev2.settableValueOf', 'gopkg.in/', 'yaml%2ev2.', 'settableValueOf'],
  ['runtime.mallocgc', '', 'runtime.', 'mallocgc'],
  ['main.(*catalog).handleSearch', 'main.', '(*catalog).', 'handleSearch'],
  ['thread.rs:108 - std::sys::unix::thread::Thread::new::thread_start', 'thread.rs:108 - std::sys::unix::thread::', 'Thread::new::', 'thread_start'],
  ['<alloc::vec::Vec<T,A> as core::ops::drop::Drop>::drop', '', '<alloc::vec::Vec<T,A> as core::ops::drop::Drop>::', 'drop'],
  ['std::vector<std::pair<int, std::string>>::emplace_back<int&>(std::pair<int, a::b>)', 'std::', 'vector<std::pair<int, std::string>>::', 'emplace_back<int&>(std::pair<int, a::b>)'],
  ['System.Threading!PortableThreadPool.WorkerThread.Start', 'System.Threading!', 'PortableThreadPool.WorkerThread.', 'Start'],
  ['Middleware!AuthenticationMiddleware.<Invoke>d__6.MoveNext', 'Middleware!', '', 'AuthenticationMiddleware.<Invoke>d__6.MoveNext'],
  ['werkzeug/routing/matcher.py:-1 - _match', 'werkzeug/routing/matcher.py:-1 - ', '', '_match'],
  ['check_fraud.<locals>.<lambda>', '', '', 'check_fraud.<locals>.<lambda>'],
  ['Thread.run (threading.py:12)', '', 'Thread.', 'run (threading.py:12)'],
  ['node:internal/timers:processTimers:502', 'node:internal/', 'timers:', 'processTimers:502'],
  ['./node_modules/express/lib/router/index.js:next:280', './node_modules/express/lib/router/', 'index.js:', 'next:280'],
  ['libpthread-2.31.so.start_thread', '', 'libpthread-2.31.so.', 'start_thread'],
  ['/usr/lib/x86_64-linux-gnu/libz.so.1.2.13', '/usr/lib/x86_64-linux-gnu/', '', 'libz.so.1.2.13'],
  ['[[kernel.kallsyms]]', '', '', '[[kernel.kallsyms]]'],
  ['operator<<', '', '', 'operator<<'],
  ['main', '', '', 'main'],
  ['', '', '', ''],
]) {
  test(`${name || 'nothing'} has its package, its type and its function`, () => {
    assert.deepEqual(partsOf(name), parts);
    assert.equal(partsOf(name).join(''), name);
  });
}

for (const [room, text] of [
  [36, 'java.util.regex.Pattern$Curly.match0'], [35, '…util.regex.Pattern$Curly.match0'], [28, '…regex.Pattern$Curly.match0'],
  [26, '…Pattern$Curly.match0'], [21, '…Pattern$Curly.match0'], [20, '…match0'], [7, '…match0'], [6, 'match0'], [5, 'matc…'], [2, 'm…'],
]) {
  test(`in ${room} characters a name is ${text}`, () => assert.equal(shortened('java.util.regex.Pattern$Curly.match0', room), text));
}

test('whatever a name is, it fits its room and says something', () => {
  const names = ['', '.', '...', 'a.', '::', 'a::', '/', 'a/', ' - ', '((((', '>>>a.b', 'é.ü', 'x'.repeat(300), `${'a.'.repeat(200)}b`, '💥.💥💥', '<img src=x onerror=alert(1)>'];
  for (const name of names) {
    for (let room = 2; room < 40; room++) {
      const text = shortened(name, room);
      assert.ok(text.length <= room, `${name} in ${room}: ${text}`);
      assert.ok(text.length > 0 || !name);
      assert.equal(partsOf(name).join(''), name);
    }
  }
});

for (const [name, written] of [
  ['main', 'main'], ['søk (π.py:3)', 'søk (π.py:3)'], ['חיפוש', 'חיפוש'], ['a b', 'a b'], ['😀', '😀'],
  ['\u202egnp.exe', '[U+202E]gnp.exe'], ['a\tb\n', 'a[U+0009]b[U+000A]'], ['a\u200bb\ufeff', 'a[U+200B]b[U+FEFF]'], ['a\ud800b', 'a[U+D800]b'],
  ['a\u2028b', 'a[U+2028]b'], ['\u{e0041}', '[U+E0041]'], ['', '(no name)'], [' \u3000', '[U+0020][U+3000]'],
]) {
  test(`${JSON.stringify(name)} is written ${written}`, () => assert.equal(visible(name), written));
}
