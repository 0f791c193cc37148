// The groups of a timeline as a table: sum, share and largest point of each, and what to do with it.
import { summary } from './chart_scale.js';
import { percent, quantity } from './format.js';
import { element, refill } from './page.js';
import { lineColour } from './time_chart.js';

export class Legend {
  /** `onlight(index)`: bring a line out, -1 = none. `onopen(value)`: show that group alone. `difference(a, b)`: address of a comparison. */
  constructor(host, { onlight, onopen, difference }) { Object.assign(this, { host, onlight, onopen, difference, sides: {} }); }

  /** `timeline` is the one that is described; `label` is what its lines are grouped by, empty = by nothing, and then there is no table. */
  show(timeline, label) {
    if (label !== this.label) this.sides = {};
    Object.assign(this, { timeline, label });
    const { host, sides: { A, B } } = this;
    host.hidden = !label || !timeline.series.length;
    if (host.hidden) return;
    host.querySelector('th + th').textContent = label;
    refill(host.querySelector('tbody'), ...summary(timeline.values).map((row) => this.row(row)));
    const isPair = A !== undefined && B !== undefined;
    host.querySelector('p').hidden = !isPair;
    if (isPair) Object.assign(host.querySelector('a'), { href: this.difference(A, B), textContent: `Compare ${named(A)} with ${named(B)}` });
  }

  row({ index, sum, share, largest }) {
    const { series, unit } = this.timeline;
    const value = series[index].labels[this.label] ?? '';
    const act = (text, label, onclick, pressed) => element('button', { 'aria-label': `${label} ${named(value)}`, 'aria-pressed': pressed, onclick }, text);
    const side = (name) => act(`Diff ${name}`, `Diff ${name}:`, () => this.choose(name, value), this.sides[name] === value);
    const number = (text) => element('td', { class: 'number' }, text);
    return element('tr', { onpointerenter: () => this.onlight(index), onpointerleave: () => this.onlight(-1) },
      element('td', {}, element('span', { class: 'swatch', style: `background: ${lineColour(index)}` })), element('th', { scope: 'row' }, named(value)),
      number(quantity(sum, unit)), number(percent(share)), number(quantity(largest, unit)),
      element('td', { class: 'acts' }, act('Open', 'Open', () => this.onopen(value)), side('A'), side('B')));
  }

  choose(name, value) {
    if (this.sides[name] === value) delete this.sides[name]; else this.sides[name] = value;
    this.show(this.timeline, this.label);
  }
}

const named = (value) => value || '(none)';
