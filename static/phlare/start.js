// The page of the first profile: a token, a snippet, and what has come since. Polls the push inbox.
import { copyText } from './clipboard.js';
import { counted, quantity } from './format.js';
import { $, address, element, failure, getJson, sendJson, setText, showNotices, tenant, withParameters } from './page.js';
import { since } from './server_clock.js';
import { allowedScopes } from './shell.js';
import { PageState } from './state.js';
import { Watch } from './watch.js';

const PERIOD_SECONDS = 2;
const SHOWN = 8;
const REFUSED = ['rejected', 'failed'];
const tabs = [...document.querySelectorAll('[role=tab]')];
const nameOf = (tab) => tab.id.slice('tab-'.length);
const state = new PageState({ with: nameOf(tabs[0]) }, showTab);
const codes = [...document.querySelectorAll('.snippet code')].map((code) => [code, code.textContent]);
const began = performance.now();
let token = '';
let words = 'Waiting for data:';
let fresh = 0;
let before = null; // when the last profile came that was there before this page was

function showTab() {
  const wanted = tabs.find((tab) => nameOf(tab) === state.values.with) ?? tabs[0];
  for (const tab of tabs) {
    const isWanted = tab === wanted;
    tab.setAttribute('aria-selected', isWanted);
    tab.tabIndex = isWanted ? 0 : -1;
    $(`panel-${nameOf(tab)}`).hidden = !isWanted;
  }
}

function choose(tab) {
  state.set({ with: nameOf(tab) }, { replace: true });
  showTab();
  tab.focus();
}

function fillIn() {
  for (const [code, text] of codes) code.textContent = text.replaceAll('@TOKEN@', token || 'YOUR_TOKEN').replaceAll('@TENANT@', tenant() || 'YOUR_TENANT');
}

async function copy(button, text) {
  button.textContent = await copyText(text) ? 'Copied' : 'Select it and copy';
  setTimeout(() => { button.textContent = 'Copy'; }, 2000);
}

function offer(scopes) {
  $('demo').hidden = !scopes.has('push');
  const mayMake = scopes.has('admin');
  $('token-maker')?.toggleAttribute('hidden', !mayMake);
  $('token-words')?.toggleAttribute('hidden', mayMake);
}

/** Do what a button is for; what goes wrong stays to be read until the next one goes well. */
async function attempt(what, work) {
  let wrong = [];
  try { await work(); } catch (error) { wrong = [failure(what, error)]; }
  showNotices(wrong, $('outcome'));
}

async function makeToken() {
  ({ token } = await sendJson('POST', '/api/v1/tokens', { parameters: { name: $('token-name').value.trim() || 'first agent', scopes: 'push' } }));
  $('token').textContent = token;
  $('token-made').hidden = false;
  $('token-maker').hidden = true;
  fillIn();
}

async function sendDemo() {
  const body = $('demo-stacks').content.textContent.trim();
  await sendJson('POST', '/api/v1/upload', { parameters: { service_name: 'demo', sample_rate: 100 }, body, headers: { 'Content-Type': 'text/plain' } });
  watch.now();
}

function show({ rows }) {
  const refused = rows.filter((row) => REFUSED.includes(row.verdict) || row.verdict === 'empty');
  const stored = rows.filter((row) => row.samples > 0 && !REFUSED.includes(row.verdict));
  before ??= Math.max(0, ...rows.map((row) => row.last_ms));
  fresh = stored.filter((row) => row.last_ms > before).length;
  words = fresh ? 'Data has come.' : stored.length ? 'Data has come before. Waiting for more:'
    : refused.length ? 'Nothing was stored yet, but something was refused. Still waiting:' : 'Waiting for data:';
  $('check').classList.toggle('green', stored.length > 0);
  $('arrived').replaceChildren(...stored.slice(0, SHOWN).map(good), ...refused.slice(0, SHOWN).map(bad));
  $('to-flame').hidden = !stored.length;
  if (stored.length) $('to-flame').href = withParameters(address('/explore'), { query: selector(stored[0].service_name), tenant: tenant() });
}

const selector = (service) => (service ? `{service_name="${service.replace(/["\\]/g, '\\$&')}"}` : '{}');

const line = (style, badge, of, sender, ...more) => element('li', { class: style }, element('span', { class: 'badge' }, badge), element('span', {}, of, element('b', {}, sender), more));

const good = (row) => line('ok', 'received', `${row.profile || 'a profile'} of service `, row.service_name || 'without a name',
  `${row.raw_bytes ? `, ${quantity(row.raw_bytes, 'bytes')}` : ''}, ${counted(row.samples, 'sample')}, ${since(row.last_ms)}`);

const bad = (row) => line('bad', row.verdict, `${counted(row.count, 'push', 'pushes')} of `, row.service_name || row.client || 'an unknown sender',
  ` ${row.verdict === 'empty' ? 'held nothing' : 'refused'}, ${since(row.last_ms)}: ${row.words.join(' ') || row.message}`,
  row.reason && element('code', { class: 'request-id' }, row.reason));

function tell() {
  const seconds = Math.round((performance.now() - began) / 1000);
  const clock = `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
  setText($('waiting-words'), words);
  setText($('waiting-clock'), fresh ? '' : clock);
}

$('tabs').addEventListener('click', ({ target }) => { if (tabs.includes(target)) choose(target); });
$('tabs').addEventListener('keydown', (event) => {
  const at = tabs.indexOf(event.target);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  choose(tabs.at(to % tabs.length));
});
for (const button of document.querySelectorAll('.copy')) button.addEventListener('click', () => copy(button, button.previousElementSibling.textContent));
$('token-make')?.addEventListener('click', () => attempt('The token could not be made', makeToken));
$('demo').addEventListener('click', async () => {
  $('demo').disabled = true;
  await attempt('The demo profile was refused', sendDemo);
  $('demo').disabled = false;
});
allowedScopes().then(offer, () => {});
showTab();
fillIn();
setInterval(tell, 1000);
const watch = new Watch({
  what: 'The inbox',
  host: $('arrived'),
  seconds: PERIOD_SECONDS,
  question: (signal) => getJson('/api/v1/inbox', { parameters: { limit: 100 }, signal }),
  show: (answer) => { show(answer); tell(); },
  notices: ({ enabled }) => (enabled ? [] : [['info', 'This server keeps no push inbox (PHLARE_INBOX_ROWS=0), so nothing can be seen here. Look at Explore instead.']]),
});
