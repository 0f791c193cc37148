// The groups of a timeline as a table: sum, share and largest point of each, and what to do with it.
import { summary } from './chart_scale.js';
import { percent, quantity } from './format.js';
import { element } from './page.js';
import { lineColour } from './timeline.js';

export class Legend {
  /** `onlight(index)`: bring a line out, -1 = none. `onopen(value)`: show that group alone. `difference(a, b)`: address of a comparison. */
  constructor(host, { onlight, onopen, difference }) { Object.assign(this, { host, onlight, onopen, difference, sides: {}, key: '' }); }

  /** `timeline` is the one that is described; `label` is what its lines are grouped by, empty = by nothing, and then there is no table. */
  show(timeline, label) {
    if (label !== this.label) this.sides = {};
    Object.assign(this, { timeline, label });
    this.host.hidden = !label || !timeline.series.length;
    if (this.host.hidden) { this.host.replaceChildren(); return; }
    const rows = summary(timeline.values).map((row) => this.row(row));
    const head = ['', label, 'Sum', 'Share', 'Largest', ''].map((text) => element('th', { scope: 'col' }, text));
    const { A, B } = this.sides;
    const compare = A !== undefined && B !== undefined
      ? element('p', {}, element('a', { class: 'button primary', href: this.difference(A, B) }, `Compare ${A || '(none)'} with ${B || '(none)'}`)) : '';
    this.host.replaceChildren(element('div', { class: 'scrolls' }, element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows))), compare);
  }

  row({ index, sum, share, largest }) {
    const { series, unit } = this.timeline;
    const value = series[index].labels[this.label] ?? '';
    const swatch = element('span', { class: 'swatch' });
    swatch.style.background = lineColour(index, getComputedStyle(this.host).getPropertyValue('--line-lightness').trim());
    const side = (name) => element('button', {
      type: 'button', 'aria-pressed': String(this.sides[name] === value), 'aria-label': `Diff ${name}: ${value || '(none)'}`, onclick: () => this.choose(name, value),
    }, `Diff ${name}`);
    return element('tr', { onpointerenter: () => this.onlight(index), onpointerleave: () => this.onlight(-1) },
      element('td', {}, swatch), element('th', { scope: 'row' }, value || '(none)'),
      element('td', { class: 'number' }, quantity(sum, unit)), element('td', { class: 'number' }, percent(share)), element('td', { class: 'number' }, quantity(largest, unit)),
      element('td', { class: 'acts' }, element('button', { type: 'button', 'aria-label': `Open ${value || '(none)'}`, onclick: () => this.onopen(value) }, 'Open'), side('A'), side('B')));
  }

  choose(name, value) {
    if (this.sides[name] === value) delete this.sides[name]; else this.sides[name] = value;
    this.show(this.timeline, this.label);
  }
}
