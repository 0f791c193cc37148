// The ring page: asks for the ring every two seconds and shows who is in it. State is always a word beside its colour.
import { age, percent, quantity } from './format.js';
import { element, getJson, showNotices } from './page.js';
import { buttons } from './ring_actions.js';

const PERIOD_MS = 2000;
const $ = (id) => document.getElementById(id);
const hue = (index) => `hsl(${(index * 47 + 205) % 360} 55% 60%)`;
const known = (value, show) => (value === null || value === undefined ? 'unknown' : show(value));
const withTokens = new URLSearchParams(location.search).get('tokens') === 'true';
let last = null;
let revision = null;

async function refresh() {
  try {
    last = await getJson('/api/v1/ring', { parameters: withTokens ? { tokens: 'true' } : {} });
    $('status').textContent = `refreshed ${new Date().toLocaleTimeString()} · every 2 s`;
    show(last);
    if (last.revision !== revision) await showHistory(last);
  } catch (error) {
    $('status').textContent = 'not refreshed';
    showNotices([['bad', `The ring could not be read: ${error.message}${last ? ' What follows is the last known state.' : ''}`]]);
  }
  setTimeout(refresh, PERIOD_MS);
}

function show(ring) {
  const notices = [
    ...(ring.stale_seconds > 0 ? [['bad', `The store of the ring has not answered for a while (${ring.stale_seconds < 60 ? 'less than a minute' : 'more than a minute'}); this is the last known state.`]] : []),
    ...ring.problems.map((text) => ['bad', text]), ...ring.notices.map((text) => ['info', text]),
  ];
  showNotices(notices);
  showFigures(ring);
  if (!ring.instances.length) $('cards').replaceChildren($('no-members').content.cloneNode(true));
  else replaceCards(ring.instances.map((one, index) => card(one, index, ring)));
  drawDonut(ring);
  if (withTokens) showTokens(ring);
}

/** Replace the cards, and leave the keyboard on the button where it was. */
function replaceCards(cards) {
  const { act } = document.activeElement?.dataset ?? {};
  const id = document.activeElement?.closest('article')?.dataset.id;
  $('cards').replaceChildren(...cards);
  if (act) $('cards').querySelector(`[data-id="${CSS.escape(id)}"] [data-act="${act}"]`)?.focus();
}

async function showHistory(ring) {
  const { changes } = await getJson('/api/v1/ring/history', { parameters: { limit: 20 } });
  $('history').tBodies[0].replaceChildren(...changes.map((one) => element('tr', {},
    element('td', {}, new Date(one.at_ms).toLocaleString()), element('td', {}, one.instance_id),
    element('td', {}, one.before === one.after ? one.after : `${one.before || 'absent'} → ${one.after || 'absent'}`),
    element('td', {}, one.reason))));
  revision = ring.revision;
}

function showTokens(ring) {
  $('tokens-panel').hidden = false;
  $('tokens-link').textContent = 'Hide tokens';
  $('tokens-link').setAttribute('href', '?');
  $('tokens').replaceChildren(...ring.instances.map((one) => element('details', { open: ring.instances.length < 5 && one.tokens < 200 },
    element('summary', {}, `${one.id}: ${one.tokens} tokens`), element('p', { class: 'token-list' }, one.token_list.join(' ')))));
}

function showFigures(ring) {
  const sum = (pick) => ring.instances.reduce((total, one) => total + (pick(one) || 0), 0);
  const figures = [
    ['Ingesters healthy', `${ring.healthy_count} / ${ring.instances.length}`],
    ['Replication', `${ring.replication_factor}${ring.zone_awareness_enabled ? `, ${ring.zones.length} zones` : ''}`],
    ['Writable keys', percent(ring.writable_share)],
    ['Messages waiting', quantity(sum((one) => one.queue_depth), '')],
    ['Heads', quantity(sum((one) => one.status.head_bytes), 'bytes')],
    ['Write-ahead logs', quantity(sum((one) => one.status.wal_bytes), 'bytes')],
    ['Ownership spread', `±${percent(ring.ownership_spread)}`],
  ];
  $('figures').replaceChildren(...figures.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))));
}

function card(one, index, ring) {
  const { status } = one;
  const rows = [
    ['Heartbeat', `${age(one.heartbeat_age_seconds)} ago`],
    ['Zone', one.zone || 'none'],
    ['Ownership', `${percent(one.ownership)}${ring.zone_awareness_enabled ? ' of its zone' : ''} · ${one.tokens} tokens`],
    ['Queue', known(one.queue_depth, (count) => `${count} pushes · ${one.read_queue_depth} queries`)],
    ['Head', known(status.head_bytes, (bytes) => `${quantity(bytes, 'bytes')} · ${status.head_series} series · ${status.head_profiles} profiles`)],
    ['Log', known(status.wal_bytes, (bytes) => `${quantity(bytes, 'bytes')} · ${status.wal_segments} segments`)],
    ['Blocks here', known(status.local_blocks, String)],
    ['Last upload', status.last_upload_seconds ? `${age(Math.max(0, ring.now - status.last_upload_seconds))} ago` : 'none yet'],
    ...(status.phase === 'starting' && status.replay_total_bytes ? [['Replay', `${quantity(status.replayed_bytes, 'bytes')} of ${quantity(status.replay_total_bytes, 'bytes')}`]] : []),
    ...(status.why_not_ready ? [['Not ready', status.why_not_ready]] : []),
    ...(status.shutdown_prepared ? [['Next stop', 'uploads everything and leaves the ring']] : []),
    ...(status.read_only ? [['Takes no writes', status.read_only_reason || 'Its disk is full or its log cannot be written.']] : []),
    ...(one.read_only ? [['Read-only since', one.read_only_updated_at ? `${age(Math.max(0, ring.now - one.read_only_updated_at))} ago` : 'unknown']] : []),
    ...(status.last_error ? [['Last error', status.last_error]] : []),
  ];
  const word = one.shown_state + (one.read_only ? ' · READ-ONLY' : '');
  return element('article', { class: `card ${one.shown_state}`, 'data-id': one.id },
    element('h3', {}, element('span', { class: 'swatch', style: `background:${hue(index)}` }), one.id, element('span', { class: 'badge' }, word)),
    element('dl', {}, ...rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)])), ...buttons(one));
}

/** One circle a zone, for each zone is divided among its own ingesters. */
function drawDonut(ring) {
  const canvas = $('donut'), context = canvas.getContext('2d'), middle = canvas.width / 2;
  const style = getComputedStyle(canvas);
  context.clearRect(0, 0, canvas.width, canvas.height);
  const width = Math.min(34, 96 / Math.max(1, ring.zones.length));
  ring.zones.forEach((zone, number) => {
    let angle = -Math.PI / 2;
    const radius = middle - 10 - width / 2 - number * (width + 5);
    ring.instances.forEach((one, index) => {
      if (one.zone !== zone || !one.ownership) return;
      const end = angle + one.ownership * 2 * Math.PI;
      context.beginPath();
      context.arc(middle, middle, radius, angle + 0.008, Math.max(angle + 0.009, end - 0.008));
      context.lineWidth = width;
      context.globalAlpha = one.healthy ? 1 : 0.3;
      context.strokeStyle = hue(index);
      context.stroke();
      angle = end;
    });
  });
  context.globalAlpha = 1;
  context.textAlign = 'center';
  context.fillStyle = style.getPropertyValue('--fg');
  context.font = '600 30px system-ui, sans-serif';
  context.fillText(`${ring.healthy_count} / ${ring.instances.length}`, middle, middle);
  context.fillStyle = style.getPropertyValue('--dim');
  context.font = '13px system-ui, sans-serif';
  context.fillText('ingesters healthy', middle, middle + 22);
}

refresh();
