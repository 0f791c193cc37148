// Small pieces both pages use: elements, notices, requests.

/** Make an element; text is text, never markup. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Replace the notices; each is [kind, text, ...elements] with kind info, warn or bad. */
export function showNotices(notices) {
  const host = document.getElementById('notices');
  const key = notices.map((notice) => notice.slice(0, 2).join()).join('\n');
  if (host.dataset.key === key) return; // an unchanged alert must not be read out again
  host.dataset.key = key;
  host.replaceChildren(...notices.map(([kind, text, ...more]) => element('p', { class: `notice ${kind}` }, text, ...more)));
}

/** Get JSON; an error answer becomes an Error with the server's own sentence. */
export async function getJson(path, { parameters = {}, headers = {}, signal } = {}) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== '' && value != null));
  const response = await fetch(`${path}${query.size ? `?${query}` : ''}`, { headers: { Accept: 'application/json', ...headers }, signal });
  const text = await response.text();
  let document;
  try { document = JSON.parse(text); } catch { throw new Error(`The server answered ${response.status} without JSON.`); }
  if (!response.ok) throw new Error(document.message || `The server answered ${response.status}.`);
  return document;
}
