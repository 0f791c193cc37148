// The page that compares two queries. Its address holds all of its state, with the names that /api/v1/diff has for the sides.
import { chosenComparison } from './diff_choice.js';
import { listLabels } from './diff_labels.js';
import { FIELDS, NAME_OF, PRESETS, SIDES, TIMES, complaint, exploreParameters, fixed, labelAgainst, readMoment, showMoment, sideParameters, splitAt, swapped, synced } from './diff_sides.js';
import { DiffTimeline } from './diff_timeline.js';
import { DiffView, VIEW_DEFAULTS, searchBySlash } from './diff_view.js';
import { missingNotice, preferredType, queryOf, staleText } from './explore_data.js';
import { decode } from './flame_data.js';
import { counted, exact, percent, quantity } from './format.js';
import { $, element, failure, getJson, showNotices, withParameters } from './page.js';
import { listTypes } from './profile_types.js';
import { PageState } from './state.js';
import { clock } from './time_range.js';
import { Waits } from './waits.js';

const FIRST_NODES = 16384;
const ALL_NODES = 1048576;
const TABLE_ROWS = 10000; // the most that the API lists
const FAR_MS = 12 * 3600_000;
const DEFAULTS = {
  type: '', left_query: '{}', left_from: 'now-1h', left_until: 'now-30m', right_query: '{}', right_from: 'now-30m', right_until: 'now',
  from: 'now-1h', until: 'now', sync: '', ...VIEW_DEFAULTS,
};
/** What an address has to name to say what is compared. */
const COMPARED = ['type', ...FIELDS];

const form = $('sides');
const state = new PageState(DEFAULTS, () => load());
let maxNodes = FIRST_NODES;
let asked = null; // the state of the load that is shown, with fixed times
let notices = {}; // by the part of the page they are about
let hasBegun = false;
let shownAt = 0; // when what is shown was answered; 0 = nothing is shown

const view = new DiffView($('view'), { onset: (changes) => state.set(changes, { replace: 'q' in changes }), onneed: () => loadTable() });
const timeline = new DiffTimeline($('timeline'), {
  onselect: (from, until) => go(carried({ [`${dragged()}_from`]: String(from), [`${dragged()}_until`]: String(until) })),
  onsplit: (moment) => split(() => moment),
});
const waits = { view: new Waits($('view'), { what: 'Comparing', skeleton: null }), timeline: new Waits($('timeline'), { what: 'Reading the timeline', skeleton: null }), table: new Waits($('view'), { what: 'Listing functions', skeleton: null }) };

const dragged = () => form.elements.dragged.value;
const carried = (changes) => (state.values.sync ? synced(state.values, changes, Date.now()) : changes);

/** Change the state and load. */
function go(changes) {
  state.set(changes);
  maxNodes = FIRST_NODES;
  load();
}

/** Compare what was before a moment of the timeline with what was after it. */
function split(momentOf) {
  const now = Date.now();
  const { from, until } = outer(fixed(state.values, now));
  go(splitAt({ ...state.values, from: String(from), until: String(until) }, momentOf({ from, until }), now));
}

function tell(part, list) {
  notices = { ...notices, [part]: list };
  showNotices(Object.values(notices).flat());
}

function fillForm() {
  const { values } = state;
  for (const side of SIDES) {
    form.elements[`${side}_query`].value = values[`${side}_query`];
    for (const edge of ['from', 'until']) form.elements[`${side}_${edge}`].value = showMoment(values[`${side}_${edge}`]);
    $(`${side}-open`).href = withParameters($('pages').dataset.explore, exploreParameters(values, side));
  }
  form.elements.sync.checked = Boolean(values.sync);
  view.set(Object.fromEntries(Object.keys(VIEW_DEFAULTS).map((name) => [name, values[name]])));
}

/** Ask for all that the state is about. */
async function load() {
  fillForm();
  notices = {};
  const wrong = complaint(state.values, Date.now());
  if (wrong) { tell('form', [['bad', wrong]]); $('status').textContent = 'failed'; return; }
  tell('form', []);
  $('status').textContent = 'loading';
  try {
    if (!hasBegun && await begin() === undefined) { ended(); return; }
    hasBegun = true;
    const moment = fixed(state.values, Date.now());
    const types = await waits.view.run((signal) => Promise.all(SIDES.map((side) => getJson('/api/v1/profile-types', { parameters: rangeOf(moment, side), signal }))));
    if (!types) { ended(); return; }
    const ids = [...new Set(types.flatMap(({ profile_types: found }) => found.map((one) => one.id)))].sort();
    if (!state.values.type && ids.length) state.set({ type: preferredType(ids) }, { replace: true });
    listTypes(form.elements.type, ids, state.values.type);
    asked = { ...moment, type: state.values.type };
    fillForm();
    if (!asked.type) { showNothing(); return; }
    loadTimeline(asked);
    await loadGraph(asked);
  } catch (error) {
    tell('view', [failure(`${old()} The two could not be compared`.trim(), error, load)]);
    $('status').textContent = shownAt ? `stale: of ${clock(shownAt)}` : 'failed';
  }
}

/**
 * Unless the address says what to compare, choose something that has profiles on both sides.
 * @returns undefined when that was cancelled
 */
async function begin() {
  const told = new URLSearchParams(location.search);
  if (COMPARED.some((name) => told.has(name))) return null;
  const chosen = await waits.view.run((signal) => chosenComparison(Date.now(), signal));
  if (!chosen) return chosen;
  state.set(chosen.state, { replace: true });
  tell('choice', [['info', chosen.said]]);
  return chosen;
}

/** A question was cancelled, unless a newer one took its place. */
function ended() {
  if (waits.view.controller) return;
  $('status').textContent = 'cancelled';
  const [kind, text, ...more] = waits.view.endedNotice(load);
  tell('view', [[kind, `${text}${old()}`, ...more]]);
}

/** Said of what is still shown although something else was asked for. */
const old = () => (shownAt ? ` ${staleText(shownAt)}` : '');

const rangeOf = (moment, side) => ({ from: Number(moment[`${side}_from`]), until: Number(moment[`${side}_until`]) });

const bands = (moment) => SIDES.map((side) => Object.values(rangeOf(moment, side)));

/** What the timeline spans: at least both ranges, whatever the address says. */
function outer(moment) {
  const times = TIMES.map((name) => Number(moment[name])).filter(Boolean);
  return { from: Math.min(...times), until: Math.max(...times) };
}

async function loadGraph(moment) {
  const answer = await waits.view.run((signal) => getJson('/api/v1/diff', { parameters: { ...sideParameters(moment), max_nodes: maxNodes }, signal }));
  if (!answer) { ended(); return; }
  $('view').hidden = false;
  for (const side of SIDES) {
    const value = answer[`${side}_total`];
    $(`${side}-total`).textContent = quantity(value, answer.unit);
    $(`${side}-total`).title = exact(value, answer.unit);
  }
  $('profiles').textContent = counted(answer.profiles, 'profile');
  const graph = decode(answer);
  tell('view', [...partial(answer), ...shortened(graph), ...SIDES.flatMap((side) => emptiness(side, answer))]);
  view.show({ graph, unit: answer.unit });
  shownAt = Date.now();
  $('status').textContent = `loaded ${clock(shownAt)}`;
}

async function loadTable() {
  const moment = asked;
  try {
    const answer = await waits.table.run((signal) => getJson('/api/v1/diff/top', { parameters: { ...sideParameters(moment), limit: TABLE_ROWS }, signal }));
    if (!answer || moment !== asked) return;
    view.fill(answer.functions, answer.count);
    tell('table', partial(answer));
  } catch (error) {
    tell('table', [failure('The functions could not be listed', error, loadTable)]);
  }
}

async function loadTimeline(moment) {
  const range = outer(moment);
  // Ranges that are far apart are asked about alone: what lies between is long, and a query may not be.
  const isFar = range.until - range.from > FAR_MS;
  const sides = moment.left_query === moment.right_query && !isFar ? ['right'] : SIDES;
  const question = (side, signal) => getJson('/api/v1/timeline', {
    parameters: { ...(isFar ? rangeOf(moment, side) : range), query: moment[`${side}_query`], profile_type: moment.type }, signal,
  });
  try {
    const answers = await waits.timeline.run((signal) => Promise.all(sides.map((side) => question(side, signal))));
    if (!answers) return;
    const lines = answers.map(({ series }) => (series[0]?.timestamps_ms ?? []).map((time, at) => [time, series[0].values[at]]));
    timeline.set({ lines, bands: bands(moment), ...range, unit: answers[0].unit });
  } catch (error) {
    tell('timeline', [failure('The timeline could not be read', error, () => loadTimeline(moment))]);
  }
}

const partial = (answer) => [missingNotice([answer], load)].filter(Boolean);

/** Say what was left out: the smallest frames are summed into one called "other" per parent. */
function shortened({ count, names, name, total }) {
  const other = names.indexOf('other');
  if (other < 0 || count < maxNodes) return [];
  const hidden = total.reduce((sum, value, node) => (name[node] === other ? sum + value : sum), 0);
  const all = element('button', { onclick: () => { maxNodes = ALL_NODES; load(); } }, 'Show all');
  return [['info', `Shortened to ${counted(count, 'frame')}; ${percent(hidden / (total[0] || 1))} is in frames too small to be sent, shown as "other".`, ...(maxNodes < ALL_NODES ? [all] : [])]];
}

/** A side without data is said, with what may help. */
function emptiness(side, answer) {
  if (answer[`${side}_total`]) return [];
  const other = SIDES.find((one) => one !== side);
  const help = state.values[`${side}_query`] !== state.values[`${other}_query`] && answer[`${other}_total`]
    ? [element('button', { onclick: () => go({ [`${side}_query`]: state.values[`${other}_query`] }) }, `Take the labels of ${NAME_OF[other]}`)] : [];
  const [from, until] = ['from', 'until'].map((edge) => showMoment(state.values[`${side}_${edge}`]));
  return [['warn', `${NAME_OF[side]} is empty: no profile of this type matches ${state.values[`${side}_query`]} from ${from} until ${until}.`, ...help]];
}

function showNothing() {
  shownAt = 0;
  $('view').hidden = true;
  for (const side of SIDES) $(`${side}-total`).textContent = '';
  $('profiles').textContent = '';
  timeline.set({ lines: [[], []], bands: bands(asked), ...outer(asked), unit: '' });
  tell('view', [['info', 'No profile has a time in either range. Choose longer ones, or send one.', element('a', { class: 'button', href: $('pages').dataset.start }, 'How to send')]]);
  $('status').textContent = 'nothing found';
}

async function listServices() {
  const { names } = await getJson('/api/v1/labels/service_name/values', { parameters: { from: 'now-6h' } }).catch(() => ({ names: [] }));
  $('services').replaceChildren(...names.map((name) => element('option', { value: queryOf(name) })));
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const changes = {};
  for (const side of SIDES) {
    const query = form.elements[`${side}_query`].value.trim() || '{}';
    if (query !== state.values[`${side}_query`]) changes[`${side}_query`] = query;
    for (const edge of ['from', 'until']) {
      const name = `${side}_${edge}`, written = form.elements[name].value;
      if (written !== showMoment(state.values[name])) changes[name] = readMoment(written) || written;
    }
  }
  go(carried(changes));
});
form.elements.type.addEventListener('change', () => go({ type: form.elements.type.value }));
form.elements.sync.addEventListener('change', () => state.set({ sync: form.elements.sync.checked ? 'on' : '' }));
for (const button of form.querySelectorAll('[data-preset]')) button.addEventListener('click', () => go(PRESETS[button.dataset.preset](state.values, Date.now())));
$('swap').addEventListener('click', () => go(swapped(state.values)));
$('halve').addEventListener('click', () => split(({ from, until }) => (from + until) / 2));
listLabels(form, $('label-details'), { range: () => rangeOf(fixed(state.values, Date.now()), 'right'), tell: (list) => tell('labels', list) });
$('label-compare').addEventListener('click', () => go(labelAgainst(state.values, form.elements.label.value, form.elements.left_value.value, form.elements.right_value.value)));
searchBySlash();
listServices();
load();
