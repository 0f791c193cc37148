// The functions of a graph as a table of any length: sorted by a column, filtered as the graph is searched.
import { swatchOf } from './flame_colours.js';
import { matcher } from './flame_data.js';
import { fillName, nameElement } from './frame_name.js';
import { fillValueCell, valueCell } from './value_cell.js';
import { VirtualList } from './virtual_list.js';

const ROW = 26;

/** @typedef {ReturnType<typeof import('./flame_data.js').functions>[number]} Row */

/**
 * Columns as [key, head, value of a row, share of a row, whether it is a change]; shares are of the total of a side.
 * @typedef {[string, string, (row: Row) => number, (row: Row, total: any) => number, boolean]} Column
 */
const part = (value, whole) => value / (whole || 1);
/** @type {Column[]} */
const SINGLE = [
  ['self', 'Self', (row) => row.self, (row, total) => part(row.self, total), false],
  ['total', 'Total', (row) => row.total, (row, total) => part(row.total, total), false],
];
/** @type {Column[]} */
const COMPARED = [
  ['leftSelf', 'Self A', (row) => row.leftSelf, (row, total) => part(row.leftSelf, total.left), false],
  ['rightSelf', 'Self B', (row) => row.rightSelf, (row, total) => part(row.rightSelf, total.right), false],
  ['change', 'Δ self', (row) => row.rightSelf - row.leftSelf, (row, total) => part(row.rightSelf, total.right) - part(row.leftSelf, total.left), true],
  ['changeTotal', 'Δ total', (row) => row.right - row.left, (row, total) => part(row.right, total.right) - part(row.left, total.left), true],
];

export class FunctionTable {
  /**
   * @param {HTMLElement} host is filled
   * @param {object} tell
   * @param {(name: ?string) => void} [tell.onhover] the pointer or the keys are on a function
   * @param {(name: string) => void} [tell.onselect] a function was chosen
   */
  constructor(host, { onhover = () => {}, onselect = () => {} } = {}) {
    Object.assign(this, { host, onhover, all: [], rows: [], total: 0, unit: '', text: '', hovered: null, by: 'self', rising: false });
    host.classList.add('function-table');
    this.grid = document.createElement('div');
    this.grid.className = 'function-grid';
    this.grid.setAttribute('role', 'grid');
    this.grid.setAttribute('aria-label', 'Functions');
    this.head = document.createElement('div');
    this.head.className = 'function-row function-head';
    this.head.setAttribute('role', 'row');
    this.grid.append(this.head);
    host.replaceChildren(this.grid);
    this.list = new VirtualList(this.grid, {
      height: ROW, make: () => this.make(), fill: (element, index) => this.fill(element, this.rows[index]),
      onactive: (index) => onhover(this.rows[index]?.name ?? null),
      onpoint: (index) => { if (index < 0 || this.rows[index].name !== this.hovered) onhover(this.rows[index]?.name ?? null); },
      onchoose: (index) => onselect(this.rows[index].name),
    });
    this.show([], 0, '');
  }

  /**
   * @param {Row[]} rows
   * @param {number | {left: number, right: number}} total of which shares are; of each side where two are compared
   * @param {{normalised?: boolean}} options whether changes are sorted by shares, else by values
   */
  show(rows, total, unit, { normalised = true } = {}) {
    const columns = rows[0]?.leftSelf === undefined ? SINGLE : COMPARED;
    if (columns !== this.columns) {
      this.columns = columns;
      this.by = columns === SINGLE ? 'self' : 'change';
      this.rising = false;
      this.drawHead();
      for (const row of this.list.pool.splice(0)) row.remove();
    }
    Object.assign(this, { all: rows, total, unit, normalised });
    this.arrange();
  }

  /** Show only what matches, as a search in the graph does; an empty text shows all. */
  filter(text) {
    this.text = text;
    this.arrange();
  }

  /** Mark a function and bring nothing into view: what the pointer is on in the graph. */
  hover(name) {
    this.hovered = name;
    this.list.refresh();
  }

  /** Sort by a column; the same once more turns the order round. */
  sort(key) {
    this.rising = key === this.by ? !this.rising : key === 'name';
    this.by = key;
    this.arrange();
  }

  arrange() {
    const matches = this.text ? matcher(this.text) : null;
    const rows = matches ? this.all.filter((row) => matches(row.name)) : this.all.slice();
    const sign = this.rising ? 1 : -1;
    if (this.by === 'name') rows.sort((a, b) => sign * (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    else {
      const [, , value, share, isChange] = this.columns.find(([key]) => key === this.by);
      const size = !isChange ? value : this.normalised ? (row) => Math.abs(share(row, this.total)) : (row) => Math.abs(value(row));
      rows.sort((a, b) => sign * (size(a) - size(b)));
    }
    this.rows = rows;
    this.grid.setAttribute('aria-rowcount', String(rows.length + 1));
    for (const cell of this.head.children) {
      cell.setAttribute('aria-sort', cell.dataset.key !== this.by ? 'none' : this.rising ? 'ascending' : 'descending');
    }
    this.list.show(rows.length);
  }

  drawHead() {
    const head = (key, text) => {
      const cell = document.createElement('div');
      cell.setAttribute('role', 'columnheader');
      cell.dataset.key = key;
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = text;
      button.addEventListener('click', () => this.sort(key));
      cell.append(button);
      return cell;
    };
    this.head.replaceChildren(head('name', 'Function'), ...this.columns.map(([key, text]) => head(key, text)));
    this.grid.classList.toggle('compared', this.columns === COMPARED);
  }

  make() {
    const row = document.createElement('div');
    row.className = 'function-row';
    row.setAttribute('role', 'row');
    const name = document.createElement('div');
    name.setAttribute('role', 'gridcell');
    const swatch = document.createElement('span');
    swatch.className = 'function-swatch';
    name.append(swatch, nameElement());
    row.append(name, ...this.columns.map(valueCell));
    return row;
  }

  fill(element, row) {
    const [name, ...cells] = element.children;
    name.title = row.name;
    name.firstChild.style.background = swatchOf(row.name);
    fillName(name.lastChild, row.name);
    this.columns.forEach(([, , value, share, isChange], at) => {
      fillValueCell(cells[at], value(row), share(row, this.total), this.unit, isChange);
    });
    element.classList.toggle('hovered', row.name === this.hovered);
  }

  destroy() {
    this.list.destroy();
    this.host.replaceChildren();
  }
}
