// What the explore page asks the API for, as pure functions of its state (the values of its address) and of the moment that
// "now" is.
import { literally } from './flame_data.js';
import { formatSelector, including, parseSelector } from './selector.js';
import { innerRange, isRelative, resolve } from './time_range.js';

export const FIRST_NODES = 65536;
const ALL_NODES = 1048576;
const SPARK_POINTS = 40;
const MOST_GROUPS = 50;
const MOST_FUNCTIONS = 10_000;
const REFRESHES = ['10', '30', '60', '300']; // seconds, as the page offers them

export const DEFAULTS = {
  query: '', type: '', from: 'now-1h', until: 'now', sel: '', group: '', chart: 'bars', view: 'both', q: '', fn: '', steps: '',
  direction: 'icicle', colour: 'package', profile: '', span: '', nodes: '', refresh: '',
};

/** The outer range, {from, until} in milliseconds. */
export const rangeOf = (values, nowMs) => resolve(values, nowMs);

/** The range that counts for the graph: the inner selection, or all. */
export const countedRange = (values, nowMs) => innerRange(values.sel, rangeOf(values, nowMs)) ?? rangeOf(values, nowMs);

export const selectionOf = (values) => ({ query: values.query || '{}', profile_type: values.type });

/** Seconds after which the page asks again; 0 = never, as for a range that does not move. */
export const refreshSeconds = (values) => (REFRESHES.includes(values.refresh) && isRelative(values) ? Number(values.refresh) : 0);

/** Parameters of the graph: one profile or one span where one was picked. */
export function graphParameters(values, nowMs) {
  return {
    ...countedRange(values, nowMs), ...selectionOf(values), max_nodes: values.nodes === 'all' ? ALL_NODES : FIRST_NODES,
    profile_id: values.profile, span: values.span,
  };
}

/** Parameters of the table of functions of the same profiles. */
export const topParameters = (values, nowMs) => ({ ...graphParameters(values, nowMs), max_nodes: '', limit: MOST_FUNCTIONS });

/** Parameters of the list of services with their profile types. */
export const servicesParameters = (values, nowMs) => ({ ...rangeOf(values, nowMs), labels: 'service_name,__profile_type__' });

/** What the chart shows, as [path, parameters]. */
export function chartQuestion(values, nowMs) {
  const common = { ...rangeOf(values, nowMs), ...selectionOf(values) };
  if (values.chart === 'profiles' || values.chart === 'spans') {
    return ['/api/v1/heatmap', { ...common, counted: values.chart === 'spans' ? 'span' : 'individual' }];
  }
  return ['/api/v1/timeline', { ...common, group_by: values.group, limit: values.group ? MOST_GROUPS : '' }];
}

/** Parameters of the small lines beside the services. */
export function linesParameters(values, nowMs) {
  const { from, until } = rangeOf(values, nowMs);
  const step = `${Math.max(1, Math.ceil((until - from) / SPARK_POINTS / 1000))}s`;
  return { from, until, profile_type: values.type, query: '{}', group_by: 'service_name', step };
}

/** The query for one group of the timeline. */
export function groupQuery(values, value) {
  return formatSelector(including(parseSelector(values.query || '{}') ?? [], values.group, value));
}

/** State of the diff page that compares two queries over what is selected; its timeline has the whole range. */
export function comparison(values, nowMs, left, right) {
  const { from, until } = countedRange(values, nowMs);
  return { type: values.type, ...rangeOf(values, nowMs), left_query: left, left_from: from, left_until: until, right_query: right, right_from: from, right_until: until };
}

/** State of the diff page that compares what is shown with the same time before it; `name` is searched for. */
export function comparisonWithBefore(values, nowMs, name) {
  const { from, until } = countedRange(values, nowMs);
  const { query } = selectionOf(values);
  const before = from - (until - from);
  return { ...comparison(values, nowMs, query, query), from: before, until, left_from: before, left_until: from, q: literally(name) };
}

/** The range moved or widened: -1 and 1 are the ones before and after, 0 is twice as long. Nothing is later than now. */
export function movedRange(values, nowMs, step) {
  const { from, until } = rangeOf(values, nowMs);
  const length = until - from;
  const [first, last] = step ? [from + step * length, until + step * length] : [from - length / 2, until + length / 2];
  const late = Math.max(0, last - Math.max(until, nowMs));
  return { from: String(Math.round(first - (step ? late : 0))), until: String(Math.round(last - late)) };
}
