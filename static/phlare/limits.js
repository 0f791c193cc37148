// The limits page: what a tenant may send and ask for, how much of it is taken, and what became of its pushes in a day.
import { percent, quantity } from './format.js';
import { element, failure, getJson, refill, showNotices } from './page.js';
import { clock, dateTime } from './time_range.js';
import { Waits, repeat } from './waits.js';

const PERIOD_SECONDS = 10;
const HOUR_MS = 3_600_000;
const HOURS = 25;
const LEAST_MS = 60_000; // of an hour that has just begun
const RATE = 'ingestion_rate_bytes_per_second';
const GOOD = ['accepted'];
const $ = (id) => document.getElementById(id);
const waits = new Waits($('limits'), { what: 'Reading the limits' });
let shown = 0; // when what is shown was read; 0 = nothing is shown

async function refresh() {
  const question = (signal) => Promise.all([getJson('/api/v1/limits', { signal }), getJson('/api/v1/inbox/hours', { signal })]);
  try {
    const answers = await (shown ? question() : waits.run(question));
    if (!answers) { $('status').textContent = 'cancelled'; showNotices([waits.endedNotice(() => poll.now())]); return true; }
    showNotices(answers[1].enabled ? [] : [['info', 'This server keeps no push inbox, so it is not known what was refused.']]);
    showLimits(withRate(answers[0], answers[1]));
    showHours(answers[1]);
    shown = Date.now();
    $('status').textContent = `refreshed ${clock(shown)}`;
    document.body.classList.remove('stale');
    return true;
  } catch (error) {
    $('status').textContent = shown ? `stale: of ${clock(shown)}` : 'not read';
    document.body.classList.toggle('stale', shown > 0);
    showNotices([failure(shown ? `What is shown is of ${clock(shown)}. The limits could not be read` : 'The limits could not be read', error, () => poll.now())]);
    return false;
  }
}

/** The limits, with what the busiest hour of the last day had of the rate: pushes come in bursts, so a second says little. */
function withRate({ tenant, limits }, { now_ms: now, counts }) {
  const bytes = new Map();
  for (const one of counts) bytes.set(one.hour_ms, (bytes.get(one.hour_ms) ?? 0) + one.raw_bytes);
  const rates = [...bytes].map(([hour, sum]) => (1000 * sum) / Math.max(LEAST_MS, Math.min(now - hour, HOUR_MS)));
  return { tenant, limits: limits.map((row) => (row.name === RATE && rates.length ? { ...row, used: Math.max(...rates), when: 'a second in the busiest hour of 24' } : row)) };
}

const figure = (name, value, kind = null) => element('div', {}, element('dt', {}, name), element('dd', { class: kind }, value));
const amount = (value, unit) => (typeof value === 'number' ? quantity(value, unit === 'bytes' ? 'bytes' : '') : value);

function showLimits({ tenant, limits }) {
  const used = limits.filter((row) => row.used !== null && typeof row.in_force === 'number' && row.in_force > 0);
  const full = used.filter((row) => row.used >= row.in_force);
  $('figures').replaceChildren(
    figure('Tenant', tenant),
    ...used.map((row) => figure(words(row.name), `${amount(row.used, row.unit)} of ${amount(row.in_force, row.unit)}`, level(row.used / row.in_force))),
    figure('Own values', String(limits.filter((row) => row.own !== null).length)),
    figure('Limits reached', String(full.length), full.length ? 'level-full' : null));
  const groups = [...new Set(limits.map((row) => row.group))];
  refill($('limits'), ...groups.map((group) => panel(group, limits.filter((row) => row.group === group))));
}

function panel(group, rows) {
  const id = `group-${group.replace(/\W+/g, '-')}`;
  const isUsed = rows.some((row) => row.used !== null); // of most limits there is no use, only what is beyond them
  return element('section', { class: 'panel', 'aria-labelledby': id }, element('h2', { id }, group),
    element('div', { class: 'scrolls', tabindex: '0', role: 'region', 'aria-labelledby': id }, element('table', { class: 'limits' },
      element('thead', {}, element('tr', {}, ...['Limit', 'In force', 'From', ...(isUsed ? ['Used'] : [])].map((text) => element('th', { scope: 'col' }, text)))),
      element('tbody', {}, ...rows.map((row) => line(row, isUsed))))));
}

function line(row, isUsed) {
  const known = row.used !== null && typeof row.in_force === 'number' && row.in_force > 0;
  return element('tr', {},
    element('th', { scope: 'row' }, element('span', {}, words(row.name)), element('small', { class: 'dim' }, row.meaning)),
    element('td', { class: 'value' }, row.shown || '—'),
    element('td', { class: 'from' }, row.own === null ? element('span', { class: 'dim' }, 'default') : element('span', { class: 'badge own' }, 'own value')),
    isUsed ? element('td', { class: 'used' }, known ? meter(row) : row.used === null ? '' : amount(row.used, row.unit)) : null);
}

function meter(row) {
  const share = row.used / row.in_force;
  return element('span', { class: `use ${level(share)}` },
    element('meter', { min: 0, max: 1, value: Math.min(1, share), low: 0.7, high: 0.9, optimum: 0, 'aria-label': `${words(row.name)}: ${percent(share)} used` }),
    `${amount(row.used, row.unit)} ${row.when ?? 'now'} (${percent(share)})`);
}

const level = (share) => (share >= 1 ? 'level-full' : share >= 0.8 ? 'level-high' : 'level-fine');
const words = (name) => { const text = name.replaceAll('_', ' '); return text[0].toUpperCase() + text.slice(1); };
const sum = (counts) => counts.reduce((total, one) => total + one.count, 0);

function showHours({ now_ms: now, counts }) {
  const last = Math.floor(now / HOUR_MS) * HOUR_MS;
  const hours = Array.from({ length: HOURS }, (_, index) => last - (HOURS - 1 - index) * HOUR_MS);
  const bars = hours.map((hour) => {
    const of = counts.filter((one) => one.hour_ms === hour);
    return { hour, bytes: of.reduce((total, one) => total + one.raw_bytes, 0), good: sum(of.filter((one) => GOOD.includes(one.verdict))), bad: sum(of.filter((one) => !GOOD.includes(one.verdict))) };
  });
  const most = Math.max(1, ...bars.map((bar) => bar.good + bar.bad));
  $('hours').replaceChildren(...bars.map((bar) => element('span', { class: 'hour', title: `${dateTime(bar.hour)}: ${bar.good.toLocaleString()} stored whole, ${bar.bad.toLocaleString()} not, ${quantity(bar.bytes, 'bytes')}` },
    element('span', { class: 'bad', style: `height:${(100 * bar.bad) / most}%` }), element('span', { class: 'good', style: `height:${(100 * bar.good) / most}%` }))));
  $('hours-from').textContent = dateTime(hours[0]);
  $('hours-most').textContent = `the highest is ${quantity(most, '')} an hour`;
  const bad = counts.filter((one) => !GOOD.includes(one.verdict));
  const bytes = quantity(bars.reduce((total, bar) => total + bar.bytes, 0), 'bytes');
  $('fared-total').textContent = `${quantity(sum(counts) - sum(bad), '')} stored whole, ${quantity(sum(bad), '')} not, in the last 24 h; ${bytes} once decompressed`;
  const causes = [...new Set(bad.map((one) => `${one.verdict}/${one.reason}`))].map((cause) => {
    const of = bad.filter((one) => `${one.verdict}/${one.reason}` === cause);
    return { verdict: of[0].verdict, reason: of[0].reason, day: sum(of), hour: sum(of.filter((one) => one.hour_ms === last)) };
  }).sort((one, other) => other.day - one.day);
  $('no-refusals').hidden = causes.length > 0;
  $('refusals').hidden = !causes.length;
  $('refusals').tBodies[0].replaceChildren(...causes.map((cause) => element('tr', { class: `fate-${cause.verdict}` },
    element('td', {}, element('span', { class: 'badge' }, cause.verdict)),
    element('th', { scope: 'row' }, cause.reason ? [words(cause.reason), ' ', element('code', { class: 'dim' }, cause.reason)] : 'A part was left out'),
    element('td', { class: 'number' }, String(cause.hour)), element('td', { class: 'number' }, String(cause.day)))));
}

const poll = repeat(() => (waits.isEnded ? true : refresh()), PERIOD_SECONDS);
