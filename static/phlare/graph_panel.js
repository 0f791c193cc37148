// The flame graph of the page with everything around it: views, table, search, steps with their way back, and what the
// answer says about itself. It asks nobody; the page asks and hands answers over.
import { CallTree } from './call_tree.js';
import { FlameGraph } from './flame.js';
import { functions, literally } from './flame_data.js';
import { PRESETS } from './flame_transforms.js';
import { counted, percent, quantity } from './format.js';
import { NO_NAME } from './frame_name.js';
import { FunctionTable } from './function_table.js';
import { Sandwich } from './sandwich.js';
import { opens } from './menu.js';
import { $, element } from './page.js';

const VIEWS = { flame: ['flame'], table: ['functions'], both: ['flame', 'functions'], sandwich: ['sandwich'], tree: ['call-tree'] };
const KEYS = Object.keys(VIEWS);

export class GraphPanel {
  /**
   * @param state the PageState; this panel owns view, q, fn, steps, direction and colour
   * @param tell {onsteps(flame): the steps changed, onaction(action, frame): diff, link, help, wantsTop(): rows of the table that the server
   *   summed up, null while there are none}
   */
  constructor(state, { onsteps, onaction, wantsTop = () => null }) {
    Object.assign(this, { state, onsteps, wantsTop, answer: null, ready: false, restoring: false });
    const menu = (action, frame) => this.act(action, frame, onaction);
    this.flame = new FlameGraph($('flame'), {
      onframe: (frame) => this.table?.hover(frame && frame.frames === 1 ? frame.name : null),
      onmenu: menu,
      onchange: () => this.changed(),
    });
    this.table = new FunctionTable($('functions'), { onhover: (name) => this.flame.hover(name), onselect: (name) => this.open(name) });
    this.sandwich = new Sandwich($('sandwich'), { onmenu: menu });
    this.tree = new CallTree($('call-tree'), { onselect: (node, name) => this.open(name) });
    this.ready = true;
    this.controls();
  }

  controls() {
    for (const button of document.querySelectorAll('#views [data-view]')) button.addEventListener('click', () => this.look(button.dataset.view));
    $('search').addEventListener('input', () => { this.state.set({ q: $('search').value }, { replace: true }); this.search(); });
    $('search').addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.flame.nextMatch(event.shiftKey ? -1 : 1);
      else if (event.key === 'Escape' && $('search').value) { $('search').value = ''; this.state.set({ q: '' }, { replace: true }); this.search(); }
    });
    $('undo').addEventListener('click', () => this.flame.undo());
    $('direction').addEventListener('click', () => this.turn());
    $('colour').addEventListener('change', () => { this.state.set({ colour: $('colour').value }); this.paint(); });
    opens($('hide'), (panel) => this.presets(panel), { label: 'Leave out' });
    addEventListener('keydown', (event) => this.key(event));
  }

  presets(panel) {
    const taken = new Set(this.flame.transforms.map((one) => one.preset));
    const item = (text, transform, isTaken) => element('li', {}, element('button', {
      class: 'quiet', disabled: isTaken, onclick: (event) => { event.target.closest('[popover]').hidePopover(); this.flame.apply(transform); },
    }, text));
    panel.append(element('ul', { class: 'choices' }, ...Object.entries(PRESETS).map(([preset, { label }]) => item(label, { kind: 'preset', preset }, taken.has(preset))),
      item('Recursion (collapse it)', { kind: 'collapse' }, false), item('Nothing, but turn callers and callees round', { kind: 'invert' }, false)));
  }

  /** Show an answer; `graph` may be given when it is not simply decoded from it. */
  show(answer, graph = answer) {
    this.answer = answer;
    $('graph-views').dataset.shown = '';
    $('graph-views').classList.remove('skeleton');
    this.restoring = true; // steps come out of the address, not into it
    this.flame.show(graph, { unit: answer.unit, title: 'Flame graph', transforms: this.steps() });
    this.restoring = false;
    this.restore();
  }

  /** Take view, search, colours and steps from the address. */
  restore() {
    const { values } = this.state;
    if (this.answer && JSON.stringify(this.flame.transforms) !== JSON.stringify(this.steps())) {
      this.restoring = true;
      this.flame.show(this.flame.steps.base, { unit: this.answer.unit, title: 'Flame graph', transforms: this.steps() });
      this.restoring = false;
    }
    if ($('search').value !== values.q) $('search').value = values.q;
    this.paint();
    this.views();
    this.search();
  }

  /** The steps of the address; what is no step, or a link of a later version, is left out. */
  steps() {
    try {
      const found = JSON.parse(this.state.values.steps || '[]');
      return Array.isArray(found) ? found.filter(isStep) : [];
    } catch { return []; }
  }

  changed() {
    if (!this.ready) return;
    const { transforms } = this.flame;
    if (!this.restoring) this.state.set({ steps: transforms.length ? JSON.stringify(transforms) : '' });
    this.trail();
    this.views();
    if (this.found) this.search();
    this.onsteps(this.flame);
  }

  /** Give the focus to the first part that is shown: what had it is not there any more. */
  takeFocus() {
    [...$('graph-views').querySelectorAll('[tabindex="0"]')].find((one) => one.checkVisibility())?.focus({ preventScroll: true });
  }

  trail() {
    const { trail } = this.flame;
    const steps = trail.map(({ label }, index) => element('li', {}, element('button', {
      class: 'quiet', title: label, 'aria-current': index === trail.length - 1 ? 'step' : null, onclick: () => this.flame.back(index + 1),
    }, label)));
    const whole = element('li', {}, element('button', { class: 'quiet', onclick: () => this.flame.back(0) }, 'Whole'));
    const held = document.activeElement.closest('#trail button, #undo');
    $('trail').replaceChildren(...(trail.length ? [whole, ...steps] : []));
    $('undo').disabled = !trail.length;
    if (held && (!$('trail').contains(held) && held !== $('undo') || !trail.length)) this.takeFocus();
  }

  look(view, more = {}) {
    this.state.set({ view, ...more });
    this.views();
  }

  /** A function was chosen in a table or a tree: its callers and callees. In an address an empty name would be none. */
  open(name) { this.look('sandwich', { fn: name || NO_NAME }); }

  /** The function of the sandwich: the one that was chosen, or the first of the table. */
  middleOf(graph) {
    const { fn } = this.state.values;
    return (fn === NO_NAME && !graph.names.includes(fn) ? '' : fn || this.rows(graph)[0]?.name) ?? '';
  }

  views() {
    const { values } = this.state;
    const view = viewOf(values.view);
    for (const button of document.querySelectorAll('#views [data-view]')) button.setAttribute('aria-pressed', String(button.dataset.view === view));
    const held = document.activeElement.closest('#graph-views > *');
    for (const id of new Set(Object.values(VIEWS).flat())) $(id).hidden = !VIEWS[view].includes(id);
    $('graph-views').dataset.view = view;
    if (held?.hidden) this.takeFocus();
    if (!this.answer) return;
    const { graph } = this.flame;
    const { unit } = this.answer;
    if (VIEWS[view].includes('functions') && this.listed !== graph) {
      this.listed = graph;
      this.table.show(this.rows(graph), graph.total[0], unit);
    }
    if (view === 'sandwich') this.between(graph, this.middleOf(graph));
    if (view === 'tree' && this.grown !== graph) {
      this.grown = graph;
      this.tree.show(graph, { unit, whole: this.flame.whole });
    }
  }

  /** Show a function between its callers and its callees. */
  between(graph, name) {
    if (this.halved === graph && this.middle === name) return;
    Object.assign(this, { halved: graph, middle: name });
    this.sandwich.show(graph, name, { unit: this.answer.unit });
    this.sandwich.search(this.state.values.q);
  }

  /** Rows of the table: the server's where small frames of the graph were not sent, so that every number is exact. */
  rows(graph) { return (this.flame.trail.length ? null : this.wantsTop()) ?? functions(graph); }

  /** Newer or fuller rows came for what is shown. */
  relist() { this.listed = null; this.views(); }

  search() {
    const text = this.state.values.q;
    this.found = this.flame.search(text);
    $('search-result').textContent = this.found ? `${counted(this.found.functions, 'function')} · ${percent(this.found.share)}` : '';
    this.table.filter(text);
    this.tree.search(text);
    this.sandwich.search(text);
  }

  turn() {
    this.state.set({ direction: this.state.values.direction === 'flame' ? 'icicle' : 'flame' });
    this.paint();
  }

  paint() {
    const { direction, colour } = this.state.values;
    const view = direction === 'flame' ? 'flame' : 'icicle', scheme = colour === 'value' ? 'value' : 'package';
    $('direction').setAttribute('aria-pressed', String(view === 'flame'));
    $('colour').value = scheme;
    if (this.flame.view !== view || this.flame.options.scheme !== scheme) this.flame.set({ view, scheme });
  }

  act(action, frame, onaction) {
    if (action === 'sandwich' && frame) this.open(frame.name);
    else if (action === 'search' && frame) {
      $('search').value = `^${literally(frame.name)}$`;
      this.state.set({ q: $('search').value });
      this.search();
    } else onaction(action, frame);
  }

  key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea, [popover]')) return;
    if (event.key === '/') $('search').focus();
    else if (KEYS[event.key - 1]) this.look(KEYS[event.key - 1]);
    else if (event.key === 'Backspace') this.flame.undo();
    else return;
    event.preventDefault();
  }

  /** What the answer says of itself, in a sentence. */
  facts() {
    const { answer } = this;
    const nodes = answer.levels.reduce((sum, level) => sum + level.length, 0) / 4 - 1;
    return `${quantity(answer.total, answer.unit)} in ${counted(answer.profiles, 'profile')} · ${counted(nodes, 'frame')}`;
  }
}

const KINDS = { focus: 'name', hide: 'name', merge: 'name', zoom: 'path', subtree: 'path', collapse: null, invert: null, preset: 'preset' };

/** The view of this name; an address may name anything. */
export const viewOf = (name) => (Object.hasOwn(VIEWS, name) ? name : 'both');

/** Whether a value out of an address is a step of a trail. */
export function isStep(step) {
  if (!step || !Object.hasOwn(KINDS, step.kind)) return false;
  if (step.kind === 'preset') return Object.hasOwn(PRESETS, step.preset);
  const value = step[KINDS[step.kind]];
  return KINDS[step.kind] === null || (KINDS[step.kind] === 'path' ? Array.isArray(value) && value.every((one) => typeof one === 'string') : typeof value === 'string');
}
