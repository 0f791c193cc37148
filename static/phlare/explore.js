// The page that explores profiles. Its state is the address, so that every view can be linked to and gone back to.
import { FlameGraph } from './flame.js';
import { functions } from './flame_data.js';
import { percent, quantity } from './format.js';
import { address, element, getJson, showNotices, tenant } from './page.js';
import { Timeline } from './timeline.js';

const FIRST_NODES = 16384;
const ALL_NODES = 1048576;
const TABLE_ROWS = 200;
const PREFERRED_TYPE = 'process_cpu:cpu:';

const $ = (id) => document.getElementById(id);
const form = $('query');
const state = { type: '', query: '{}', range: '1h', from: '', until: '', tenant: '' };
let controller = null;
let graph = null;
let maxNodes = FIRST_NODES;
let exported = {}; // what the download asks for

const flame = new FlameGraph($('flame'), { onframe: describe });
const timeline = new Timeline($('timeline'), {
  onselect: (from, until) => go({ range: 'custom', from, until }),
  onreset: () => history.back(),
  onvalue: (point) => { $('timeline-value').textContent = point ? `${new Date(point[0]).toLocaleString()} · ${quantity(point[1], graph?.unit)}` : ''; },
});

function bounds() {
  return state.range === 'custom' && state.from && state.until
    ? { from: state.from, until: state.until } : { from: `now-${state.range === 'custom' ? '1h' : state.range}`, until: 'now' };
}

function ask(path, parameters) {
  const headers = state.tenant ? { 'X-Scope-OrgID': state.tenant } : {};
  return getJson(`/api/v1/${path}`, { parameters: { ...bounds(), ...parameters }, headers, signal: controller.signal });
}

function readAddress() {
  const parameters = new URLSearchParams(location.search);
  for (const name of Object.keys(state)) state[name] = parameters.get(name) ?? { query: '{}', range: '1h' }[name] ?? '';
}

/** Change the state, remember it in the address, and load. */
function go(change, replace = false) {
  Object.assign(state, change);
  const parameters = new URLSearchParams(Object.entries(state).filter(([, value]) => value !== ''));
  history[replace ? 'replaceState' : 'pushState'](null, '', `?${parameters}`);
  maxNodes = FIRST_NODES;
  load();
}

const localTime = (ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);

function fillForm() {
  form.query.value = state.query;
  form.range.value = state.range;
  $('custom').hidden = state.range !== 'custom';
  if (state.from) form.from.value = localTime(Number(state.from));
  if (state.until) form.until.value = localTime(Number(state.until));
}

async function load() {
  controller?.abort();
  controller = new AbortController();
  fillForm();
  $('status').textContent = 'loading';
  document.querySelector('.columns').classList.add('busy');
  try {
    const [types, series] = await Promise.all([ask('profile-types'), ask('series', { labels: 'service_name,__profile_type__' })]);
    showTypes(types.profile_types.map((type) => type.id));
    showServices(series.series);
    if (types.profile_types.length) await draw(types);
    else showNothing(types);
    $('status').textContent = `loaded ${new Date().toLocaleTimeString()}`;
  } catch (error) {
    if (error.name === 'AbortError') return;
    $('status').textContent = 'failed';
    showNotices([['bad', error.message, element('button', { type: 'button', onclick: load }, 'Try again')]]);
  }
  document.querySelector('.columns').classList.remove('busy');
}

async function draw(types) {
  const query = { query: state.query || '{}', profile_type: state.type };
  const [line, answer] = await Promise.all([ask('timeline', query), ask('flamegraph', { ...query, max_nodes: maxNodes })]);
  graph = answer;
  document.querySelector('.panel.empty')?.remove();
  flame.show(answer, { unit: answer.unit });
  $('flame-total').textContent = `${quantity(answer.total, answer.unit)} in ${answer.profiles} profiles`;
  const step = line.step_ms;
  const points = (line.series[0]?.timestamps_ms || []).map((time, index) => [time, line.series[0].values[index]]);
  const now = Date.now();
  const length = { m: 60e3, h: 3600e3 }[state.range.slice(-1)] * parseInt(state.range, 10);
  const range = state.range === 'custom' ? { from: Number(state.from), until: Number(state.until) } : { from: now - length, until: now };
  timeline.set(points, { ...range, step, unit: answer.unit });
  exported = { ...bounds(), ...query };
  linkDownload();
  $('download').hidden = Boolean(state.tenant); // a link cannot carry the tenant's header
  fillTable();
  runSearch();
  describe(null);
  showNotices([...sourceNotices([types, line, answer]), ...truncation(answer), ...emptiness(answer)]);
}

function linkDownload() {
  $('download-link').href = `${address('/api/v1/export')}?${new URLSearchParams({ ...exported, format: $('format').value })}`;
}

function sourceNotices(answers) {
  const missing = new Map(answers.flatMap((answer) => answer.sources.missing.map((one) => [one.name, one.reason])));
  if (!missing.size) return [];
  const names = [...missing].map(([name, reason]) => `${name} (${reason})`).join(', ');
  const complete = answers.every((answer) => answer.sources.complete);
  return [complete
    ? ['info', `Not everybody answered: ${names}. Replicas answered in their place, nothing is missing.`]
    : ['warn', `This is only a part: ${names} did not answer.`, element('button', { type: 'button', onclick: load }, 'Try again')]];
}

/** Say what was left out: the server sums the smallest frames into one called "other" per parent. */
function truncation(answer) {
  const { count, name, names, total } = flame.graph;
  const other = names.indexOf('other');
  if (other < 0 || count < maxNodes) return [];
  let hidden = 0;
  for (let node = 1; node < count; node++) if (name[node] === other) hidden += total[node];
  const all = element('button', { type: 'button', onclick: () => { maxNodes = ALL_NODES; load(); } }, 'Show all');
  return [['info', `Shortened to ${count.toLocaleString()} frames; ${percent(hidden / answer.total)} is in frames too small to be sent, shown as "other".`, ...(maxNodes < ALL_NODES ? [all] : [])]];
}

function emptiness(answer) {
  return answer.total ? [] : [['info', 'No profile of this type matches the labels in this range. Try {} or a longer range.']];
}

function showNothing(types) {
  graph = null;
  $('download').hidden = true;
  flame.show({ names: ['total'], levels: [[0, 0, 0, 0]] });
  timeline.set([], { from: Date.now() - 3600e3, until: Date.now(), step: 15e3, unit: '' });
  $('flame-total').textContent = '';
  $('functions').tBodies[0].replaceChildren();
  showNotices(sourceNotices([types]));
  if (!document.querySelector('.panel.empty')) document.querySelector('.columns').before($('no-data').content.cloneNode(true));
}

function showTypes(ids) {
  if (!ids.includes(state.type)) state.type = ids.find((id) => id.startsWith(PREFERRED_TYPE)) || ids[0] || '';
  const label = (id) => { const [name, type, unit] = id.split(':'); return `${name} · ${type} (${unit})`; };
  form.type.replaceChildren(...ids.map((id) => element('option', { value: id, title: id }, label(id))));
  form.type.value = state.type;
}

const serviceQuery = (service) => `{service_name="${service.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"}`;

function showServices(series) {
  const types = new Map();
  for (const one of series) {
    const service = one.service_name || '';
    types.set(service, (types.get(service) || new Set()).add(one.__profile_type__));
  }
  const entry = (query, text, detail) => element('li', { 'data-name': text.toLowerCase() },
    element('button', { type: 'button', 'aria-pressed': String(state.query === query), onclick: () => go({ query }) },
      text, ' ', element('span', { class: 'dim' }, detail)));
  const entries = [...types].sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([service, of]) => entry(serviceQuery(service), service, `${of.size} ${of.size === 1 ? 'type' : 'types'}`));
  $('services').replaceChildren(entry('{}', 'All services', `${types.size}`), ...entries);
  filterServices();
}

function filterServices() {
  const text = $('service-filter').value.toLowerCase();
  for (const item of $('services').children) item.hidden = !item.dataset.name.includes(text);
}

function describe(frame) {
  $('frame').textContent = frame && graph ? `${frame.name} — total ${quantity(frame.total, graph.unit)} (${percent(frame.ofWhole)}), `
    + `self ${quantity(frame.self, graph.unit)} (${percent(frame.self / (graph.total || 1))})` : '\u00a0';
}

function fillTable() {
  if (!$('table-details').open || !graph) return;
  const cell = (value) => element('td', {}, `${quantity(value, graph.unit)} · ${percent(value / (graph.total || 1))}`);
  $('functions').tBodies[0].replaceChildren(...functions(flame.graph).slice(0, TABLE_ROWS)
    .map((row) => element('tr', {}, element('td', {}, row.name), cell(row.self), cell(row.total))));
}

function runSearch() {
  const found = flame.search($('search').value);
  $('search-result').textContent = found ? `${found.functions} functions, ${percent(found.share)}` : '';
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const moment = (input) => (input.value ? String(new Date(input.value).getTime()) : '');
  const custom = form.range.value === 'custom' && form.from.value && form.until.value;
  const range = custom || form.range.value !== 'custom' ? form.range.value : '1h';
  go({
    type: form.type.value, query: form.query.value.trim() || '{}', range, tenant: tenant(),
    from: custom ? moment(form.from) : '', until: custom ? moment(form.until) : '',
  });
});
form.range.addEventListener('change', () => {
  $('custom').hidden = form.range.value !== 'custom';
  if (form.range.value !== 'custom') form.requestSubmit();
});
form.type.addEventListener('change', () => form.requestSubmit());
$('service-filter').addEventListener('input', filterServices);
$('search').addEventListener('input', runSearch);
$('format').addEventListener('change', linkDownload);
$('reset').addEventListener('click', () => flame.zoom(0));
$('table-details').addEventListener('toggle', fillTable);
addEventListener('popstate', () => { readAddress(); load(); });
addEventListener('keydown', (event) => {
  if (event.key === '/' && !event.target.closest('input, select, textarea')) { event.preventDefault(); $('search').focus(); }
});
readAddress();
load();
