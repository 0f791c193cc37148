// Whose is it: the shard of a tenant faded in, and a needle at the token of one series. Both stand in the address.
import { counted } from './format.js';
import { $, getJson, showNotices, tenant, terms } from './page.js';
import { written } from './series_text.js';
import { whoAmI } from './shell.js';
import { Waits } from './waits.js';

const MAX_SUGGESTED = 200;
const names = (list) => (list.length ? list.join(', ') : 'nobody');

/** Two forms below the ring. `onchange()` is called when what they found is to be shown. */
export class Lookup {
  constructor(state, onchange) {
    Object.assign(this, { state, onchange, shard: null, owners: null, key: '', waits: new Waits($('lookup-result')) });
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
    $('lookup-clear').hidden = !shard && !series;
    if (!shard && !series) { this.waits.cancel(); this.found(null, null, []); return; }
    const path = series ? '/api/v1/ring/owners' : '/api/v1/ring/shard';
    const parameters = { tenant: shard || tenant() || 'anonymous', labels: series };
    try {
      const answer = await this.waits.run((signal) => getJson(path, { parameters, signal }));
      if (answer) this.found(series ? answer.shard : answer, series ? answer : null, []);
    } catch (error) {
      this.found(null, null, [['bad', error.message]]);
      if (error.mayPass) this.key = ''; // asked again with the next ring
    }
  }

  found(shard, owners, notices) {
    Object.assign(this, { shard, owners });
    showNotices(owners?.why_not ? [['bad', `A push of it is refused now: ${owners.why_not}`]] : notices, $('lookup-notices'));
    $('lookup-result').replaceChildren(...terms([...(owners ? ownerTerms(owners) : []), ...(shard ? shardTerms(shard) : [])]));
    this.onchange();
  }

  /** Ids to show while the others fade; null = all. */
  get lit() {
    if (this.owners) return new Set([...this.owners.instances, ...this.owners.absent]);
    return this.shard && this.shard.size > 0 ? new Set(this.shard.members) : null;
  }

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

function ownerTerms({ token, instances, absent, max_errors: errors, why_not: refused }) {
  const stored = ['Stored by', `${names(instances)}; ${errors || 'none'} of them may fail`];
  return [['Token', token], ...(refused ? [] : [stored]), ...(absent.length ? [['Away', `${names(absent)}: it waits in their queues`]] : [])];
}

const shardTerms = ({ tenant: whose, size, members, reasons }) => [
  [`Shard of ${whose}`, size > 0 ? `${counted(members.length, 'ingester')}: ${names(members)}` : 'the whole ring'], ['Why', reasons.join(' ')],
];

async function suggestTenants() {
  const { grants } = await whoAmI();
  $('lookup-tenants').replaceChildren(...grants.map((grant) => new Option(grant.tenant)));
}
