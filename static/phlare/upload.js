// The page that looks at files. They are drawn by the server and kept by nobody, unless Keep is pressed. Two are compared here.
import { functionRows, joined } from './diff_data.js';
import { DiffView, VIEW_DEFAULTS, searchBySlash } from './diff_view.js';
import { firstTab, pairsOf, serviceNameOf, tabsOf } from './file_pairs.js';
import { FlameGraph } from './flame.js';
import { decode, functions, literally } from './flame_data.js';
import { counted, percent, quantity } from './format.js';
import { FunctionTable } from './function_table.js';
import { $, element, failure, getJson, noticeElement, sendJson, showNotices, withParameters } from './page.js';
import { PageState } from './state.js';
import { Waits } from './waits.js';

const MAX_NODES = 65536;
const MAX_FILES = 2;
const ALERT = { role: 'alert' };

const state = new PageState({ tab: '', ...VIEW_DEFAULTS }, () => draw());
const waits = new Waits($('files'), { what: 'Reading', skeleton: null });
let files = []; // of {file, answer, error}
let mostBytes = Infinity;
let tabs = [];
let tab = null; // what is drawn

const flame = new FlameGraph($('flame'), { onframe: (frame) => table.hover(frame && frame.node > 0 ? frame.name : null), onmenu: act, onchange: ({ trail }) => { $('back').disabled = !trail.length; } });
const table = new FunctionTable($('functions'), { onhover: (name) => flame.hover(name), onselect: (name) => search(literally(name)) });
const compare = new DiffView($('compare'), { onset: (changes) => state.set(changes, { replace: true }) });

function act(action, frame) {
  if (action === 'search') search(literally(frame.name));
  if (action === 'sandwich') flame.apply({ kind: 'focus', name: frame.name });
}

function search(text) {
  state.set({ q: text }, { replace: true });
  $('search').value = text;
  const found = flame.search(text);
  table.filter(text);
  $('found').textContent = found ? `${counted(found.functions, 'function')}, ${percent(found.share)}` : '';
}

/** What is said beside a file. */
const hints = () => ({ type: $('kind').value, sample_rate: $('rate').value });

/** Take files: two replace what is there, one joins it. */
function take(chosen) {
  const brought = [...chosen].slice(0, MAX_FILES).map((file) => ({ file, answer: null, error: null }));
  if (!brought.length) return;
  files = brought.length < MAX_FILES ? [...files.slice(0, MAX_FILES - 1), ...brought] : brought;
  showNotices(chosen.length > MAX_FILES ? [['info', `Two files are compared; of ${chosen.length} the first two were taken.`]] : []);
  read();
}

/** Have every file drawn that is not drawn yet. */
async function read() {
  drawFiles();
  const open = files.filter((one) => !one.answer && !one.error);
  $('status').textContent = open.length ? 'reading' : '';
  const done = await waits.run((signal) => Promise.all(open.map((one) => inspect(one, signal))));
  if (done === undefined && waits.controller) return; // more files came: they are all read again
  if (done === undefined) for (const one of open) if (!one.answer) one.error ??= new Error('The reading was cancelled.');
  drawFiles();
  draw();
  $('status').textContent = files.some((one) => one.error) ? 'failed' : files.length ? `read ${new Date().toLocaleTimeString()}` : '';
}

async function inspect(one, signal) {
  const { file } = one;
  try {
    if (file.size > mostBytes) throw new Error(`The file has ${quantity(file.size, 'bytes')}; the most that is read is ${quantity(mostBytes, 'bytes')}.`);
    const answer = one.answer = await sendJson('POST', '/api/v1/inspect', { parameters: { ...hints(), max_nodes: MAX_NODES }, body: file, headers: { 'Content-Type': 'application/octet-stream' }, signal });
    if (!answer.profiles.length) throw new Error(`The file holds no sample with a value above zero. ${below(answer)}`.trim());
  } catch (error) {
    if (!signal.aborted) Object.assign(one, { answer: null, error });
  }
  return true;
}

/** The names of the files, what they are read as, and what is wrong with them. */
function drawFiles() {
  $('files').hidden = !files.length;
  $('drop').classList.toggle('small', files.length > 0);
  if (files.length) $('formats').open = false;
  $('swap').hidden = files.length < MAX_FILES;
  const letter = (at) => (files.length > 1 ? element('strong', { class: 'letter' }, 'AB'[at]) : null);
  $('file-list').replaceChildren(...files.map((one, at) => element('li', { class: files.length > 1 ? `side-${at}` : null },
    element('div', { class: 'controls' }, letter(at), element('span', { class: 'file-name' }, one.file.name), element('span', { class: 'dim' }, said(one)),
      element('span', { class: 'push file-actions' }, one.answer ? element('button', { onclick: () => askToKeep(one) }, 'Keep…') : null,
        element('button', { 'aria-label': `Remove ${one.file.name}`, onclick: () => remove(one) }, 'Remove'))),
    one.error ? wrong(one) : one.answer && below(one.answer) ? noticeElement(['warn', below(one.answer)]) : null,
    one.kept ?? null)));
}

function said({ file, answer, error }) {
  const size = quantity(file.size, 'bytes');
  if (!answer) return error ? size : `${size}, reading`;
  const more = answer.left_out ? `, ${answer.left_out} more not drawn` : '';
  return `${size}, read as ${answer.format}, ${counted(answer.profiles.length, 'profile')}${more}`;
}

/** What is said of values below zero, which files have that are the difference of two profiles; no graph can show them. */
function below({ dropped: { negative_samples: count } }) {
  return count ? `${counted(count, 'sample')} below zero left out: bring the two profiles that the file is the difference of, and they are compared.` : '';
}

function wrong(one) {
  const again = () => { one.error = null; read(); };
  return noticeElement(failure('This file cannot be shown', one.error, again), ALERT);
}

function remove(one) {
  files = files.filter((other) => other !== one);
  showNotices([]);
  read();
}

/** Show the tab that is chosen of one file, or of what two have in common. */
function draw() {
  const answers = files.map(({ answer }) => answer).filter(Boolean);
  const both = files.length === MAX_FILES && answers.length === MAX_FILES;
  tabs = both ? pairsOf(...answers) : answers.length ? tabsOf(answers[0]) : [];
  if (both) showNotices(tabs.length ? [] : [['warn', `The two have no type of value in common: A has ${kinds(answers[0])}; B has ${kinds(answers[1])}. Remove one to look at the other.`]]);
  const { values } = state;
  const chosen = tabs.findIndex(({ label }) => label === values.tab);
  tab = tabs[chosen < 0 ? firstTab(tabs) : chosen] ?? null;
  drawTabs();
  $('single').hidden = !tab || both;
  $('compare').hidden = !tab || !both;
  if (!tab) return;
  if (both) showPair(tab);
  else showOne(tab);
}

const kinds = (answer) => [...new Set(tabsOf(answer).map(({ label }) => label))].slice(0, 8).join(', ');

function showOne({ graph, unit }) {
  const decoded = decode(graph);
  const named = files.find(({ answer }) => answer).file.name;
  flame.show(decoded, { unit, title: named });
  table.show(functions(decoded), graph.total, unit);
  $('single-total').textContent = `${quantity(graph.total, unit)} in ${counted(graph.samples, 'different stack')}`;
  search(state.values.q);
}

function showPair({ graphs, unit }) {
  const graph = joined(...graphs.map(decode));
  compare.set(Object.fromEntries(Object.keys(VIEW_DEFAULTS).map((name) => [name, state.values[name]])));
  compare.show({ graph, unit, rows: functionRows(functions(graph)) });
}

function drawTabs() {
  $('tabs').hidden = tabs.length < 2;
  const choose = (one) => { state.set({ tab: one.label, q: '' }); draw(); $('tabs').querySelector('[aria-selected="true"]').focus(); };
  $('tabs').replaceChildren(...tabs.map((one, at) => element('button', {
    role: 'tab', 'aria-selected': one === tab, tabindex: one === tab ? '0' : '-1', onclick: () => choose(one),
    onkeydown: (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) choose(tabs[(at + step + tabs.length) % tabs.length]);
    },
  }, one.label, ' ', element('span', { class: 'dim' }, quantity(one.total, one.unit)))));
}

function askToKeep(one) {
  const form = $('keep-form');
  $('keep-file').textContent = one.file.name;
  form.elements.service_name.value = serviceNameOf(one.file.name);
  form.onsubmit = () => { keep(one, form.elements.service_name.value, form.elements.now.checked); };
  $('keep').showModal();
}

async function keep(one, service, now) {
  try {
    const parameters = { ...hints(), service_name: service, time: now ? 'now' : '' };
    const answer = await sendJson('POST', '/api/v1/upload', { parameters, body: one.file, headers: { 'Content-Type': 'application/octet-stream' } });
    const stored = answer.stored.reduce((sum, { profile_ids: ids }) => sum + ids.length, 0);
    const refused = answer.rejected.map(({ message }) => message).join(' ');
    const link = withParameters($('pages').dataset.explore, { query: `{service_name=${JSON.stringify(service)}}`, type: one.answer.profiles[0].profile_type });
    one.kept = noticeElement(['ok', `Kept as ${service}: ${counted(stored, 'profile')}. ${refused}`.trim(), element('a', { class: 'button', href: link }, 'Explore')], { role: 'status' });
  } catch (error) { one.kept = noticeElement(failure('It was not kept', error), ALERT); }
  drawFiles();
}

async function readLimit() {
  const { limits } = await getJson('/api/v1/limits').catch(() => ({ limits: [] }));
  const most = Number(limits.find(({ name }) => name === 'max_profile_size_bytes')?.in_force);
  if (!most) return;
  mostBytes = most * Number($('pages').dataset.textFactor);
  $('most').textContent = `At most ${quantity(mostBytes, 'bytes')} a file.`;
}

$('choose').addEventListener('click', () => $('picker').click());
$('picker').addEventListener('change', () => { take($('picker').files); $('picker').value = ''; });
$('search').addEventListener('input', () => search($('search').value));
$('swap').addEventListener('click', () => { files.reverse(); drawFiles(); draw(); });
$('back').addEventListener('click', () => flame.undo());
for (const name of ['kind', 'rate']) $(name).addEventListener('change', () => { files = files.map(({ file }) => ({ file, answer: null, error: null })); read(); });
$('keep-cancel').addEventListener('click', () => $('keep').close());
addEventListener('paste', (event) => {
  if (event.target.closest('input, textarea')) return;
  const text = event.clipboardData.getData('text/plain');
  if (event.clipboardData.files.length) take(event.clipboardData.files);
  else if (text) take([new File([text], 'pasted text')]);
});
for (const kind of ['dragenter', 'dragover']) addEventListener(kind, (event) => { event.preventDefault(); $('drop').classList.add('over'); });
for (const kind of ['dragleave', 'drop']) addEventListener(kind, (event) => { event.preventDefault(); if (kind === 'drop' || !event.relatedTarget) $('drop').classList.remove('over'); });
addEventListener('drop', (event) => take(event.dataTransfer.files));
searchBySlash();
readLimit();
