// The bar at the top of every page: theme, tenant, the place in the navigation. And who looks at the page.
import { $, getJson, sendJson, tenant } from './page.js';

let asked = null;

/** Who looks at this page: the answer of /api/v1/whoami, asked once a page. */
export const whoAmI = () => (asked ??= getJson('/api/v1/whoami'));

/** What may be done with the tenant of this page: a set of push, query, admin. Everything while access control is off. */
export async function allowedScopes() {
  const who = await whoAmI();
  if (!who.access_enabled || who.is_operator) return new Set(['push', 'query', 'admin']);
  const one = tenant() || who.tenant || (who.grants.length === 1 ? who.grants[0].tenant : 'anonymous');
  return new Set(who.grants.find((grant) => grant.tenant === one)?.scopes ?? []);
}

function themeButton() {
  const button = $('theme');
  const next = () => (document.documentElement.dataset.theme === 'light' ? 'dark' : 'light');
  const tell = () => {
    button.title = `Use ${next()} colours`;
    button.setAttribute('aria-label', button.title);
  };
  document.addEventListener('themechange', tell);
  button.addEventListener('click', () => document.dispatchEvent(new CustomEvent('themechosen', { detail: next() })));
  tell();
}

/** Pages read the tenant from the address, so choosing one is going to an address; links of the bar take it along. */
async function tenantSwitch() {
  const input = $('tenant');
  if (!input) return;
  showTenant();
  $('tenant-form').addEventListener('submit', (event) => { event.preventDefault(); choose(input.value.trim()); });
  input.addEventListener('change', () => choose(input.value.trim()));
  const who = await whoAmI();
  input.placeholder = who.tenant || 'none chosen';
  $('tenants').replaceChildren(...who.grants.map((grant) => new Option(grant.tenant)));
  if (tenant() || !who.tenant) return;
  // From here on the address names it: a switch in another tab changes the session, not what this page is about.
  const query = new URLSearchParams(location.search);
  query.set('tenant', who.tenant);
  history.replaceState(history.state, '', `${location.pathname}?${query}${location.hash}`);
  showTenant();
}

function showTenant() {
  $('tenant').value = tenant();
  if (!tenant()) return;
  for (const link of document.querySelectorAll('.top a[href]')) {
    if (!link.pathname.includes('/admin/')) link.search = new URLSearchParams({ tenant: tenant() });
  }
}

async function choose(name) {
  if (name === tenant()) return;
  const who = await whoAmI();
  if (who.access_enabled && name && !name.includes('|')) await sendJson('POST', '/api/v1/whoami/tenant', { parameters: { tenant: name } }).catch(() => {});
  const query = new URLSearchParams(location.search);
  if (name) query.set('tenant', name); else query.delete('tenant');
  location.assign(`${location.pathname}${query.size ? `?${query}` : ''}`);
}

themeButton();
tenantSwitch().catch(() => {}); // the page itself says that the server is away
// With the first picture: a layout now would hold up what the page is about to ask.
requestAnimationFrame(() => document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }));
