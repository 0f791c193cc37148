// The limits page: what a tenant may send and ask for, how much of it is taken, and what became of its pushes in a day.
import { percent, quantity } from './format.js';
import { $, element, getJson, refill } from './page.js';
import { dateTime } from './time_range.js';
import { Watch, showFigures } from './watch.js';

const PERIOD_SECONDS = 10;
const HOUR_MS = 3_600_000;
const HOURS = 25;
const LEAST_MS = 60_000; // of an hour that has just begun
const RATE = 'ingestion_rate_bytes_per_second';

function show([limits, hours]) {
  showLimits(withRate(limits, hours));
  showHours(hours);
}

/** The limits, with what the busiest hour of the last day had of the rate: pushes come in bursts, so a second says little. */
function withRate({ tenant, limits }, { now_ms: now, counts }) {
  const rates = Object.entries(Object.groupBy(counts, (one) => one.hour_ms))
    .map(([hour, of]) => (1000 * sum(of, 'raw_bytes')) / Math.max(LEAST_MS, Math.min(now - hour, HOUR_MS)));
  return { tenant, limits: limits.map((row) => (row.name === RATE && rates.length ? { ...row, used: Math.max(...rates), when: 'a second in the busiest hour of 24' } : row)) };
}

const isGood = ({ verdict }) => verdict === 'accepted';
const isBad = (one) => !isGood(one);
const sum = (counts, name = 'count') => counts.reduce((total, one) => total + one[name], 0);
const amount = (value, unit) => (typeof value === 'number' ? quantity(value, unit) : value);
/** The part of a limit that is used; null = there is no limit, or no use of it is known. */
const shareOf = ({ used, in_force: most }) => (used !== null && typeof most === 'number' && most > 0 ? used / most : null);
const level = (share) => (share >= 1 ? 'level-full' : share >= 0.8 ? 'level-high' : 'level-fine');
const words = (name) => { const text = name.replaceAll('_', ' '); return text[0].toUpperCase() + text.slice(1); };

function showLimits({ tenant, limits }) {
  const used = limits.filter((row) => shareOf(row) !== null);
  const full = used.filter((row) => shareOf(row) >= 1).length;
  showFigures([
    ['Tenant', tenant],
    ...used.map((row) => [words(row.name), `${amount(row.used, row.unit)} of ${amount(row.in_force, row.unit)}`, '', level(shareOf(row))]),
    ['Own values', `${limits.filter((row) => row.own !== null).length}`],
    ['Limits reached', `${full}`, '', full ? 'level-full' : ''],
  ]);
  refill($('limits'), ...Object.entries(Object.groupBy(limits, (row) => row.group)).map(panel));
}

function panel([group, rows]) {
  const id = `group-${group.replace(/\W+/g, '-')}`;
  const isUsed = rows.some((row) => row.used !== null); // of most limits there is no use, only what is beyond them
  const headings = ['Limit', 'In force', 'From', isUsed && 'Used'].filter(Boolean);
  return element('section', { class: 'panel', 'aria-labelledby': id }, element('h2', { id }, group),
    element('div', { class: 'scrolls', tabindex: '0', role: 'region', 'aria-labelledby': id }, element('table', { class: 'limits' },
      element('thead', {}, element('tr', {}, headings.map((text) => element('th', { scope: 'col' }, text)))),
      element('tbody', {}, rows.map((row) => line(row, isUsed))))));
}

function line(row, isUsed) {
  return element('tr', {},
    element('th', { scope: 'row' }, element('span', {}, words(row.name)), element('small', { class: 'dim' }, row.meaning)),
    element('td', { class: 'value' }, row.shown || '—'),
    element('td', { class: 'from' }, row.own === null ? element('span', { class: 'dim' }, 'default') : element('span', { class: 'badge own' }, 'own value')),
    isUsed && element('td', { class: 'used' }, shareOf(row) === null ? amount(row.used, row.unit) : meter(row, shareOf(row))));
}

function meter(row, share) {
  return element('span', { class: `use ${level(share)}` },
    element('meter', { min: 0, max: 1, value: Math.min(1, share), low: 0.7, high: 0.9, optimum: 0, 'aria-label': `${words(row.name)}: ${percent(share)} used` }),
    `${amount(row.used, row.unit)} ${row.when ?? 'now'} (${percent(share)})`);
}

function showHours({ now_ms: now, counts }) {
  const last = Math.floor(now / HOUR_MS) * HOUR_MS;
  const byHour = Object.groupBy(counts, (one) => one.hour_ms);
  const bars = Array.from({ length: HOURS }, (_, index) => {
    const hour = last - (HOURS - 1 - index) * HOUR_MS;
    const of = byHour[hour] ?? [];
    return { hour, bytes: sum(of, 'raw_bytes'), good: sum(of.filter(isGood)), bad: sum(of.filter(isBad)) };
  });
  const most = Math.max(1, ...bars.map((bar) => bar.good + bar.bad));
  const part = (style, count) => element('span', { class: style, style: `height:${(100 * count) / most}%` });
  $('hours').replaceChildren(...bars.map(({ hour, bytes, good, bad }) => element('span', { class: 'hour',
    title: `${dateTime(hour)}: ${good.toLocaleString()} stored whole, ${bad.toLocaleString()} not, ${quantity(bytes, 'bytes')}` }, part('bad', bad), part('good', good))));
  $('hours-from').textContent = dateTime(bars[0].hour);
  $('hours-most').textContent = `the highest is ${quantity(most)} an hour`;
  const bad = counts.filter(isBad);
  $('fared-total').textContent = `${quantity(sum(counts) - sum(bad))} stored whole, ${quantity(sum(bad))} not, in the last 24 h; ${quantity(sum(bars, 'bytes'), 'bytes')} once decompressed`;
  showCauses(Object.values(Object.groupBy(bad, (one) => `${one.verdict}/${one.reason}`)), last);
}

/** Refusals by cause, those of most profiles first; `last` is when the hour began that is not over yet. */
function showCauses(causes, last) {
  $('no-refusals').hidden = causes.length > 0;
  $('refusals').hidden = !causes.length;
  $('refusals').tBodies[0].replaceChildren(...causes.sort((one, other) => sum(other) - sum(one)).map((counts) => {
    const [{ verdict, reason }] = counts;
    return element('tr', { class: `fate-${verdict}` },
      element('td', {}, element('span', { class: 'badge' }, verdict)),
      element('th', { scope: 'row' }, reason ? [words(reason), ' ', element('code', { class: 'dim' }, reason)] : 'A part was left out'),
      element('td', { class: 'number' }, sum(counts.filter((one) => one.hour_ms === last))), element('td', { class: 'number' }, sum(counts)));
  }));
}

new Watch({
  what: 'The limits',
  host: $('limits'),
  seconds: PERIOD_SECONDS,
  question: (signal) => Promise.all(['/api/v1/limits', '/api/v1/inbox/hours'].map((path) => getJson(path, { signal }))),
  show,
  notices: ([, { enabled }]) => (enabled ? [] : [['info', 'This server keeps no push inbox, so it is not known what was refused.']]),
});
