// Single profiles, or spans of them, by time and value: a heatmap to click on, and the largest of them as a list, which is
// the way in for keys and screen readers.
import { counted, quantity } from './format.js';
import { element, refill } from './page.js';
import { LEFT, TOP, TimeChart } from './time_chart.js';
import { dateTime } from './time_range.js';

const LARGEST = 12;
const NAMED = 5; // buckets to one that the axis names

/** The exemplars of all slots, the largest value first. */
export const exemplarsOf = (slots) => slots.flatMap((slot) => slot.exemplars).sort((a, b) => b.value - a.value || a.time_ms - b.time_ms);

/** Where a value lies among the buckets; the last one has no upper end. */
export const bucketOf = (floors, value) => Math.max(0, floors.findLastIndex((floor) => floor <= value));

export class Heatmap extends TimeChart {
  /** `onpick(exemplar)`: this one is to be shown alone. `ontell(text)`: what the pointer is on. */
  constructor(host, list, tell) {
    super(host);
    Object.assign(this, { list, ...tell, slots: [], floors: [] });
  }

  /** `answer` of /api/v1/heatmap; `picked` is the id of the profile or span that is shown. */
  show({ slots, floors, step_ms: step, unit }, { from, until, picked }) {
    const counts = slots.flatMap((slot) => slot.counts);
    const most = counts.reduce((a, b) => Math.max(a, b), 1);
    Object.assign(this, { slots, floors, step, unit, from, until, picked, most });
    this.canvas.ariaLabel = `Heatmap of ${counted(counts.reduce((a, b) => a + b, 0), 'value')} from ${dateTime(from)} to ${dateTime(until)}. The largest are listed below it.`;
    this.queue();
    const largest = exemplarsOf(slots).slice(0, LARGEST).map((one) => this.row(one));
    refill(this.list, ...(largest.length ? largest : [element('li', { class: 'dim' }, 'Nothing was recorded singly in this range.')]));
  }

  row(one) {
    const labels = Object.entries(one.labels).filter(([name]) => !name.startsWith('__')).map(([name, value]) => `${name}=${value}`).join(' ');
    const isPicked = this.picked === (one.span_id || one.profile_id);
    return element('li', {}, element('button', { 'aria-pressed': isPicked, onclick: () => this.onpick(one) },
      element('span', { class: 'number' }, quantity(one.value, this.unit)), ' ', dateTime(one.time_ms),
      one.span_id ? ` · span ${one.span_id}` : '', ' ', element('span', { class: 'dim' }, labels)));
  }

  moved(x, y) {
    const cell = x === null ? null : this.at(x, y);
    this.canvas.style.cursor = cell?.exemplar ? 'pointer' : 'default';
    this.ontell(cell ? `${dateTime(cell.slot.timestamp_ms)} · ${cell.count} of about ${quantity(this.floors[cell.bucket], this.unit)}` : '');
  }

  clicked(x, y) {
    const one = this.at(x, y)?.exemplar;
    if (one) this.onpick(one);
  }

  /** The upper edge of a bucket; the lower one of a bucket is the upper one of the bucket before it. */
  edge(bucket) { return TOP + (1 - (bucket + 1) / this.floors.length) * this.tall; }

  levels() { return this.floors.flatMap((floor, bucket) => (bucket % NAMED ? [] : [[floor, this.edge(bucket - 1) - 1]])); }

  /** The cell at a point; null where nothing was counted. */
  at(x, y) {
    const { slots, floors, step } = this;
    const slot = slots.find(({ timestamp_ms: time }) => this.px(time - step) < x && x <= this.px(time));
    const bucket = floors.findIndex((_, index) => this.edge(index) <= y && y < this.edge(index - 1));
    const count = slot?.counts[bucket];
    return count ? { slot, bucket, count, exemplar: slot.exemplars.find((one) => bucketOf(floors, one.value) === bucket) } : null;
  }

  paint() {
    const { step, slots, context, most } = this, tall = this.tall / this.floors.length - 1;
    context.fillStyle = this.token('--accent');
    for (const { timestamp_ms: time, counts } of slots) {
      const left = this.px(time - step), wide = Math.max(1, this.px(time) - left - 1);
      counts.forEach((count, bucket) => {
        context.globalAlpha = count && 0.2 + 0.8 * (Math.log1p(count) / Math.log1p(most));
        context.fillRect(left, this.edge(bucket), wide, tall);
      });
    }
  }
}
