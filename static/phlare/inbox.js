// The inbox page: asks what became of pushes and shows it. A fate is always a word beside its colour.
import { age, counted, quantity } from './format.js';
import { $, element, getJson, refill, terms } from './page.js';
import { since } from './server_clock.js';
import { PageState } from './state.js';
import { Watch, showFigures } from './watch.js';

const PERIOD_SECONDS = 5;
const FATES = ['accepted', 'clipped', 'empty', 'rejected', 'failed'];
const form = $('filter');
const state = new PageState({ show: '', service_name: '' }, () => { fill(); watch.now(); });

function fill() {
  for (const name of ['show', 'service_name']) form[name].value = state.values[name];
}

function question(signal) {
  const { show, service_name } = state.values;
  return getJson('/api/v1/inbox', { parameters: { service_name, limit: 200, ...(show === 'trouble' ? { trouble: 'true' } : { verdict: show }) }, signal });
}

function show({ rows, enabled, cursor }) {
  const template = !enabled ? 'no-inbox' : (state.values.show || state.values.service_name) && cursor ? 'no-matches' : 'no-pushes';
  $('empty').replaceChildren(...(rows.length ? [] : [$(template).content.cloneNode(true)]));
  $('rows-panel').hidden = !rows.length;
  const open = new Set([...$('inbox').querySelectorAll('details[open]')].map((one) => one.dataset.key));
  refill($('inbox').tBodies[0], ...rows.map((row) => shown(row, open)));
  const fates = FATES.map((fate) => [fate, rows.filter((row) => row.verdict === fate).reduce((sum, row) => sum + row.count, 0)]);
  showFigures(fates.filter(([, count]) => count).map(([fate, count]) => [fate, quantity(count)]));
}

function shown(row, open) {
  const fate = row.verdict === 'accepted' && row.suspects.length ? 'odd' : row.verdict;
  const key = [row.first_ms, row.verdict, row.reason, ...row.suspects, JSON.stringify(row.labels)].join();
  const facts = [
    ['Reason', [row.reason, ...row.suspects].filter(Boolean).join(', ')], ['Limit', row.limit],
    ['Left out', Object.entries(row.dropped).map(([name, count]) => `${name.replaceAll('_', ' ')}: ${count.toLocaleString()}`).join(', ')],
    ['Stored', row.samples ? `${counted(row.samples, 'sample')} in ${counted(row.series, 'series', 'series')}` : ''],
    ['Door', row.door], ['User agent', row.user_agent], ['Language', row.language],
    ['Profile', row.profile], ['Labels', Object.entries(row.labels).map(([name, value]) => `${name}=${value}`).join(' ')],
    ['First', new Date(row.first_ms).toLocaleString()], ['Last', new Date(row.last_ms).toLocaleString()],
    ['Time of the profile', row.skew_ms === null ? '' : `${age(Math.abs(row.skew_ms) / 1000)} ${row.skew_ms < 0 ? 'ahead of' : 'before'} its arrival`],
  ].filter(([, value]) => value);
  const why = row.words.length ? row.words : ['Stored as it came.'];
  return element('tr', { class: `fate-${fate}` },
    element('td', {}, since(row.last_ms)),
    element('td', {}, element('span', { class: 'badge' }, fate)),
    element('td', {}, ...why.map((text) => element('p', {}, text)), element('details', { 'data-key': key, open: open.has(key) },
      element('summary', {}, 'More'), element('dl', {}, terms(facts)))),
    element('td', {}, element('b', {}, row.service_name || 'no service'), row.profile ? ` · ${row.profile}` : '', element('br'), [row.client || 'unknown client', row.version].filter(Boolean).join(' ')),
    element('td', { class: 'number' }, row.raw_bytes || row.body_bytes ? quantity(row.raw_bytes || row.body_bytes, 'bytes') : ''),
    element('td', { class: 'number', 'data-unit': row.count === 1 ? ' profile' : ' profiles' }, row.count.toLocaleString()));
}

function filter() {
  state.set({ show: form.show.value, service_name: form.service_name.value.trim() });
  watch.now();
}

form.addEventListener('submit', (event) => { event.preventDefault(); filter(); });
form.addEventListener('change', filter);
fill();
const watch = new Watch({ what: 'The inbox', host: $('empty'), seconds: PERIOD_SECONDS, question, show, isPaused: () => !form.live.checked });
