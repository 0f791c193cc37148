// The ring page: asks for the ring every two seconds while it is seen, and says how old what it shows is.
import { age, counted, percent, quantity, rate } from './format.js';
import { $, element, getJson, setText } from './page.js';
import { Member } from './ring_cards.js';
import { Donut, inWords } from './ring_donut.js';
import { mayAct } from './ring_actions.js';
import { turnOf } from './ring_geometry.js';
import { Lookup } from './ring_lookup.js';
import { QueueHistory } from './ring_queues.js';
import { PageState } from './state.js';
import { Watch, showFigures } from './watch.js';

const PERIOD_SECONDS = 2;
const LATE_SECONDS = 6; // without an answer: heartbeats are not judged any more
const AUDIT_SECONDS = 30;
const HISTORY_LINES = 50;
const AUDIT_LINES = 500;
const DEFAULTS = { view: 'cards', group: '', tokens: '', shard: '', series: '' };

const queues = new QueueHistory();
const donut = new Donut($('donut'), (text) => setText($('pointed'), text));
const state = new PageState(DEFAULTS, () => { lookup.restore(); layOut(); });
let ring = null; // the last document
let tokensRevision = null; // of the tokens that are drawn
let historyRevision = null; // of the changes that are listed
let acted = new Map(); // the latest action on each ingester
let auditedAt = -Infinity;
let parts = new Map(); // id -> Member
let laidOut = '';
const lookup = new Lookup(state, () => show());

/** What cards and rows are drawn with. While no news comes, neither does a heartbeat: time stands still. */
function scene() {
  return {
    now: ring.now, passedSeconds: watch.isStuck ? 0 : Math.min(watch.passedSeconds, LATE_SECONDS), timeoutSeconds: ring.heartbeat_timeout_seconds,
    lit: lookup.lit, isOneSeries: Boolean(lookup.owners), queues, acted,
  };
}

async function take(answer, signal) {
  ring = answer;
  if (!ring.stale_seconds) queues.note(ring.instances);
  show();
  await followChanges(signal);
}

/** Ask for what changes seldom: tokens and history with the revision, actions now and then. */
async function followChanges(signal) {
  await lookup.refresh(ring);
  const { revision } = ring;
  if (revision !== tokensRevision) {
    const whole = await getJson('/api/v1/ring', { parameters: { tokens: 'true' }, signal });
    donut.setTokens(whole.instances.map((one) => one.token_list));
    tokensRevision = whole.revision;
    showTokens(whole);
    show();
  }
  if (revision !== historyRevision && !ring.stale_seconds) {
    showHistory(await getJson('/api/v1/ring/history', { parameters: { limit: HISTORY_LINES }, signal }));
    historyRevision = revision;
  }
  if (mayAct() && performance.now() - auditedAt > AUDIT_SECONDS * 1000) await readAudit(signal);
}

async function readAudit(signal) {
  auditedAt = performance.now();
  const { entries } = await getJson('/api/v1/ring/audit', { parameters: { limit: AUDIT_LINES }, signal });
  acted = new Map(entries.reverse().map((line) => [line.instance, line]));
  show();
}

function show() {
  if (!ring) return;
  $('ring').hidden = false;
  setText($('revision'), ring.revision);
  showSums();
  layOut();
  donut.show(ring, lookup.lit);
  $('needle').hidden = lookup.needle === null;
  $('needle').style.rotate = `${turnOf(lookup.needle)}turn`;
  setText($('healthy'), `${ring.healthy_count} / ${ring.instances.length}`);
  setText($('replication'), `replication ${ring.replication_factor}${ring.zone_awareness_enabled ? ` · zones ${ring.zones.length}` : ''}`);
  setText($('donut-words'), inWords(ring));
}

function showSums() {
  const sum = (pick) => ring.instances.reduce((total, one) => total + (pick(one) || 0), 0);
  const heard = !ring.stale_seconds && (!ring.instances.length || ring.instances.some((one) => one.queue_depth !== null));
  const live = (text) => (heard ? text : 'unknown');
  const oldest = Math.max(...ring.instances.map((one) => one.oldest_message_seconds ?? -1));
  const wrong = (isWrong) => (isWrong ? 'wrong' : '');
  showFigures([
    ['Ingesters healthy', `${ring.healthy_count} / ${ring.instances.length}`, '', wrong(ring.healthy_count < ring.instances.length)],
    ['Replication factor', String(ring.replication_factor), ring.zone_awareness_enabled ? `in ${counted(ring.zones.length, 'zone')}` : ''],
    ['Writable series', percent(Math.floor(ring.writable_share * 1000) / 1000), '', wrong(ring.writable_share < 1)],
    ['Ingest rate', live(rate(sum((one) => one.status.stored_profiles_per_second))), heard ? 'profiles, all copies' : ''],
    ['Pushes waiting', live(quantity(sum((one) => one.queue_depth))), oldest >= 0 ? `oldest ${age(oldest)}` : ''],
    ['Heads', live(quantity(sum((one) => one.status.head_bytes), 'bytes')), heard ? `${quantity(sum((one) => one.status.head_series))} series` : ''],
    ['Write-ahead logs', live(quantity(sum((one) => one.status.wal_bytes), 'bytes'))],
    ['Ownership spread', `±${percent(ring.ownership_spread)}`],
  ]);
}

/** Cards or rows, by zone or not. Built anew only when somebody comes or goes or another view is wanted. */
function layOut() {
  if (!ring) return;
  const { view, group } = state.values;
  const key = JSON.stringify([view, group, ring.instances.map((one) => [one.id, one.zone])]);
  if (key !== laidOut) {
    laidOut = key;
    const kind = view === 'table' ? 'row' : 'card';
    parts = new Map(ring.instances.map(({ id }) => [id, parts.get(id)?.kind === kind ? parts.get(id) : new Member(id, kind)]));
    $('members').replaceChildren(...(ring.instances.length ? groupsOf(group) : [$('no-members').content.cloneNode(true)]));
    for (const button of $('views').querySelectorAll('button')) button.setAttribute('aria-pressed', String(button.dataset.view === view));
    $('by-zone').setAttribute('aria-pressed', String(group === 'zone'));
  }
  $('tokens-panel').hidden = !state.values.tokens;
  $('show-tokens').setAttribute('aria-pressed', String(Boolean(state.values.tokens)));
  const now = scene();
  for (const one of ring.instances) parts.get(one.id).update(one, now);
  for (const [zone, node] of zoneCounts()) setText(node, zone);
}

function groupsOf(group) {
  if (group !== 'zone') return [holder(ring.instances)];
  return ring.zones.map((zone) => element('section', { class: 'zone', 'data-zone': zone, 'aria-label': zone || 'no zone' },
    element('h2', {}, zone || 'no zone', ' ', element('small')), holder(ring.instances.filter((one) => one.zone === zone))));
}

function holder(instances) {
  const nodes = instances.map(({ id }) => parts.get(id).node);
  if (state.values.view !== 'table') return element('div', { class: 'cards' }, nodes);
  const table = $('table').content.cloneNode(true);
  table.querySelector('tbody').append(...nodes);
  return table;
}

function* zoneCounts() {
  for (const section of $('members').querySelectorAll('.zone')) {
    const members = ring.instances.filter((one) => one.zone === section.dataset.zone);
    yield [`${members.filter((one) => one.healthy).length} of ${members.length} healthy`, section.querySelector('small')];
  }
}

function showTokens(whole) {
  $('tokens').replaceChildren(...whole.instances.map((one) => element('details', { open: whole.instances.length < 5 && one.tokens < 200 },
    element('summary', {}, `${one.id}: ${counted(one.tokens, 'token')}`), element('p', { class: 'token-list' }, one.token_list.join(' ')))));
}

function showHistory({ changes }) {
  const change = (one) => (one.before === one.after ? one.after : `${one.before || 'absent'} → ${one.after || 'absent'}`);
  if (!changes.length) $('history').tBodies[0].replaceChildren(element('tr', {}, element('td', { colspan: '4', class: 'dim' }, 'Nothing has changed yet.')));
  else $('history').tBodies[0].replaceChildren(...changes.map((one) => element('tr', {},
    element('td', {}, element('time', { datetime: new Date(one.at_ms).toISOString() }, new Date(one.at_ms).toLocaleString())),
    element('td', {}, one.instance_id), element('td', { class: one.after }, element('span', { class: 'dot', 'aria-hidden': 'true' }), change(one)), element('td', {}, one.reason))));
}

/** Every second: ages go on. */
function tick() {
  const now = scene();
  for (const one of ring.instances) parts.get(one.id)?.tick(one, now);
}

$('views').addEventListener('click', (event) => {
  const { view } = event.target.dataset;
  if (view) { state.set({ view }); layOut(); }
});
$('by-zone').addEventListener('click', () => { state.set({ group: state.values.group ? '' : 'zone' }); layOut(); });
$('show-tokens').addEventListener('click', () => { state.set({ tokens: state.values.tokens ? '' : 'true' }); layOut(); });
document.addEventListener('ringacted', () => { auditedAt = -Infinity; watch.now(); });
const watch = new Watch({
  what: 'The ring',
  host: $('waiting'),
  seconds: PERIOD_SECONDS,
  question: (signal) => getJson('/api/v1/ring', { signal }),
  show: take,
  notices: ({ problems, notices }) => [...problems.map((text) => ['bad', text]), ...notices.map((text) => ['info', text])],
  tick,
});
