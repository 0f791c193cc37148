// The range of the page: presets, or two moments of one's own.
import { opens } from './menu.js';
import { element } from './page.js';
import { serverNow } from './server_clock.js';
import { PRESETS, describe, fromField, resolve, toField } from './time_range.js';

export class RangePicker {
  /** `onrange({from, until})` as the API writes them. */
  constructor(button, { onrange }) {
    Object.assign(this, { button, onrange, range: { from: 'now-1h', until: 'now' } });
    this.close = opens(button, (panel) => this.fill(panel), { label: 'Range' });
  }

  show(range) {
    this.range = range;
    this.button.textContent = describe(range, serverNow());
  }

  pick(range) {
    this.close();
    this.onrange(range);
  }

  fill(panel) {
    const { from, until } = this.range;
    const presets = PRESETS.map(([back, text]) => element('button', {
      type: 'button', class: 'quiet', 'aria-pressed': String(until === 'now' && from === `now-${back}`), onclick: () => this.pick({ from: `now-${back}`, until: 'now' }),
    }, text));
    const now = resolve(this.range, serverNow());
    const field = (name, ms) => element('input', { type: 'datetime-local', step: '1', name, required: true, value: toField(ms) });
    const first = field('from', now.from), last = field('until', now.until);
    const wrong = element('p', { class: 'notice bad', role: 'alert', hidden: true }, 'The first moment must be before the last.');
    const own = element('form', {
      class: 'own',
      onsubmit: (event) => {
        event.preventDefault();
        const [a, b] = [fromField(first.value), fromField(last.value)];
        wrong.hidden = a < b;
        if (a < b) this.pick({ from: String(a), until: String(b) });
      },
    }, element('label', {}, 'From ', first), element('label', {}, 'Until ', last), wrong, element('button', { type: 'submit', class: 'primary' }, 'Show this range'));
    panel.append(element('div', { class: 'presets' }, ...presets), own);
    return presets.find((one) => one.getAttribute('aria-pressed') === 'true') ?? presets[0];
  }
}
