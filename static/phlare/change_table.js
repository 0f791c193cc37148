// What changed between two sides, function by function: a table that is sorted by any column and filtered by what became
// of a function.
import { changeOf } from './diff_data.js';
import { matcher } from './flame_data.js';
import { counted, exact, percent, quantity } from './format.js';
import { element } from './page.js';

const ROWS = 50; // shown at first, and more each time
const MANIFOLD = 9; // from this growth on it is a factor, not a percentage

/** Columns of numbers: key, heading, and the field of each side. */
const COLUMNS = [
  ['self', 'Change of self'], ['left_self', 'A self'], ['right_self', 'B self'],
  ['total', 'Change of total'], ['left_total', 'A total'], ['right_total', 'B total'],
];
export const FILTERS = { all: 'All', grew: 'Grew', shrank: 'Shrank', new: 'Only new', gone: 'Only gone' };

export class ChangeTable {
  /**
   * @param host element to fill
   * @param tell `onselect(name)` when a function is chosen, `onhover(name)` when one is pointed at (null: none),
   *   `onfilter(filter)` when another filter is chosen
   */
  constructor(host, { onselect, onhover = () => {}, onfilter = () => {} }) {
    Object.assign(this, { onselect, onhover, onfilter, rows: [], sort: 'self', descending: true, limit: ROWS });
    this.options = { mode: 'share', filter: 'all', text: '', unit: '', totals: [0, 0], count: 0 };
    this.filters = element('div', { role: 'group', 'aria-label': 'Show functions that' });
    this.said = element('p', { class: 'dim', role: 'status' });
    this.head = element('tr');
    this.body = element('tbody');
    this.more = element('button', { onclick: () => { this.limit += ROWS; this.draw(); } }, 'Show more');
    const table = element('table', { class: 'changes' },
      element('caption', { class: 'hidden-label' }, 'Functions by what changed'), element('thead', {}, this.head), this.body);
    host.append(element('div', { class: 'controls' }, this.filters, this.said), element('div', { class: 'scrolls' }, table), this.more);
  }

  /** @param rows of the API: name, left_self, left_total, right_self, right_total. @param options some of mode, filter, text, unit, totals, count */
  show(rows, options = {}) {
    Object.assign(this.options, options);
    this.rows = rows;
    this.limit = ROWS;
    this.draw();
  }

  set(options) {
    Object.assign(this.options, options);
    this.limit = ROWS;
    this.draw();
  }

  draw() {
    const { filter, count } = this.options;
    this.filters.replaceChildren(...Object.entries(FILTERS).map(([key, words]) => element('button', {
      'aria-pressed': filter === key, onclick: () => this.onfilter(key),
    }, words)));
    this.head.replaceChildren(element('th', { scope: 'col' }, 'Function'), ...COLUMNS.map((column) => this.heading(column)));
    const shown = this.ordered();
    this.body.replaceChildren(...shown.slice(0, this.limit).map((row) => this.line(row)));
    const left = count > this.rows.length ? ` The server listed the ${this.rows.length.toLocaleString()} that changed most of ${count.toLocaleString()}.` : '';
    this.said.textContent = `${shown.length.toLocaleString()} of ${counted(this.rows.length, 'function')}.${left}`;
    this.more.hidden = shown.length <= this.limit;
  }

  heading([key, words]) {
    const sorted = this.sort === key ? (this.descending ? 'descending' : 'ascending') : null;
    const arrow = sorted ? element('span', { 'aria-hidden': 'true' }, this.descending ? ' ↓' : ' ↑') : null;
    return element('th', { scope: 'col', class: 'number', 'aria-sort': sorted },
      element('button', { class: 'quiet', onclick: () => this.sortBy(key) }, words, arrow));
  }

  sortBy(key) {
    this.descending = this.sort === key ? !this.descending : true;
    this.sort = key;
    this.draw();
    this.head.querySelector('[aria-sort] button').focus();
  }

  /** The change of one pair of values of a row; `part` is 'self' or 'total'. */
  changed(row, part) {
    const { mode, totals } = this.options;
    return changeOf(row[`left_${part}`], row[`right_${part}`], ...totals, mode);
  }

  /** Rows that pass the filters, in the order of the chosen column; changes are ordered by their size. */
  ordered() {
    const { filter, text } = this.options;
    const matches = matcher(text);
    const kept = this.rows.filter((row) => matches(row.name) && (filter === 'all' || this.changed(row, 'total').kind === filter));
    const key = (row) => (this.sort in row ? row[this.sort] : Math.abs(this.changed(row, this.sort).change));
    const sign = this.descending ? -1 : 1;
    return kept.map((row) => [key(row), row]).sort(([a], [b]) => sign * (a - b)).map(([, row]) => row);
  }

  line(row) {
    const name = element('button', { class: 'name', title: `Search ${row.name}`, onclick: () => this.onselect(row.name) }, row.name);
    return element('tr', { onpointerenter: () => this.onhover(row.name), onpointerleave: () => this.onhover(null) },
      element('th', { scope: 'row' }, name), ...COLUMNS.map(([key]) => (key in row ? this.value(row, key) : this.change(row, key))));
  }

  value(row, key) {
    const { mode, totals, unit } = this.options;
    const whole = totals[key.startsWith('left') ? 0 : 1] || 1;
    return element('td', { class: 'number', title: exact(row[key], unit) }, mode === 'share' ? percent(row[key] / whole) : quantity(row[key], unit));
  }

  change(row, part) {
    const { mode, unit } = this.options;
    const { kind, change, ratio } = this.changed(row, part);
    const sign = change > 0 ? '+' : change < 0 ? '−' : '';
    const size = mode === 'share' ? `${percent(Math.abs(change)).replace(' %', '')} pp` : quantity(Math.abs(change), unit);
    const relative = { new: 'new', gone: 'gone', same: '' }[kind] ?? (ratio >= MANIFOLD ? `×${quantity(1 + ratio, '')}` : `${sign}${percent(Math.abs(ratio))}`);
    return element('td', { class: `number ${kind}`, title: exact(row[`right_${part}`] - row[`left_${part}`], unit) },
      kind === 'same' ? '0' : `${sign}${size}`, element('span', { class: 'ratio' }, relative));
  }
}
