// The inbox page: asks what became of pushes and shows it. A fate is always a word beside its colour.
import { age, quantity } from './format.js';
import { element, failure, getJson, refill, showNotices } from './page.js';
import { serverNow } from './server_clock.js';
import { PageState } from './state.js';
import { clock } from './time_range.js';
import { Waits, repeat } from './waits.js';

const PERIOD_SECONDS = 5;
const FATES = ['accepted', 'clipped', 'empty', 'rejected', 'failed'];
const $ = (id) => document.getElementById(id);
const form = $('filter');
const state = new PageState({ show: '', service_name: '' }, () => { fill(); poll.now(); });
const waits = new Waits($('empty'), { what: 'Reading the inbox' });
let asked = 0;
let read = 0; // when what is shown was read; 0 = nothing is shown

function fill() {
  for (const name of ['show', 'service_name']) form[name].value = state.values[name];
}

async function refresh() {
  const number = (asked += 1);
  const { show, service_name: service } = state.values;
  const parameters = { service_name: service, limit: 200, ...(show === 'trouble' ? { trouble: 'true' } : { verdict: show }) };
  try {
    const question = (signal) => getJson('/api/v1/inbox', { parameters, signal });
    const answer = await (read ? question() : waits.run(question));
    if (number !== asked) return true; // a later question is under way
    if (!answer) { $('status').textContent = 'cancelled'; showNotices([waits.endedNotice(() => poll.now())]); return true; }
    read = Date.now();
    $('status').textContent = `refreshed ${clock(read)}`;
    document.body.classList.remove('stale');
    showNotices([]);
    showRows(answer, Boolean(show || service));
    return true;
  } catch (error) {
    if (number !== asked) return true;
    $('status').textContent = read ? `stale: of ${clock(read)}` : 'not read';
    document.body.classList.toggle('stale', read > 0);
    showNotices([failure(read ? `What is shown is of ${clock(read)}. The inbox could not be read` : 'The inbox could not be read', error, () => poll.now())]);
    return false;
  }
}

function showRows({ rows, enabled, cursor }, filtered) {
  const template = !enabled ? 'no-inbox' : filtered && cursor ? 'no-matches' : 'no-pushes';
  $('empty').replaceChildren(...(rows.length ? [] : [$(template).content.cloneNode(true)]));
  $('rows-panel').hidden = !rows.length;
  const open = new Set([...$('inbox').querySelectorAll('details[open]')].map((one) => one.dataset.key));
  refill($('inbox').tBodies[0], ...rows.map((row) => shown(row, open)));
  const counted = FATES.map((fate) => [fate, rows.filter((row) => row.verdict === fate).reduce((sum, row) => sum + row.count, 0)]);
  $('figures').replaceChildren(...counted.filter(([, count]) => count).map(([fate, count]) => element('div', {}, element('dt', {}, fate), element('dd', {}, quantity(count, '')))));
}

function shown(row, open) {
  const fate = row.verdict === 'accepted' && row.suspects.length ? 'odd' : row.verdict;
  const key = [row.first_ms, row.verdict, row.reason, ...row.suspects, JSON.stringify(row.labels)].join();
  const facts = [
    ['Reason', [row.reason, ...row.suspects].filter(Boolean).join(', ')], ['Limit', row.limit],
    ['Left out', Object.entries(row.dropped).map(([name, count]) => `${count} ${name.replaceAll('_', ' ')}`).join(', ')],
    ['Stored', row.samples ? `${row.samples} samples in ${row.series} series` : ''],
    ['Door', row.door], ['User agent', row.user_agent], ['Language', row.language],
    ['Profile', row.profile], ['Labels', Object.entries(row.labels).map(([name, value]) => `${name}=${value}`).join(' ')],
    ['First', new Date(row.first_ms).toLocaleString()], ['Last', new Date(row.last_ms).toLocaleString()],
    ['Time of the profile', row.skew_ms === null ? '' : `${age(Math.abs(row.skew_ms) / 1000)} ${row.skew_ms < 0 ? 'ahead of' : 'before'} its arrival`],
  ].filter(([, value]) => value);
  const why = row.words.length ? row.words : ['Stored as it came.'];
  return element('tr', { class: `fate-${fate}` },
    element('td', {}, `${age(Math.max(0, (serverNow() - row.last_ms) / 1000))} ago`),
    element('td', {}, element('span', { class: 'badge' }, fate)),
    element('td', {}, ...why.map((text) => element('p', {}, text)), element('details', { 'data-key': key, open: open.has(key) },
      element('summary', {}, 'More'), element('dl', {}, ...facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, String(value))])))),
    element('td', {}, element('b', {}, row.service_name || 'no service'), row.profile ? ` · ${row.profile}` : '', element('br'), [row.client || 'unknown client', row.version].filter(Boolean).join(' ')),
    element('td', { class: 'number' }, row.raw_bytes || row.body_bytes ? quantity(row.raw_bytes || row.body_bytes, 'bytes') : ''),
    element('td', { class: 'number', 'data-unit': row.count === 1 ? ' profile' : ' profiles' }, row.count.toLocaleString()));
}

function filtered() {
  state.set({ show: form.show.value, service_name: form.service_name.value.trim() });
  refresh();
}

form.addEventListener('submit', (event) => { event.preventDefault(); filtered(); });
form.addEventListener('change', filtered);
fill();
const poll = repeat(() => ((form.live.checked || !read) && !waits.isEnded ? refresh() : true), PERIOD_SECONDS);
