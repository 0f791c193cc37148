// A time chart of one line: drag to choose a range, double click to widen again.
import { quantity } from './format.js';

const LEFT = 58, RIGHT = 8, TOP = 8, BOTTOM = 22;
const STEPS = [1, 5, 15, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400].map((seconds) => seconds * 1000);

function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  const digit = value / power;
  return (digit > 5 ? 10 : digit > 2 ? 5 : digit > 1 ? 2 : 1) * power;
}

export class Timeline {
  constructor(host, { onselect, onreset, onvalue }) {
    this.host = host;
    this.canvas = document.createElement('canvas');
    this.canvas.setAttribute('role', 'img');
    this.canvas.style.cssText = 'display:block;width:100%;height:100%;cursor:crosshair';
    this.context = this.canvas.getContext('2d');
    host.append(this.canvas);
    this.points = [];
    new ResizeObserver(() => this.draw()).observe(host);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
    this.canvas.addEventListener('pointerdown', (event) => { this.canvas.setPointerCapture(event.pointerId); this.start = event.offsetX; });
    this.canvas.addEventListener('pointermove', (event) => { this.x = event.offsetX; this.draw(); onvalue(this.nearest()); });
    this.canvas.addEventListener('pointerleave', () => { this.x = null; this.draw(); onvalue(null); });
    this.canvas.addEventListener('pointerup', (event) => {
      const edges = [this.start, event.offsetX].sort((a, b) => a - b);
      this.start = null;
      if (edges[1] - edges[0] > 4) onselect(...edges.map((px) => Math.round(this.time(px))));
      this.draw();
    });
    this.canvas.addEventListener('dblclick', onreset);
  }

  /** @param points [[milliseconds, value], ...] in order; steps without data are left out. */
  set(points, { from, until, step, unit }) {
    Object.assign(this, { points, from, until, step, unit });
    const largest = Math.max(0, ...points.map(([, value]) => value));
    this.tick = nice((largest || 1) / 3);
    this.highest = Math.ceil((largest || 1) / this.tick) * this.tick;
    const total = points.reduce((sum, [, value]) => sum + value, 0);
    this.canvas.setAttribute('aria-label', `Timeline with ${points.length} points, ${quantity(total, unit)} in all.`);
    this.draw();
  }

  px(time) { return LEFT + ((time - this.from) / (this.until - this.from)) * (this.width - LEFT - RIGHT); }

  time(px) {
    const part = Math.min(1, Math.max(0, (px - LEFT) / (this.width - LEFT - RIGHT)));
    return this.from + part * (this.until - this.from);
  }

  py(value) { return TOP + (1 - value / this.highest) * (this.height - TOP - BOTTOM); }

  nearest() {
    if (!this.points.length || this.x == null) return null;
    const time = this.time(this.x);
    return this.points.reduce((best, point) => (Math.abs(point[0] - time) < Math.abs(best[0] - time) ? point : best));
  }

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
    context.fillStyle = token('--accent');
    const bar = Math.max(1, this.px(this.from + this.step) - this.px(this.from) - 1);
    for (const [time, value] of this.points) {
      const right = this.px(time), y = this.py(value);
      context.fillRect(Math.max(LEFT, right - bar), y, Math.min(bar, right - LEFT), Math.max(1, this.height - BOTTOM - y));
    }
    if (this.x == null) return;
    if (this.start != null) {
      context.globalAlpha = 0.25;
      context.fillRect(Math.min(this.start, this.x), TOP, Math.abs(this.x - this.start), this.height - TOP - BOTTOM);
      context.globalAlpha = 1;
    }
  }

  axes(line, text) {
    const { context } = this;
    context.font = '11px system-ui, sans-serif';
    context.strokeStyle = line;
    context.fillStyle = text;
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    context.beginPath();
    for (let value = 0; value <= this.highest * 1.001; value += this.tick) {
      const y = Math.round(this.py(value)) + 0.5;
      context.moveTo(LEFT, y);
      context.lineTo(this.width - RIGHT, y);
      context.fillText(quantity(value, this.unit), LEFT - 6, y);
    }
    context.stroke();
    const wanted = (this.until - this.from) / (this.width / 90);
    const step = STEPS.find((one) => one >= wanted) || STEPS[STEPS.length - 1];
    const format = step >= 86_400_000 ? { month: 'short', day: 'numeric' }
      : { hour: '2-digit', minute: '2-digit', second: step < 60_000 ? '2-digit' : undefined };
    context.textAlign = 'center';
    for (let time = Math.ceil(this.from / step) * step; time <= this.until; time += step) {
      const x = this.px(time);
      if (x > LEFT + 20 && x < this.width - 24) context.fillText(new Date(time).toLocaleString([], format), x, this.height - 9);
    }
  }
}
