// The functions of a graph as a table of any length: sorted by a column, filtered as the graph is searched.
import { swatchOf } from './flame_colours.js';
import { matcher } from './flame_data.js';
import { fillName, nameElement } from './frame_name.js';
import { fillValueCell, valueCell } from './value_cell.js';
import { VirtualList } from './virtual_list.js';

const ROW = 26;

/** Columns of values: the field of a row, and what stands above. @type {['self' | 'total', string][]} */
const COLUMNS = [['self', 'Self'], ['total', 'Total']];

export class FunctionTable {
  /**
   * @param {HTMLElement} host is filled
   * @param {object} tell
   * @param {(name: ?string) => void} [tell.onhover] the pointer or the keys are on a function
   * @param {(name: string) => void} [tell.onselect] a function was chosen
   */
  constructor(host, { onhover = () => {}, onselect = () => {} } = {}) {
    Object.assign(this, { onhover, all: [], rows: [], total: 0, unit: '', text: '', hovered: null, by: 'self', rising: false });
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
    this.drawHead();
    this.show([], 0, '');
  }

  /** @param {{name: string, self: number, total: number}[]} rows @param {number} total of which shares are */
  show(rows, total, unit) {
    Object.assign(this, { all: rows, total, unit });
    this.arrange();
  }

  /** Show only what matches, as a search in the graph does; an empty text shows all. */
  filter(text) {
    if (text === this.text) return;
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
    else rows.sort((a, b) => sign * (a[this.by] - b[this.by]));
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
    this.head.replaceChildren(head('name', 'Function'), ...COLUMNS.map(([key, text]) => head(key, text)));
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
    row.append(name, ...COLUMNS.map(valueCell));
    return row;
  }

  fill(element, row) {
    const [name, ...cells] = element.children;
    name.title = row.name;
    name.firstChild.style.background = swatchOf(row.name);
    fillName(name.lastChild, row.name);
    COLUMNS.forEach(([key], at) => fillValueCell(cells[at], row[key], row[key] / (this.total || 1), this.unit));
    element.classList.toggle('hovered', row.name === this.hovered);
  }
}
