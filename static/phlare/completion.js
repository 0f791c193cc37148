// Suggestions below the field of a selector: names of labels, then values. Arrow keys, Enter or Tab, Escape.
import { element } from './page.js';
import { complete, completionAt } from './selector.js';

const MOST = 50;

export class Completion {
  /**
   * `input` is a combobox and `list` its listbox. `read(label)` returns a promise of the names of labels, '', or of a label's values; each is asked
   * for once until the field is left.
   */
  constructor(input, list, read) {
    Object.assign(this, { input, list, read, offered: [], active: -1, at: null, lists: new Map() });
    input.addEventListener('input', () => this.offer());
    input.addEventListener('click', () => this.offer());
    input.addEventListener('blur', () => { this.lists.clear(); this.close(); });
    input.addEventListener('keydown', (event) => this.key(event));
  }

  async offer() {
    const { input } = this;
    const at = completionAt(input.value, input.selectionStart ?? 0);
    const asked = { text: input.value, at };
    this.asked = asked;
    let all = [];
    try {
      if (at.kind === 'name') all = (await this.known('')).filter((name) => !name.startsWith('__'));
      if (at.kind === 'value') all = await this.known(at.name);
    } catch { /* suggestions are a help; the query itself will say what is wrong */ }
    if (this.asked !== asked || document.activeElement !== input) return;
    const place = (text) => text.toLowerCase().indexOf(at.typed.toLowerCase());
    const found = all.filter((text) => place(text) >= 0 && text !== at.typed);
    this.show(found.sort((a, b) => (place(a) > 0) - (place(b) > 0)).slice(0, MOST), at); // what begins so comes first
  }

  known(label) {
    const asked = this.lists.get(label) ?? this.read(label);
    this.lists.set(label, asked);
    asked.catch(() => this.lists.delete(label));
    return asked;
  }

  show(offered, at) {
    Object.assign(this, { offered, at, active: -1 });
    this.list.replaceChildren(...offered.map((text, index) => element('li', {
      role: 'option', id: `${this.list.id}-${index}`, 'aria-selected': false,
      onpointerdown: (event) => { event.preventDefault(); this.take(index); },
    }, text || '(empty)')));
    this.list.hidden = !offered.length;
    this.input.ariaExpanded = offered.length > 0;
    this.input.removeAttribute('aria-activedescendant');
  }

  close() { this.asked = null; this.show([], null); }

  take(index) {
    const { text, caret } = complete(this.input.value, this.at, this.offered[index]);
    this.input.value = text;
    this.input.setSelectionRange(caret, caret);
    if (this.at.kind === 'name') this.offer(); else this.close();
  }

  key(event) {
    const { offered, list, input } = this;
    if (!offered.length) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.active = (Math.max(this.active, step < 0 ? 0 : -1) + step + offered.length) % offered.length;
      [...list.children].forEach((item, index) => { item.ariaSelected = index === this.active; });
      list.children[this.active].scrollIntoView({ block: 'nearest' });
      input.setAttribute('aria-activedescendant', list.children[this.active].id);
    } else if (event.key === 'Escape') this.close();
    else if ((event.key === 'Enter' || event.key === 'Tab') && this.active >= 0) this.take(this.active);
    else return;
    event.preventDefault();
  }
}
