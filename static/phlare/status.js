// The status page: how every part does, and which settings are in force. Health is always a word beside its colour.
import { age } from './format.js';
import { $, element, getJson } from './page.js';
import { PageState } from './state.js';
import { Watch, showFigures } from './watch.js';

const PERIOD_SECONDS = 5;
const WORDS = { ok: 'Everything is well', changing: 'Something comes or goes', slow: 'Something is slow', down: 'Something is down' };
const state = new PageState({ find: '', set: '' }, () => { fill(); showSettings(); });

function fill() {
  $('find').value = state.values.find;
  $('all').checked = state.values.set === 'all';
}

function show(answer) {
  showComponents(answer);
  showSettings();
}

function showComponents({ health, version, uptime_seconds: up, python_version: python, components }) {
  showFigures([['Health', WORDS[health], '', `health-${health}`], ['Version', version], ['Up', age(up)], ['Python', python]]);
  $('components').tBodies[0].replaceChildren(...components.map((one) => element('tr', { class: `health-${one.health}` },
    element('th', { scope: 'row' }, one.name),
    element('td', {}, element('span', { class: 'badge' }, one.health)),
    element('td', { class: 'number' }, one.latency_ms === null ? '—' : `${one.latency_ms.toFixed(1)} ms`),
    element('td', {}, one.detail))));
}

function showSettings() {
  const settings = watch.answer?.configuration;
  if (!settings) return;
  const wanted = state.values.find.trim().toLowerCase();
  const rows = settings.filter((one) => (state.values.set === 'all' || one.is_set || wanted) && `${one.name} ${one.value}`.toLowerCase().includes(wanted));
  $('settings-said').textContent = `of the web process: ${settings.filter((one) => one.is_set).length} of ${settings.length} are set, the others have their defaults; secrets are not shown`;
  $('settings-none').hidden = rows.length > 0;
  $('settings').hidden = !rows.length;
  $('settings').tBodies[0].replaceChildren(...rows.map((one) => element('tr', { class: one.is_set ? 'is-set' : null },
    element('th', { scope: 'row' }, element('code', {}, one.name)), element('td', {}, one.value || '—'), element('td', { class: 'dim' }, one.default || '—'))));
}

$('find').addEventListener('input', () => { state.set({ find: $('find').value }, { replace: true }); showSettings(); });
$('all').addEventListener('change', () => { state.set({ set: $('all').checked ? 'all' : '' }); showSettings(); });
fill();
const watch = new Watch({ what: 'The status', host: $('components').tBodies[0], seconds: PERIOD_SECONDS, question: (signal) => getJson('/api/v1/status', { signal }), show });
