// What every page needs: elements, addresses, requests, notices.

export const $ = (id) => document.getElementById(id);

const meta = (name) => globalThis.document?.querySelector(`meta[name="phlare-${name}"]`)?.content ?? '';
const ATTEMPTS = 2;
// What an answer means that this server did not write: something between here and it did.
const BY_OTHERS = {
  413: 'what was sent is too large for it', 429: 'it takes no more requests for now', 502: 'it cannot reach the server',
  503: 'it cannot reach the server', 504: 'the server took too long for it',
};

/**
 * Make an element; text is text, never markup. Attributes that start with "on" are listeners; null is left out, and so is
 * false unless the attribute begins with "aria-". A button sends its form only where its type says so.
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  if (tag === 'button') made.type = 'button';
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name === 'style') made.style.cssText = value; // as an attribute the policy of the page would refuse it
    else if (typeof value === 'boolean' && !name.startsWith('aria-')) made.toggleAttribute(name, value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const reachable = (host) => [...host.querySelectorAll('a[href], button:enabled, input, select, summary, [tabindex="0"]')];

/** Terms and what they mean, for a dl: [name, text] each. */
export const terms = (pairs) => pairs.flatMap(([name, text]) => [element('dt', {}, name), element('dd', {}, text)]);

/** Set a text only where it differs: what is selected stays so. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Replace what is in a host. The focus stays where it was: on what has the same data-key around it, else at the same place. */
export function refill(host, ...children) {
  const keyOf = (one) => one.closest('[data-key]')?.dataset.key;
  const held = host.contains(document.activeElement) ? document.activeElement : null;
  const key = held && keyOf(held), at = held ? reachable(host).indexOf(held) : -1;
  host.replaceChildren(...children);
  if (at < 0) return;
  const now = reachable(host);
  ((key && now.find((one) => keyOf(one) === key)) ?? now[Math.min(at, now.length - 1)])?.focus({ preventScroll: true });
}

/** The address of a path of this site, such as /api/v1/labels: the site may be below a path of its host. */
export const address = (path) => (path.startsWith('/') ? meta('base') + path : path);

/** The token of the session there is now: another tab may have signed in again since this page was made. */
const csrfToken = () => /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? meta('csrf');

/** The tenant this page is about: the address names it; empty = the one of the session, or the only one. */
export const tenant = () => (meta('multitenancy') ? new URLSearchParams(location.search).get('tenant') ?? '' : '');

/** A path with parameters; empty, null and undefined ones are left out, of arrays each value is sent. */
export function withParameters(path, parameters = {}) {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => [name, one]));
  const query = new URLSearchParams(pairs.filter(([, value]) => value !== '' && value !== null && value !== undefined));
  return query.size ? `${path}?${query}` : path;
}

/** Why a request failed, in the server's own sentence where it said one. `status` is 0 when no answer came. */
export class RequestError extends Error {
  constructor(message, { status = 0, reason = '', requestId = '', retryAfterSeconds = 0 } = {}) {
    super(message);
    Object.assign(this, { name: 'RequestError', status, reason, requestId, retryAfterSeconds });
  }

  /** Whether the same request may succeed later. */
  get mayPass() { return this.status === 0 || this.status === 429 || this.status >= 502; }
}

/**
 * Send a request and return the Response. What is only read is tried once more when the server is away for a moment.
 * Rejects with RequestError, or with AbortError when `signal` was used.
 */
export const ask = (path, options = {}) => tried(options, () => send(path, options));

/** Get JSON. */
export const getJson = (path, options = {}) => tried(options, async () => read(await send(path, options)));

/** Send with POST, PUT or DELETE and return the JSON of the answer. */
export const sendJson = (method, path, options = {}) => getJson(path, { ...options, method });

async function tried({ method = 'GET', signal, attempts = method === 'GET' ? ATTEMPTS : 1 }, question) {
  let told = null;
  for (let left = attempts - 1; ; left -= 1) {
    try {
      if (told) await pause(1000 * Math.min(told.retryAfterSeconds || 1, 5), signal);
      return await question();
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      // Where the time was up before it could be asked again, the reason that was told is the better one.
      if (error instanceof RequestError) told = error;
      else told ??= new RequestError(`The server ${error.name === 'TimeoutError' ? 'does not answer' : 'could not be reached'}.`);
      if (left <= 0 || !told.mayPass || signal?.aborted) throw told;
    }
  }
}

async function send(path, { method = 'GET', parameters, headers = {}, body, signal }) {
  const own = { Accept: 'application/json' };
  if (tenant()) own['X-Scope-OrgID'] = tenant();
  if (method !== 'GET' && meta('csrf')) own['X-CSRFToken'] = csrfToken();
  const response = await fetch(withParameters(address(path), parameters), { method, headers: { ...own, ...headers }, body, signal });
  if (!response.ok) throw await refusalOf(response);
  return response;
}

async function read(response) {
  const requestId = response.headers.get('X-Request-ID') ?? '';
  let text;
  try { text = await response.text(); } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new RequestError('The answer was cut off on its way.', { requestId }); // whatever its status said: it may pass
  }
  try { return JSON.parse(text); } catch {
    throw new RequestError('The answer is no JSON: something on the way to the server gave it.', { status: response.status, requestId });
  }
}

async function refusalOf(response) {
  let said = {};
  try { said = JSON.parse(await response.text()); } catch { /* something in between answered */ }
  const words = BY_OTHERS[response.status];
  return new RequestError(said.message || (words ? `Something on the way to the server answered ${response.status}: ${words}.` : `The server answered ${response.status}.`), {
    status: response.status,
    reason: said.reason ?? '',
    requestId: response.headers.get('X-Request-ID') ?? '',
    retryAfterSeconds: Number(response.headers.get('Retry-After')) || 0,
  });
}

const pause = (milliseconds, signal) => new Promise((resolve, reject) => {
  setTimeout(resolve, milliseconds);
  signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
});

/** Replace the notices of a host; each is [kind, text, ...more] with kind info, warn or bad. More are elements, and what to do again. */
export function showNotices(notices, host = $('notices')) {
  // An alert that is the same, or only counts seconds on, must not be read out again.
  const key = notices.map(([kind, text]) => kind + text.replace(/\d+ s\b/g, '')).join('\n');
  if (host.dataset.key === key) {
    notices.forEach(([, text], number) => {
      const span = host.children[number].firstChild;
      if (span.textContent !== text) Object.assign(span, { ariaLive: 'off', textContent: text });
    });
    return;
  }
  host.dataset.key = key;
  host.replaceChildren(...notices.map((notice) => noticeElement(notice)));
}

/** One notice where no host has it. */
export function noticeElement([kind, text, ...more], attributes = {}) {
  const ways = more.map((one) => (typeof one === 'function' ? element('button', { onclick: one }, 'Try again') : one));
  return element('p', { class: `notice ${kind}`, ...attributes }, element('span', {}, text), ...ways);
}

/** The notice of a failure: what could not be done, why, the name of the request for the log, and a way to go on. */
export function failure(what, error, retry = null) {
  const { message, ways } = forPeople(error);
  const named = error.requestId ? element('code', { class: 'request-id', title: 'Name of the request in the log' }, error.requestId) : null;
  return ['bad', `${what}: ${message}`, ...ways, named, retry];
}

/** What a refusal asks of a person, where its own words are for programs. */
function forPeople({ reason, message }) {
  if (reason === 'unauthenticated' && meta('sign-in')) {
    const next = location.pathname + location.search;
    return { message: 'You are signed out.', ways: [element('a', { class: 'button', href: withParameters(meta('sign-in'), { next }) }, 'Sign in again')] };
  }
  const field = $('tenant');
  if (reason !== 'missing_tenant' || !field) return { message, ways: [] };
  const choose = () => { field.focus(); field.showPicker(); };
  return { message: 'There are several tenants.', ways: [element('button', { onclick: choose }, 'Choose one')] };
}
