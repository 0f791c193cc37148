// A card for each ingester, or a row of the table: templates of the page, whose parts name what they show. What is there is
// changed in place: focus, selection and scroll stay.
import { age, ago, counted, percent, quantity, rate } from './format.js';
import { $, setText } from './page.js';
import { colourOf } from './ring_donut.js';
import { ActionBar } from './ring_actions.js';
import { corners, inWords } from './ring_queues.js';

const known = (value, show) => (value === null || value === undefined ? 'unknown' : show(value));
const bytes = (value) => quantity(value, 'bytes');

/** When an ingester uploaded last, by the clock of the ring, and whether that goes well. */
function lastUpload({ last_upload_seconds: at, is_upload_failing: fails, phase }, now) {
  if (!at) return fails ? 'none since its start, fails' : known(phase, () => 'none since its start');
  return `${ago(now - at)} ${fails ? '✗ fails since' : '✓'}`;
}

/** How a heartbeat of an age is: late from half the timeout on, lost behind it. */
const howLate = (seconds, timeout) => (seconds > timeout ? 'lost' : seconds > timeout / 2 ? 'late' : 'fine');

/** What cards and rows say of an ingester: a text, or [text, class]; null = nothing to say. */
function textsOf(one, scene) {
  const { status, oldest_message_seconds: oldest } = one;
  const now = scene.now + scene.passedSeconds;
  const beat = one.heartbeat_age_seconds + scene.passedSeconds;
  const act = scene.acted.get(one.id);
  return {
    name: one.id,
    state: one.shown_state + (one.read_only ? ' · READ-ONLY' : ''),
    heartbeat: [ago(beat), howLate(beat, scene.timeoutSeconds)],
    zone: one.zone || 'none',
    share: percent(one.ownership),
    tokens: String(one.tokens),
    ownership: `${percent(one.ownership)} · ${counted(one.tokens, 'token')}`,
    depth: known(one.queue_depth, String),
    oldest: oldest === null ? '' : age(oldest),
    queue: known(one.queue_depth, (count) => (count ? `${quantity(count)} · oldest ${known(oldest, age)}` : 'empty')),
    queries: one.read_queue_depth ? String(one.read_queue_depth) : null,
    rate: known(status.stored_profiles_per_second, (value) => rate(value)),
    ingest: known(status.stored_profiles_per_second, (value) => rate(value, ' profiles')),
    headSize: known(status.head_bytes, bytes),
    series: known(status.head_series, (count) => quantity(count)),
    head: known(status.head_bytes, (size) => `${bytes(size)} · ${quantity(status.head_series)} series`),
    walSize: known(status.wal_bytes, bytes),
    wal: known(status.wal_bytes, (size) => `${bytes(size)} · ${counted(status.wal_segments, 'segment')}`),
    blocks: known(status.local_blocks, String),
    upload: [lastUpload(status, now), status.is_upload_failing ? 'lost' : ''],
    [scene.isOneSeries ? 'stores' : 'shard']: scene.lit && (scene.lit.has(one.id) ? 'yes' : 'no'),
    notReady: status.why_not_ready,
    nextStop: status.shutdown_prepared ? 'uploads everything and leaves the ring' : null,
    noWrites: status.read_only ? status.read_only_reason || 'Its disk is full or its log cannot be written.' : null,
    readOnly: one.read_only ? known(one.read_only_updated_at, (at) => ago(now - at)) : null,
    error: status.last_error,
    replay: status.phase === 'starting' && status.replay_total_bytes ? `Replays its log: ${bytes(status.replayed_bytes)} of ${bytes(status.replay_total_bytes)}` : null,
    acted: act ? `${act.action} by ${act.actor}, ${ago(now - Date.parse(act.at) / 1000)}: ${act.outcome}` : null,
  };
}

/** One ingester, as a clone of the template `kind`: card or row. */
export class Member {
  constructor(id, kind) {
    this.kind = kind;
    this.node = $(kind).content.firstElementChild.cloneNode(true);
    this.node.dataset.id = id;
    this.texts = this.node.querySelectorAll('[data-text]');
    this.actions = new ActionBar(id);
    if (this.actions.node) (this.node.querySelector('details') ?? this.node).append(this.actions.node);
  }

  update(one, scene) {
    this.node.className = `${this.kind} ${one.shown_state}${one.read_only ? ' read-only' : ''}${scene.lit && !scene.lit.has(one.id) ? ' outside' : ''}`;
    this.node.style.setProperty('--own', colourOf(one.id));
    this.node.style.setProperty('--share', one.ownership);
    this.actions.update(one);
    this.tick(one, scene);
    if (this.kind === 'card') this.draw(one, scene);
  }

  /** What changes while no answer comes. */
  tick(one, scene) {
    const texts = textsOf(one, scene);
    for (const node of this.texts) {
      const [text, how] = [texts[node.dataset.text]].flat();
      setText(node, text ?? '');
      if (how !== undefined) { node.classList.remove('fine', 'late', 'lost'); if (how) node.classList.add(how); }
      node.closest('.fact')?.toggleAttribute('hidden', !text);
    }
  }

  draw({ id, tokens, status }, { queues, acted }) {
    const points = queues.of(id);
    const line = this.node.querySelector('svg');
    line.firstChild.setAttribute('points', corners(points, Date.now()));
    line.ariaLabel = inWords(points, Date.now());
    this.node.querySelector('.share').hidden = !tokens;
    Object.assign(this.node.querySelector('progress'), { value: status.replayed_bytes / status.replay_total_bytes || 0, ariaLabel: `Replay of ${id}` });
    this.node.querySelector('.acted').title = acted.get(id)?.detail ?? '';
  }
}
