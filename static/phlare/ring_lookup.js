// Whose is it: the shard of a tenant faded in, and a needle at the token of one series. Both stand in the address.
import { quantity } from './format.js';
import { element, getJson, showNotices, tenant } from './page.js';
import { written } from './series_text.js';
import { whoAmI } from './shell.js';

const MAX_SUGGESTED = 200;
const $ = (id) => document.getElementById(id);
const names = (list) => (list.length ? list.join(', ') : 'nobody');

/** Two forms below the ring. `onchange()` is called when what they found is to be shown. */
export class Lookup {
  constructor(state, onchange) {
    Object.assign(this, { state, onchange, shard: null, owners: null, key: '', asked: 0 });
    $('lookup').addEventListener('submit', (event) => { event.preventDefault(); this.take(); });
    $('lookup-clear').addEventListener('click', () => { state.set({ shard: '', series: '' }); this.restore(); });
    $('lookup-series').addEventListener('focus', () => this.suggest(), { once: true });
    this.restore(false);
    suggestTenants().catch(() => {}); // names can be typed as well
  }

  /** Show what the address says. */
  restore(again = true) {
    $('lookup-tenant').value = this.state.values.shard;
    $('lookup-series').value = this.state.values.series;
    this.key = '';
    if (again) this.refresh(null);
  }

  take() {
    this.state.set({ shard: $('lookup-tenant').value.trim(), series: $('lookup-series').value.trim() });
    this.key = '';
    this.refresh(null);
  }

  /** Ask anew when the ring is another one, by its revision and the health of its members. */
  async refresh(ring) {
    const { shard, series } = this.state.values;
    const key = JSON.stringify([shard, series, ring && [ring.revision, ring.instances.map((one) => one.healthy)]]);
    if (key === this.key) return;
    this.key = key;
    this.asked += 1;
    const number = this.asked;
    $('lookup-clear').hidden = !shard && !series;
    if (!shard && !series) { this.found(null, null, []); return; }
    try {
      const whose = shard || tenant() || 'anonymous';
      const path = series ? '/api/v1/ring/owners' : '/api/v1/ring/shard';
      const answer = await getJson(path, { parameters: { tenant: whose, labels: series } });
      if (number === this.asked) this.found(series ? answer.shard : answer, series ? answer : null, []);
    } catch (error) {
      if (number === this.asked) this.found(null, null, [['bad', error.message]]);
    }
  }

  found(shard, owners, notices) {
    Object.assign(this, { shard, owners });
    showNotices(owners?.why_not ? [['bad', `A push of it is refused now: ${owners.why_not}`]] : notices, $('lookup-notices'));
    $('lookup-result').replaceChildren(...(owners ? this.ownerRows(owners) : []), ...(shard ? shardRows(shard) : []));
    this.onchange();
  }

  ownerRows(owners) {
    return [
      ...pair('Token', String(owners.token)),
      ...(owners.why_not ? [] : pair('Stored by', `${names(owners.instances)}; ${owners.max_errors ? `${owners.max_errors} of them may fail` : 'none of them may fail'}`)),
      ...(owners.absent.length ? pair('Away', `${names(owners.absent)}: it waits in their queues`) : []),
    ];
  }

  /** Ids to show while the others fade; null = all. */
  get lit() {
    if (this.owners) return new Set([...this.owners.instances, ...this.owners.absent]);
    return this.shard && this.shard.size > 0 ? new Set(this.shard.members) : null;
  }

  /** What it means to be one of them. */
  get litWords() { return this.owners ? 'Stores the series' : 'In the shard'; }

  /** The token of the series; null = none. */
  get needle() { return this.owners ? this.owners.token : null; }

  /** Series of the last hour to choose from, as far as whoever looks may see them. */
  async suggest() {
    const whose = $('lookup-tenant').value.trim();
    try {
      const { series } = await getJson('/api/v1/series', { headers: whose ? { 'X-Scope-OrgID': whose } : {} });
      const texts = new Set(series.map(written));
      $('lookup-known').replaceChildren(...[...texts].slice(0, MAX_SUGGESTED).map((text) => new Option(text)));
    } catch { /* it can be typed as well */ }
  }
}

const pair = (name, text) => [element('dt', {}, name), element('dd', {}, text)];

function shardRows(shard) {
  const size = shard.size > 0 ? `${quantity(shard.members.length)} ingesters: ${names(shard.members)}` : 'the whole ring';
  return [...pair(`Shard of ${shard.tenant}`, size), ...pair('Why', shard.reasons.join(' '))];
}

async function suggestTenants() {
  const { grants } = await whoAmI();
  $('lookup-tenants').replaceChildren(...grants.map((grant) => new Option(grant.tenant)));
}
