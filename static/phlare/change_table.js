// What changed between two sides, function by function: a table that is sorted by any column and filtered by what became
// of a function. Its frame is in templates/ingest/diff_view.html.
import { changeOf } from './diff_data.js';
import { matcher } from './flame_data.js';
import { counted, exact, percent, quantity, signed } from './format.js';
import { visible } from './frame_name.js';
import { element } from './page.js';

const ROWS = 50; // shown at first, and more each time
const MANIFOLD = 9; // from this growth on it is a factor, not a percentage

export class ChangeTable {
  /** @param host has the table @param {(name: string) => void} onselect a function was chosen */
  constructor(host, onselect) {
    Object.assign(this, { onselect, rows: [], sort: 'self', descending: true, limit: ROWS });
    this.options = { mode: 'share', only: 'all', q: '', unit: '', totals: [0, 0], count: 0 };
    this.said = host.querySelector('[role="status"]');
    this.heads = [...host.querySelectorAll('[data-column]')];
    this.body = host.querySelector('tbody');
    this.more = host.querySelector('.more');
    for (const head of this.heads) head.firstChild.addEventListener('click', () => this.sortBy(head.dataset.column));
    this.more.addEventListener('click', () => { this.limit += ROWS; this.draw(); });
  }

  /** @param options some of mode, only, q, unit, totals, count, and `rows` of the API: name, left_self, left_total, right_self, right_total */
  set({ rows = this.rows, ...options }) {
    Object.assign(this.options, options);
    this.rows = rows;
    this.limit = ROWS;
    this.draw();
  }

  draw() {
    const { count } = this.options;
    for (const head of this.heads) head.ariaSort = this.sort !== head.dataset.column ? null : this.descending ? 'descending' : 'ascending';
    const shown = this.ordered();
    this.body.replaceChildren(...shown.slice(0, this.limit).map((row) => this.line(row)));
    const left = count > this.rows.length ? ` The server listed the ${this.rows.length.toLocaleString()} that changed most of ${count.toLocaleString()}.` : '';
    this.said.textContent = `${shown.length.toLocaleString()} of ${counted(this.rows.length, 'function')}.${left}`;
    this.more.hidden = shown.length <= this.limit;
  }

  sortBy(column) {
    this.descending = this.sort !== column || !this.descending;
    this.sort = column;
    this.draw();
  }

  /** The change of one pair of values of a row; `part` is 'self' or 'total'. */
  changed(row, part) {
    const { mode, totals } = this.options;
    return changeOf(row[`left_${part}`], row[`right_${part}`], ...totals, mode);
  }

  /** Rows that pass the filters, in the order of the chosen column; changes are ordered by their size. */
  ordered() {
    const { only, q } = this.options;
    const matches = matcher(q);
    const kept = this.rows.filter((row) => matches(row.name) && (only === 'all' || this.changed(row, 'total').kind === only));
    const key = (row) => (this.sort in row ? row[this.sort] : Math.abs(this.changed(row, this.sort).change));
    const sign = this.descending ? -1 : 1;
    return kept.map((row) => [key(row), row]).sort(([a], [b]) => sign * (a - b)).map(([, row]) => row);
  }

  line(row) {
    const called = visible(row.name);
    const name = element('button', { class: 'name', title: `Search ${called}`, onclick: () => this.onselect(row.name) }, called);
    const cells = this.heads.map(({ dataset: { column } }) => (column in row ? this.value(row, column) : this.change(row, column)));
    return element('tr', {}, element('th', { scope: 'row' }, name), ...cells);
  }

  value(row, column) {
    const { mode, totals, unit } = this.options;
    const whole = totals[column.startsWith('left') ? 0 : 1] || 1;
    return element('td', { class: 'number', title: exact(row[column], unit) }, mode === 'share' ? percent(row[column] / whole) : quantity(row[column], unit));
  }

  change(row, part) {
    const { mode, unit } = this.options;
    const { kind, change, ratio } = this.changed(row, part);
    const words = (size) => (mode === 'share' ? percent(size).replace('%', 'pp') : quantity(size, unit));
    const relative = { new: 'new', gone: 'gone', same: '' }[kind] ?? (ratio >= MANIFOLD ? `×${quantity(1 + ratio, '')}` : signed(ratio, percent));
    return element('td', { class: `number ${kind}`, title: exact(row[`right_${part}`] - row[`left_${part}`], unit) },
      kind === 'same' ? '0' : signed(change, words), element('span', { class: 'ratio' }, relative));
  }
}
