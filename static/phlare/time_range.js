// Ranges of time as the API writes them: Unix milliseconds, "now", or "now-" and a duration.

/** Milliseconds. */
export const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const RELATIVE = /^now(?:-(\d{1,9})(ms|s|m|h|d|w))?$/;

const CLOCK = { hour: '2-digit', minute: '2-digit', second: '2-digit' };

/** Milliseconds of a moment; NaN when it is none. */
export function moment(text, nowMs) {
  const found = RELATIVE.exec(text);
  const back = found?.[1] ? Number(found[1]) * UNITS[found[2]] : 0;
  if (found) return back <= nowMs ? nowMs - back : NaN;
  return /^\d{1,15}$/.test(text) ? Number(text) : NaN;
}

/** Both ends of a range in milliseconds. What is no range becomes the last hour. */
export function resolve({ from, until }, nowMs) {
  const range = { from: moment(from, nowMs), until: moment(until, nowMs) };
  return range.from < range.until ? range : { from: nowMs - UNITS.h, until: nowMs };
}

/** Whether the range moves with the clock. */
export const isRelative = ({ from, until }) => from.startsWith('now') || until.startsWith('now');

/** An inner range out of the address ("from-until" in milliseconds) as far as it lies in the outer one; null = none. */
export function innerRange(text, outer) {
  const found = /^(\d{1,15})-(\d{1,15})$/.exec(text);
  if (!found) return null;
  const from = Math.max(Number(found[1]), outer.from), until = Math.min(Number(found[2]), outer.until);
  return from < until ? { from, until } : null;
}

/** How a moment is written: one of this year without its year. */
function style(ms) {
  const year = new Date(ms).getFullYear() === new Date().getFullYear() ? undefined : 'numeric';
  return { ...CLOCK, year, month: 'short', day: 'numeric' };
}

export const dateTime = (ms) => new Date(ms).toLocaleString([], style(ms));

export const clock = (ms) => new Date(ms).toLocaleTimeString([], CLOCK);

/** A range in words; what both ends have in common is said once. */
export const rangeText = ({ from, until }) => new Intl.DateTimeFormat([], style(from)).formatRange(from, until);

/** The text of a datetime-local field, and back; both in the browser's time zone. */
export const toField = (ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
export const fromField = (text) => (text ? new Date(text).getTime() : NaN);
