// The list of profile types to choose from.
import { element } from './page.js';

/** Types by their profile, for a list with headings. @returns [[profile, [{id, text}, ...]], ...] */
export function groupedTypes(types) {
  const groups = new Map();
  for (const id of types) {
    const [profile, sample, unit] = id.split(':');
    if (!groups.has(profile)) groups.set(profile, []);
    groups.get(profile).push({ id, text: `${profile} · ${sample} (${unit})` });
  }
  return [...groups];
}

/** Fill a field with types; the one that is chosen is among them even where no profile has it now. */
export function listTypes(select, types, chosen) {
  const all = !chosen || types.includes(chosen) ? types : [chosen, ...types];
  const options = (of) => of.map(({ id, text }) => element('option', { value: id, title: id }, text));
  select.replaceChildren(...groupedTypes(all).map(([label, of]) => element('optgroup', { label }, ...options(of))));
  select.value = chosen;
}
