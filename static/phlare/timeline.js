// A time chart on one canvas: stacked bars or lines of several groups, an inner selection that is drawn, moved and resized
// by pointer or keys, and the same in words for those who cannot see it.
import { barAt, layOut, tickText, timeTicks, valueAxis } from './chart_scale.js';
import { quantity } from './format.js';
import { element } from './page.js';
import { clock, dateTime } from './time_range.js';

const LEFT = 64, RIGHT = 10, TOP = 8, BOTTOM = 22, GRIP = 6, CLICK = 4;
const HUES = [215, 32, 150, 280, 95, 350, 185, 55, 250, 120];

/** Colour of the line at an index, as a swatch and in the chart. */
export const lineColour = (index, lightness) => `hsl(${HUES[index % HUES.length]} ${index >= HUES.length ? 30 : 62}% ${lightness})`;

export class Timeline {
  /** `onselect(range | null)`: the inner selection, in milliseconds. `onzoom(range)`: it is to be all that is seen. `onpoint(index)`. */
  constructor(host, { onselect, onzoom, onpoint = () => {} }) {
    Object.assign(this, { host, onselect, onzoom, onpoint, inner: null, drag: null, cursor: -1, stacked: true, lit: -1 });
    this.canvas = element('canvas', { tabindex: '0', role: 'slider', 'aria-label': 'Timeline', 'aria-valuemin': '0', 'aria-describedby': `${host.id}-words` });
    this.words = element('p', { class: 'hidden-label', id: `${host.id}-words` });
    host.replaceChildren(this.canvas, this.words);
    this.context = this.canvas.getContext('2d');
    this.show({ series: [], from: 0, until: 1, step: 1, unit: '' });
    new ResizeObserver(() => this.queue()).observe(host);
    document.addEventListener('themechange', () => this.queue());
    this.listen();
  }

  /** `series`: lines of the API, [{labels, timestamps_ms, values}]; a point at t sums what lies in (t - step, t]. */
  show({ series, from, until, step, unit, name = () => 'all' }) {
    Object.assign(this, layOut(series), { series, from, until, step, unit, name });
    let largest = 0;
    for (const column of this.stacked ? this.tops.slice(-1) : this.values) for (const value of column) largest = Math.max(largest, value);
    this.axis = valueAxis(largest, unit);
    this.cursor = -1;
    this.canvas.setAttribute('aria-valuemax', String(Math.max(0, this.times.length - 1)));
    this.tell(largest);
    this.queue();
  }

  /** Show or take away the inner selection, {from, until} or null. */
  select(inner) {
    this.inner = inner;
    this.tell();
    this.queue();
  }

  /** Bring one line out, -1 = none. */
  light(index) { this.lit = index; this.queue(); }

  tell(largest = this.largest) {
    this.largest = largest;
    const range = `From ${dateTime(this.from)} to ${dateTime(this.until)}`;
    const points = this.times.length ? `${this.times.length} points in ${this.series.length === 1 ? 'one line' : `${this.series.length} lines`}, at most ${quantity(largest, this.unit)}` : 'no data';
    const chosen = this.inner ? ` Selected: ${clock(this.inner.from)} to ${clock(this.inner.until)}.` : ' Nothing selected: the whole range counts.';
    this.words.textContent = `${range}: ${points}.${chosen} Arrow keys move along, with Shift they select, Enter shows the selection alone, Escape ends it.`;
    this.canvas.setAttribute('aria-valuenow', String(Math.max(0, this.cursor)));
    this.canvas.setAttribute('aria-valuetext', this.cursor < 0 ? 'no point' : this.pointText(this.cursor));
  }

  pointText(index) {
    const sum = this.values.reduce((total, column) => total + column[index], 0);
    return `${dateTime(this.times[index])}, ${quantity(sum, this.unit)}`;
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      this.drag = { kind: this.grip(event.offsetX), start: event.offsetX, at: event.offsetX, inner: this.inner };
    });
    canvas.addEventListener('pointermove', (event) => {
      if (this.drag) this.drag.at = event.offsetX;
      canvas.style.cursor = { from: 'ew-resize', until: 'ew-resize', move: 'grab' }[this.drag?.kind ?? this.grip(event.offsetX)] ?? 'crosshair';
      this.point(barAt(this.times, this.step, this.time(event.offsetX)));
      this.queue();
    });
    canvas.addEventListener('pointerup', () => this.drop());
    canvas.addEventListener('pointercancel', () => { this.drag = null; this.queue(); });
    canvas.addEventListener('pointerleave', () => { if (!this.drag) this.point(-1); });
    canvas.addEventListener('dblclick', () => this.choose(null));
    canvas.addEventListener('keydown', (event) => { if (this.key(event)) event.preventDefault(); });
  }

  drop() {
    const { drag } = this;
    this.drag = null;
    if (!drag) return;
    if (Math.abs(drag.at - drag.start) >= CLICK) this.choose(this.dragged(drag));
    this.queue();
  }

  choose(inner) {
    if (inner && inner.until - inner.from < 1) return;
    this.select(inner);
    this.onselect(inner);
  }

  /** What a pointer would take hold of: an edge of the selection, all of it, or nothing, which draws a new one. */
  grip(px) {
    if (!this.inner) return 'draw';
    const [left, right] = [this.px(this.inner.from), this.px(this.inner.until)];
    if (Math.abs(px - left) <= GRIP) return 'from';
    if (Math.abs(px - right) <= GRIP) return 'until';
    return px > left && px < right ? 'move' : 'draw';
  }

  /** The selection as the drag has it now. */
  dragged({ kind, start, at, inner }) {
    if (kind === 'draw') return ordered(this.time(start), this.time(at));
    if (kind === 'from') return ordered(this.time(at), inner.until);
    if (kind === 'until') return ordered(inner.from, this.time(at));
    const width = inner.until - inner.from;
    const from = Math.round(Math.min(this.until - width, Math.max(this.from, inner.from + this.time(at) - this.time(start))));
    return { from, until: from + width };
  }

  key({ key, shiftKey }) {
    const last = this.times.length - 1;
    if (key === 'Escape') { this.choose(null); return true; }
    if (key === 'Enter') { if (this.inner) this.onzoom(this.inner); return true; }
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10 }[key];
    const next = key === 'Home' ? 0 : key === 'End' ? last : step === undefined ? null : Math.min(last, Math.max(0, this.cursor < 0 ? (step < 0 ? last : 0) : this.cursor + step));
    if (next === null || last < 0) return false;
    if (shiftKey) {
      this.anchor ??= Math.max(0, this.cursor);
      const [first, end] = [Math.min(this.anchor, next), Math.max(this.anchor, next)];
      this.choose({ from: Math.max(this.from, this.times[first] - this.step), until: Math.min(this.until, this.times[end]) });
    } else this.anchor = null;
    this.point(next);
    return true;
  }

  point(index) {
    if (index === this.cursor) return;
    this.cursor = index;
    this.onpoint(index);
    this.tell();
    this.queue();
  }

  px(time) { return LEFT + ((time - this.from) / (this.until - this.from)) * (this.width - LEFT - RIGHT); }

  py(value) { return TOP + (1 - value / this.axis.top) * (this.height - TOP - BOTTOM); }

  time(px) {
    const part = Math.min(1, Math.max(0, (px - LEFT) / (this.width - LEFT - RIGHT)));
    return Math.round(this.from + part * (this.until - this.from));
  }

  queue() { this.queued ??= requestAnimationFrame(() => { this.queued = null; this.draw(); }); }

  draw() {
    const ratio = devicePixelRatio || 1, { context, canvas, host } = this;
    this.width = host.clientWidth;
    this.height = host.clientHeight;
    if (!this.width || !this.height) return;
    canvas.width = this.width * ratio;
    canvas.height = this.height * ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(host);
    this.token = (name) => style.getPropertyValue(name).trim();
    this.axes();
    context.save();
    context.beginPath();
    context.rect(LEFT, 0, this.width - LEFT - RIGHT, this.height);
    context.clip();
    if (this.stacked) this.bars(); else this.lines();
    this.selection();
    context.restore();
  }

  axes() {
    const { context, width, height, axis } = this;
    context.font = '11px system-ui, sans-serif';
    context.lineWidth = 1; // wider hairlines cost several times as much without a graphics card
    context.strokeStyle = this.token('--line');
    context.fillStyle = this.token('--dim');
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    context.beginPath();
    for (let value = 0; value <= axis.top * 1.001; value += axis.step) {
      const y = Math.round(this.py(value)) + 0.5;
      context.moveTo(LEFT, y);
      context.lineTo(width - RIGHT, y);
      context.fillText(quantity(value, this.unit), LEFT - 6, y);
    }
    context.textAlign = 'center';
    const { step, ticks } = timeTicks(this.from, this.until, Math.max(2, Math.floor((width - LEFT) / 80)));
    for (const tick of ticks) {
      const x = Math.round(this.px(tick)) + 0.5;
      context.moveTo(x, height - BOTTOM);
      context.lineTo(x, height - BOTTOM + 4);
      if (x > LEFT + 20 && x < width - 26) context.fillText(tickText(tick, step), x, height - BOTTOM / 2 + 2);
    }
    context.stroke();
  }

  bars() {
    const { context, times, tops, step } = this;
    const gap = this.px(this.from + step) - this.px(this.from) > 4 ? 1 : 0;
    for (let line = tops.length - 1; line >= 0; line--) {
      const path = new Path2D();
      for (let index = 0; index < times.length; index++) {
        const value = tops[line][index], below = line ? tops[line - 1][index] : 0;
        if (value === below) continue;
        const left = this.px(times[index] - step), right = this.px(times[index]);
        const y = this.py(value);
        path.rect(left, y, Math.max(1, right - left - gap), Math.max(1, this.py(below) - y));
      }
      context.globalAlpha = this.lit >= 0 && this.lit !== line ? 0.25 : 1;
      context.fillStyle = lineColour(line, this.token('--line-lightness'));
      context.fill(path);
    }
    context.globalAlpha = 1;
  }

  lines() {
    const { context, times, values } = this;
    values.forEach((column, line) => {
      const path = new Path2D();
      times.forEach((time, index) => path.lineTo(this.px(time - this.step / 2), this.py(column[index])));
      context.globalAlpha = this.lit >= 0 && this.lit !== line ? 0.2 : 1;
      context.strokeStyle = lineColour(line, this.token('--line-lightness'));
      context.stroke(path);
    });
    context.globalAlpha = 1;
  }

  selection() {
    const { context, height } = this;
    const inner = this.drag && Math.abs(this.drag.at - this.drag.start) >= CLICK ? this.dragged(this.drag) : this.inner;
    const top = TOP - 4, tall = height - BOTTOM - TOP + 4;
    if (inner) {
      const left = this.px(inner.from), right = this.px(inner.until);
      context.fillStyle = this.token('--bg');
      context.globalAlpha = 0.6;
      context.fillRect(LEFT, top, left - LEFT, tall);
      context.fillRect(right, top, this.width - RIGHT - right, tall);
      context.globalAlpha = 1;
      context.fillStyle = this.token('--accent');
      for (const x of [left, right]) {
        context.fillRect(x - 0.5, top, 1, tall);
        context.fillRect(x - 2.5, top + tall / 2 - 9, 5, 18);
      }
    }
    if (this.cursor < 0) return;
    const x = Math.round(this.px(Math.min(this.until, this.times[this.cursor] - this.step / 2))) + 0.5;
    context.strokeStyle = this.token('--dim');
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, top + tall);
    context.stroke();
  }
}

const ordered = (a, b) => ({ from: Math.min(a, b), until: Math.max(a, b) });
