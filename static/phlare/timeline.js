// A time chart of stacked bars or lines of several groups, with an inner selection that is drawn, moved and resized by
// pointer or keys, and the same in words for those who cannot see it.
import { barAt, layOut, valueAxis } from './chart_scale.js';
import { counted, quantity } from './format.js';
import { LEFT, TOP, TimeChart, lineColour } from './time_chart.js';
import { dateTime, rangeText } from './time_range.js';

const GRIP = 6; // pixels around an edge of the selection that take hold of it
const CURSORS = { from: 'ew-resize', until: 'ew-resize', move: 'grab', draw: 'crosshair' };

export class Timeline extends TimeChart {
  /** `onselect(range | null)`: the inner selection, in milliseconds. `onzoom(range)`: it is to be all that is seen. `onpoint(index)`. */
  constructor(host, words, tell) {
    super(host);
    Object.assign(this, { words, ...tell, inner: null, stacked: true, lit: -1 });
    this.canvas.addEventListener('dblclick', () => this.choose(null));
    Object.assign(this, layOut([]), { series: [], cursor: -1 });
  }

  /** `series`: lines of the API, [{labels, timestamps_ms, values}]; a point at t sums what lies in (t - step, t]. */
  show({ series, ...range }) {
    Object.assign(this, layOut(series), range, { series, cursor: -1 });
    this.largest = (this.stacked ? this.tops.slice(-1) : this.values).reduce((most, column) => column.reduce((a, b) => Math.max(a, b), most), 0);
    this.axis = valueAxis(this.largest, this.unit);
    this.tell();
  }

  /** Show or take away the inner selection, {from, until} or null. */
  select(inner) {
    this.inner = inner;
    this.tell();
  }

  /** Bring one line out, -1 = none. */
  light(index) { this.lit = index; this.queue(); }

  tell() {
    if (this.isBlank()) return;
    const { series, times, inner, cursor } = this;
    const points = times.length ? `${counted(times.length, 'point')} in ${counted(series.length, 'line')}, at most ${quantity(this.largest, this.unit)}` : 'no data';
    const chosen = inner ? `Selected: ${rangeText(inner)}.` : 'Nothing selected: the whole range counts.';
    this.words.textContent = `${rangeText(this)}: ${points}. ${chosen}`;
    this.slide(0, Math.max(0, times.length - 1), Math.max(0, cursor), cursor < 0 ? 'no point' : this.pointText(cursor));
    this.queue();
  }

  pointText(index) {
    const sum = this.values.reduce((total, column) => total + column[index], 0);
    return `${dateTime(this.times[index])}, ${quantity(sum, this.unit)}`;
  }

  moved(x) {
    this.canvas.style.cursor = CURSORS[this.grip(this.start ?? x)];
    this.point(x === null ? -1 : barAt(this.times, this.step, this.time(x)));
  }

  dragged() { this.choose(this.drawn()); }

  choose(inner) {
    if (inner && inner.until - inner.from < 1) return;
    this.select(inner);
    this.onselect(inner);
  }

  /** What a pointer would take hold of: an edge of the selection, all of it, or nothing, which draws a new one. */
  grip(x) {
    if (!this.inner) return 'draw';
    const [left, right] = [this.px(this.inner.from), this.px(this.inner.until)];
    if (Math.abs(x - left) <= GRIP) return 'from';
    if (Math.abs(x - right) <= GRIP) return 'until';
    return x > left && x < right ? 'move' : 'draw';
  }

  /** The selection as the drag has it now. */
  drawn() {
    const { inner } = this, [start, at] = [this.time(this.start), this.time(this.x)], grip = this.grip(this.start);
    if (grip !== 'move') return ordered({ from: inner?.until, until: inner?.from, draw: start }[grip], at);
    const width = inner.until - inner.from;
    const from = Math.round(Math.min(this.until - width, Math.max(this.from, inner.from + at - start)));
    return { from, until: from + width };
  }

  key({ key, shiftKey }) {
    const last = this.times.length - 1, { cursor } = this;
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10, Home: -Infinity, End: Infinity }[key];
    if (key === 'Escape') this.choose(null);
    else if (key === 'Enter') { if (this.inner) this.onzoom(this.inner); } else if (!step || last < 0) return false;
    else this.walk(Math.min(last, Math.max(0, (cursor < 0 && step < 0 ? last + 1 : cursor) + step)), shiftKey);
    return true;
  }

  /** Go to a point by keys; with Shift all from where that began is selected. */
  walk(next, selects) {
    this.anchor = selects ? this.anchor ?? Math.max(0, this.cursor) : null;
    if (selects) {
      const { from, until } = ordered(this.anchor, next);
      this.choose({ from: Math.max(this.from, this.times[from] - this.step), until: Math.min(this.until, this.times[until]) });
    }
    this.point(next);
  }

  point(index) {
    if (index === this.cursor) return;
    this.cursor = index;
    this.onpoint(index);
    this.tell();
  }

  paint() {
    if (this.stacked) this.bars(); else this.lines();
    this.selection();
    if (this.cursor >= 0) this.box('--dim', Math.round(this.px(Math.min(this.until, this.times[this.cursor] - this.step / 2))), TOP - 4, 1, this.tall + 4);
  }

  bars() {
    const { times, tops, step } = this;
    const gap = this.px(this.from + step) - LEFT > 4 ? 1 : 0;
    for (let line = tops.length - 1; line >= 0; line--) {
      const path = new Path2D();
      times.forEach((time, index) => {
        const value = tops[line][index], below = line ? tops[line - 1][index] : 0;
        if (value === below) return;
        const left = this.px(time - step), y = this.py(value);
        path.rect(left, y, Math.max(1, this.px(time) - left - gap), Math.max(1, this.py(below) - y));
      });
      this.trace(path, line, 'fill');
    }
  }

  lines() {
    const { times, values, step } = this;
    values.forEach((column, line) => {
      const path = new Path2D();
      times.forEach((time, index) => path.lineTo(this.px(time - step / 2), this.py(column[index])));
      this.trace(path, line, 'stroke');
    });
  }

  /** Fill or stroke what a line has; while another one is brought out it is faint. */
  trace(path, line, how) {
    const { context, lit } = this;
    context.globalAlpha = lit >= 0 && lit !== line ? 0.25 : 1;
    context[`${how}Style`] = lineColour(line, this.token('--line-lightness'));
    context[how](path);
    context.globalAlpha = 1;
  }

  selection() {
    const inner = this.isDrag() ? this.drawn() : this.inner;
    if (!inner) return;
    const top = TOP - 4, tall = this.tall + 4, left = this.px(inner.from), right = this.px(inner.until);
    this.box('--bg', LEFT, top, left - LEFT, tall, 0.6);
    this.box('--bg', right, top, LEFT + this.wide - right, tall, 0.6);
    for (const x of [left, right]) {
      this.box('--accent', x - 0.5, top, 1, tall);
      this.box('--accent', x - 2.5, top + tall / 2 - 9, 5, 18);
    }
  }
}

const ordered = (a, b) => ({ from: Math.min(a, b), until: Math.max(a, b) });
