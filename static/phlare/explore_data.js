// What the explore page makes of answers, without a page: the list of services, profile types, notices.
import { arranged } from './favourites.js';
import { counted, percent } from './format.js';
import { clock } from './time_range.js';
import { parseSelector, quoted } from './selector.js';

const PREFERRED_TYPES = ['process_cpu:cpu:', 'process_cpu:', 'wall:', 'memory:'];

/** Services and the profile types each has. @returns Map of service -> Set of type ids, by name */
export function servicesOf(series) {
  const found = new Map();
  for (const one of series) {
    const name = one.service_name ?? '';
    if (!found.has(name)) found.set(name, new Set());
    if (one.__profile_type__) found.get(name).add(one.__profile_type__);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

export const queryOf = (service) => (service === null ? '{}' : `{service_name=${quoted(service)}}`);

/** The one service that a query is about: null = all of them or several, undefined = the query is about labels only. */
export function serviceOf(query) {
  const matchers = parseSelector(query);
  if (!matchers) return undefined;
  if (!matchers.length) return null;
  const one = matchers.find(({ name, op }) => name === 'service_name' && op === '=');
  return one ? one.value : undefined;
}

/** Profile types of a query's service, or of all, sorted. */
export function typesOf(services, query) {
  const own = services.get(serviceOf(query));
  return [...new Set(own ?? [...services.values()].flatMap((types) => [...types]))].sort();
}

/** The type to begin with. */
export function preferredType(types) {
  for (const start of PREFERRED_TYPES) {
    const found = types.find((id) => id.startsWith(start));
    if (found) return found;
  }
  return types[0] ?? '';
}

/**
 * What to show where the address says nothing: the favourite that comes first, or the first service, and its CPU time.
 * @returns {?{query: string, type: string}} null where there is no service
 */
export function beginning({ query, type }, services, favourites) {
  if (!services.size) return null;
  const chosen = query || queryOf(arranged([...services.keys()], favourites, '')[0]);
  return { query: chosen, type: type || preferredType(typesOf(services, chosen)) };
}

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

/** Who is missing from some answers: a notice [kind, text], or null when everybody answered. */
export function missingNotice(answers) {
  const missing = new Map(answers.flatMap((answer) => answer.sources.missing.map(({ name, reason }) => [name, reason])));
  if (!missing.size) return null;
  const names = [...missing].map(([name, reason]) => `${name} (${reason})`).join(', ');
  return answers.every((answer) => answer.sources.complete)
    ? ['info', `Not everybody answered: ${names}. Replicas answered in their place, nothing is missing.`]
    : ['warn', `This is only a part: ${names} did not answer.`];
}

/** What a graph leaves out, in words; empty when it is whole. */
export function hiddenText({ hidden_nodes: nodes, hidden, total }) {
  return nodes ? `${percent(total ? hidden / total : 0)} is in ${counted(nodes, 'frame')} too small to be sent, shown as "other".` : '';
}

/** Lines without the point at the start of the range, which sums what was before it: then sums are of the range alone. */
export function pointsAfter(series, fromMs) {
  return series.map((line) => {
    const first = line.timestamps_ms.findIndex((time) => time > fromMs);
    const at = first < 0 ? line.timestamps_ms.length : first;
    return { ...line, timestamps_ms: line.timestamps_ms.slice(at), values: line.values.slice(at) };
  });
}

/** How fine a timeline is. */
export function resolutionText(stepMs) {
  const seconds = stepMs / 1000;
  return seconds < 60 ? `${seconds} s a bar` : seconds < 3600 ? `${+(seconds / 60).toFixed(1)} min a bar` : `${+(seconds / 3600).toFixed(1)} h a bar`;
}

export const staleText = (ms) => `What is shown is of ${clock(ms)}.`;
