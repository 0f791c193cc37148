// What the explore page makes of answers, without a page: the list of services, profile types, notices.
import { arranged } from './favourites.js';
import { counted, percent, quantity } from './format.js';
import { clock } from './time_range.js';
import { parseSelector, quoted } from './selector.js';

const PREFERRED_TYPES = ['process_cpu:cpu:', 'process_cpu:', 'wall:', 'memory:'];

/** Services and the profile types each has. @returns Map of service -> Set of type ids, by name */
export function servicesOf(series) {
  const nameOf = (one) => one.service_name ?? '';
  const services = new Map(series.map(nameOf).sort().map((name) => [name, new Set()]));
  for (const one of series) if (one.__profile_type__) services.get(nameOf(one)).add(one.__profile_type__);
  return services;
}

export const queryOf = (service) => (service === null ? '{}' : `{service_name=${quoted(service)}}`);

/** The one service that a query is about: null = all of them or several, undefined = the query is about labels only. */
export function serviceOf(query) {
  const matchers = parseSelector(query);
  if (!matchers) return undefined;
  if (!matchers.length) return null;
  return matchers.find(({ name, op }) => name === 'service_name' && op === '=')?.value;
}

/** Profile types of a query's service, or of all, sorted. */
export function typesOf(services, query) {
  const own = services.get(serviceOf(query));
  return [...new Set(own ?? [...services.values()].flatMap((types) => [...types]))].sort();
}

/** The type to begin with. */
export function preferredType(types) {
  return [...PREFERRED_TYPES.flatMap((start) => types.filter((id) => id.startsWith(start))), ...types, ''][0];
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

/** Who is missing from some answers: a notice, null when everybody answered. What is missing may be asked for by `again`. */
export function missingNotice(answers, again) {
  const missing = new Map(answers.flatMap((answer) => answer.sources.missing.map(({ name, reason }) => [name, reason])));
  if (!missing.size) return null;
  const names = [...missing].map(([name, reason]) => `${name} (${reason})`).join(', ');
  return answers.every((answer) => answer.sources.complete)
    ? ['info', `Not everybody answered: ${names}. Replicas answered in their place, nothing is missing.`]
    : ['warn', `This is only a part: ${names} did not answer.`, again];
}

const LIST = new Intl.ListFormat('en-GB');

/** What could not be read, and why: parts that failed for one reason are told in one sentence. @param failures and @returns [[text, error], ...] */
export function failureTexts(failures) {
  const alike = new Map(); // by what is said of them
  for (const one of failures) alike.set(one[1].message, [...alike.get(one[1].message) ?? [], one]);
  return [...alike.values()].map((some) => {
    const text = LIST.format(some.map(([part]) => part));
    return [`${text[0].toUpperCase()}${text.slice(1)} could not be read`, some[0][1]];
  });
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
export const resolutionText = (stepMs) => `${quantity(stepMs * 1e6, 'nanoseconds')} a bar`;

export const staleText = (ms) => `What is shown is of ${clock(ms)}.`;
