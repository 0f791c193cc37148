// The functions of a graph as a table of any length: sorted by a column, filtered as the graph is searched.
import { matcher } from './flame_data.js';
import { ROW, fillRow, functionGrid, functionRow } from './function_grid.js';
import { element } from './page.js';
import { VirtualList } from './virtual_list.js';

/** Columns: the field of a row, and what stands above. */
const COLUMNS = Object.entries({ name: 'Function', self: 'Self', total: 'Total' });

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
    this.grid = functionGrid(host, 'grid', 'Functions',
      COLUMNS.map(([key, text]) => [{ 'data-key': key }, element('button', { onclick: () => this.sort(key) }, text)]));
    this.list = new VirtualList(this.grid, {
      height: ROW, make: () => functionRow(), fill: (element, index) => this.fill(element, this.rows[index]),
      onactive: (index) => onhover(this.rows[index]?.name ?? null),
      onpoint: (index) => { if (index < 0 || this.rows[index].name !== this.hovered) onhover(this.rows[index]?.name ?? null); },
      onchoose: (index) => onselect(this.rows[index].name),
    });
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
    this.grid.ariaRowCount = rows.length + 1;
    for (const cell of this.grid.firstChild.children) cell.ariaSort = cell.dataset.key !== this.by ? 'none' : this.rising ? 'ascending' : 'descending';
    this.list.show(rows.length);
  }

  fill(element, { name, self, total }) {
    fillRow(element, name, [self, total], this.total, this.unit);
    element.classList.toggle('hovered', name === this.hovered);
  }
}
