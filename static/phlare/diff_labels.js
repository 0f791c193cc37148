// Two values of a label, one for each side: the labels there are, and the values of the one that is chosen.
import { SIDES } from './diff_sides.js';
import { element, failure, getJson } from './page.js';

/**
 * Fill the form's lists when they are opened.
 * @param form with the fields label, left_value and right_value. @param details around them.
 * @param asks `range()`: parameters of the API. @param asks `tell(notices)`: what went wrong, or nothing.
 */
export function listLabels(form, details, { range, tell }) {
  const names = form.elements.label;
  async function list() {
    try {
      const chosen = names.value || await listNames();
      if (!chosen) return;
      const { names: values } = await getJson(`/api/v1/labels/${encodeURIComponent(chosen)}/values`, { parameters: range() });
      if (names.value !== chosen) return; // another one was chosen meanwhile, and its values may be there already
      for (const side of SIDES) form.elements[`${side}_value`].replaceChildren(...values.map((one) => element('option', {}, one)));
      form.elements.right_value.selectedIndex = Math.min(1, values.length - 1);
      tell([]);
    } catch (error) {
      tell([failure('The labels could not be read', error, list)]);
    }
  }
  async function listNames() {
    const answer = await getJson('/api/v1/labels', { parameters: range() });
    names.replaceChildren(...answer.names.filter((one) => !one.startsWith('__')).map((one) => element('option', {}, one)));
    return names.value;
  }
  details.addEventListener('toggle', () => { if (details.open) list(); });
  names.addEventListener('change', list);
}
