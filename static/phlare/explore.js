// The page that explores profiles. All that it shows is in the address; each part asks for what it shows and nothing twice.
import { copyText } from './clipboard.js';
import { Completion } from './completion.js';
import { beginning, failureTexts, hiddenText, missingNotice, pointsAfter, queryOf, resolutionText, serviceOf, servicesOf, staleText, typesOf } from './explore_data.js';
import { DEFAULTS, chartQuestion, comparison, comparisonWithBefore, graphParameters, groupQuery, linesParameters, movedRange, rangeOf, refreshSeconds, selectionOf, servicesParameters, topParameters } from './explore_query.js';
import { exportMenu } from './export_menu.js';
import { decode, follow } from './flame_data.js';
import { grafted, hasHidden } from './graft.js';
import { GraphPanel } from './graph_panel.js';
import { Heatmap } from './heatmap.js';
import { LabelBar, countValues } from './labels.js';
import { Legend } from './legend.js';
import { $, element, failure, getJson, showNotices, tenant, withParameters } from './page.js';
import { listTypes } from './profile_types.js';
import { Question } from './questions.js';
import { RangePicker } from './range_picker.js';
import { serverNow } from './server_clock.js';
import { ServiceList } from './services.js';
import { PageState } from './state.js';
import { Timeline } from './timeline.js';
import { clock, innerRange, isRelative, rangeText } from './time_range.js';
import { repeat } from './waits.js';

const MOST_ADDRESS = 6000; // characters of an address that servers in between surely take

const state = new PageState(DEFAULTS, load);
const notices = new Map(); // part of the page -> its notices
const answers = new Map(); // part of the page -> its answer
const failures = new Map(); // part of the page -> why it could not be read
/** Each part of the page: what shows that it is waited for, what it is, and what waiting for it is called. */
const PARTS = {
  services: ['services', 'services'],
  timeline: ['chart', 'the timeline'],
  graph: ['graph-views', 'the flame graph', 'Merging profiles'],
  top: ['functions', 'the full table'],
  deep: ['flame', 'small frames'],
  labels: ['labels', 'labels'],
  lines: ['services', 'totals of services'],
};
const MAIN = ['services', 'timeline', 'graph']; // without these the page is not what its address says
const questions = Object.fromEntries(Object.entries(PARTS).map(([part, [id, of, what = `Reading ${of}`]]) => [part, new Question($(id), { what })]));
let nowMs = serverNow();
// Asked before the page is built, which takes as long as the answer; load() takes it over, and tells what goes wrong.
if (!refreshSeconds(state.values)) questions.services.ask('/api/v1/series', servicesParameters(state.values, nowMs)).catch(() => {});
let shownAt = 0;
let deepened = new Set(); // paths whose small frames were asked for, of the graph that is shown
let refreshing = null;

const services = new ServiceList($('services'), $('service-filter'), { onpick: (name) => change({ query: queryOf(name), group: '', profile: '', span: '' }) });
const labels = new LabelBar($('labels'), { onquery: (query) => change({ query }) });
const picker = new RangePicker($('range'), $('range-panel'), { onrange: (range) => { nowMs = serverNow(); change({ ...range, sel: '' }); } });
const timeline = new Timeline($('timeline'), $('timeline-words'), {
  onselect: (inner) => change({ sel: inner ? `${inner.from}-${inner.until}` : '' }),
  onzoom: (inner) => change({ from: String(inner.from), until: String(inner.until), sel: '' }),
  onpoint: (index) => { $('timeline-value').textContent = index < 0 ? '' : timeline.pointText(index); },
});
const heatmap = new Heatmap($('heatmap'), $('exemplars'), {
  onpick: (one) => change(one.span_id ? { span: one.span_id, profile: '' } : { profile: one.profile_id, span: '' }),
  ontell: (text) => { $('timeline-value').textContent = text; },
});
const legend = new Legend($('legend'), {
  onlight: (index) => timeline.light(index),
  onopen: (value) => change({ query: groupQuery(state.values, value), group: '' }),
  difference: (a, b) => diffAddress(comparison(state.values, nowMs, groupQuery(state.values, a), groupQuery(state.values, b))),
});
const panel = new GraphPanel(state, {
  onsteps: deepen, onaction: act, wantsTop: () => answers.get('top')?.functions,
});
exportMenu($('export'), { parameters: () => graphParameters(state.values, nowMs), canvas: () => panel.flame.canvas, onfail: (error) => tell('export', [failure('The file could not be made', error)]) });
new Completion($('query-text'), $('suggestions'), async (label) => (
  await getJson(label ? `/api/v1/labels/${encodeURIComponent(label)}/values` : '/api/v1/labels', { parameters: range() })).names);

const range = () => rangeOf(state.values, nowMs);
const diffAddress = (values) => withParameters($('page').dataset.diff, { ...values, tenant: tenant() });

function change(changes) {
  notices.delete('export');
  state.set(changes);
  load();
}

function tell(part, list) {
  notices.set(part, list.filter(Boolean));
  const old = failures.has('graph') && shownAt ? `${staleText(shownAt)} ` : '';
  const parts = Object.keys(PARTS).filter((one) => failures.has(one)).map((one) => [PARTS[one][1], failures.get(one)]);
  const failed = failureTexts(parts).map(([what, error]) => failure(old + what, error, again));
  showNotices([...notices.values(), failed].flat());
}

/** Ask for one part and show it; what goes wrong is said, and may be tried again. @returns the answer, undefined when there is none */
async function attempt(part, path, parameters, show) {
  try {
    const answer = await ask(questions[part], path, parameters);
    if (answer === undefined) return undefined;
    answers.set(part, answer);
    await show(answer);
    failures.delete(part);
    return answer;
  } catch (error) {
    failures.set(part, error);
    if (MAIN.includes(part)) {
      $('graph-views').classList.remove('skeleton');
      say(shownAt ? `stale: of ${clock(shownAt)}` : 'failed');
    }
    return undefined;
  } finally { tell('missing', [missingNotice([...answers.values()], refresh)]); }
}

/** A tenant may be allowed fewer frames than the page asks for: then its default is what it gets. */
async function ask(question, path, parameters) {
  try { return await question.ask(path, parameters); } catch (error) {
    if (error.reason !== 'flamegraph_limit') throw error;
    return question.ask(path, { ...parameters, max_nodes: 0 });
  }
}

function again() {
  for (const one of Object.values(questions)) if (!one.controller) one.forget();
  load();
}

const say = (text) => { $('status').textContent = text; };

/** Bring the page to what the address says. Parts of which nothing changed are not asked for again. */
async function load() {
  const { values } = state;
  controls();
  say('loading');
  const listed = attempt('services', '/api/v1/series', servicesParameters(values, nowMs), showServices);
  if (!values.type || !values.query) {
    if (!await listed || !begin()) return;
  }
  const graph = attempt('graph', '/api/v1/flamegraph', graphParameters(state.values, nowMs), showGraph);
  const line = attempt('timeline', ...chartQuestion(state.values, nowMs), showChart);
  const done = await Promise.all([listed, graph, line]);
  if (done.every(Boolean)) {
    loaded();
    $('page').dataset.state = 'loaded';
  } else if ($('status').textContent === 'loading' && !questions.graph.controller) say('cancelled');
  if (!done[1]) return;
  attempt('labels', '/api/v1/series', { ...range(), ...selectionOf(state.values) }, showLabels);
  attempt('lines', '/api/v1/timeline', linesParameters(state.values, nowMs), showLines);
}

const loaded = () => say(`loaded ${clock(Date.now())}`);

/** Choose what to begin with. @returns whether there is anything */
function begin() {
  const first = beginning(state.values, services.types, services.favourites);
  if (!first) {
    loaded();
    return false;
  }
  state.set(first, { replace: true });
  controls();
  return true;
}

function showServices(answer) {
  services.show(servicesOf(answer.series), serviceOf(state.values.query));
  const isEmpty = !services.names.length;
  $('empty').hidden = !isEmpty || !answer.sources.complete; // who did not answer may have some
  $('shown').hidden = isEmpty;
  controls();
}

function showChart(answer) {
  const { from, until } = range();
  const isHeat = 'slots' in answer;
  $('timeline').hidden = isHeat;
  $('heatmap').hidden = $('exemplars').hidden = !isHeat;
  $('resolution').textContent = resolutionText(answer.step_ms);
  if (isHeat) {
    legend.host.hidden = true;
    heatmap.show(answer, { from, until, picked: state.values.span || state.values.profile });
    return;
  }
  timeline.stacked = state.values.chart !== 'lines';
  timeline.show({ series: pointsAfter(answer.series, from), from, until, step: answer.step_ms, unit: answer.unit });
  timeline.select(innerRange(state.values.sel, { from, until }));
  legend.show(timeline, state.values.group);
}

function showGraph(answer) {
  if (answer !== panel.answer) {
    deepened = new Set();
    for (const part of ['top', 'deep']) { answers.delete(part); failures.delete(part); } // they were of the graph before
    panel.show(answer);
    if (!shownAt) requestAnimationFrame(() => setTimeout(() => performance.mark('phlare-first-graph'))); // after it is painted
    shownAt = Date.now();
    if (answer.hidden_nodes) attempt('top', '/api/v1/top', topParameters(state.values, nowMs), () => panel.relist());
  } else panel.restore();
  $('facts').textContent = panel.facts();
  tell('facts', [hiddenNotice(answer), pickedNotice(), answer.total || !answer.sources.complete ? null : ['info', 'No profile of this type matches the labels in this range. Take a label away, or choose a longer range.']]);
}

function hiddenNotice(answer) {
  const text = hiddenText(answer);
  const all = state.values.nodes === 'all' ? [] : [element('button', { onclick: () => change({ nodes: 'all' }) }, 'Show all')];
  return text && ['info', text, ...all];
}

function pickedNotice() {
  const { profile, span } = state.values;
  return (profile || span) && ['info', profile ? `This is one profile, ${profile}.` : `This is one span, ${span}.`,
    element('button', { onclick: () => change({ profile: '', span: '' }) }, 'Show all profiles')];
}

function showLabels(answer) {
  const counted = countValues(answer.series);
  labels.show(state.values.query, counted);
  const names = [...counted.keys()].filter((name) => name !== 'service_name' || serviceOf(state.values.query) === null);
  $('group').replaceChildren(new Option('nothing', ''), ...names.map((name) => new Option(name, name)));
  choose($('group'), state.values.group);
}

function showLines(answer) {
  services.showLines(pointsAfter(answer.series, range().from), { ...range(), step: answer.step_ms, unit: answer.unit });
}

/** Below a frame that is zoomed on, what was too small for the whole graph is asked for. */
async function deepen(flame) {
  const path = flame.zoomed;
  const key = JSON.stringify(path);
  if (!path.length || !panel.answer?.hidden_nodes || deepened.has(key) || flame.transforms.some(({ kind }) => kind !== 'zoom')) return;
  if (encodeURIComponent(path.join('')).length > MOST_ADDRESS || !hasHidden(flame.graph, follow(flame.graph, path))) return;
  deepened.add(key);
  const { answer } = panel;
  await attempt('deep', '/api/v1/flamegraph', { ...graphParameters(state.values, nowMs), call_site: path }, (deep) => {
    if (panel.answer === answer && JSON.stringify(flame.zoomed) === key) panel.show(answer, grafted(flame.graph, path, decode(deep)));
  });
}

/** What the menu of a frame asks the page for. */
async function act(action, frame) {
  if (action === 'diff') {
    location.assign(diffAddress(comparisonWithBefore(state.values, nowMs, frame?.name ?? '')));
  } else if (action === 'link') say(await copyText(location.href) ? 'link copied' : 'not copied: take it from the address bar');
  else if (action === 'copied') say('copied');
  else if (action === 'not copied') say('not copied: this browser lets no page copy');
  else if (action === 'help') $('keys').showModal();
}

/** Choose what may not be among the choices any more. */
function choose(select, value) {
  select.value = value;
  if (select.value !== value) select.append(new Option(value, value, true, true));
}

function controls() {
  const { values } = state;
  listTypes($('type'), typesOf(services.types, values.query), values.type);
  $('query-text').value = values.query;
  choose($('group'), values.group);
  $('chart-kind').value = values.chart;
  $('refresh-every').value = values.refresh;
  $('refresh-every').disabled = !isRelative(values);
  picker.show(values);
  labels.show(values.query);
  services.pick(serviceOf(values.query));
  const inner = innerRange(values.sel, range());
  timeline.select(inner);
  $('inner').hidden = !inner;
  $('inner-text').textContent = inner ? rangeText(inner) : '';
  document.title = `${serviceOf(values.query) || 'Explore'} · phlareweb`;
}

/** Ask again for the same range with a new now. @returns whether it succeeded, for what repeats it */
async function refresh() {
  nowMs = serverNow();
  for (const question of Object.values(questions)) question.forget();
  await load();
  return $('status').textContent.startsWith('loaded');
}

function repeatRefresh() {
  refreshing?.stop();
  const seconds = refreshSeconds(state.values);
  refreshing = seconds ? repeat(refresh, seconds) : null;
}

const move = (step) => change({ ...movedRange(state.values, serverNow(), step), sel: '' });

const CHANGES = { type: () => ({ type: $('type').value, profile: '', span: '' }), group: () => ({ group: $('group').value }), 'chart-kind': () => ({ chart: $('chart-kind').value }) };
const CLICKS = {
  refresh, earlier: () => move(-1), later: () => move(1), wider: () => move(0),
  'inner-zoom': () => timeline.onzoom(innerRange(state.values.sel, range())), 'inner-clear': () => change({ sel: '' }),
};
for (const [id, changes] of Object.entries(CHANGES)) $(id).addEventListener('change', () => change(changes()));
for (const [id, act] of Object.entries(CLICKS)) $(id).addEventListener('click', act);
$('query-form').addEventListener('submit', (event) => { event.preventDefault(); change({ query: $('query-text').value.trim() || '{}' }); });
$('refresh-every').addEventListener('change', () => { state.set({ refresh: $('refresh-every').value }); repeatRefresh(); });
addEventListener('popstate', repeatRefresh);
if (refreshSeconds(state.values)) repeatRefresh(); else load();
