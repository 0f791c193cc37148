// The timeline of a diff: two lines, the two ranges as bands. Drag to choose a range, click to cut it into before and after.
import { valueAxis } from './chart_scale.js';
import { LEFT, TOP, TimeChart } from './time_chart.js';
import { clock, dateTime } from './time_range.js';

const GAP = 4; // times the usual distance of two points: nothing is drawn across more
const KEY_STEPS = 60; // of the whole that an arrow key moves by one
const COLOURS = ['--side-a', '--side-b'];
const COMMON_COLOUR = '--dim'; // of a line that both sides are on

/** The distance that half of the neighbouring points do not exceed. */
function usualStep(points) {
  const steps = points.slice(1).map(([time], at) => time - points[at][0]).sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? 0;
}

export class DiffTimeline extends TimeChart {
  /** @param host holds a canvas. @param tell `onselect(from, until)` after a drag, `onsplit(moment)` after a click or Enter, in Unix ms. */
  constructor(host, tell) {
    super(host);
    Object.assign(this, tell);
  }

  /**
   * @param {object} shown
   * @param shown.lines for A and B, or one for both: [[Unix ms, value], ...] in order. @param shown.bands [from, until] of A and B in Unix ms.
   * @param shown.from,shown.until what the chart spans. @param shown.unit of the values.
   */
  set(shown) {
    Object.assign(this, shown, { x: null });
    this.axis = valueAxis(this.lines.flat().reduce((most, [, value]) => Math.max(most, value), 0), this.unit);
    this.tell();
  }

  /** Where the timeline would be cut. */
  cut() { return this.x === null ? Math.round((this.from + this.until) / 2) : this.time(this.x); }

  tell() {
    this.slide(this.from, this.until, this.cut(), `cut at ${dateTime(this.cut())}`);
    this.queue();
  }

  dragged() { this.onselect(...[this.start, this.x].sort((a, b) => a - b).map((px) => this.time(px))); }

  clicked(x) { this.onsplit(this.time(x)); }

  key({ key }) {
    const move = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 }[key];
    if (move) {
      const moment = this.cut() + move * (this.until - this.from) / KEY_STEPS;
      this.x = this.px(Math.min(this.until, Math.max(this.from, moment)));
    } else if (key === 'Enter' && this.x !== null) this.onsplit(this.cut());
    else return false;
    this.tell();
    return true;
  }

  paint() {
    this.bands.forEach((band, side) => this.band(band, side));
    this.lines.forEach((points, side) => this.line(points, this.lines.length > 1 ? COLOURS[side] : COMMON_COLOUR));
    if (this.x !== null) this.pointer();
  }

  band([from, until], side) {
    const left = Math.max(LEFT, this.px(from)), width = Math.max(1, this.px(until) - left), colour = COLOURS[side];
    if (this.px(until) < left) return;
    this.box(colour, left, TOP, width, this.tall, 0.16);
    this.box(colour, left, TOP + 3 * side, width, 2); // both are seen where the ranges are one
    this.write('AB'[side], left + 4 + 14 * side, TOP + 14, 'left', colour, 600);
  }

  line(points, colour) {
    const { context } = this;
    const path = new Path2D();
    const gap = GAP * usualStep(points);
    points.forEach(([time, value], at) => path[at && time - points[at - 1][0] <= gap ? 'lineTo' : 'moveTo'](this.px(time), this.py(value)));
    context.strokeStyle = this.token(colour);
    context.stroke(path); // of 1 pixel: wider lines take four times as long without a graphics card
    for (const [time, value] of points) this.box(colour, this.px(time) - 1, this.py(value) - 1, 2, 2);
  }

  pointer() {
    const x = Math.round(Math.min(LEFT + this.wide - 1, Math.max(LEFT, this.x))), isRight = x > LEFT + this.wide / 2;
    if (this.isDrag()) this.box('--fg', Math.min(this.start, x), TOP, Math.abs(x - this.start), this.tall, 0.2);
    this.box('--fg', x, TOP, 1, this.tall);
    this.write(clock(this.time(x)), x + (isRight ? -5 : 5), TOP + this.tall - 8, isRight ? 'right' : 'left', '--fg');
  }
}
