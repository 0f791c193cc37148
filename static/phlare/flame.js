// A flame graph on one canvas. The cost of drawing is bounded by the pixels, not by the nodes: only visible rows are
// drawn, and runs of frames narrower than a pixel become one bar that is jumped over by binary search.
import { decode, depthOf, packageOf, search, seek } from './flame_data.js';

const ROW = 20;
const SLIVER = 1.5; // pixels below which frames are drawn as one bar
const HUES = [24, 34, 47, 70, 95, 140, 163, 180, 194, 211, 230, 246, 265, 290, 305, 330];

function hash(text) {
  let value = 2166136261;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 16777619);
  return value >>> 0;
}

export class FlameGraph {
  /** @param host element to fill; `onframe(node)` is told which frame is pointed at, -1 for none. */
  constructor(host, { onframe }) {
    this.host = host;
    this.onframe = onframe;
    this.canvas = document.createElement('canvas');
    this.canvas.style.cssText = 'position:sticky;top:0;display:block';
    this.spacer = document.createElement('div');
    this.context = this.canvas.getContext('2d', { alpha: false });
    host.append(this.canvas, this.spacer);
    this.set({ names: ['total'], levels: [[0, 0, 0, 0]] });
    new ResizeObserver(() => this.resize()).observe(host);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.queue());
    host.addEventListener('scroll', () => this.queue(), { passive: true });
    host.addEventListener('keydown', (event) => this.key(event));
    this.canvas.addEventListener('pointermove', (event) => this.point(this.at(event.offsetX, event.offsetY)));
    this.canvas.addEventListener('pointerleave', () => this.point(-1));
    this.canvas.addEventListener('click', (event) => {
      const node = this.at(event.offsetX, event.offsetY);
      if (node >= 0) this.zoom(node);
    });
  }

  set(graph) {
    this.data = decode(graph);
    this.colour = this.data.names.map((name) => HUES[hash(packageOf(name)) % HUES.length]);
    this.pointed = -1;
    this.matched = null;
    this.zoomed = 0;
    this.from = 0;
    this.until = this.data.total[0] || 1;
    this.host.style.height = `${Math.max(160, this.data.depth * ROW + 4)}px`;
    this.host.scrollTop = 0;
    this.resize();
  }

  resize() {
    const ratio = devicePixelRatio || 1;
    this.width = this.host.clientWidth;
    this.height = this.host.clientHeight;
    this.canvas.width = this.width * ratio;
    this.canvas.height = this.height * ratio;
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.height = `${this.height}px`;
    this.spacer.style.height = `${this.data.depth * ROW}px`;
    this.spacer.style.marginTop = `${-this.height}px`;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.draw();
  }

  queue() {
    this.queued ||= requestAnimationFrame(() => { this.queued = 0; this.draw(); });
  }

  draw() {
    const { context, data, width, height } = this;
    if (!width || !height) return;
    const style = getComputedStyle(this.host);
    const token = (name) => style.getPropertyValue(name).trim();
    this.style = { muted: token('--frame-muted'), text: token('--frame-text'), light: token('--frame-lightness'), accent: token('--accent') };
    context.fillStyle = token('--panel');
    context.fillRect(0, 0, width, height);
    context.font = '12px ui-monospace, "DejaVu Sans Mono", monospace';
    context.textBaseline = 'middle';
    this.characterWidth ||= context.measureText('M').width;
    const top = this.host.scrollTop;
    const last = Math.min(data.depth, Math.ceil((top + height) / ROW));
    for (let depth = Math.floor(top / ROW); depth < last; depth++) this.drawRow(depth, depth * ROW - top);
    if (this.pointed >= 0) this.outline(this.pointed, top);
  }

  drawRow(depth, y) {
    const { data, context, from, until } = this;
    const scale = this.width / (until - from);
    const end = data.offsets[depth + 1];
    let node = seek(data, depth, from);
    while (node < end && data.x[node] < until) {
      const left = (data.x[node] - from) * scale;
      const right = left + data.total[node] * scale;
      if (right - left < SLIVER) {
        const edge = Math.max(right, left + 1);
        context.fillStyle = this.style.muted;
        context.fillRect(left, y, edge - left, ROW - 1);
        node = Math.max(node + 1, seek(data, depth, from + edge / scale, node));
        continue;
      }
      this.drawFrame(node, Math.max(0, left), Math.min(this.width, right), y, depth);
      node++;
    }
  }

  drawFrame(node, left, right, y, depth) {
    const { context, data } = this;
    const name = data.name[node];
    const muted = this.matched && !this.matched[name];
    const outside = depth < this.zoomedDepth;
    context.fillStyle = muted ? this.style.muted : `hsl(${this.colour[name]} ${outside ? 25 : 62}% ${this.style.light})`;
    context.fillRect(left, y, Math.max(1, right - left - 0.5), ROW - 1);
    const room = Math.floor((right - left - 6) / this.characterWidth);
    if (room < 2 || muted) return;
    const text = data.names[name];
    context.fillStyle = this.style.text;
    context.fillText(text.length > room ? `${text.slice(0, room - 1)}…` : text, left + 3, y + ROW / 2);
  }

  outline(node, top) {
    const scale = this.width / (this.until - this.from);
    const left = Math.max(0, (this.data.x[node] - this.from) * scale);
    const right = Math.min(this.width, (this.data.x[node] + this.data.total[node] - this.from) * scale);
    this.context.strokeStyle = this.style.accent;
    this.context.lineWidth = 2;
    this.context.strokeRect(left + 1, depthOf(this.data, node) * ROW - top + 1, Math.max(1, right - left - 2), ROW - 3);
  }

  at(px, py) {
    const depth = Math.floor((py + this.host.scrollTop) / ROW);
    if (depth >= this.data.depth) return -1;
    const value = this.from + (px * (this.until - this.from)) / this.width;
    const node = seek(this.data, depth, value);
    return node < this.data.offsets[depth + 1] && this.data.x[node] <= value ? node : -1;
  }

  point(node) {
    if (node === this.pointed) return;
    this.pointed = node;
    this.onframe(node);
    this.queue();
  }

  get zoomedDepth() { return depthOf(this.data, this.zoomed); }

  zoom(node) {
    this.zoomed = node;
    const { x, total } = this.data;
    this.animate(x[node], x[node] + (total[node] || 1));
  }

  animate(from, until) {
    const start = { from: this.from, until: this.until, at: performance.now() };
    const duration = matchMedia('(prefers-reduced-motion: reduce)').matches ? 1 : 160;
    const step = () => {
      const part = Math.min(1, (performance.now() - start.at) / duration);
      const eased = 1 - (1 - part) ** 3;
      this.from = start.from + (from - start.from) * eased;
      this.until = start.until + (until - start.until) * eased;
      this.draw();
      if (part < 1) requestAnimationFrame(step);
    };
    step();
  }

  /** Grey out what does not match; returns how many names do, and their share. An empty text ends the search. */
  search(text) {
    const found = text ? search(this.data, text) : null;
    this.matched = found && found.matched;
    this.queue();
    return found;
  }

  key(event) {
    const { data } = this;
    const node = Math.max(0, this.pointed);
    const child = () => {
      const depth = depthOf(data, node) + 1;
      if (depth >= data.depth) return node;
      const first = seek(data, depth, data.x[node]);
      return first < data.offsets[depth + 1] && data.parent[first] === node ? first : node;
    };
    const sibling = (step) => {
      const next = node + step, depth = depthOf(data, node);
      return next >= data.offsets[depth] && next < data.offsets[depth + 1] ? next : node;
    };
    const moves = { ArrowDown: child, ArrowUp: () => Math.max(0, data.parent[node]), ArrowRight: () => sibling(1), ArrowLeft: () => sibling(-1) };
    if (moves[event.key]) {
      this.point(moves[event.key]());
      this.reveal(this.pointed);
    } else if (event.key === 'Enter') this.zoom(node);
    else if (event.key === 'Escape') this.zoom(Math.max(0, data.parent[this.zoomed]));
    else if (event.key === '0') this.zoom(0);
    else return;
    event.preventDefault();
  }

  /** Bring a frame reached by keys into view: scroll to its row, and leave the zoom when it lies outside. */
  reveal(node) {
    const y = depthOf(this.data, node) * ROW;
    if (y < this.host.scrollTop) this.host.scrollTop = y;
    if (y + ROW > this.host.scrollTop + this.height) this.host.scrollTop = y + ROW - this.height;
    const { x, total } = this.data;
    if (x[node] + total[node] <= this.from || x[node] >= this.until) this.zoom(Math.max(0, this.data.parent[node]));
  }
}
