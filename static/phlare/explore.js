// The page that explores profiles. All that it shows is in the address; each part asks for what it shows and nothing twice.
import { copyText } from './clipboard.js';
import { Completion } from './completion.js';
import { beginning, groupedTypes, hiddenText, missingNotice, pointsAfter, queryOf, resolutionText, serviceOf, servicesOf, staleText, typesOf } from './explore_data.js';
import { DEFAULTS, chartQuestion, comparison, comparisonWithBefore, graphParameters, groupQuery, linesParameters, movedRange, rangeOf, refreshSeconds, selectionOf, servicesParameters, topParameters } from './explore_query.js';
import { exportMenu } from './export_menu.js';
import { decode, follow } from './flame_data.js';
import { grafted, hasHidden } from './graft.js';
import { GraphPanel } from './graph_panel.js';
import { Heatmap } from './heatmap.js';
import { LabelBar, countValues } from './labels.js';
import { Legend } from './legend.js';
import { element, failure, getJson, showNotices, tenant, withParameters } from './page.js';
import { Question } from './questions.js';
import { RangePicker } from './range_picker.js';
import { serverNow } from './server_clock.js';
import { ServiceList } from './services.js';
import { PageState } from './state.js';
import { Timeline } from './timeline.js';
import { clock, dateTime, innerRange, isRelative } from './time_range.js';
import { repeat } from './waits.js';

const MOST_ADDRESS = 6000; // characters of an address that servers in between surely take

const $ = (id) => document.getElementById(id);
const state = new PageState(DEFAULTS, load);
const notices = new Map(); // part of the page -> its notices
const answers = new Map(); // part of the page -> its answer
const questions = {
  services: new Question($('services'), 'Reading services'), timeline: new Question($('chart'), 'Reading the timeline'),
  graph: new Question($('graph-views'), 'Merging profiles'), lines: new Question($('services'), 'Reading totals'),
  labels: new Question($('labels'), 'Reading labels'), deep: new Question($('flame'), 'Reading small frames'), top: new Question($('functions'), 'Reading functions'),
};
let nowMs = serverNow();
let shownAt = 0;
let deepened = new Set(); // paths whose small frames were asked for, of the graph that is shown
let refreshing = null;

const services = new ServiceList($('services'), $('service-filter'), { onpick: (name) => change({ query: queryOf(name), group: '', profile: '', span: '' }) });
const labels = new LabelBar($('labels'), { onquery: (query) => change({ query }) });
const picker = new RangePicker($('range'), { onrange: (range) => { nowMs = serverNow(); change({ ...range, sel: '' }); } });
const timeline = new Timeline($('timeline'), {
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
  onsteps: deepen, onaction: act, wantsTop: () => answers.get('top')?.functions.map((row) => ({ ...row })) ?? null,
});
exportMenu($('export'), { parameters: () => graphParameters(state.values, nowMs), canvas: () => panel.flame.canvas, onfail: (error) => tell('export', [failure('The file could not be made', error)]) });
new Completion($('query-text'), {
  names: async () => (await getJson('/api/v1/labels', { parameters: range() })).names,
  values: async (name) => (await getJson(`/api/v1/labels/${encodeURIComponent(name)}/values`, { parameters: range() })).names,
});

const range = () => rangeOf(state.values, nowMs);
const diffAddress = (values) => withParameters($('page').dataset.diff, { ...values, tenant: tenant() });

function change(changes) {
  state.set(changes);
  load();
}

function tell(part, list) {
  notices.set(part, list.filter(Boolean));
  showNotices([...notices.values()].flat());
}

/** Run one part; what goes wrong is said, and may be tried again. @returns the answer, undefined when there is none */
async function attempt(part, what, question, show) {
  try {
    const answer = await question();
    if (answer === undefined) return undefined;
    answers.set(part, answer);
    await show(answer);
    notices.delete(part);
    tell('missing', [missing()]);
    return answer;
  } catch (error) {
    const more = part === 'graph' && shownAt ? `${what} (${staleText(shownAt)})` : what;
    tell(part, [failure(more, error, () => { for (const one of Object.values(questions)) if (!one.waits.controller) one.forget(); load(); })]);
    $('graph-views').classList.remove('skeleton');
    $('status').textContent = shownAt ? `stale: of ${clock(shownAt)}` : 'failed';
    return undefined;
  }
}

function missing() {
  const notice = missingNotice([...answers.values()]);
  return notice?.[0] === 'warn' ? [...notice, element('button', { type: 'button', onclick: refresh }, 'Try again')] : notice;
}

/** Bring the page to what the address says. Parts of which nothing changed are not asked for again. */
async function load() {
  const { values } = state;
  controls();
  $('status').textContent = 'loading';
  const listed = attempt('services', 'Services could not be read', () => questions.services.ask('/api/v1/series', servicesParameters(state.values, nowMs)), showServices);
  if (!values.type || !values.query) {
    if (!await listed || !begin()) return;
  }
  const graph = attempt('graph', 'The flame graph could not be made', askGraph, showGraph);
  const line = attempt('timeline', 'The timeline could not be read', () => questions.timeline.ask(...chartQuestion(state.values, nowMs)), showChart);
  const done = await Promise.all([listed, graph, line]);
  if (done.every(Boolean)) {
    $('status').textContent = `loaded ${clock(Date.now())}`;
    $('page').dataset.state = 'loaded';
  } else if ($('status').textContent === 'loading' && !questions.graph.waits.controller) $('status').textContent = 'cancelled';
  if (!done[1]) return;
  attempt('labels', 'Labels could not be read', () => questions.labels.ask('/api/v1/series', { ...range(), ...selectionOf(state.values) }), showLabels);
  attempt('lines', 'Totals of services could not be read', () => questions.lines.ask('/api/v1/timeline', linesParameters(state.values, nowMs)), showLines);
}

/** Choose what to begin with. @returns whether there is anything */
function begin() {
  const first = beginning(state.values, services.types, services.favourites);
  if (!first) {
    $('status').textContent = `loaded ${clock(Date.now())}`;
    return false;
  }
  state.set(first, { replace: true });
  controls();
  return true;
}

/** A tenant may be allowed fewer frames than the page asks for: then its default is what it gets. */
async function askGraph() {
  const parameters = graphParameters(state.values, nowMs);
  try { return await questions.graph.ask('/api/v1/flamegraph', parameters); } catch (error) {
    if (error.reason !== 'flamegraph_limit') throw error;
    return questions.graph.ask('/api/v1/flamegraph', { ...parameters, max_nodes: 0 });
  }
}

function showServices(answer) {
  services.show(servicesOf(answer.series), serviceOf(state.values.query));
  const isEmpty = !services.names.length;
  $('empty').hidden = !isEmpty;
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
    answers.delete('top');
    panel.show(answer);
    if (!shownAt) requestAnimationFrame(() => setTimeout(() => performance.mark('phlare-first-graph'))); // after it is painted
    shownAt = Date.now();
    if (answer.hidden_nodes) attempt('top', 'The table could not be read in full', () => questions.top.ask('/api/v1/top', topParameters(state.values, nowMs)), () => panel.relist());
  } else panel.restore();
  $('facts').textContent = panel.facts();
  tell('facts', [hiddenNotice(answer), pickedNotice(), answer.total ? null : ['info', 'No profile of this type matches the labels in this range. Take a label away, or choose a longer range.']]);
}

function hiddenNotice(answer) {
  const text = hiddenText(answer);
  const all = state.values.nodes === 'all' ? [] : [element('button', { type: 'button', onclick: () => change({ nodes: 'all' }) }, 'Show all')];
  return text && ['info', text, ...all];
}

function pickedNotice() {
  const { profile, span } = state.values;
  return (profile || span) && ['info', profile ? `This is one profile, ${profile}.` : `This is one span, ${span}.`,
    element('button', { type: 'button', onclick: () => change({ profile: '', span: '' }) }, 'Show all profiles')];
}

function showLabels(answer) {
  const counted = countValues(answer.series);
  labels.show(state.values.query, counted);
  const names = [...counted.keys()].filter((name) => name !== 'service_name' || serviceOf(state.values.query) === null);
  if (state.values.group && !names.includes(state.values.group)) names.unshift(state.values.group);
  $('group').replaceChildren(new Option('nothing', ''), ...names.map((name) => new Option(name, name)));
  $('group').value = state.values.group;
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
  await attempt('deep', 'Small frames could not be read', () => questions.deep.ask('/api/v1/flamegraph', { ...graphParameters(state.values, nowMs), call_site: path }), (deep) => {
    if (panel.answer === answer && JSON.stringify(flame.zoomed) === key) panel.show(answer, grafted(flame.graph, path, decode(deep)));
  });
}

/** What the menu of a frame asks the page for. */
async function act(action, frame) {
  if (action === 'diff') {
    location.assign(diffAddress(comparisonWithBefore(state.values, nowMs, frame?.name ?? '')));
  } else if (action === 'link') {
    $('status').textContent = await copyText(location.href) ? 'link copied' : 'not copied: take it from the address bar';
  } else if (action === 'copied') $('status').textContent = 'copied';
  else if (action === 'not copied') $('status').textContent = 'not copied: this browser lets no page copy';
  else if (action === 'help') $('keys').showModal();
}

function controls() {
  const { values } = state;
  const types = services.names.length ? typesOf(services.types, values.query) : [];
  if (values.type && !types.includes(values.type)) types.unshift(values.type);
  $('type').replaceChildren(...groupedTypes(types).map(([label, of]) => element('optgroup', { label }, ...of.map(({ id, text }) => element('option', { value: id, title: id }, text)))));
  $('type').value = values.type;
  $('query-text').value = values.query;
  if (values.group && ![...$('group').options].some((one) => one.value === values.group)) $('group').append(new Option(values.group, values.group));
  $('group').value = values.group;
  $('chart-kind').value = values.chart;
  $('refresh-every').value = values.refresh;
  $('refresh-every').disabled = !isRelative(values);
  picker.show(values);
  labels.show(values.query);
  services.pick(serviceOf(values.query));
  const inner = innerRange(values.sel, range());
  timeline.select(inner);
  $('inner').hidden = !inner;
  $('inner-text').textContent = inner ? `${dateTime(inner.from)} – ${clock(inner.until)}` : '';
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

$('type').addEventListener('change', () => change({ type: $('type').value, profile: '', span: '' }));
$('group').addEventListener('change', () => change({ group: $('group').value }));
$('chart-kind').addEventListener('change', () => change({ chart: $('chart-kind').value }));
$('query-form').addEventListener('submit', (event) => { event.preventDefault(); change({ query: $('query-text').value.trim() || '{}' }); });
$('refresh').addEventListener('click', refresh);
$('refresh-every').addEventListener('change', () => { state.set({ refresh: $('refresh-every').value }); repeatRefresh(); });
$('earlier').addEventListener('click', () => move(-1));
$('later').addEventListener('click', () => move(1));
$('wider').addEventListener('click', () => move(0));
$('inner-zoom').addEventListener('click', () => timeline.onzoom(innerRange(state.values.sel, range())));
$('inner-clear').addEventListener('click', () => change({ sel: '' }));
for (const button of document.querySelectorAll('[data-close]')) button.addEventListener('click', () => button.closest('dialog').close());
addEventListener('popstate', repeatRefresh);
if (refreshSeconds(state.values)) repeatRefresh(); else load();
