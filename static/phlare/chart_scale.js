// The arithmetic of a time chart, without a page: axes, stacks, what is nearest.

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const STEPS = [1, 2, 5, 10, 15, 30].map((n) => n * SECOND).concat(
  [1, 2, 5, 10, 15, 30].map((n) => n * MINUTE), [1, 2, 3, 6, 12].map((n) => n * HOUR), [1, 2, 7, 14, 28].map((n) => n * DAY));

/** Sizes in which the values of a unit are counted. */
const BASES = { bytes: [1, 2 ** 10, 2 ** 20, 2 ** 30, 2 ** 40], nanoseconds: [1, 60e9, 3600e9] };

/** The first round value that is not below `value`: 1, 2, 5, 10, 20 ... of seconds, minutes, KiB or whatever it counts. */
export function niceStep(value, unit = '') {
  const bases = BASES[unit] ?? [1];
  const at = Math.max(0, bases.findLastIndex((one) => value >= one));
  const rest = value / bases[at];
  const power = 10 ** Math.floor(Math.log10(rest));
  const digit = rest / power;
  const nice = (digit > 5 ? 10 : digit > 2 ? 5 : digit > 1 ? 2 : 1) * power;
  return Math.min(nice * bases[at], bases[at + 1] ?? Infinity);
}

/** Distance of the labels of a value axis, and its upper end, for values up to `largest`. */
export function valueAxis(largest, unit, wanted = 3) {
  const step = niceStep((largest || 1) / wanted, unit);
  return { step, top: Math.ceil((largest || 1) / step) * step };
}

/** Moments to label between two: round ones of the local time zone, at most `most` of them. */
export function timeTicks(from, until, most) {
  const step = STEPS.find((one) => (until - from) / one <= most) ?? Math.ceil((until - from) / most / DAY) * DAY;
  const zone = (ms) => new Date(ms).getTimezoneOffset() * MINUTE;
  const ticks = [];
  for (let tick = Math.ceil((from - zone(from)) / step) * step; ; tick += step) { // as a clock on the wall shows it
    const moment = tick + zone(tick + zone(from)); // a clock may have been put forward or back since `from`
    if (!(moment <= until)) return { step, ticks };
    ticks.push(moment);
  }
}

/** A label of the time axis as fine as the step asks. */
export function tickText(ms, step) {
  if (step >= DAY) return new Date(ms).toLocaleDateString([], { month: 'short', day: 'numeric' });
  return new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', ...(step < MINUTE ? { second: '2-digit' } : {}) });
}

/**
 * Lines on one set of moments. @param series [{timestamps_ms, values}]
 * @returns {times, values: a column for each line, 0 where it has no point, tops: the columns summed up line by line}
 */
export function layOut(series) {
  const times = [...new Set(series.flatMap((one) => one.timestamps_ms))].sort((a, b) => a - b);
  const place = new Map(times.map((time, index) => [time, index]));
  const values = series.map((one) => {
    const column = new Float64Array(times.length);
    one.timestamps_ms.forEach((time, index) => { column[place.get(time)] = one.values[index]; });
    return column;
  });
  const sum = new Float64Array(times.length);
  const tops = values.map((column) => { column.forEach((value, index) => { sum[index] += value; }); return sum.slice(); });
  return { times, values, tops };
}

/** Index of the bar that covers a moment: bars end at their times and are `step` wide; -1 = there is none. */
export const barAt = (times, step, ms) => times.findIndex((time) => time - step < ms && ms <= time);

/** Sum, largest value and share of each line, largest sum first. @returns [{index, sum, largest, share}] */
export function summary(values) {
  const rows = values.map((column, index) => ({ index, sum: column.reduce((a, b) => a + b, 0), largest: column.reduce((a, b) => Math.max(a, b), 0) }));
  const whole = rows.reduce((sum, row) => sum + row.sum, 0);
  for (const row of rows) row.share = whole ? row.sum / whole : 0;
  return rows.sort((a, b) => b.sum - a.sum || a.index - b.index);
}
