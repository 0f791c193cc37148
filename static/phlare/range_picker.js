// The range of the page: presets, or two moments of one's own.
import { opens } from './menu.js';
import { serverNow } from './server_clock.js';
import { fromField, rangeText, resolve, toField } from './time_range.js';

export class RangePicker {
  /** `template` has the presets, buttons with what the range begins with as their value, and a form. `onrange({from, until})` as the API writes them. */
  constructor(button, template, { onrange }) {
    Object.assign(this, { button, template, onrange });
    this.close = opens(button, (panel) => this.fill(panel), { label: 'Range' });
  }

  show(range) {
    this.range = range;
    const preset = this.presets(this.template.content).find((one) => this.isShown(one));
    this.button.textContent = preset?.textContent ?? rangeText(resolve(range, serverNow()));
  }

  presets(panel) { return [...panel.querySelectorAll('.presets button')]; }

  isShown(preset) { return this.range.until === 'now' && this.range.from === preset.value; }

  pick(from, until) {
    this.close();
    this.onrange({ from, until });
  }

  fill(panel) {
    panel.append(this.template.content.cloneNode(true));
    for (const one of this.presets(panel)) {
      one.ariaPressed = this.isShown(one);
      one.addEventListener('click', () => this.pick(one.value, 'now'));
    }
    const form = panel.querySelector('form'), edges = [form.elements.from, form.elements.until], shown = resolve(this.range, serverNow());
    for (const field of edges) field.value = toField(shown[field.name]);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const [from, until] = edges.map((field) => fromField(field.value)), isRange = from < until;
      form.querySelector('.notice').hidden = isRange;
      if (isRange) this.pick(String(from), String(until));
    });
    return panel.querySelector('[aria-pressed="true"]');
  }
}
