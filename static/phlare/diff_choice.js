// What the diff page compares when nobody has said anything: two halves of what there is, of the service and the profile
// type that the explore page begins with as well.
import { pointsAfter, preferredType, queryOf, servicesOf, typesOf } from './explore_data.js';
import { getJson } from './page.js';
import { clock, dateTime, moment } from './time_range.js';

/** How far back is looked for profiles: a longer range only when there are none in the shorter one. */
const WINDOWS = [['1h', 'the last hour'], ['24h', 'the last 24 hours']];
const MOST_SERVICES = 5; // that are asked about before a window is given up

/**
 * Halve a range so that both halves have values.
 * @param points [[Unix ms, value], ...] in order; each is of the `stepMs` up to its time
 * @returns {from, cut, until, even}: the parts are from–cut and what follows until `until`. `even`: they are the halves of
 *   all of the range, else of what there is. Null when there are no two points with a value.
 */
export function halves(points, stepMs, { from, until }) {
  const times = points.filter(([, value]) => value > 0).map(([time]) => time);
  if (times.length < 2) return null;
  const middle = (from + until) / 2, last = times[times.length - 1];
  // Of the point around the middle nobody knows on which side its profiles are.
  if (times[0] <= middle && last - stepMs >= middle) return { from, cut: Math.floor(middle), until, even: true };
  return { from: Math.max(from, times[0] - stepMs), cut: times[Math.ceil(times.length / 2) - 1], until: Math.min(until, last), even: false };
}

/** The halves as a state of the page; relative times where they are the halves of the last hour. */
function stateOf({ from, cut, until, even }, back, query, type) {
  if (even && back === '1h') return { type, left_query: query, right_query: query };
  const times = { left_from: from, left_until: cut, right_from: cut + 1, right_until: until, from, until };
  return { type, left_query: query, right_query: query, ...Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, String(ms)])) };
}

function sentence({ from, cut, until, even }, words, service) {
  const whose = service ? `the service ${service}, ` : '';
  return even ? `To begin with: ${whose}the first half of ${words} against the second.`
    : `To begin with: ${whose}the first half of what came within ${words} against the second: ${dateTime(from)} – ${clock(cut)} against what followed until ${clock(until)}.`;
}

/** The halves of one window, or of the one step in which all of its profiles are: that is asked about more finely. */
async function halvesOf(range, parameters, signal) {
  const { series, step_ms: step } = await getJson('/api/v1/timeline', { parameters: { ...range, ...parameters }, signal });
  const points = pointsAfter(series, range.from).flatMap((line) => line.timestamps_ms.map((time, at) => [time, line.values[at]]));
  const found = halves(points, step, range);
  const only = points.find(([, value]) => value > 0);
  if (found || !only || range.until - range.from <= 2 * step) return found;
  return halvesOf({ from: only[0] - step, until: only[0] }, parameters, signal);
}

/**
 * Choose a comparison that has profiles on both sides.
 * @returns {state, said}: values for the page's state and a sentence that says what was chosen; null when there is none.
 */
export async function chosenComparison(nowMs, signal) {
  for (const [back, words] of WINDOWS) {
    const range = { from: moment(`now-${back}`, nowMs), until: nowMs };
    const { series } = await getJson('/api/v1/series', { parameters: { ...range, labels: 'service_name,__profile_type__' }, signal });
    const services = servicesOf(series);
    for (const service of [...services.keys()].slice(0, MOST_SERVICES)) {
      const query = queryOf(service), type = preferredType(typesOf(services, query));
      const found = await halvesOf(range, { query, profile_type: type }, signal);
      if (found) return { state: stateOf(found, back, query, type), said: sentence(found, words, service) };
    }
  }
  return null;
}
