// Requests of a page against a real server that answers badly.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { ask, getJson, sendJson } from '../phlare/page.js';

const PROXY_PAGE = '<html><body><h1>Bad Gateway</h1></body></html>';
let server, base, answers, seen;

before(async () => {
  server = createServer((request, response) => {
    seen.push(request.method);
    (answers.length > 1 ? answers.shift() : answers[0])(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${server.address().port}/`;
});
after(() => { server.closeAllConnections(); server.close(); });
beforeEach(() => { seen = []; });

const whole = (response) => response.end('{"n": 1}');
const cut = (response) => {
  response.writeHead(200, { 'Content-Length': '100', 'X-Request-ID': 'feedc0de' });
  response.write('{"n": ');
  setImmediate(() => response.destroy());
};
const proxy = (status) => (response) => { response.writeHead(status, { 'Content-Type': 'text/html' }); response.end(PROXY_PAGE); };
const own = (status, message) => (response) => { response.writeHead(status, { 'Content-Type': 'application/json' }); response.end(JSON.stringify({ message, reason: 'deadline' })); };

test('an answer that is cut off is asked for once more', async () => {
  answers = [cut, whole];
  assert.deepEqual(await getJson(base), { n: 1 });
  assert.equal(seen.length, 2);
});

test('one that is cut off again is told so, with the name of its request', async () => {
  answers = [cut];
  await assert.rejects(getJson(base), (error) => error.message === 'The answer was cut off on its way.' && error.requestId === 'feedc0de' && error.mayPass);
  assert.equal(seen.length, 2);
});

test('what changes something is never sent twice', async () => {
  answers = [cut];
  await assert.rejects(sendJson('POST', base));
  answers = [proxy(502)];
  await assert.rejects(sendJson('POST', base));
  assert.deepEqual(seen, ['POST', 'POST']);
});

test('a page of a proxy in the place of an answer is told so', async () => {
  answers = [proxy(200)];
  await assert.rejects(getJson(base), { message: 'The answer is no JSON: something on the way to the server gave it.' });
  assert.equal(seen.length, 1);
});

for (const [status, words] of [[413, 'too large'], [429, 'no more requests'], [502, 'cannot reach'], [504, 'took too long']]) {
  test(`a refusal of a proxy is told from one of the server: ${status}`, async () => {
    answers = [proxy(status)];
    await assert.rejects(ask(base, { attempts: 1 }), (error) => error.message.includes(`on the way to the server answered ${status}`) && error.message.includes(words));
    answers = [own(status, 'In its own words.')];
    await assert.rejects(ask(base, { attempts: 1 }), { message: 'In its own words.', status, reason: 'deadline' });
  });
}

test('what hangs is said not to answer when its time is up', async () => {
  answers = [() => {}];
  await assert.rejects(getJson(base, { signal: AbortSignal.timeout(50) }), { name: 'RequestError', message: 'The server does not answer.', status: 0 });
  assert.equal(seen.length, 1);
});

test('a reason that was told is kept when the second answer does not come in time', async () => {
  answers = [own(503, 'Redis is away.'), () => {}];
  await assert.rejects(getJson(base, { signal: AbortSignal.timeout(1300) }), { message: 'Redis is away.', status: 503 });
  answers = [own(503, 'Redis is away.')];
  await assert.rejects(getJson(base, { signal: AbortSignal.timeout(300) }), { message: 'Redis is away.' });
});

test('an answer that is cancelled while it comes is no failure', async () => {
  answers = [(response) => { response.writeHead(200, { 'Content-Length': '100' }); response.write('{'); }];
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  await assert.rejects(getJson(base, { signal: controller.signal }), { name: 'AbortError' });
});
