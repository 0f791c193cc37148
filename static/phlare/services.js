// The list of services: filtered, favourites first, each with its line and total of the chosen profile type. Only the rows in
// view are in the page.
import { arranged, readFavourites, writeFavourites } from './favourites.js';
import { counted, quantity } from './format.js';
import { element, refill } from './page.js';

const ROW = 48; // pixels, as in explore.css
const SPARE = 4;
const GAP = 0.6; // percent of a line between two of its bars

export class ServiceList {
  /** `onpick(name)`: null is all of them. */
  constructor(list, filter, { onpick }) {
    Object.assign(this, { list, filter, onpick, names: [], types: new Map(), lines: new Map(), picked: null, favourites: readFavourites() });
    filter.addEventListener('input', () => { list.scrollTop = 0; this.draw(); });
    list.addEventListener('scroll', () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(list);
    list.addEventListener('keydown', (event) => this.key(event));
  }

  /** `types`: Map of service -> set of its profile type ids. */
  show(types, picked) {
    this.types = types;
    this.names = [...types.keys()];
    this.pick(picked);
  }

  /** Lines of the timeline of the chosen type, grouped by service_name. */
  showLines(series, { from, until, step, unit }) {
    this.lines = new Map(series.map((line) => [line.labels.service_name ?? '', { ...line, sum: line.values.reduce((a, b) => a + b, 0) }]));
    Object.assign(this, { from, until, step, unit });
    this.queue();
  }

  /** Mark a service as the one that is shown. */
  pick(name) {
    this.picked = name;
    this.queue();
  }

  /** Draw with the next picture: what changes together is drawn once. */
  queue() {
    this.queued ||= requestAnimationFrame(() => { this.queued = 0; this.draw(); });
  }

  draw() {
    const rows = arranged(this.names, this.favourites, this.filter.value);
    if (!this.filter.value && this.names.length > 1) rows.unshift(null);
    this.rows = rows;
    const { list } = this;
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - SPARE);
    const last = Math.min(rows.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + SPARE);
    const shown = rows.slice(first, last).map((name, at) => this.row(name, first + at));
    if (shown.length) { // the rows out of view; as a padding of the list they would make it longer than its panel
      shown[0].style.marginTop = `${first * ROW}px`;
      shown.at(-1).style.marginBottom = `${(rows.length - last) * ROW}px`;
    } else shown.push(element('li', { class: 'dim none' }, this.names.length ? 'No service is called so.' : 'No service was found in this range.'));
    refill(list, ...shown);
  }

  at(row) { return this.list.querySelector(`li[data-row="${row}"]`); }

  row(name, at) {
    const isAll = name === null;
    const line = isAll ? null : this.lines.get(name);
    const title = isAll ? 'All services' : name || '(no service name)';
    const sum = isAll ? [...this.lines.values()].reduce((total, one) => total + one.sum, 0) : line?.sum;
    const told = sum ? quantity(sum, this.unit) : isAll ? `${this.names.length}` : counted(this.types.get(name).size, 'type');
    const isFavourite = this.favourites.has(name);
    const pick = element('button', { class: 'pick', 'data-key': title, 'aria-pressed': this.picked === name, onclick: () => this.onpick(name), title },
      element('span', { class: 'name' }, title), element('span', { class: 'total' }, told), line ? this.spark(line) : '');
    const star = isAll ? '' : element('button', {
      class: 'star', 'data-key': `★${title}`, 'aria-pressed': isFavourite, 'aria-label': `Favourite ${title}`, onclick: () => this.favour(name),
    }, isFavourite ? '★' : '☆');
    return element('li', { 'data-row': at, 'aria-setsize': this.rows.length, 'aria-posinset': at + 1 }, pick, star);
  }

  /** A line as bars: a shape of the width and height of its element. */
  spark({ timestamps_ms: times, values }) {
    const most = values.reduce((a, b) => Math.max(a, b), 0) || 1;
    const across = (time) => Math.max(0, (100 * (time - this.from)) / (this.until - this.from));
    const corners = times.map((time, index) => {
      const left = across(time - this.step), right = across(time) - GAP, top = Math.min(94, 100 - (100 * values[index]) / most);
      return `${left}% 100%, ${left}% ${top}%, ${right}% ${top}%, ${right}% 100%`;
    });
    return element('span', { class: 'spark', style: `clip-path: polygon(${['0 100%', ...corners].join()})` });
  }

  favour(name) {
    if (!this.favourites.delete(name)) this.favourites.add(name);
    writeFavourites(this.favourites);
    this.draw();
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    const row = event.target.closest('li')?.dataset.row;
    if (!step || row === undefined) return;
    event.preventDefault();
    const next = Math.min(this.rows.length - 1, Math.max(0, Number(row) + step));
    const { list } = this;
    if (next * ROW < list.scrollTop) list.scrollTop = next * ROW;
    if ((next + 1) * ROW > list.scrollTop + list.clientHeight) list.scrollTop = (next + 1) * ROW - list.clientHeight;
    this.draw();
    this.at(next)?.querySelector('.pick').focus({ preventScroll: true });
  }
}
