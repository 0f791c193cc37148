// A graph as a tree that is opened branch by branch, the heaviest first. Turned round, it is the tree of callers.
import { matcher } from './flame_data.js';
import { ROW, fillRow, functionGrid, functionRow } from './function_grid.js';
import { element } from './page.js';
import { VirtualList } from './virtual_list.js';

const INDENT = 14; // pixels a level
const MOST_INDENT = 24; // levels after which rows move no further to the right
const HOT = 0.5; // share of its parent a branch needs to be open at first

export class CallTree {
  /**
   * @param {HTMLElement} host is filled
   * @param {object} tell
   * @param {(node: number, name: string) => void} [tell.onselect] a row was chosen by Enter or a double click
   */
  constructor(host, { onselect = () => {} } = {}) {
    Object.assign(this, { onselect, graph: null, rows: [], open: new Set(), unit: '', matches: null });
    host.classList.add('call-tree');
    this.grid = functionGrid(host, 'treegrid', 'Call tree', ['Function', 'Total', 'Self'].map((text) => [{}, text]));
    this.grid.addEventListener('keydown', (event) => this.key(event));
    this.grid.addEventListener('dblclick', (event) => this.select(this.list.indexOf(event.target)));
    this.list = new VirtualList(this.grid, {
      height: ROW, make: () => functionRow(element('span', { class: 'tree-toggle' })), fill: (row, index) => this.fill(row, this.rows[index]),
      onchoose: (index, event) => { if (event.type === 'keydown') this.select(index); else if (event.target.closest('.tree-toggle')) this.toggle(this.rows[index]); },
    });
  }

  nameOf(node) { return this.graph.names[this.graph.name[node]]; }

  /** @param {import('./flame_data.js').Graph} graph @param {{unit?: string, whole?: number}} options */
  show(graph, { unit = '', whole = graph.total[0] } = {}) {
    Object.assign(this, { graph, unit, whole, open: new Set([0]) });
    for (let node = 0; ;) { // the way of the heaviest, as far as it is one way
      const heaviest = this.children(node)[0];
      if (heaviest === undefined || graph.total[heaviest] < HOT * graph.total[node]) break;
      this.open.add(heaviest);
      node = heaviest;
    }
    this.depths = new Uint32Array(graph.count);
    for (let node = 1; node < graph.count; node++) this.depths[node] = this.depths[graph.parent[node]] + 1;
    this.arrange(false);
  }

  /** Children of a node, the heaviest first. */
  children(node) {
    const { first, total } = this.graph;
    return Array.from({ length: first[node + 1] - first[node] }, (_, at) => first[node] + at).sort((a, b) => total[b] - total[a]);
  }

  arrange(keep) {
    const rows = [];
    const stack = this.children(0).reverse();
    while (stack.length) {
      const node = stack.pop();
      rows.push(node);
      if (this.open.has(node)) stack.push(...this.children(node).reverse());
    }
    this.rows = rows;
    this.grid.ariaRowCount = rows.length + 1;
    this.list.show(rows.length, keep);
  }

  /** Open or close a branch. */
  toggle(node) {
    if (!this.open.delete(node)) this.open.add(node);
    this.arrange(true);
  }

  /** Mark the rows that match; an empty text ends it. */
  search(text) {
    if (!text && !this.matches) return;
    this.matches = text ? matcher(text) : null;
    this.list.refresh();
  }

  select(index) {
    if (index >= 0) this.onselect(this.rows[index], this.nameOf(this.rows[index]));
  }

  key(event) {
    const node = this.rows[this.list.active];
    if (node === undefined || !['ArrowLeft', 'ArrowRight'].includes(event.key)) return;
    event.preventDefault();
    const { first, parent } = this.graph;
    const leaf = first[node] === first[node + 1];
    if (event.key === 'ArrowRight' && !leaf) {
      if (this.open.has(node)) this.list.activate(this.list.active + 1); else this.toggle(node);
    } else if (event.key === 'ArrowLeft') {
      if (this.open.has(node) && !leaf) this.toggle(node);
      else if (parent[node] > 0) this.list.activate(this.rows.indexOf(parent[node]));
    }
  }

  fill(row, node) {
    const { first, total, self } = this.graph;
    const cell = row.firstChild;
    const name = this.nameOf(node), leaf = first[node] === first[node + 1], open = this.open.has(node);
    const depth = this.depths[node];
    cell.style.paddingLeft = `${6 + INDENT * (Math.min(depth, MOST_INDENT) - 1)}px`;
    cell.firstChild.textContent = leaf ? '' : open ? '▾' : '▸';
    Object.assign(row, { ariaLevel: depth, ariaExpanded: leaf ? null : open });
    row.classList.toggle('matched', Boolean(this.matches?.(name)));
    fillRow(row, name, [total[node], self[node]], this.whole, this.unit);
  }
}
