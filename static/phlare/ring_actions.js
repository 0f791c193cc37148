// Acting on the ring: a dialog that says what will happen, the request, and what came of it. Staff only.
import { address, element } from './page.js';

//: Of each action: its name on the button, method, path below the instance, and what the dialog says.
const ACTIONS = {
  flush: ['Flush', 'POST', 'flush?wait=true', (id) => `${id} writes what it holds as blocks and uploads them.`],
  readOnly: ['Read-only', 'POST', 'read-only', (id) => `${id} gets no new series of sharded tenants. It still answers queries.`],
  readWrite: ['Read-write', 'DELETE', 'read-only', (id) => `${id} gets new series again.`],
  prepare: ['Prepare shutdown', 'POST', 'prepare-shutdown', (id) => `The next stop of ${id} uploads everything, leaves the ring and forgets its tokens, whatever its settings say. Restarts in between keep that.`],
  cancel: ['Cancel prepared', 'DELETE', 'prepare-shutdown', (id) => `The next stop of ${id} goes by its settings.`],
  shutdown: ['Shut down', 'POST', 'shutdown', (id) => `${id} uploads everything and leaves the ring now. Its process stays and takes nothing until it is stopped.`],
  forget: ['Forget', 'POST', 'forget', (id) => `The entry of ${id} is deleted, and what waits for it is stored by others. Only for an ingester that will not come back.`],
};
const $ = (id) => document.getElementById(id);
export const mayAct = Boolean($('actor'));

/** Return the buttons of one instance; none for those who may not act. */
export function buttons(one) {
  if (!mayAct) return [];
  const names = one.healthy
    ? ['flush', one.read_only ? 'readWrite' : 'readOnly', one.status.shutdown_prepared ? 'cancel' : 'prepare', 'shutdown']
    : [one.read_only ? 'readWrite' : 'readOnly', 'forget'];
  const made = names.map((name) => element('button', { type: 'button', onclick: () => ask(one.id, name), 'data-act': name }, ACTIONS[name][0]));
  return [element('div', { class: 'acts', role: 'group', 'aria-label': `Actions on ${one.id}` }, ...made)];
}

function ask(id, name) {
  const [title, method, path, sentence] = ACTIONS[name];
  const dialog = $('confirm');
  $('confirm-title').textContent = `${title}: ${id}`;
  $('confirm-text').textContent = sentence(id);
  $('confirm-go').textContent = title;
  dialog.onclose = () => { if (dialog.returnValue === 'go') act(id, title, method, path); };
  dialog.returnValue = '';
  dialog.showModal();
}

async function act(id, title, method, path) {
  tell('info', `${title}: ${id} …`);
  try {
    const token = $('actor').elements.csrfmiddlewaretoken.value;
    const response = await fetch(address(`/api/v1/ring/instances/${encodeURIComponent(id)}/${path}`), { method, headers: { 'X-CSRFToken': token } });
    const answer = await response.json();
    tell(response.ok ? 'info' : 'bad', answer.message);
  } catch (error) {
    tell('bad', `${title}: ${id}: ${error.message}`);
  }
}

function tell(kind, text) {
  $('outcome').replaceChildren(element('p', { class: `notice ${kind}` }, text));
}
