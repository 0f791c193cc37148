// The page of the first profile: a token, a snippet, and what has come since. Polls the push inbox.
import { copyText } from './clipboard.js';
import { age, quantity } from './format.js';
import { address, element, failure, getJson, sendJson, showNotices, tenant, withParameters } from './page.js';
import { serverNow } from './server_clock.js';
import { allowedScopes } from './shell.js';
import { PageState } from './state.js';
import { repeat } from './waits.js';

const PERIOD_SECONDS = 2;
const SHOWN = 8;
// A quarter of a minute of a program that never was, as folded stacks.
const DEMO = 'main;serve;handle_request;parse_json 240\nmain;serve;handle_request;query_database;wait 610\nmain;serve;handle_request;render_template 330\nmain;serve;log 70\nmain;collect_garbage 250\n';
const $ = (id) => document.getElementById(id);
const tabs = [...document.querySelectorAll('[role=tab]')];
const state = new PageState({ with: tabs[0].id.slice(4) }, showTab);
const codes = [...document.querySelectorAll('.snippet code')].map((code) => [code, code.textContent]);
const began = performance.now();
let token = '';
const notices = { action: [], inbox: [] }; // what is read every two seconds says nothing of what a button did
let arrived = 0;
let trouble = 0;
let fresh = 0;
let before = null; // when the last profile came that was there before this page was

function say(part, list) {
  notices[part] = list;
  showNotices(Object.values(notices).flat());
}

function showTab() {
  const wanted = tabs.find((tab) => tab.id === `tab-${state.values.with}`) ?? tabs[0];
  for (const tab of tabs) {
    const chosen = tab === wanted;
    tab.setAttribute('aria-selected', String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    $(tab.getAttribute('aria-controls')).hidden = !chosen;
  }
  return wanted;
}

function fillIn() {
  for (const [code, text] of codes) code.textContent = text.replaceAll('@TOKEN@', token || 'YOUR_TOKEN').replaceAll('@TENANT@', tenant() || 'YOUR_TENANT');
}

async function copy(button, text) {
  button.textContent = await copyText(text) ? 'Copied' : 'Select it and copy';
  setTimeout(() => { button.textContent = 'Copy'; }, 2000);
}

async function offerToken(scopes) {
  if (!$('token-maker')) return;
  $('token-maker').hidden = !scopes.has('admin');
  if (!scopes.has('admin')) $('token-words').textContent = 'This server asks for one. Whoever administers the tenant makes them; put yours where YOUR_TOKEN stands.';
}

async function makeToken() {
  try {
    const made = await sendJson('POST', '/api/v1/tokens', { parameters: { name: $('token-name').value.trim() || 'first agent', scopes: 'push' } });
    token = made.token;
    $('token').textContent = token;
    $('token-made').hidden = false;
    $('token-maker').hidden = true;
    fillIn();
    say('action', []);
  } catch (error) { say('action', [failure('The token could not be made', error)]); }
}

async function sendDemo() {
  $('demo').disabled = true;
  try {
    await sendJson('POST', '/api/v1/upload', { parameters: { service_name: 'demo', sample_rate: 100 }, body: DEMO, headers: { 'Content-Type': 'text/plain' } });
    say('action', []);
    poll.now();
  } catch (error) { say('action', [failure('The demo profile was refused', error)]); }
  $('demo').disabled = false;
}

async function look() {
  try {
    const { rows, enabled } = await getJson('/api/v1/inbox', { parameters: { limit: 100 } });
    say('inbox', enabled ? [] : [['info', 'This server keeps no push inbox (PHLARE_INBOX_ROWS=0), so nothing can be seen here. Look at Explore instead.']]);
    show(rows);
    return true;
  } catch (error) {
    say('inbox', [failure('What has come could not be read', error, () => poll.now())]);
    return false;
  }
}

function show(rows) {
  const stored = rows.filter((row) => row.samples > 0 && row.verdict !== 'rejected' && row.verdict !== 'failed');
  const refused = rows.filter((row) => row.verdict === 'rejected' || row.verdict === 'failed' || row.verdict === 'empty');
  arrived = stored.length;
  trouble = refused.length;
  before ??= Math.max(0, ...rows.map((row) => row.last_ms));
  fresh = stored.filter((row) => row.last_ms > before).length;
  $('check').classList.toggle('green', arrived > 0);
  $('arrived').replaceChildren(...[...stored.slice(0, SHOWN).map(good), ...refused.slice(0, SHOWN).map(bad)]);
  const link = $('to-flame');
  link.hidden = !arrived;
  if (arrived) link.href = withParameters(address('/explore'), { query: selector(stored[0].service_name), tenant: tenant() });
  tell();
}

const selector = (service) => (service ? `{service_name="${service.replace(/["\\]/g, '\\$&')}"}` : '{}');
const ago = (row) => `${age(Math.max(0, (serverNow() - row.last_ms) / 1000))} ago`;

function good(row) {
  const size = row.raw_bytes ? `, ${quantity(row.raw_bytes, 'bytes')}` : '';
  return element('li', { class: 'ok' }, element('span', { class: 'badge' }, 'received'),
    element('span', {}, `${row.profile || 'a profile'} of service `, element('b', {}, row.service_name || 'without a name'), `${size}, ${quantity(row.samples, '')} samples, ${ago(row)}`));
}

function bad(row) {
  return element('li', { class: 'bad' }, element('span', { class: 'badge' }, row.verdict),
    element('span', {}, `${row.count} ${row.count === 1 ? 'push' : 'pushes'} of `, element('b', {}, row.service_name || row.client || 'an unknown sender'), ` ${row.verdict === 'empty' ? 'held nothing' : 'refused'}, ${ago(row)}: ${row.words.join(' ') || row.message}`,
      row.reason ? element('code', { class: 'request-id' }, row.reason) : null));
}

function tell() {
  const seconds = Math.round((performance.now() - began) / 1000);
  const clock = `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
  const words = fresh ? 'Data has come.' : arrived ? 'Data has come before. Waiting for more:' : trouble ? 'Nothing was stored yet, but something was refused. Still waiting:' : 'Waiting for data:';
  $('waiting-clock').textContent = fresh ? '' : clock;
  if ($('waiting-words').textContent !== words) $('waiting-words').textContent = words;
}

$('tabs').addEventListener('click', (event) => {
  const tab = event.target.closest('[role=tab]');
  if (tab) { state.set({ with: tab.id.slice(4) }, { replace: true }); showTab(); }
});
$('tabs').addEventListener('keydown', (event) => {
  const at = tabs.indexOf(document.activeElement);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const tab = tabs[(to + tabs.length) % tabs.length];
  state.set({ with: tab.id.slice(4) }, { replace: true });
  showTab().focus();
});
for (const button of document.querySelectorAll('.copy')) button.addEventListener('click', () => copy(button, button.previousElementSibling.textContent));
$('token-make')?.addEventListener('click', makeToken);
$('token-copy')?.addEventListener('click', () => copy($('token-copy'), token));
$('demo').addEventListener('click', sendDemo);
allowedScopes().then((scopes) => { offerToken(scopes); $('demo').hidden = !scopes.has('push'); }, () => {});
showTab();
fillIn();
setInterval(tell, 1000);
const poll = repeat(look, PERIOD_SECONDS);
