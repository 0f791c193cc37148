// Numbers for people.

const DURATIONS = [[3600e9, 'h'], [60e9, 'min'], [1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']];
const BYTES = [[2 ** 40, 'TiB'], [2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [2 ** 10, 'KiB'], [1, 'B']];
const COUNTS = [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k'], [1, '']];
const SCALES = { nanoseconds: DURATIONS, bytes: BYTES };

/** Three digits and the unit that fits. */
export function quantity(value, unit) {
  const scale = SCALES[unit] || COUNTS;
  const [size, name] = scale.find(([limit]) => Math.abs(value) >= limit) || scale[scale.length - 1];
  return `${+(value / size).toPrecision(3)} ${name}`.trim();
}

/** The size of a change in words, with its sign. @param {(size: number) => string} words */
export const signed = (change, words) => `${change > 0 ? '+' : change < 0 ? '−' : ''}${words(Math.abs(change))}`;

export const percent = (part) => `${(100 * part).toFixed(part && Math.abs(part) < 0.001 ? 3 : 1)} %`;

/** How many a second: little is told from nothing. `noun` comes with its space. */
export const rate = (value, noun = '') => `${value > 0 && value < 0.05 ? 'under 0.1' : quantity(+value.toFixed(1))}${noun}/s`;

/** Seconds as "4.2 s", "1 min 42 s" or "3 h 5 min". */
export function age(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d`;
}

/** Seconds that have passed. */
export const ago = (seconds) => `${age(Math.max(0, seconds))} ago`;

/** All digits, for a title: the one place where a number is not rounded. */
export const exact = (value, unit) => `${value.toLocaleString('en')} ${unit}`.trim();

/** How many of a noun, all digits: "1 frame", "1,200 frames". */
export const counted = (count, noun, nouns = `${noun}s`) => `${count.toLocaleString()} ${count === 1 ? noun : nouns}`;
