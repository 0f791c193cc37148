// The status page: how every part does, and which settings are in force. Health is always a word beside its colour.
import { age } from './format.js';
import { element, failure, getJson, showNotices } from './page.js';
import { PageState } from './state.js';
import { Waits, repeat } from './waits.js';

const PERIOD_SECONDS = 5;
const WORDS = { ok: 'Everything is well', changing: 'Something comes or goes', slow: 'Something is slow', down: 'Something is down' };
const $ = (id) => document.getElementById(id);
const state = new PageState({ find: '', set: '' }, () => { fill(); showSettings(); });
const waits = new Waits($('components').tBodies[0], { what: 'Asking every component' });
let last = null;
let read = 0;

function fill() {
  $('find').value = state.values.find;
  $('all').checked = state.values.set === 'all';
}

async function refresh() {
  try {
    const answer = await (last ? getJson('/api/v1/status') : waits.run((signal) => getJson('/api/v1/status', { signal })));
    if (!answer) { showNotices([waits.endedNotice(() => poll.now())]); return true; }
    last = answer;
    read = performance.now();
    document.body.classList.remove('stale');
    showNotices([]);
    showComponents();
    showSettings();
    tell();
    return true;
  } catch (error) {
    document.body.classList.toggle('stale', Boolean(last));
    showNotices([failure(last ? `What is shown is ${age((performance.now() - read) / 1000)} old. The status could not be read` : 'The status could not be read', error, () => poll.now())]);
    tell();
    return false;
  }
}

function tell() {
  $('status').textContent = last ? `${document.body.classList.contains('stale') ? 'stale' : 'live'} · ${age((performance.now() - read) / 1000)} ago` : 'not read';
}

function showComponents() {
  const figures = [['Health', WORDS[last.health], last.health], ['Version', last.version], ['Up', age(last.uptime_seconds)], ['Python', last.python_version]];
  $('figures').replaceChildren(...figures.map(([name, value, health]) => element('div', {}, element('dt', {}, name), element('dd', { class: health ? `health-${health}` : null }, value))));
  $('components').tBodies[0].replaceChildren(...last.components.map((one) => element('tr', { class: `health-${one.health}` },
    element('th', { scope: 'row' }, one.name),
    element('td', {}, element('span', { class: 'badge' }, one.health)),
    element('td', { class: 'number' }, one.latency_ms === null ? '—' : `${one.latency_ms.toFixed(1)} ms`),
    element('td', {}, one.detail))));
}

function showSettings() {
  if (!last) return;
  const wanted = state.values.find.trim().toLowerCase();
  const rows = last.configuration.filter((one) => (state.values.set === 'all' || one.is_set || wanted) && `${one.name} ${one.value}`.toLowerCase().includes(wanted));
  $('settings-said').textContent = `of the web process: ${last.configuration.filter((one) => one.is_set).length} of ${last.configuration.length} are set, the others have their defaults; secrets are not shown`;
  $('settings-none').hidden = rows.length > 0;
  $('settings').hidden = !rows.length;
  $('settings').tBodies[0].replaceChildren(...rows.map((one) => element('tr', { class: one.is_set ? 'is-set' : null },
    element('th', { scope: 'row' }, element('code', {}, one.name)), element('td', {}, one.value || '—'), element('td', { class: 'dim' }, one.default || '—'))));
}

$('find').addEventListener('input', () => { state.set({ find: $('find').value }, { replace: true }); showSettings(); });
$('all').addEventListener('change', () => { state.set({ set: $('all').checked ? 'all' : '' }); showSettings(); });
fill();
setInterval(tell, 1000);
const poll = repeat(() => (waits.isEnded ? true : refresh()), PERIOD_SECONDS);
