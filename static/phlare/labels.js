// The labels of a query: its conditions as chips that can be taken away, and the labels there are with their values, to
// include or leave out. Private labels (__name__ and the like) are not shown.
import { counted } from './format.js';
import { opens } from './menu.js';
import { element, refill } from './page.js';
import { excluding, formatSelector, including, parseSelector } from './selector.js';

const MOST_ROWS = 200;

/** Values of each label with the number of series that have them, most first. @returns Map of name -> [[value, count], ...] */
export function countValues(series) {
  const labels = new Map();
  for (const one of series) {
    for (const [name, value] of Object.entries(one)) {
      if (name.startsWith('__')) continue;
      if (!labels.has(name)) labels.set(name, new Map());
      const counts = labels.get(name);
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
  }
  const names = [...labels.keys()].sort();
  return new Map(names.map((name) => [name, [...labels.get(name)].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))]));
}

export class LabelBar {
  /** `onquery(text)`: the query is to be this. */
  constructor(host, { onquery }) { Object.assign(this, { host, onquery, labels: new Map(), key: '' }); }

  /** `labels` is of countValues; null: they are not known yet, the old ones stay. */
  show(query, labels = null) {
    if (labels) this.labels = labels;
    const key = JSON.stringify([query, ...[...this.labels].map(([name, values]) => [name, values.length])]);
    if (key === this.key) return; // a menu that is open, or a button that has the focus, stays over a refresh
    this.key = key;
    const matchers = parseSelector(query);
    const chips = (matchers ?? []).map((one) => this.chip(one, matchers));
    const more = matchers ? [...this.labels].map(([name, { length }]) => this.label(name, length, matchers)) : [];
    refill(this.host, ...chips, ...more);
  }

  chip(one, matchers) {
    const text = `${one.name} ${one.op} ${one.value || '(empty)'}`;
    const without = () => this.onquery(formatSelector(matchers.filter((other) => other !== one)));
    return element('span', { class: `chip ${one.op.startsWith('!') ? 'out' : 'in'}` }, text,
      element('button', { class: 'quiet', 'aria-label': `Remove ${text}`, onclick: without }, '×'));
  }

  label(name, count, matchers) {
    const button = element('button', { class: 'label', title: `${counted(count, 'value')} of ${name}` }, name, ' ', element('span', { class: 'dim' }, count));
    const close = opens(button, (panel) => this.values(panel, name, this.labels.get(name) ?? [], (change, value) => {
      close();
      this.onquery(formatSelector(change(matchers, name, value)));
    }), { label: `Values of ${name}` });
    return button;
  }

  values(panel, name, values, choose) {
    const list = element('ul', { class: 'values' });
    const fill = (text) => {
      const found = values.filter(([value]) => value.toLowerCase().includes(text.toLowerCase()));
      const rows = found.slice(0, MOST_ROWS).map(([value, count]) => element('li', {},
        element('span', { class: 'value' }, value), element('span', { class: 'dim number' }, `${count} series`),
        element('button', { 'aria-label': `Only ${name} ${value}`, onclick: () => choose(including, value) }, '+'),
        element('button', { 'aria-label': `Without ${name} ${value}`, onclick: () => choose(excluding, value) }, '−')));
      const rest = found.length - rows.length;
      list.replaceChildren(...rows, ...(rest > 0 ? [element('li', { class: 'dim' }, `${rest} more: type to find them`)] : []));
    };
    const filter = element('input', { type: 'search', 'aria-label': `Find values of ${name}`, placeholder: 'Find', oninput: () => fill(filter.value) });
    fill('');
    panel.append(filter, list);
    return filter;
  }
}
