// What a page shows is in its address, so that a link is a shared view and Back goes back.

/** Read values out of the query of an address; every name of `defaults` is in the result. Arrays take repeated names. */
export function readState(search, defaults) {
  const query = new URLSearchParams(search);
  return Object.fromEntries(Object.entries(defaults).map(([name, value]) => {
    if (!query.has(name)) return [name, value];
    return [name, Array.isArray(value) ? query.getAll(name).filter(Boolean) : query.get(name)];
  }));
}

/** Write values into the query of an address; what equals its default is left out, other names (tenant) stay as they are. */
export function writeState(search, values, defaults) {
  const query = new URLSearchParams(search);
  for (const [name, standard] of Object.entries(defaults)) {
    query.delete(name);
    const value = values[name] ?? standard;
    if (Array.isArray(value) ? value.join('\n') === standard.join('\n') : String(value) === String(standard)) continue;
    for (const one of [value].flat()) query.append(name, one);
    if (Array.isArray(value) && !value.length) query.append(name, ''); // none, where the default is some
  }
  return query.size ? `?${query}` : '';
}

/** The state of a page. `onchange(values)` is called after every change that did not come from `set`: Back, Forward. */
export class PageState {
  constructor(defaults, onchange = () => {}) {
    this.defaults = defaults;
    this.values = readState(location.search, defaults);
    addEventListener('popstate', () => { this.values = readState(location.search, defaults); onchange(this.values); });
  }

  /** Change some values. `replace`: without a step for the Back button, for what changes while one types or drags. */
  set(changes, { replace = false } = {}) {
    this.values = { ...this.values, ...changes };
    const search = writeState(location.search, this.values, this.defaults);
    if (search === location.search) return;
    history[replace ? 'replaceState' : 'pushState'](null, '', `${location.pathname}${search}${location.hash}`);
  }

  /** The address this page would have with some values changed. */
  link(changes) {
    return `${location.pathname}${writeState(location.search, { ...this.values, ...changes }, this.defaults)}`;
  }
}
