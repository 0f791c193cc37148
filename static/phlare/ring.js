// The ring page: asks for the ring every two seconds while it is seen, and says how old what it shows is.
import { age, percent, quantity, rate } from './format.js';
import { element, failure, getJson } from './page.js';
import { Card, COLUMNS, Row, setText } from './ring_cards.js';
import { Donut, inWords } from './ring_donut.js';
import { mayAct } from './ring_actions.js';
import { Lookup } from './ring_lookup.js';
import { QueueHistory } from './ring_queues.js';
import { PageState } from './state.js';
import { repeat } from './waits.js';

const PERIOD_SECONDS = 2;
const OLD_SECONDS = 6;
const AUDIT_SECONDS = 30;
const TIMEOUT_MS = 15_000;
const HISTORY_LINES = 50;
const AUDIT_LINES = 500;
const DEFAULTS = { view: 'cards', group: '', tokens: '', shard: '', series: '' };
const $ = (id) => document.getElementById(id);

const queues = new QueueHistory();
const donut = new Donut($('donut'), (text) => setText($('pointed'), text));
const state = new PageState(DEFAULTS, () => { lookup.restore(); layOut(); });
let ring = null; // the last document
let receivedAt = 0; // when it came, by performance.now()
let failed = null; // why the last request failed
let tokensRevision = null; // of the tokens that are drawn
let historyRevision = null; // of the changes that are listed
let acted = new Map(); // the latest action on each ingester
let auditedAt = -Infinity;
let parts = new Map(); // id -> Card or Row
let laidOut = '';
const lookup = new Lookup(state, () => show());

const passedSeconds = () => (performance.now() - receivedAt) / 1000;

/** Whether what is shown is not how it is now: Redis is away, or this server, or it takes its time. */
const isOld = () => Boolean(failed) || ring.stale_seconds > 0 || passedSeconds() > OLD_SECONDS;

/** What cards and rows are drawn with. While no news comes, neither does a heartbeat: time stands still. */
function scene() {
  const standsStill = failed || ring.stale_seconds > 0;
  return {
    now: ring.now, passedSeconds: standsStill ? 0 : Math.min(passedSeconds(), OLD_SECONDS), timeoutSeconds: ring.heartbeat_timeout_seconds,
    lit: lookup.lit, litWords: lookup.litWords, queues, acted,
  };
}

async function refresh() {
  try {
    const answer = await getJson('/api/v1/ring', { signal: AbortSignal.timeout(TIMEOUT_MS), attempts: 1 });
    [ring, receivedAt, failed] = [answer, performance.now(), null];
    if (!ring.stale_seconds) queues.note(ring.instances);
    show();
    await followChanges();
  } catch (error) {
    failed = error;
    if (ring) show(); else { showNotices(); $('waiting').hidden = true; }
  }
  tick();
  return failed === null;
}

/** Ask for what changes seldom: tokens and history with the revision, actions now and then. */
async function followChanges() {
  await lookup.refresh(ring);
  const { revision } = ring;
  if (revision !== tokensRevision) {
    const whole = await getJson('/api/v1/ring', { parameters: { tokens: 'true' } });
    donut.setTokens(whole.instances.map((one) => one.token_list));
    tokensRevision = whole.revision;
    showTokens(whole);
    show();
  }
  if (revision !== historyRevision && !ring.stale_seconds) {
    showHistory(await getJson('/api/v1/ring/history', { parameters: { limit: HISTORY_LINES } }));
    historyRevision = revision;
  }
  if (mayAct() && performance.now() - auditedAt > AUDIT_SECONDS * 1000) await readAudit();
}

async function readAudit() {
  auditedAt = performance.now();
  const { entries } = await getJson('/api/v1/ring/audit', { parameters: { limit: AUDIT_LINES } });
  acted = new Map(entries.reverse().map((line) => [line.instance, line]));
  show();
}

function show() {
  if (!ring) return;
  $('waiting').hidden = true;
  $('ring').hidden = false;
  showNotices();
  showFigures();
  layOut();
  donut.show(ring, { lit: lookup.lit, needle: lookup.needle });
  setText($('donut-words'), inWords(ring));
}

/** Sentences of the same shape stay where they are: an alert that only counts seconds must not be read out each time. */
function showNotices() {
  const notices = [
    ...(failed ? [failure(ring ? 'The ring could not be read; this is the last known state' : 'The ring could not be read', failed, () => polling.now())] : []),
    ...(ring ? [...ring.problems.map((text) => ['bad', text]), ...ring.notices.map((text) => ['info', text])] : []),
  ];
  const host = $('notices');
  const key = notices.map(([kind, text]) => kind + text.replace(/\d+/g, '#')).join('\n');
  if (host.dataset.key !== key) {
    host.dataset.key = key;
    host.replaceChildren(...notices.map(([kind, text, ...more]) => element('p', { class: `notice ${kind}` }, element('span', { 'aria-live': 'off' }, text), ...more)));
  }
  notices.forEach(([, text], number) => setText(host.children[number].firstChild, text));
}

function showFigures() {
  const sum = (pick) => ring.instances.reduce((total, one) => total + (pick(one) || 0), 0);
  const heard = !ring.stale_seconds && (!ring.instances.length || ring.instances.some((one) => one.queue_depth !== null));
  const live = (text) => (heard ? text : 'unknown');
  const oldest = Math.max(...ring.instances.map((one) => one.oldest_message_seconds ?? -1));
  const figures = [
    ['Ingesters healthy', `${ring.healthy_count} / ${ring.instances.length}`, '', ring.healthy_count < ring.instances.length],
    ['Replication factor', String(ring.replication_factor), ring.zone_awareness_enabled ? `in ${ring.zones.length} zones` : ''],
    ['Writable series', percent(Math.floor(ring.writable_share * 1000) / 1000), '', ring.writable_share < 1],
    ['Ingest rate', live(rate(sum((one) => one.status.stored_profiles_per_second))), heard ? 'profiles, all copies' : ''],
    ['Pushes waiting', live(quantity(sum((one) => one.queue_depth))), oldest >= 0 ? `oldest ${age(oldest)}` : ''],
    ['Heads', live(quantity(sum((one) => one.status.head_bytes), 'bytes')), heard ? `${quantity(sum((one) => one.status.head_series))} series` : ''],
    ['Write-ahead logs', live(quantity(sum((one) => one.status.wal_bytes), 'bytes')), ''],
    ['Ownership spread', `±${percent(ring.ownership_spread)}`, ''],
  ];
  const host = $('figures');
  if (!host.childElementCount) {
    host.replaceChildren(...figures.map(([name]) => element('div', {}, element('dt', {}, name), element('dd', {}, element('span'), element('small')))));
  }
  figures.forEach(([, value, more, isBad], number) => {
    const [big, small] = host.children[number].lastChild.children;
    setText(big, value);
    setText(small, more);
    host.children[number].classList.toggle('wrong', Boolean(isBad));
  });
}

/** Cards or rows, by zone or not. Built anew only when somebody comes or goes or another view is wanted. */
function layOut() {
  if (!ring) return;
  const { view, group } = state.values;
  const key = JSON.stringify([view, group, ring.instances.map((one) => [one.id, one.zone])]);
  if (key !== laidOut) {
    laidOut = key;
    const kind = view === 'table' ? Row : Card;
    parts = new Map(ring.instances.map(({ id }) => [id, parts.get(id) instanceof kind ? parts.get(id) : new kind(id)]));
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
  if (state.values.view !== 'table') return element('div', { class: 'cards' }, ...nodes);
  const headings = ['Ingester', 'State', ...COLUMNS.map(([name]) => name), ...(mayAct() ? ['Actions'] : [])];
  return element('div', { class: 'panel scrolls', tabindex: '0', role: 'region', 'aria-label': 'Ingesters as a table' }, element('table', { class: 'members' },
    element('thead', {}, element('tr', {}, ...headings.map((name) => element('th', { scope: 'col', class: COLUMNS.some(([column]) => column === name && name !== 'Zone') ? 'number' : null }, name)))),
    element('tbody', {}, ...nodes)));
}

function* zoneCounts() {
  for (const section of $('members').querySelectorAll('.zone')) {
    const members = ring.instances.filter((one) => one.zone === section.dataset.zone);
    yield [`${members.filter((one) => one.healthy).length} of ${members.length} healthy`, section.querySelector('small')];
  }
}

function showTokens(whole) {
  $('tokens').replaceChildren(...whole.instances.map((one) => element('details', { open: whole.instances.length < 5 && one.tokens < 200 },
    element('summary', {}, `${one.id}: ${one.tokens} tokens`), element('p', { class: 'token-list' }, one.token_list.join(' ')))));
}

function showHistory({ changes }) {
  const change = (one) => (one.before === one.after ? one.after : `${one.before || 'absent'} → ${one.after || 'absent'}`);
  if (!changes.length) $('history').tBodies[0].replaceChildren(element('tr', {}, element('td', { colspan: '4', class: 'dim' }, 'Nothing has changed yet.')));
  else $('history').tBodies[0].replaceChildren(...changes.map((one) => element('tr', {},
    element('td', {}, element('time', { datetime: new Date(one.at_ms).toISOString() }, new Date(one.at_ms).toLocaleString())),
    element('td', {}, one.instance_id), element('td', { class: one.after }, element('span', { class: 'dot', 'aria-hidden': 'true' }), change(one)), element('td', {}, one.reason))));
}

/** Every second: ages go on, and the page says how old it is. */
function tick() {
  const text = $('status');
  if (!ring) { setText(text, failed ? 'no answer' : 'loading'); return; }
  const seconds = passedSeconds();
  text.classList.toggle('old', isOld());
  $('ring').classList.toggle('stale', isOld());
  const since = failed || !ring.stale_seconds ? seconds : ring.stale_seconds + seconds;
  setText(text, isOld() ? `stale · as it was ${age(since)} ago` : `live · ${Math.round(seconds)} s old · revision ${ring.revision}`);
  const now = scene();
  for (const one of ring.instances) parts.get(one.id)?.tick(one, now);
}

$('views').addEventListener('click', (event) => {
  const { view } = event.target.dataset;
  if (view) { state.set({ view }); layOut(); }
});
$('by-zone').addEventListener('click', () => { state.set({ group: state.values.group ? '' : 'zone' }); layOut(); });
$('show-tokens').addEventListener('click', () => { state.set({ tokens: state.values.tokens ? '' : 'true' }); layOut(); });
document.addEventListener('ringacted', () => { auditedAt = -Infinity; polling.now(); });
setInterval(tick, 1000);
const polling = repeat(refresh, PERIOD_SECONDS);
