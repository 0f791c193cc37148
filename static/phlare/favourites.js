// Services that a person marked; this browser keeps them.

const STORE = 'phlare-favourites';

/** Services in the order of the list: favourites, then the others, each by name; only those that have `text` in their name. */
export function arranged(names, favourites, text) {
  const wanted = text.trim().toLowerCase();
  return names.filter((name) => name.toLowerCase().includes(wanted)).sort().sort((a, b) => favourites.has(b) - favourites.has(a));
}

/** @returns {Set<string>} */
export function readFavourites() {
  try { return new Set(JSON.parse(localStorage.getItem(STORE) ?? '[]')); } catch { return new Set(); }
}

export function writeFavourites(favourites) {
  try { localStorage.setItem(STORE, JSON.stringify([...favourites])); } catch { /* then until the page is left */ }
}
