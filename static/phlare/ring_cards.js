// A card for each ingester and a row of the table. What is there is changed in place: focus, selection and scroll stay.
import { age, percent, quantity, rate } from './format.js';
import { element } from './page.js';
import { colourOf } from './ring_donut.js';
import { ActionBar } from './ring_actions.js';
import { Sparkline } from './ring_queues.js';

const known = (value, show) => (value === null || value === undefined ? 'unknown' : show(value));
const ago = (seconds) => `${age(Math.max(0, seconds))} ago`;
const counted = (count, noun) => `${quantity(count)} ${noun}${count === 1 ? '' : 's'}`;
const queued = (count, oldest) => (count ? `${quantity(count)} · oldest ${oldest === null ? 'unknown' : age(oldest)}` : 'empty');
const bytes = (value) => quantity(value, 'bytes');

/** When an ingester uploaded last, by the clock of the ring, and whether that goes well. */
function lastUpload({ last_upload_seconds: at, is_upload_failing: fails, phase }, now) {
  if (!at) return fails ? 'none since its start, fails' : known(phase, () => 'none since its start');
  return `${ago(now - at)} ${fails ? '✗ fails since' : '✓'}`;
}

/** Set a text only where it differs. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The word of a state; the colour comes from the class of the same name. */
export const stateOf = (one) => one.shown_state + (one.read_only ? ' · READ-ONLY' : '');

/** Age of a heartbeat now, and how it is: fine, late from half the timeout on, lost behind it. */
export function heartbeat(one, { passedSeconds, timeoutSeconds }) {
  const seconds = one.heartbeat_age_seconds + passedSeconds;
  const how = seconds > timeoutSeconds ? 'lost' : seconds > timeoutSeconds / 2 ? 'late' : 'fine';
  return { text: ago(seconds), how };
}

function rowsOf(one, scene) {
  const { status } = one;
  const now = scene.now + scene.passedSeconds;
  return [
    ['Zone', one.zone || 'none'],
    ['Ownership', `${percent(one.ownership)} · ${counted(one.tokens, 'token')}`],
    ['Queue', known(one.queue_depth, (count) => queued(count, one.oldest_message_seconds))],
    ...(one.read_queue_depth ? [['Queries waiting', String(one.read_queue_depth)]] : []),
    ['Ingest', known(status.stored_profiles_per_second, (value) => rate(value, ' profiles'))],
    ['Head', known(status.head_bytes, (size) => `${bytes(size)} · ${quantity(status.head_series)} series`)],
    ['Write-ahead log', known(status.wal_bytes, (size) => `${bytes(size)} · ${counted(status.wal_segments, 'segment')}`)],
    ['Blocks here', known(status.local_blocks, String)],
    ['Last upload', lastUpload(status, now), status.is_upload_failing ? 'lost' : ''],
    ...(scene.lit ? [[scene.litWords, scene.lit.has(one.id) ? 'yes' : 'no']] : []),
    ...(status.why_not_ready ? [['Not ready', status.why_not_ready]] : []),
    ...(status.shutdown_prepared ? [['Next stop', 'uploads everything and leaves the ring']] : []),
    ...(status.read_only ? [['Takes no writes', status.read_only_reason || 'Its disk is full or its log cannot be written.']] : []),
    ...(one.read_only ? [['Read-only since', known(one.read_only_updated_at, (at) => ago(now - at))]] : []),
    ...(status.last_error ? [['Last error', status.last_error]] : []),
  ];
}

/** The card of one ingester. */
export class Card {
  constructor(id) {
    this.id = id;
    this.swatch = element('span', { class: 'swatch' });
    this.badge = element('span', { class: 'badge' });
    this.beat = element('dd');
    this.share = element('div', { class: 'share', 'aria-hidden': 'true' }, element('i'));
    this.sparkline = new Sparkline();
    this.replay = element('div', { class: 'replay' });
    this.list = element('dl');
    this.shown = new Map();
    this.acted = element('p', { class: 'acted' });
    this.actions = new ActionBar(id);
    this.node = element('article', { 'data-id': id },
      element('h3', {}, this.swatch, element('span', { class: 'name' }, id), this.badge), this.list, this.replay, this.acted, this.actions.node);
  }

  update(one, scene) {
    this.node.className = `card ${one.shown_state}${one.read_only ? ' read-only' : ''}${scene.lit && !scene.lit.has(one.id) ? ' outside' : ''}`;
    this.swatch.style.background = colourOf(one.id);
    setText(this.badge, stateOf(one));
    this.fill(rowsOf(one, scene), one);
    this.share.firstChild.style.width = `${Math.min(100, 100 * one.ownership)}%`;
    this.share.firstChild.style.background = colourOf(one.id);
    this.sparkline.show(scene.queues.of(one.id));
    this.showReplay(one.status);
    this.showActed(scene.acted.get(one.id), scene);
    this.actions.update(one);
    this.tick(one, scene);
  }

  /** What changes while no answer comes. */
  tick(one, scene) {
    const { text, how } = heartbeat(one, scene);
    setText(this.beat, text);
    this.beat.className = how;
  }

  fill(rows, one) {
    const names = ['Heartbeat', ...rows.map(([name]) => name)];
    for (const [name, text, how = ''] of rows) {
      if (!this.shown.has(name)) this.shown.set(name, element('dd', {}, element('span')));
      setText(this.shown.get(name).lastChild, text);
      this.shown.get(name).className = how;
    }
    const key = names.join('\n');
    if (key === this.names) return;
    this.names = key;
    this.shown.get('Queue').prepend(this.sparkline.node);
    this.list.replaceChildren(element('dt', {}, 'Heartbeat'), this.beat, ...rows.flatMap(([name]) => [
      element('dt', {}, name), this.shown.get(name), ...(name === 'Ownership' && one.tokens ? [this.share] : []),
    ]));
  }

  showReplay(status) {
    const replays = status.phase === 'starting' && status.replay_total_bytes > 0;
    this.replay.hidden = !replays;
    if (!replays) return;
    if (!this.replay.childElementCount) this.replay.append(element('progress', { 'aria-label': `Replay of ${this.id}`, max: 1 }), element('span'));
    this.replay.firstChild.value = status.replayed_bytes / status.replay_total_bytes;
    setText(this.replay.lastChild, `Replays its log: ${bytes(status.replayed_bytes)} of ${bytes(status.replay_total_bytes)}`);
  }

  showActed(line, scene) {
    this.acted.hidden = !line;
    if (line) setText(this.acted, `${line.action} by ${line.actor}, ${ago(scene.now + scene.passedSeconds - Date.parse(line.at) / 1000)}: ${line.outcome}`);
    if (line) this.acted.title = line.detail;
  }
}

/** The columns of the table: heading and text. */
export const COLUMNS = [
  ['Zone', (one) => one.zone || 'none'],
  ['Heartbeat', (one, scene) => heartbeat(one, scene).text],
  ['Ownership', (one) => percent(one.ownership)],
  ['Tokens', (one) => String(one.tokens)],
  ['Queue', (one) => known(one.queue_depth, String)],
  ['Oldest', (one) => (one.oldest_message_seconds === null ? '' : age(one.oldest_message_seconds))],
  ['Ingest', (one) => known(one.status.stored_profiles_per_second, (value) => rate(value))],
  ['Head', (one) => known(one.status.head_bytes, bytes)],
  ['Series', (one) => known(one.status.head_series, (count) => quantity(count))],
  ['WAL', (one) => known(one.status.wal_bytes, bytes)],
  ['Last upload', (one, scene) => lastUpload(one.status, scene.now + scene.passedSeconds)],
];

/** A row of the table. */
export class Row {
  constructor(id) {
    this.id = id;
    this.swatch = element('span', { class: 'swatch' });
    this.badge = element('span', { class: 'badge' });
    this.cells = COLUMNS.map(([name]) => element('td', { class: name === 'Zone' ? null : 'number' }));
    this.actions = new ActionBar(id);
    this.node = element('tr', { 'data-id': id }, element('th', { scope: 'row' }, element('span', { class: 'named' }, this.swatch, id)),
      element('td', {}, this.badge), ...this.cells, this.actions.mayAct ? element('td', {}, element('details', {}, element('summary', {}, 'Act'), this.actions.node)) : null);
  }

  update(one, scene) {
    this.node.className = `${one.shown_state}${one.read_only ? ' read-only' : ''}${scene.lit && !scene.lit.has(one.id) ? ' outside' : ''}`;
    this.swatch.style.background = colourOf(one.id);
    setText(this.badge, stateOf(one));
    this.actions.update(one);
    this.tick(one, scene);
  }

  tick(one, scene) {
    COLUMNS.forEach(([name, text], number) => {
      setText(this.cells[number], text(one, scene));
      if (name === 'Heartbeat') this.cells[number].className = `number ${heartbeat(one, scene).how}`;
    });
  }
}
