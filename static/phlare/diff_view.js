// Two sides compared: one graph with both, two graphs side by side, or a table of what changed. Of queries and of files alike.
// What does not change is in templates/ingest/diff_view.html; what is shown when, in diff.css.
import { copyText } from './clipboard.js';
import { ChangeTable } from './change_table.js';
import { byShares, sideOf } from './diff_data.js';
import { FlameGraph } from './flame.js';
import { changeScale } from './flame_colours.js';
import { literally } from './flame_data.js';
import { counted, percent, quantity } from './format.js';
import { element } from './page.js';

/** What a view can be set to; pages keep these in their address. */
export const VIEW_DEFAULTS = { view: 'overlay', mode: 'share', palette: 'blueOrange', q: '', only: 'all' };

/** Options with the default in place of what is no choice: an address may say anything. @param choices names to values there are */
export function chosen(options, choices) {
  const taken = Object.entries(choices).map(([name, values]) => [name, values.includes(options[name]) ? options[name] : VIEW_DEFAULTS[name]]);
  return { ...options, ...Object.fromEntries(taken) };
}

/** The key "/" leads to the search field that is in view. */
export function searchBySlash() {
  addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.target.closest('input, select, textarea')) return;
    event.preventDefault();
    [...document.querySelectorAll('[data-search]')].find((field) => field.checkVisibility())?.focus();
  });
}

export class DiffView {
  /**
   * @param host has what templates/ingest/diff_view.html says
   * @param tell `onset(changes)`: some of VIEW_DEFAULTS were changed here; `onneed()`: the table is looked at and has no rows
   */
  constructor(host, { onset, onneed = () => {} }) {
    Object.assign(this, { host, onset, onneed, options: { ...VIEW_DEFAULTS }, shown: null, rows: null, graphs: {} });
    const part = (selector) => host.querySelector(selector);
    this.controls = [...host.querySelectorAll('[name]')];
    this.choices = {};
    for (const one of host.querySelectorAll('button[name], option')) (this.choices[one.name ?? one.parentElement.name] ??= []).push(one.value);
    this.search = part('[name="q"]');
    this.found = part('output');
    this.back = part('.back');
    this.trail = part('.trail');
    this.scale = part('.scale');
    this.figures = [...host.querySelectorAll('figure')];
    this.table = new ChangeTable(part('.diff-table'), (name) => this.change('q', literally(name)));
    this.back.addEventListener('click', () => this.each((graph) => graph.undo()));
    for (const control of this.controls) control.addEventListener(control.type === 'button' ? 'click' : 'input', () => this.change(control.name, control.value));
    this.set({});
  }

  /** Change an option from here, and tell the page. */
  change(name, value) {
    this.set({ [name]: value });
    this.onset({ [name]: value });
  }

  /**
   * Show a graph of two sides.
   * @param shown `graph`, decoded; `unit`, and `rows`: the functions of both, or null when they come later
   */
  show({ graph, unit, rows = null, count = rows?.length ?? 0 }) {
    this.shown = { graph, unit, totals: [graph.sides.left[0], graph.sides.right[0]] };
    this.drawn = ''; // the mode in which both are on one graph
    this.paired = false;
    this.fill(rows, count);
  }

  /** Give the table its rows; null while there are none. */
  fill(rows, count) {
    this.rows = rows;
    this.table.set({ rows: rows ?? [], unit: this.shown.unit, totals: this.shown.totals, count });
    this.draw();
  }

  set(changes) {
    this.options = chosen({ ...this.options, ...changes }, this.choices);
    const { view, mode, palette } = this.options;
    Object.assign(this.host.dataset, { view, mode });
    for (const control of this.controls) {
      const value = this.options[control.name];
      if (control.type === 'button') control.ariaPressed = control.value === value;
      else if (control.value !== value) control.value = value;
    }
    this.scale.replaceChildren(...changeScale(palette).map((colour) => element('span', { style: `background: ${colour}` })));
    this.table.set(this.options);
    this.draw();
  }

  /** Draw what is in view and not drawn yet, and mark what is searched for. */
  draw() {
    if (!this.shown) return;
    const { view, mode, palette } = this.options;
    if (view === 'table' && !this.rows) this.onneed();
    if (view === 'overlay') {
      this.graphs.overlay ??= this.graphIn(this.host.querySelector('.diff-overlay'));
      if (this.drawn !== mode) this.drawOverlay(mode);
      this.graphs.overlay.set({ scheme: 'change', change: palette, normalised: mode === 'share' });
    }
    if (view === 'side' && !this.paired) this.drawPair();
    this.mark();
  }

  /** Both on one graph; what was zoomed on stays so when only the mode changed. */
  drawOverlay(mode) {
    const { overlay } = this.graphs;
    const { graph, unit } = this.shown;
    const transforms = this.drawn ? overlay.transforms : [];
    this.drawn = mode;
    overlay.show(mode === 'share' ? byShares(graph) : graph, { unit, title: 'A and B on one flame graph', transforms });
  }

  drawPair() {
    const { unit, totals, graph } = this.shown;
    this.paired = true;
    this.figures.forEach((figure, side) => {
      this.graphs[side] ??= this.graphIn(figure.lastChild);
      figure.querySelector('.dim').textContent = quantity(totals[side], unit);
      this.graphs[side].show(sideOf(graph, side), { unit, title: `Flame graph of ${'AB'[side]}` });
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
    if (action === 'search') this.change('q', literally(frame.name));
    if (action === 'sandwich') graph.apply({ kind: 'focus', name: frame.name });
    if (action === 'link') copyText(location.href);
  }

  /** The graphs in view. */
  each(act) {
    const inView = { overlay: ['overlay'], side: [0, 1], table: [] }[this.options.view];
    return inView.map((name) => this.graphs[name]).filter(Boolean).map(act);
  }

  tellTrail() {
    const steps = this.each((graph) => graph.trail.map(({ label }) => label)).flat();
    this.trail.textContent = steps.join(' › ');
    this.back.disabled = !steps.length;
  }

  mark() {
    const { q, view } = this.options;
    const found = this.each((graph) => graph.search(q)).filter(Boolean);
    const names = view === 'side' ? 'AB' : ' ';
    this.found.textContent = found.map(({ functions, share }, at) => `${names[at]} ${counted(functions, 'function')}, ${percent(share)}`.trim()).join(' · ');
    this.tellTrail();
  }
}
