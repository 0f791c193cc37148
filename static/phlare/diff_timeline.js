// The timeline of a diff: two lines, the two ranges as bands. Drag to choose a range, click to cut it into before and after.
import { tickText, timeTicks, valueAxis } from './chart_scale.js';
import { quantity } from './format.js';
import { dateTime } from './time_range.js';

const LEFT = 58, RIGHT = 8, TOP = 8, BOTTOM = 22;
const DRAG_PIXELS = 4; // less is a click
const GAP = 4; // times the usual distance of two points: nothing is drawn across more
const KEY_STEPS = 60; // of the whole that an arrow key moves by one
const COLOURS = ['--side-a', '--side-b'];
const COMMON_COLOUR = '--dim'; // of a line that both sides are on

/** The distance that half of the neighbouring points do not exceed. */
function usualStep(points) {
  const steps = points.slice(1).map(([time], at) => time - points[at][0]).sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? 0;
}

export class DiffTimeline {
  /** @param host is filled. @param tell `onselect(from, until)` after a drag, `onsplit(moment)` after a click or Enter, in Unix ms. */
  constructor(host, { onselect, onsplit }) {
    Object.assign(this, { host, onselect, onsplit, lines: [], bands: [], x: null, start: null });
    this.canvas = document.createElement('canvas');
    this.context = this.canvas.getContext('2d');
    host.append(this.canvas);
    host.tabIndex = 0;
    host.setAttribute('role', 'slider');
    host.setAttribute('aria-label', 'Timeline of A and B. Arrow keys move a cut, Enter compares before and after it.');
    new ResizeObserver(() => this.draw()).observe(host);
    document.addEventListener('themechange', () => this.draw());
    this.listen();
  }

  listen() {
    this.canvas.addEventListener('pointerdown', (event) => { this.canvas.setPointerCapture(event.pointerId); this.start = event.offsetX; });
    this.canvas.addEventListener('pointermove', (event) => { this.x = event.offsetX; this.draw(); });
    this.canvas.addEventListener('pointerleave', () => { this.x = null; this.draw(); });
    this.canvas.addEventListener('pointercancel', () => { this.start = null; this.draw(); });
    this.canvas.addEventListener('pointerup', (event) => {
      if (this.start === null) return;
      const edges = [this.start, event.offsetX].sort((a, b) => a - b).map((px) => Math.round(this.time(px)));
      const dragged = Math.abs(event.offsetX - this.start) > DRAG_PIXELS;
      this.start = null;
      if (dragged) this.onselect(...edges);
      else this.onsplit(edges[0]);
      this.draw();
    });
    this.host.addEventListener('keydown', (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 }[event.key];
      if (move) {
        const step = (this.until - this.from) / KEY_STEPS;
        this.x = this.px(Math.min(this.until, Math.max(this.from, (this.x === null ? (this.from + this.until) / 2 : this.time(this.x)) + move * step)));
        this.draw();
      } else if (event.key === 'Enter' && this.x !== null) this.onsplit(Math.round(this.time(this.x)));
      else return;
      this.tell();
      event.preventDefault();
    });
  }

  /**
   * @param {object} shown
   * @param shown.lines for A and B, or one for both: [[Unix ms, value], ...] in order. @param shown.bands [from, until] of A and B in Unix ms.
   * @param shown.from,shown.until what the chart spans. @param shown.unit of the values.
   */
  set({ lines, bands, from, until, unit }) {
    Object.assign(this, { lines, bands, from, until, unit, x: null });
    this.axis = valueAxis(lines.flat().reduce((most, [, value]) => Math.max(most, value), 0), unit);
    this.tell();
    this.draw();
  }

  tell() {
    const moment = this.x === null ? (this.from + this.until) / 2 : this.time(this.x);
    const said = { valuemin: this.from, valuemax: this.until, valuenow: Math.round(moment), valuetext: `cut at ${dateTime(moment)}` };
    for (const [name, value] of Object.entries(said)) this.host.setAttribute(`aria-${name}`, value);
  }

  px(time) { return LEFT + ((time - this.from) / (this.until - this.from || 1)) * (this.width - LEFT - RIGHT); }

  time(px) {
    const part = Math.min(1, Math.max(0, (px - LEFT) / (this.width - LEFT - RIGHT)));
    return this.from + part * (this.until - this.from);
  }

  py(value) { return TOP + (1 - value / this.axis.top) * (this.height - TOP - BOTTOM); }

  draw() {
    const ratio = devicePixelRatio || 1, { context } = this;
    this.width = this.host.clientWidth;
    this.height = this.host.clientHeight;
    if (!this.width || this.from === undefined) return;
    this.canvas.width = this.width * ratio;
    this.canvas.height = this.height * ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(this.host);
    const token = (name) => style.getPropertyValue(name).trim();
    this.axes(token('--line'), token('--dim'));
    this.bands.forEach((band, side) => this.band(band, side, token(COLOURS[side])));
    this.lines.forEach((points, side) => this.line(points, token(this.lines.length > 1 ? COLOURS[side] : COMMON_COLOUR)));
    this.pointer(token('--fg'));
  }

  band([from, until], side, colour) {
    const { context } = this;
    const left = Math.max(LEFT, this.px(from)), right = Math.min(this.width - RIGHT, this.px(until));
    if (right < left) return;
    context.fillStyle = colour;
    context.globalAlpha = 0.16;
    context.fillRect(left, TOP, Math.max(1, right - left), this.height - TOP - BOTTOM);
    context.globalAlpha = 1;
    context.fillRect(left, TOP + 3 * side, Math.max(1, right - left), 2); // both are seen where the ranges are one
    context.textAlign = 'left';
    context.font = '600 12px system-ui, sans-serif';
    context.fillText('AB'[side], left + 4 + 14 * side, TOP + 14);
  }

  line(points, colour) {
    const { context } = this;
    const path = new Path2D();
    const gap = GAP * usualStep(points);
    points.forEach(([time, value], at) => path[at && time - points[at - 1][0] <= gap ? 'lineTo' : 'moveTo'](this.px(time), this.py(value)));
    context.strokeStyle = colour;
    context.lineWidth = 1; // wider lines take four times as long without a graphics card
    context.stroke(path);
    context.fillStyle = colour;
    for (const [time, value] of points) context.fillRect(this.px(time) - 1, this.py(value) - 1, 2, 2);
  }

  pointer(colour) {
    if (this.x === null) return;
    const { context } = this;
    const height = this.height - TOP - BOTTOM;
    context.fillStyle = colour;
    if (this.start !== null && Math.abs(this.x - this.start) > DRAG_PIXELS) {
      context.globalAlpha = 0.2;
      context.fillRect(Math.min(this.start, this.x), TOP, Math.abs(this.x - this.start), height);
      context.globalAlpha = 1;
    }
    const x = Math.min(this.width - RIGHT, Math.max(LEFT, this.x));
    context.fillRect(Math.round(x), TOP, 1, height);
    context.textAlign = x > this.width / 2 ? 'right' : 'left';
    context.font = '11px system-ui, sans-serif';
    context.fillText(new Date(this.time(x)).toLocaleTimeString(), x + (x > this.width / 2 ? -5 : 5), this.height - BOTTOM - 8);
  }

  axes(line, text) {
    const { context, axis } = this;
    context.font = '11px system-ui, sans-serif';
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    for (let value = 0; value <= axis.top * 1.001; value += axis.step) {
      const y = Math.round(this.py(value));
      context.fillStyle = text;
      context.fillText(quantity(value, this.unit), LEFT - 6, y);
      context.fillStyle = line;
      context.fillRect(LEFT, y, this.width - LEFT - RIGHT, 1);
    }
    context.fillStyle = text;
    context.textAlign = 'center';
    const { step, ticks } = timeTicks(this.from, this.until, this.width / 90);
    for (const time of ticks) {
      const x = this.px(time);
      if (x > LEFT + 20 && x < this.width - 24) context.fillText(tickText(time, step), x, this.height - 9);
    }
  }
}
