// Services that a person marked; this browser keeps them.

const STORE = 'phlare-favourites';

/** Services in the order of the list: favourites, then the others, each by name; only those that have `text` in their name. */
export function arranged(names, favourites, text) {
  const wanted = text.trim().toLowerCase();
  const by = (a, b) => Number(favourites.has(b)) - Number(favourites.has(a)) || (a < b ? -1 : a > b ? 1 : 0);
  return names.filter((name) => name.toLowerCase().includes(wanted)).sort(by);
}

/** @returns {Set<string>} */
export function readFavourites() {
  try { return new Set(JSON.parse(localStorage.getItem(STORE) ?? '[]')); } catch { return new Set(); }
}

export function writeFavourites(favourites) {
  try { localStorage.setItem(STORE, JSON.stringify([...favourites])); } catch { /* then until the page is left */ }
}
