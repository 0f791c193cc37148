// Two sides compared: one graph with both, two graphs side by side, or a table of what changed. Of queries and of files alike.
import { copyText } from './clipboard.js';
import { ChangeTable, FILTERS } from './change_table.js';
import { byShares, sideOf } from './diff_data.js';
import { FlameGraph } from './flame.js';
import { changeScale } from './flame_colours.js';
import { decode, literally } from './flame_data.js';
import { counted, percent, quantity } from './format.js';
import { element } from './page.js';

/** What a view can be set to; pages keep these in their address. */
export const VIEW_DEFAULTS = { view: 'overlay', mode: 'share', palette: 'blueOrange', q: '', only: 'all' };

const VIEWS = { overlay: 'Overlay', side: 'Side by side', table: 'Table' };
const MODES = { share: 'Shares', absolute: 'Values' };
const PALETTES = { blueOrange: 'Blue and orange', greenRed: 'Green and red' };
const CHOICES = { view: VIEWS, mode: MODES, palette: PALETTES, only: FILTERS };
const SAYING = {
  share: 'Compared are shares: each side’s part of its own whole, so that a longer range is no change.',
  absolute: 'Compared are the values themselves: a longer range or more traffic is a change too.',
};
const WIDTH = { share: 'Width is the mean of both shares.', absolute: 'Width is A and B together.' };
const SIDE_BY_SIDE = 'Each graph is as wide as its own whole. What is pointed at on one side is marked on the other.';
const TICKS = ['gone', 'half', 'same', 'double', 'new'];

/** Options with the default in place of what is no choice: an address may say anything. */
export function chosen(options) {
  const taken = Object.entries(CHOICES).map(([name, words]) => [name, Object.hasOwn(words, options[name]) ? options[name] : VIEW_DEFAULTS[name]]);
  return { ...options, ...Object.fromEntries(taken) };
}

/** Buttons of which one is pressed. */
function choice(label, words, onchoose) {
  const buttons = Object.entries(words).map(([key, text]) => element('button', { 'data-key': key, onclick: () => onchoose(key) }, text));
  const host = element('div', { role: 'group', class: 'choice', 'aria-label': label }, ...buttons);
  return { host, press: (key) => { for (const button of buttons) button.setAttribute('aria-pressed', String(button.dataset.key === key)); } };
}

export class DiffView {
  /**
   * @param host element to fill
   * @param tell `onset(changes)`: some of VIEW_DEFAULTS were changed here; `onneed()`: the table is looked at and has no rows
   */
  constructor(host, { onset, onneed = () => {} }) {
    Object.assign(this, { host, onset, onneed, options: { ...VIEW_DEFAULTS }, shown: null, rows: null, graphs: {} });
    this.build();
    this.set({});
  }

  build() {
    const set = (name) => (value) => { this.set({ [name]: value }); this.onset({ [name]: value }); };
    this.views = choice('View', VIEWS, set('view'));
    this.modes = choice('Compare', MODES, set('mode'));
    this.palette = element('select', { onchange: () => set('palette')(this.palette.value) },
      ...Object.entries(PALETTES).map(([key, words]) => element('option', { value: key }, words)));
    this.search = element('input', { type: 'search', autocomplete: 'off', spellcheck: 'false', 'data-search': '', oninput: () => set('q')(this.search.value) });
    this.found = element('output');
    this.back = element('button', { onclick: () => this.each((graph) => graph.undo()) }, 'Back');
    this.trail = element('span', { class: 'dim' });
    this.saying = element('p', { class: 'dim', role: 'status' });
    this.scale = element('div', { class: 'scale', 'aria-hidden': 'true' });
    this.legend = element('div', { class: 'legend' }, element('span', { class: 'dim' }, 'B against A'),
      element('div', {}, this.scale, element('div', { class: 'ticks' }, ...TICKS.map((tick) => element('span', {}, tick)))),
      this.width = element('span', { class: 'dim' }));
    this.overlay = element('div', { class: 'diff-overlay' });
    this.pair = element('div', { class: 'diff-pair' }, ...['A', 'B'].map((name, side) => element('figure', { class: `side-${side}` },
      element('figcaption', {}, element('strong', {}, name), ' ', element('span', { class: 'dim' })), element('div'))));
    this.tableHost = element('div', { class: 'diff-table' });
    this.host.append(
      element('div', { class: 'controls' }, this.views.host, this.modes.host, element('label', {}, 'Colours ', this.palette),
        element('label', { class: 'push diff-search' }, 'Search ', this.search), this.found, this.back, this.trail),
      this.saying, this.legend, this.overlay, this.pair, this.tableHost);
    this.table = new ChangeTable(this.tableHost, {
      onselect: (name) => set('q')(literally(name)),
      onfilter: set('only'),
    });
  }

  /**
   * Show a graph of two sides.
   * @param shown `graph` as the API answers it, `unit`, and `rows`: the functions of both, or null when they come later
   */
  show({ graph, unit, rows = null, count = rows?.length ?? 0 }) {
    this.shown = { graph, unit, totals: [graph.left_total, graph.right_total] };
    this.drawn = new Set();
    this.decoded = null;
    this.overlaid = ''; // the mode in which both are on one graph
    this.fill(rows, count);
  }

  /** Give the table its rows; null while there are none. */
  fill(rows, count) {
    this.rows = rows;
    this.table.show(rows ?? [], { unit: this.shown.unit, totals: this.shown.totals, count });
    this.draw();
  }

  set(changes) {
    this.options = chosen({ ...this.options, ...changes });
    const { view, mode, palette, q, only } = this.options;
    this.views.press(view);
    this.modes.press(mode);
    this.palette.value = palette;
    if (this.search.value !== q) this.search.value = q;
    this.saying.textContent = view === 'side' ? SIDE_BY_SIDE : SAYING[mode];
    this.modes.host.hidden = view === 'side';
    this.overlay.hidden = view !== 'overlay';
    this.pair.hidden = view !== 'side';
    this.tableHost.hidden = view !== 'table';
    this.legend.hidden = view !== 'overlay';
    this.width.textContent = `Hatched frames are on one side only. ${WIDTH[mode]}`;
    this.palette.parentElement.hidden = view !== 'overlay';
    this.back.hidden = view === 'table';
    this.scale.replaceChildren(...changeScale(palette).map((colour) => { const step = element('span'); step.style.background = colour; return step; }));
    this.scale.firstChild.className = this.scale.lastChild.className = 'hatched';
    this.table.set({ mode, filter: only, text: q });
    this.draw();
  }

  /** Draw what is in view and not drawn yet, and mark what is searched for. */
  draw() {
    if (!this.shown) return;
    const { view, mode, palette } = this.options;
    if (view === 'table' && !this.rows) this.onneed();
    if (view === 'overlay') {
      this.graphs.overlay ??= this.graphIn(this.overlay);
      if (this.overlaid !== mode) this.drawOverlay(mode);
      this.graphs.overlay.set({ scheme: 'change', change: palette, normalised: mode === 'share' });
    }
    if (view === 'side') this.drawPair();
    this.drawn.add(view);
    this.mark();
  }

  /** Both on one graph; what was zoomed on stays so when only the mode changed. */
  drawOverlay(mode) {
    this.decoded ??= decode(this.shown.graph);
    const { overlay } = this.graphs;
    const transforms = this.overlaid ? overlay.transforms : [];
    this.overlaid = mode;
    overlay.show(mode === 'share' ? byShares(this.decoded) : this.decoded, { unit: this.shown.unit, title: 'A and B on one flame graph', transforms });
  }

  drawPair() {
    [...this.pair.children].forEach((figure, side) => {
      this.graphs[side] ??= this.graphIn(figure.lastChild);
      if (this.drawn.has('side')) return;
      const { unit, totals, graph } = this.shown;
      figure.querySelector('figcaption span').textContent = quantity(totals[side], unit);
      this.graphs[side].show(sideOf(graph, side), { unit, title: `Flame graph of ${side ? 'B' : 'A'}` });
    });
  }

  graphIn(host) {
    const graph = new FlameGraph(host, {
      onframe: (frame) => this.each((other) => { if (other !== graph) other.hover(frame && frame.node > 0 && frame.frames === 1 ? frame.name : null); }),
      onmenu: (action, frame) => this.act(graph, action, frame),
      onchange: () => this.tellTrail(),
    });
    return graph;
  }

  act(graph, action, frame) {
    if (action === 'search') { this.search.value = literally(frame.name); this.search.dispatchEvent(new Event('input')); }
    if (action === 'sandwich') graph.apply({ kind: 'focus', name: frame.name });
    if (action === 'link') copyText(location.href);
  }

  /** The graphs in view. */
  each(act) {
    const { view } = this.options;
    const inView = { overlay: [this.graphs.overlay], side: [this.graphs[0], this.graphs[1]], table: [] }[view] ?? [];
    return inView.filter(Boolean).map(act);
  }

  tellTrail() {
    const steps = this.each((graph) => graph.trail.map(({ label }) => label)).flat();
    this.trail.textContent = steps.join(' › ');
    this.back.disabled = !steps.length;
  }

  mark() {
    const { q } = this.options;
    const found = this.each((graph) => graph.search(q)).filter(Boolean);
    const names = this.options.view === 'side' ? ['A', 'B'] : [''];
    this.found.textContent = found.map(({ functions, share }, at) => `${names[at]} ${counted(functions, 'function')}, ${percent(share)}`.trim()).join(' · ');
    this.tellTrail();
  }
}
