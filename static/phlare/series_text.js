// How a series is written down.
import { formatSelector } from './selector.js';

// What the server adds to a series when it stores it; where it lies does not depend on these.
const ADDED = new Set(['__service_name__', '__type__', '__unit__', '__period_type__', '__period_unit__', '__profile_type__']);

/** A stored series as it is typed: without the labels that only the server adds. */
export function written(labels) {
  return formatSelector(Object.entries(labels).filter(([name]) => !ADDED.has(name)).map(([name, value]) => ({ name, op: '=', value })));
}
