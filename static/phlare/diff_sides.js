// What a diff compares: two queries with their ranges, as values. Times are what the API takes: Unix milliseconds, `now`,
// or `now-` and a duration. A is the left side, the baseline; B the right one.

import { formatSelector, including, parseSelector } from './selector.js';
import { UNITS, fromField, moment, toField } from './time_range.js';

export const SIDES = ['left', 'right'];
export const NAME_OF = { left: 'A', right: 'B' };

/** What a side has in the state of a page, and that with the times of the timeline. */
export const FIELDS = SIDES.flatMap((side) => [`${side}_query`, `${side}_from`, `${side}_until`]);
export const TIMES = ['from', 'until', ...FIELDS.filter((name) => !name.endsWith('query'))];

const SPLIT_MIN_MS = 1000;
const BEFORE_1973_MS = 100_000_000_000; // a smaller number is one of seconds: the API refuses it

/** Unix milliseconds of a time as the API takes it, NaN of anything else. */
export function momentMs(text, nowMs) {
  const found = moment(text, nowMs);
  return /^now/.test(text) || found >= BEFORE_1973_MS ? found : NaN;
}

/** What a person wrote as the API takes it: dates are local times. Empty when it is no time. */
export function readMoment(text) {
  const clean = text.trim();
  if (!Number.isNaN(momentMs(clean, Date.now()))) return clean;
  const ms = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?$/.test(clean) ? fromField(clean.replace(' ', 'T')) : NaN;
  return Number.isNaN(ms) ? '' : String(ms);
}

/** A time of the API for a person: a local date unless it is relative. */
export const showMoment = (text) => (/^\d{1,15}$/.test(text) ? toField(Number(text)).replace('T', ' ') : text);

/** `now-` and the longest unit that gives a whole number; `now` for nothing. */
export function ago(milliseconds) {
  const whole = Math.max(0, Math.round(milliseconds / 1000)) * 1000;
  if (!whole) return 'now';
  const unit = ['d', 'h', 'm', 's'].find((one) => whole % UNITS[one] === 0);
  return `now-${whole / UNITS[unit]}${unit}`;
}

/** A time `milliseconds` before another; relative ones stay relative. */
export function earlier(text, milliseconds, nowMs) {
  const ms = momentMs(text, nowMs);
  return /^now/.test(text) ? ago(nowMs - ms + milliseconds) : String(ms - milliseconds);
}

/** Length of B's range, at least a second. */
function lengthMs(state, nowMs) {
  return Math.max(SPLIT_MIN_MS, momentMs(state.right_until, nowMs) - momentMs(state.right_from, nowMs));
}

/** The change of state that makes A what B was some time before; `from` and `until` become the timeline that shows both. */
function before(state, distanceMs, nowMs) {
  const left_from = earlier(state.right_from, distanceMs, nowMs), left_until = earlier(state.right_until, distanceMs, nowMs);
  return { left_query: state.right_query, left_from, left_until, from: left_from, until: state.right_until };
}

export const PRESETS = {
  previous: (state, nowMs) => before(state, lengthMs(state, nowMs), nowMs),
  yesterday: (state, nowMs) => before(state, UNITS.d, nowMs),
  'last-week': (state, nowMs) => before(state, UNITS.w, nowMs),
};

/** Before and after a moment of the timeline. */
export function splitAt(state, cutMs, nowMs) {
  const from = momentMs(state.from, nowMs), until = momentMs(state.until, nowMs);
  const at = Math.round(Math.min(until - SPLIT_MIN_MS, Math.max(from + SPLIT_MIN_MS, cutMs)));
  return { left_query: state.right_query, left_from: state.from, left_until: String(at), right_from: String(at + 1), right_until: state.until };
}

/** Both sides the other way round. */
export function swapped(state) {
  return Object.fromEntries(FIELDS.map((name, at) => [name, state[FIELDS[(at + FIELDS.length / 2) % FIELDS.length]]]));
}

/** A selector in which a label has this value and no other; a profile type in front of its braces is left behind. */
export const withLabel = (query, name, value) => formatSelector(including(parseSelector(query.slice(query.indexOf('{'))) ?? [], name, value));

/** The same label with another value on either side. */
export const labelAgainst = (state, name, left, right) => ({
  left_query: withLabel(state.left_query, name, left),
  right_query: withLabel(state.right_query, name, right),
  left_from: state.right_from, left_until: state.right_until,
});

/**
 * A change of one side carried over to the other: its labels become the same, and its range moves along, by as much and to
 * the same length. Changes of both sides, or of neither, stay as they are.
 */
export function synced(state, changes, nowMs) {
  const touched = SIDES.filter((side) => Object.keys(changes).some((name) => name.startsWith(`${side}_`)));
  if (touched.length !== 1) return changes;
  const [side] = touched;
  const other = SIDES.find((one) => one !== side);
  const carried = { ...changes };
  if (`${side}_query` in changes) carried[`${other}_query`] = changes[`${side}_query`];
  if (`${side}_from` in changes || `${side}_until` in changes) {
    const after = { ...state, ...changes };
    const [from, until] = ['from', 'until'].map((edge) => momentMs(after[`${side}_${edge}`], nowMs));
    const distance = momentMs(state[`${side}_from`], nowMs) - momentMs(state[`${other}_from`], nowMs);
    if (Number.isNaN(from + until + distance)) return carried;
    carried[`${other}_from`] = earlier(after[`${side}_from`], distance, nowMs);
    carried[`${other}_until`] = earlier(after[`${side}_until`], distance, nowMs);
  }
  return carried;
}

/** The same with all times fixed, so that several questions are about one moment's "now". */
export function fixed(state, nowMs) {
  return { ...state, ...Object.fromEntries(TIMES.map((name) => [name, String(momentMs(state[name], nowMs))])) };
}

/** Parameters of the API for both sides. */
export const sideParameters = (state) => ({ ...Object.fromEntries(FIELDS.map((name) => [name, state[name]])), profile_type: state.type });

/** Parameters of the explore page for one side. */
export const exploreParameters = (state, side) => ({
  type: state.type, query: state[`${side}_query`], from: state[`${side}_from`], until: state[`${side}_until`], q: state.q,
});

/** Why the sides cannot be compared, in a sentence; empty when they can. */
export function complaint(state, nowMs) {
  for (const side of SIDES) {
    const [from, until] = ['from', 'until'].map((edge) => momentMs(state[`${side}_${edge}`], nowMs));
    if (Number.isNaN(from) || Number.isNaN(until)) return `A time of ${NAME_OF[side]} is none: write 2026-01-31 08:00, now or now-1h.`;
    if (from > until) return `${NAME_OF[side]} ends before it begins.`;
  }
  return '';
}
