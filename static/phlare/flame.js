// A flame graph in an element: what is shown, zoomed, searched for and pointed at. Drawing is flame_draw.js, pointer and
// keys are flame_input.js, and what transforms do is flame_transforms.js.
import { copyText } from './clipboard.js';
import { colouring } from './flame_colours.js';
import { decode, depthOf, follow, pathOf, search } from './flame_data.js';
import { ROW, draw, nodeAt, rowTop, runAt } from './flame_draw.js';
import { listen } from './flame_input.js';
import { openFrameMenu } from './flame_menu.js';
import { Tooltip } from './flame_tooltip.js';
import { cutTo, extended, labelOf, shown, trailOf, zoomedPath } from './flame_transforms.js';
import { counted, percent, quantity } from './format.js';
import { visible } from './frame_name.js';
import { element } from './page.js';

const ANIMATION_MS = 160;
const LEAST_HEIGHT = 120;
const NARROWEST_VIEW = 1e-9; // of the whole: beyond it positions lose their digits
const FONT = '12px ui-monospace, "DejaVu Sans Mono", monospace';

/**
 * What is told of a frame that is pointed at; `frames` is above 1 for a run of frames too narrow to be drawn.
 * @typedef {{node: number, name: string, path: string[], self: number, total: number, ofView: number, ofWhole: number,
 *   sides: ?{left: number, right: number, leftSelf: number, rightSelf: number}, frames: number}} Frame
 */

export class FlameGraph {
  /**
   * @param {HTMLElement} host is filled, and scrolls
   * @param {object} tell
   * @param {(frame: ?Frame) => void} [tell.onframe] what is pointed at changed
   * @param {(action: string, frame: ?Frame) => void} [tell.onmenu] what a page does itself: 'sandwich', 'search', 'diff',
   *   'link', 'copied', 'not copied', 'help'
   * @param {(graph: FlameGraph) => void} [tell.onchange] zoom, transforms or the data changed
   */
  constructor(host, { onframe = () => {}, onmenu = () => {}, onchange = () => {} } = {}) {
    Object.assign(this, { host, onframe, onmenu, onchange });
    Object.assign(this, { unit: '', title: '', matched: null, found: null, pointed: -1, run: null, hovered: -1, runs: [] });
    this.options = { view: 'icicle', scheme: 'package', change: 'blueOrange', normalised: true };
    this.build();
    listen(this);
    new ResizeObserver(() => this.resize()).observe(host);
    document.addEventListener('themechange', () => this.restyle());
    this.show({ names: ['total'], levels: [[0, 0, 0, 0]] });
  }

  build() {
    this.canvas = element('canvas', { class: 'flame-canvas', 'aria-hidden': true });
    this.spacer = element('div', { class: 'flame-spacer' });
    this.live = element('p', { class: 'flame-live', 'aria-live': 'polite' });
    this.context = this.canvas.getContext('2d', { alpha: false });
    this.tooltip = new Tooltip();
    this.host.classList.add('flame-graph');
    this.host.tabIndex = 0;
    Object.assign(this.host, { role: 'application', ariaRoleDescription: 'flame graph' });
    this.host.replaceChildren(this.canvas, this.spacer, this.live, this.tooltip.element);
  }

  /**
   * Show an answer of the server, or a graph that is decoded already.
   * @param {object} options
   * @param {import('./flame_transforms.js').Transform[]} [options.transforms] steps to take at once, as `transforms` gave
   *   them: for a link, or the same view of newer data
   * @param {number} [options.whole] what shares of the whole are of, where that is more than the graph
   */
  show(graph, { unit = '', title = 'Flame graph', transforms = [], whole } = {}) {
    const base = graph.offsets ? graph : decode(graph);
    Object.assign(this, { unit, title, whole: whole ?? base.total[0] });
    this.follow(transforms.reduce(extended, trailOf(base)));
    if (this.options.view === 'flame') this.host.scrollTop = this.host.scrollHeight;
  }

  /** Take a transform: see flame_transforms.js for their kinds. */
  apply(transform) { this.follow(extended(this.steps, transform)); }

  /** Take back the last step; returns whether there was one. */
  undo() { return this.back(this.steps.steps.length - 1); }

  /** Take back all steps but the first `length`. */
  back(length) {
    if (length < 0 || length >= this.steps.steps.length) return false;
    this.follow(cutTo(this.steps, length));
    return true;
  }

  /** The steps so far as [{label, transform}], for a breadcrumb; `back(n)` goes to just after the n-th. */
  get trail() { return this.steps.steps.map(({ transform }) => ({ label: labelOf(transform), transform })); }

  /** The steps as plain values. */
  get transforms() { return this.steps.steps.map(({ transform }) => transform); }

  /** Names from below the root to the frame zoomed on; empty when all is in view. */
  get zoomed() { return zoomedPath(this.steps); }

  get view() { return this.options.view; }

  set view(view) { this.set({ view }); }

  /**
   * @param {{view?: 'flame' | 'icicle', scheme?: 'package' | 'value' | 'change', change?: 'blueOrange' | 'greenRed',
   *   normalised?: boolean}} options
   */
  set(options) {
    const turned = options.view && options.view !== this.options.view;
    Object.assign(this.options, options);
    this.recolour();
    if (turned) this.host.scrollTop = this.view === 'flame' ? this.host.scrollHeight : 0;
    this.queue();
  }

  follow(steps) {
    const before = this.graph;
    this.steps = steps;
    this.graph = shown(steps);
    this.zoomedNode = follow(this.graph, this.zoomed);
    const { x, total } = this.graph;
    const range = [x[this.zoomedNode], x[this.zoomedNode] + (total[this.zoomedNode] || 1)];
    if (before === this.graph) this.animate(...range);
    else this.replace(range);
    this.host.ariaLabel = `${this.title}, ${this.extent()}. Arrow keys move between frames, Enter zooms, Escape goes back.`;
    this.onchange(this);
  }

  /** What is in view, in words. */
  extent() {
    if (this.zoomed.length) return `zoomed on ${visible(this.zoomed.at(-1))}`;
    const { count, total } = this.graph;
    return total[0] ? `${quantity(total[0], this.unit)} in ${counted(count - 1, 'frame')}` : 'empty';
  }

  replace([from, until]) {
    cancelAnimationFrame(this.animation);
    Object.assign(this, { from, until, runs: [] });
    this.point(-1);
    this.hovered = -1;
    if (this.text) this.search(this.text);
    this.recolour();
    this.host.style.height = `${Math.max(LEAST_HEIGHT, this.graph.depth * ROW + 4)}px`;
    this.resize();
  }

  recolour() {
    this.colours = colouring(this.graph, { ...this.options, scheme: this.graph.sides ? 'change' : this.options.scheme });
  }

  /** Draw in the colours there are now; at once, since the page may be about to be printed. */
  restyle() {
    this.style = null;
    this.draw();
  }

  resize() {
    const ratio = devicePixelRatio || 1;
    this.width = this.host.clientWidth;
    this.height = this.host.clientHeight;
    if (!this.width || !this.height) return;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.height = `${this.height}px`;
    this.spacer.style.height = `${Math.max(this.height, this.graph.depth * ROW)}px`;
    this.spacer.style.marginTop = `${-this.height}px`;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.draw();
  }

  queue() {
    this.queued ||= requestAnimationFrame(() => { this.queued = 0; this.draw(); });
  }

  readStyle() {
    const style = getComputedStyle(this.host);
    const token = (name) => style.getPropertyValue(name).trim();
    this.context.font = FONT;
    return {
      panel: token('--panel'), muted: token('--flame-muted'), text: token('--flame-text'), dim: token('--flame-dim'),
      accent: token('--flame-outline'), font: FONT, characterWidth: this.context.measureText('M').width,
    };
  }

  /** What is drawn, as flame_draw.js wants it. */
  get scene() {
    const rising = this.view === 'flame';
    const spare = rising ? Math.max(0, this.height - this.graph.depth * ROW) : 0; // a low graph stands on the ground
    return {
      graph: this.graph, width: this.width, height: this.height, from: this.from, until: this.until,
      top: this.host.scrollTop - spare, rising, dimmedAbove: depthOf(this.graph, this.zoomedNode), matched: this.matched,
      hovered: this.hovered, pointed: this.pointed, colouring: this.colours, style: this.style,
    };
  }

  draw() {
    if (!this.width || !this.height) return;
    this.style ??= this.readStyle();
    this.runs = draw(this.context, this.scene);
  }

  /** Zoom on a node or a path of names, step by step: on what lies above the frame zoomed on, it is a way back. */
  zoom(target) {
    const path = Array.isArray(target) ? target : pathOf(this.graph, target);
    const within = (outer) => outer.every((name, index) => name === path[index]);
    let length = this.steps.steps.length;
    const zoomedAt = (count) => zoomedPath(cutTo(this.steps, count));
    while (zoomedAt(length).length && (!within(zoomedAt(length)) || zoomedAt(length).length >= path.length)) length--;
    const cut = cutTo(this.steps, length);
    this.follow(path.length ? extended(cut, { kind: 'zoom', path }) : cut);
  }

  animate(from, until) {
    cancelAnimationFrame(this.animation);
    const start = { from: this.from, until: this.until, at: performance.now() };
    const duration = matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : ANIMATION_MS;
    const step = () => {
      const part = duration ? Math.min(1, (performance.now() - start.at) / duration) : 1;
      const eased = 1 - (1 - part) ** 3;
      this.from = part < 1 ? start.from + (from - start.from) * eased : from;
      this.until = part < 1 ? start.until + (until - start.until) * eased : until;
      this.draw();
      if (part < 1) this.animation = requestAnimationFrame(step);
    };
    step();
  }

  /** Show a range of values, within the whole: panning and zooming without a step. */
  look(from, until) {
    cancelAnimationFrame(this.animation);
    const whole = this.graph.total[0] || 1;
    const width = Math.min(whole, Math.max(whole * NARROWEST_VIEW, until - from));
    this.from = Math.max(0, Math.min(whole - width, from));
    this.until = this.from + width;
    this.queue();
  }

  /** Scale the view around a point of it, in pixels. */
  scale(x, factor) {
    const at = this.from + (x * (this.until - this.from)) / this.width;
    this.look(at - (at - this.from) * factor, at + (this.until - at) * factor);
  }

  /**
   * Grey out what does not match. An empty text ends the search.
   * @returns {?{functions: number, share: number}}
   */
  search(text) {
    this.text = text;
    this.found = text ? search(this.graph, text) : null;
    this.matched = this.found && this.found.matched;
    this.queue();
    return this.found;
  }

  /** Point at the next frame that matches (-1: the one before), in the order of rows; returns it. */
  nextMatch(step = 1) {
    if (!this.matched) return null;
    const { count, name } = this.graph;
    for (let seen = 0, node = Math.max(0, this.pointed); seen < count; seen++) {
      node = (node + step + count) % count;
      if (!node || !this.matched[name[node]]) continue;
      this.point(node, true);
      this.reveal(node);
      return this.frame(node);
    }
    return null;
  }

  /** Mark all frames of a function, as the pointer in a list of functions does; null ends it. */
  hover(name) {
    this.hovered = name === null ? -1 : this.graph.names.indexOf(name);
    this.queue();
  }

  /** Point at a node, -1 for none; `aloud` when keys did it, for those who hear the page. */
  point(node, aloud = false, run = null) {
    if (node === this.pointed && run?.first === this.run?.first) return;
    Object.assign(this, { pointed: node, run, hovered: node > 0 && !run ? this.graph.name[node] : -1 });
    const frame = this.frame(node);
    if (aloud && frame) this.live.textContent = this.sentence(frame);
    this.onframe(frame);
    this.queue();
  }

  /** @returns {?Frame} */
  frame(node, run = node === this.pointed ? this.run : null) {
    if (node < 0) return null;
    const { graph } = this;
    const { sides } = graph;
    const end = run ? run.end - 1 : node;
    const total = run ? graph.x[end] + graph.total[end] - graph.x[node] : graph.total[node];
    return {
      node, name: graph.names[graph.name[node]], path: pathOf(graph, node), self: graph.self[node], total,
      ofView: total / (graph.total[this.zoomedNode] || 1), ofWhole: total / (this.whole || 1), frames: run ? run.end - run.first : 1,
      sides: sides && Object.fromEntries(Object.entries(sides).map(([side, values]) => [side, values[node]])),
    };
  }

  sentence(frame) { return `${visible(frame.name)}: ${this.values(frame)}`; }

  /** Total and self of a frame, in words; of two sides the total of each. */
  values({ self, total, ofWhole, sides }) {
    if (sides) return `total of A ${quantity(sides.left, this.unit)}, of B ${quantity(sides.right, this.unit)}`;
    return `total ${quantity(total, this.unit)}, ${percent(ofWhole)}; self ${quantity(self, this.unit)}`;
  }

  /** Open the menu of a frame at a point of the window. */
  openMenu(node, x, y) {
    this.point(node);
    const frame = this.frame(node);
    openFrameMenu(frame, this.values(frame), [x, y], (action) => this.act(action, frame), { compared: Boolean(this.graph.sides) });
  }

  /** Lower edge of a frame's row in pixels of the view. */
  rowBottom(node) { return rowTop(this.scene, depthOf(this.graph, node)) + ROW; }

  at(x, y) { return nodeAt(this.scene, x, y); }

  runAt(x, y) { return runAt(this.scene, this.runs, x, y); }

  /** Bring a frame reached by keys into view: scroll to its row, and leave the zoom when it lies outside. */
  reveal(node) {
    const y = rowTop(this.scene, depthOf(this.graph, node));
    if (y < 0) this.host.scrollTop += y;
    if (y + ROW > this.height) this.host.scrollTop += y + ROW - this.height;
    const { x, total, parent } = this.graph;
    if (x[node] + total[node] <= this.from || x[node] >= this.until) this.zoom(Math.max(0, parent[node]));
  }

  /** What the menu and the keys do with a frame. */
  act(action, frame) {
    const { name, path, node } = frame ?? {};
    const own = {
      zoom: () => this.zoom(node), reset: () => this.zoom(0), back: () => this.undo(), collapse: () => this.apply({ kind: 'collapse' }),
      invert: () => this.apply({ kind: 'invert' }), focus: () => this.apply({ kind: 'focus', name }),
      subtree: () => this.apply({ kind: 'subtree', path }), hide: () => this.apply({ kind: 'hide', name }),
      merge: () => this.apply({ kind: 'merge', name }), copy: () => this.copy(name), copyStack: () => this.copy(path.join('\n')),
    };
    if (own[action]) own[action]();
    else this.onmenu(action, frame);
  }

  async copy(text) {
    this.onmenu(await copyText(text) ? 'copied' : 'not copied', null);
  }
}
