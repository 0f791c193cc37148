// The two rings: arcs of tokens outside, what each ingester owns of its zone inside. What does not change is drawn once.
import { percent } from './format.js';
import { angleOf, bands, circleOf, ownerAt, runs, tokenAt } from './ring_geometry.js';

const OUTER = 0.96; // radii as parts of half the width
const OUTER_WIDTH = 0.27;
const INNER = 0.65;
const INNER_WIDTH = 0.17; // of all zones together
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
    Object.assign(this, { canvas, circle: circleOf([]), outer: null, key: '', shown: null });
    new ResizeObserver(() => this.paint()).observe(canvas);
    canvas.addEventListener('pointermove', (event) => onpoint(this.describe(event)));
    canvas.addEventListener('pointerleave', () => onpoint(''));
    document.addEventListener('themechange', () => this.paint());
  }

  /** Take the tokens of a revision: one list for each instance, in the order of the ring's document. */
  setTokens(lists) {
    this.circle = circleOf(lists);
    this.outer = null;
    this.key = '';
  }

  /** Draw a ring if it looks different from the last one. `lit`: a set of ids to show and fade the others; null = all. */
  show(ring, { lit = null, needle = null } = {}) {
    const key = JSON.stringify([ring.instances.map((one) => [one.id, one.zone, one.ownership, one.healthy]), lit && [...lit], needle]);
    if (key === this.key && this.shown) return;
    this.key = key;
    this.shown = { ring, lit, needle };
    this.paint();
  }

  paint() {
    if (!this.shown || !this.canvas.clientWidth) return;
    const size = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (this.canvas.width !== size) Object.assign(this.canvas, { width: size, height: size });
    const context = this.canvas.getContext('2d');
    context.clearRect(0, 0, size, size);
    this.paintTokens(context, size / 2);
    this.paintOwnership(context, size / 2);
    this.paintCentre(context, size / 2);
    if (this.shown.needle !== null) this.paintNeedle(context, size / 2);
  }

  alphaOf(one) {
    const { lit } = this.shown;
    if (lit && !lit.has(one.id)) return FADED;
    return one.healthy ? 1 : SILENT;
  }

  paintTokens(context, half) {
    if (!this.circle.tokens.length) { // nobody: the track alone
      context.beginPath();
      context.arc(half, half, (OUTER - OUTER_WIDTH / 2) * half, 0, 2 * Math.PI);
      context.lineWidth = OUTER_WIDTH * half;
      context.strokeStyle = getComputedStyle(this.canvas).getPropertyValue('--raised');
      context.stroke();
    }
    for (const [owner, path] of this.tokenPaths(half)) {
      const one = this.shown.ring.instances[owner];
      if (!one) continue;
      context.globalAlpha = this.alphaOf(one);
      context.fillStyle = colourOf(one.id);
      context.fill(path);
    }
    context.globalAlpha = 1;
  }

  /** One path for each ingester, kept until tokens or size change. */
  tokenPaths(half) {
    if (this.outer?.half === half) return this.outer.paths;
    const steps = Math.max(360, Math.round(2 * Math.PI * OUTER * half));
    const far = OUTER * half;
    const near = (OUTER - OUTER_WIDTH) * half;
    const paths = new Map();
    for (const [owner, start, end] of runs(bands(this.circle, steps))) {
      if (!paths.has(owner)) paths.set(owner, new Path2D());
      const path = paths.get(owner);
      const from = (start / steps) * 2 * Math.PI - Math.PI / 2;
      const to = (end / steps) * 2 * Math.PI - Math.PI / 2;
      path.moveTo(half + near * Math.cos(from), half + near * Math.sin(from));
      path.arc(half, half, far, from, to);
      path.arc(half, half, near, to, from, true);
      path.closePath();
    }
    this.outer = { half, paths };
    return paths;
  }

  paintOwnership(context, half) {
    const { instances, zones } = this.shown.ring;
    const width = (INNER_WIDTH * half) / Math.max(1, zones.length);
    zones.forEach((zone, number) => {
      const radius = INNER * half - (number + 0.5) * width;
      let angle = -Math.PI / 2;
      instances.forEach((one) => {
        if (one.zone !== zone || !one.ownership) return;
        const end = angle + one.ownership * 2 * Math.PI;
        const gap = Math.min(0.012, (end - angle) / 4);
        context.beginPath();
        context.arc(half, half, radius, angle + gap, end - gap);
        context.lineWidth = Math.max(1, width - 2 * devicePixelRatio);
        context.globalAlpha = this.alphaOf(one);
        context.strokeStyle = colourOf(one.id);
        context.stroke();
        angle = end;
      });
    });
    context.globalAlpha = 1;
  }

  paintCentre(context, half) {
    const { ring } = this.shown;
    const style = getComputedStyle(this.canvas);
    const line = (text, size, weight, colour, y) => {
      context.font = `${weight} ${size * half}px system-ui, sans-serif`;
      context.fillStyle = style.getPropertyValue(colour);
      context.fillText(text, half, half + y * half);
    };
    context.textAlign = 'center';
    line(`${ring.healthy_count} / ${ring.instances.length}`, 0.17, 600, '--fg', -0.01);
    line('ingesters healthy', 0.072, 400, '--dim', 0.11);
    line(`replication ${ring.replication_factor}${ring.zone_awareness_enabled ? ` · zones ${ring.zones.length}` : ''}`, 0.072, 400, '--dim', 0.21);
  }

  paintNeedle(context, half) {
    const angle = angleOf(this.shown.needle);
    const at = (radius) => [half + radius * half * Math.cos(angle), half + radius * half * Math.sin(angle)];
    const style = getComputedStyle(this.canvas);
    const stroke = (width, colour) => {
      context.beginPath();
      context.moveTo(...at(INNER - INNER_WIDTH));
      context.lineTo(...at(0.99));
      context.lineWidth = width * devicePixelRatio;
      context.strokeStyle = colour;
      context.stroke();
    };
    stroke(5, style.getPropertyValue('--panel'));
    stroke(2, style.getPropertyValue('--fg'));
    context.beginPath();
    context.arc(...at(0.98), 4 * devicePixelRatio, 0, 2 * Math.PI);
    context.fillStyle = style.getPropertyValue('--fg');
    context.fill();
  }

  /** What is under the pointer, in words. */
  describe(event) {
    if (!this.shown) return '';
    const half = this.canvas.clientWidth / 2;
    const [x, y] = [event.offsetX - half, event.offsetY - half];
    const radius = Math.hypot(x, y) / half;
    const { instances, zones } = this.shown.ring;
    if (radius <= OUTER && radius >= OUTER - OUTER_WIDTH && this.circle.tokens.length) {
      const token = tokenAt(x, y);
      return `Token ${token} belongs to ${instances[ownerAt(this.circle, token)]?.id ?? 'nobody'}.`;
    }
    if (radius > INNER || radius < INNER - INNER_WIDTH || !zones.length) return '';
    const zone = zones[Math.min(zones.length - 1, Math.floor(((INNER - radius) / INNER_WIDTH) * zones.length))];
    let left = tokenAt(x, y) / 2 ** 32;
    const one = instances.find((candidate) => candidate.zone === zone && (left -= candidate.ownership) < 0);
    return one ? `${one.id} owns ${percent(one.ownership)}${zone ? ` of ${zone}` : ''}.` : '';
  }
}

/** The same as the drawing, for those who do not see it. */
export function inWords(ring) {
  const shares = ring.instances.map((one) => `${one.id} ${percent(one.ownership)}${one.zone ? ` of ${one.zone}` : ''}${one.healthy ? '' : ', unhealthy'}`);
  return `${ring.healthy_count} of ${ring.instances.length} ingesters are healthy. Ownership: ${shares.join('; ') || 'nobody'}.`;
}
