// The two rings: arcs of tokens outside, what each ingester owns of its zone inside. What does not change is drawn once.
import { percent } from './format.js';
import { bands, circleOf, ownerAt, runs, tokenAt, turnOf } from './ring_geometry.js';

const OUTER = 0.96; // radii as parts of half the width
const OUTER_WIDTH = 0.27;
const INNER = 0.65;
const INNER_WIDTH = 0.17; // of all zones together
const GAP = 0.002; // between what two ingesters own, as a part of the circle
const FADED = 0.16;
const SILENT = 0.4;

const places = new Map(); // id -> its place among the colours

/** The colour of an ingester, which it keeps while others come and go; the text beside it always says the name as well. */
export function colourOf(id) {
  if (!places.has(id)) places.set(id, places.size);
  return `hsl(${(places.get(id) * 137.5 + 205) % 360} 58% 58%)`;
}

/** Draws a ring on a canvas. `onpoint(text)` hears in words what is under the pointer; empty = nothing. */
export class Donut {
  constructor(canvas, onpoint) {
    Object.assign(this, { canvas, circle: circleOf([]), key: '', ring: null, lit: null });
    new ResizeObserver(() => this.paint()).observe(canvas);
    canvas.addEventListener('pointermove', (event) => onpoint(this.describe(event)));
    canvas.addEventListener('pointerleave', () => onpoint(''));
    document.addEventListener('themechange', () => this.paint());
  }

  /** Take the tokens of a revision: one list for each instance, in the order of the ring's document. */
  setTokens(lists) {
    this.circle = circleOf(lists);
    this.key = '';
  }

  /** Draw a ring if it looks different from the last one. `lit`: a set of ids to show and fade the others; null = all. */
  show(ring, lit = null) {
    const key = JSON.stringify([ring.instances.map((one) => [one.id, one.zone, one.ownership, one.healthy]), lit && [...lit]]);
    if (key === this.key) return;
    Object.assign(this, { key, ring, lit });
    this.paint();
  }

  paint() {
    const { canvas, ring, circle, lit } = this;
    if (!ring || !canvas.clientWidth) return;
    const size = Math.round(canvas.clientWidth * devicePixelRatio);
    Object.assign(canvas, { width: size, height: size }); // which clears it
    const half = size / 2;
    const context = canvas.getContext('2d');
    /** A piece of a ring; `from` and `to` are parts of the circle, clockwise from the top. */
    const arc = (radius, width, from, to, strokeStyle, globalAlpha) => {
      context.beginPath();
      context.arc(half, half, radius * half, (from - 0.25) * 2 * Math.PI, (to - 0.25) * 2 * Math.PI);
      Object.assign(context, { lineWidth: width * half, strokeStyle, globalAlpha });
      context.stroke();
    };
    const arcOf = (one, radius, width, from, to) => arc(radius, width, from, to, colourOf(one.id), lit && !lit.has(one.id) ? FADED : one.healthy ? 1 : SILENT);
    const middle = OUTER - OUTER_WIDTH / 2;
    if (!circle.tokens.length) arc(middle, OUTER_WIDTH, 0, 1, getComputedStyle(canvas).getPropertyValue('--raised'), 1); // nobody's
    const steps = Math.max(360, Math.round(2 * Math.PI * OUTER * half));
    for (const [owner, start, end] of runs(bands(circle, steps))) {
      const one = ring.instances[owner];
      if (one) arcOf(one, middle, OUTER_WIDTH, start / steps, end / steps);
    }
    const width = INNER_WIDTH / ring.zones.length;
    ring.zones.forEach((zone, number) => {
      let from = 0;
      for (const one of ring.instances) {
        if (one.zone !== zone || !one.ownership) continue;
        const gap = Math.min(GAP, one.ownership / 4);
        arcOf(one, INNER - (number + 0.5) * width, Math.max(1 / half, width - (2 * devicePixelRatio) / half), from + gap, from + one.ownership - gap);
        from += one.ownership;
      }
    });
  }

  /** What is under the pointer, in words. */
  describe(event) {
    if (!this.ring) return '';
    const half = this.canvas.clientWidth / 2;
    const [x, y] = [event.offsetX - half, event.offsetY - half];
    const radius = Math.hypot(x, y) / half;
    const { instances, zones } = this.ring;
    if (radius <= OUTER && radius >= OUTER - OUTER_WIDTH && this.circle.tokens.length) {
      const token = tokenAt(x, y);
      return `Token ${token} belongs to ${instances[ownerAt(this.circle, token)]?.id ?? 'nobody'}.`;
    }
    if (radius > INNER || radius < INNER - INNER_WIDTH || !zones.length) return '';
    const zone = zones[Math.min(zones.length - 1, Math.floor(((INNER - radius) / INNER_WIDTH) * zones.length))];
    let left = turnOf(tokenAt(x, y));
    const one = instances.find((candidate) => candidate.zone === zone && (left -= candidate.ownership) < 0);
    return one ? `${one.id} owns ${percent(one.ownership)}${zone ? ` of ${zone}` : ''}.` : '';
  }
}

/** The same as the drawing, for those who do not see it. */
export function inWords(ring) {
  const shares = ring.instances.map((one) => `${one.id} ${percent(one.ownership)}${one.zone ? ` of ${one.zone}` : ''}${one.healthy ? '' : ', unhealthy'}`);
  return `${ring.healthy_count} of ${ring.instances.length} ingesters are healthy. Ownership: ${shares.join('; ') || 'nobody'}.`;
}
