// Single profiles, or spans of them, by time and value: a heatmap to click on, and the largest of them as a list, which is
// the way in for keys and screen readers.
import { tickText, timeTicks } from './chart_scale.js';
import { quantity } from './format.js';
import { element } from './page.js';
import { dateTime } from './time_range.js';

const LEFT = 64, RIGHT = 10, TOP = 4, BOTTOM = 22;
const LARGEST = 12;

/** The exemplars of all slots, the largest value first. */
export const exemplarsOf = (slots) => slots.flatMap((slot) => slot.exemplars).sort((a, b) => b.value - a.value || a.time_ms - b.time_ms);

/** Where a value lies among the buckets; the last one has no upper end. */
export function bucketOf(floors, value) {
  let bucket = 0;
  while (bucket + 1 < floors.length && floors[bucket + 1] <= value) bucket++;
  return bucket;
}

export class Heatmap {
  /** `onpick(exemplar)`: this one is to be shown alone. */
  constructor(host, list, { onpick, ontell = () => {} }) {
    Object.assign(this, { host, list, onpick, ontell, answer: { slots: [], floors: [] } });
    this.canvas = element('canvas', { role: 'img', 'aria-label': 'Heatmap' });
    host.replaceChildren(this.canvas);
    this.canvas.addEventListener('pointermove', (event) => this.point(this.at(event.offsetX, event.offsetY)));
    this.canvas.addEventListener('pointerleave', () => this.point(null));
    this.canvas.addEventListener('click', (event) => {
      const one = this.at(event.offsetX, event.offsetY)?.exemplar;
      if (one) onpick(one);
    });
    new ResizeObserver(() => this.draw()).observe(host);
    document.addEventListener('themechange', () => this.draw());
  }

  /** `answer` of /api/v1/heatmap; `picked` is the id of the profile or span that is shown. */
  show(answer, { from, until, picked }) {
    Object.assign(this, { answer, from, until, picked });
    const sum = answer.slots.reduce((total, slot) => total + slot.counts.reduce((a, b) => a + b, 0), 0);
    this.most = answer.slots.reduce((most, slot) => Math.max(most, ...slot.counts), 1);
    this.canvas.setAttribute('aria-label', `Heatmap of ${sum} values from ${dateTime(from)} to ${dateTime(until)}. The largest are listed below it.`);
    this.draw();
    const largest = exemplarsOf(answer.slots).slice(0, LARGEST);
    this.list.replaceChildren(...largest.map((one) => this.row(one)));
    if (!largest.length) this.list.replaceChildren(element('li', { class: 'dim' }, 'Nothing was recorded singly in this range.'));
  }

  row(one) {
    const labels = Object.entries(one.labels).filter(([name]) => !name.startsWith('__')).map(([name, value]) => `${name}=${value}`).join(' ');
    const isPicked = this.picked === (one.span_id || one.profile_id);
    return element('li', {}, element('button', { type: 'button', 'aria-pressed': String(isPicked), onclick: () => this.onpick(one) },
      element('span', { class: 'number' }, quantity(one.value, this.answer.unit)), ' ', dateTime(one.time_ms),
      one.span_id ? ` · span ${one.span_id}` : '', ' ', element('span', { class: 'dim' }, labels)));
  }

  point(cell) {
    this.canvas.style.cursor = cell?.exemplar ? 'pointer' : 'default';
    this.ontell(cell ? `${dateTime(cell.slot.timestamp_ms)} · ${cell.count} of about ${quantity(this.answer.floors[cell.bucket], this.answer.unit)}` : '');
  }

  px(time) { return LEFT + ((time - this.from) / (this.until - this.from)) * (this.width - LEFT - RIGHT); }

  /** The cell at a point; null where nothing was counted. */
  at(x, y) {
    const { slots, floors, step_ms: step } = this.answer;
    const time = this.from + ((x - LEFT) / (this.width - LEFT - RIGHT)) * (this.until - this.from);
    const slot = slots.find((one) => one.timestamp_ms - step < time && time <= one.timestamp_ms);
    const bucket = floors.length - 1 - Math.floor((y - TOP) / ((this.height - TOP - BOTTOM) / floors.length));
    const count = slot?.counts[bucket];
    return count ? { slot, bucket, count, exemplar: slot.exemplars.find((one) => bucketOf(floors, one.value) === bucket) } : null;
  }

  draw() {
    const ratio = devicePixelRatio || 1, { canvas, host } = this;
    this.width = host.clientWidth;
    this.height = host.clientHeight;
    if (!this.width || !this.height || this.from === undefined) return;
    canvas.width = this.width * ratio;
    canvas.height = this.height * ratio;
    const context = canvas.getContext('2d');
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(host);
    const token = (name) => style.getPropertyValue(name).trim();
    this.axes(context, token);
    const { slots, floors, step_ms: step } = this.answer;
    const tall = (this.height - TOP - BOTTOM) / floors.length;
    context.fillStyle = token('--accent');
    for (const slot of slots) {
      const left = Math.max(LEFT, this.px(slot.timestamp_ms - step)), right = this.px(slot.timestamp_ms);
      slot.counts.forEach((count, bucket) => {
        if (!count) return;
        context.globalAlpha = 0.2 + 0.8 * (Math.log1p(count) / Math.log1p(this.most));
        context.fillRect(left, TOP + (floors.length - 1 - bucket) * tall, Math.max(1, right - left - 1), tall - 1);
      });
    }
    context.globalAlpha = 1;
  }

  axes(context, token) {
    const { floors, unit } = this.answer;
    context.font = '11px system-ui, sans-serif';
    context.fillStyle = token('--dim');
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    const tall = (this.height - TOP - BOTTOM) / (floors.length || 1);
    for (let bucket = 0; bucket < floors.length; bucket += 5) {
      context.fillText(quantity(floors[bucket], unit), LEFT - 6, TOP + (floors.length - bucket - 0.5) * tall);
    }
    context.textAlign = 'center';
    const { step, ticks } = timeTicks(this.from, this.until, Math.max(2, Math.floor((this.width - LEFT) / 80)));
    for (const tick of ticks) {
      const x = this.px(tick);
      if (x > LEFT + 20 && x < this.width - 26) context.fillText(tickText(tick, step), x, this.height - BOTTOM / 2 + 2);
    }
  }
}
