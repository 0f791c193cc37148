// How a series is written down.

// What the server adds to a series when it stores it; where it lies does not depend on these.
const ADDED = new Set(['__service_name__', '__type__', '__unit__', '__period_type__', '__period_unit__', '__profile_type__']);

/** A stored series as it is typed: without the labels that only the server adds. */
export function written(labels) {
  const shown = Object.entries(labels).filter(([name]) => !ADDED.has(name));
  return `{${shown.map(([name, value]) => `${/^[a-zA-Z_]\w*$/.test(name) ? name : JSON.stringify(name)}=${JSON.stringify(value)}`).join(', ')}}`;
}
