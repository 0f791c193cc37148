// A chart over time: a canvas that fills its host, axes, and the pointer on it. What lies between the axes is drawn by those
// who extend it.
import { tickText, timeTicks } from './chart_scale.js';
import { quantity } from './format.js';

export const LEFT = 64, RIGHT = 10, TOP = 8, BOTTOM = 22; // pixels around what is drawn
const DRAG = 4; // pixels; less is a click
const HUES = [215, 32, 150, 280, 95, 350, 185, 55, 250, 120];

/** Colour of the line at an index, in the chart and beside it. A canvas knows no variables of a style. */
export const lineColour = (index, lightness = 'var(--line-lightness)') => `hsl(${HUES[index % HUES.length]} ${index >= HUES.length ? 30 : 62}% ${lightness})`;

export class TimeChart {
  /**
   * `host` holds the canvas. Of who extends this, `paint()` draws, and what is of use of `moved(x, y)` (null: the pointer is gone), `dragged()`
   * from `start` to `x`, `clicked(x, y)` and `key(event)`, true where it meant something, is called.
   */
  constructor(host) {
    Object.assign(this, { host, from: 0, until: 0, unit: '', x: null, start: null });
    this.canvas = host.querySelector('canvas');
    this.context = this.canvas.getContext('2d');
    new ResizeObserver(() => this.queue()).observe(host);
    document.addEventListener('themechange', () => this.draw()); // at once: the page may be about to be printed
    const on = (name, listener) => this.canvas.addEventListener(name, listener);
    on('pointerdown', (event) => {
      if (event.button || this.isBlank()) return;
      this.canvas.setPointerCapture(event.pointerId);
      this.start = this.x = event.offsetX;
    });
    on('pointermove', (event) => this.move(event.offsetX, event.offsetY));
    on('pointerleave', () => { if (this.start === null) this.move(null); });
    on('pointercancel', () => this.drop());
    on('pointerup', (event) => {
      const isDrag = this.isDrag();
      if (this.start === null) return;
      if (isDrag) this.dragged(); else this.clicked(event.offsetX, event.offsetY);
      this.drop();
    });
    on('keydown', (event) => { if (!this.isBlank() && this.key(event)) event.preventDefault(); });
  }

  /** What the slider says of itself that the canvas is for keys and screen readers. */
  slide(least, most, now, text) {
    Object.assign(this.canvas, { ariaValueMin: least, ariaValueMax: most, ariaValueNow: now, ariaValueText: text });
  }

  /** Nothing was shown yet: there is no time to point at. */
  isBlank() { return this.from === this.until; }

  moved() {}

  dragged() {}

  clicked() {}

  key() { return false; }

  move(x, y) {
    if (this.isBlank()) return;
    this.x = x;
    this.moved(x, y);
    this.queue();
  }

  drop() {
    this.start = null;
    this.queue();
  }

  isDrag() { return this.start !== null && Math.abs(this.x - this.start) >= DRAG; }

  px(time) { return LEFT + ((time - this.from) / (this.until - this.from)) * this.wide; }

  py(value) { return TOP + (1 - value / this.axis.top) * this.tall; }

  /** The moment at a place, in whole milliseconds. */
  time(px) { return Math.round(this.from + Math.min(1, Math.max(0, (px - LEFT) / this.wide)) * (this.until - this.from)); }

  /** Draw with the next picture: what changes together is drawn once. */
  queue() { this.queued ??= requestAnimationFrame(() => { this.queued = null; this.draw(); }); }

  draw() {
    const { canvas, context, host } = this, { clientWidth: width, clientHeight: height } = host, ratio = devicePixelRatio || 1;
    if (!width || !height || this.isBlank()) return;
    Object.assign(this, { wide: width - LEFT - RIGHT, tall: height - TOP - BOTTOM, style: getComputedStyle(host) });
    canvas.width = width * ratio; // nothing is left of the last picture, nor of its settings
    canvas.height = height * ratio;
    context.scale(ratio, ratio);
    context.textBaseline = 'middle';
    this.axes();
    context.beginPath();
    context.rect(LEFT, 0, this.wide, height);
    context.clip();
    this.paint();
  }

  token(name) { return this.style.getPropertyValue(name).trim(); }

  /** A rectangle in the colour of a token; edges of a whole pixel are sharp. */
  box(token, x, y, width, height, opacity = 1) {
    this.context.globalAlpha = opacity;
    this.context.fillStyle = this.token(token);
    this.context.fillRect(x, y, width, height);
    this.context.globalAlpha = 1;
  }

  write(text, x, y, align, token = '--dim', weight = '') {
    Object.assign(this.context, { font: `${weight} 11px system-ui, sans-serif`, textAlign: align, fillStyle: this.token(token) });
    this.context.fillText(text, x, y);
  }

  /** The values that the axis names, each with where it lies. @returns {[number, number][]} */
  levels() {
    const { step, top } = this.axis;
    return Array.from({ length: Math.round(top / step) + 1 }, (_, at) => [at * step, this.py(at * step)]);
  }

  axes() {
    const bottom = TOP + this.tall;
    for (const [value, y] of this.levels()) {
      this.box('--line', LEFT, Math.round(y), this.wide, 1);
      this.write(quantity(value, this.unit), LEFT - 6, y, 'right');
    }
    const { step, ticks } = timeTicks(this.from, this.until, Math.max(2, Math.floor(this.wide / 80)));
    for (const tick of ticks) {
      const x = this.px(tick);
      this.box('--line', Math.round(x), bottom, 1, 4);
      if (x > LEFT + 20 && x < LEFT + this.wide - 16) this.write(tickText(tick, step), x, bottom + 13, 'center');
    }
  }
}
