// Acting on the ring: a dialog that says what will happen, the request, and what came of it. Staff only.
import { quantity } from './format.js';
import { element, failure, sendJson, showNotices } from './page.js';

const holds = (one) => (one.status.head_bytes ? `the ${quantity(one.status.head_bytes, 'bytes')} it holds` : 'what it holds');

// Of each action: its name on the button, method, path below the instance, and what the dialog says.
const ACTIONS = {
  flush: ['Flush', 'POST', 'flush?wait=true', (one) => `${one.id} writes ${holds(one)} as blocks and uploads them. Nothing else changes.`],
  readOnly: ['Read-only', 'POST', 'read-only', (one) => `${one.id} takes no pushes; others take them in its place. It still answers queries.`],
  readWrite: ['Read-write', 'DELETE', 'read-only', (one) => `${one.id} takes pushes again.`],
  prepare: ['Prepare shutdown', 'POST', 'prepare-shutdown', (one) => `The next stop of ${one.id} uploads everything, leaves the ring and forgets its tokens, whatever its settings say. Restarts in between keep that.`],
  cancel: ['Cancel prepared', 'DELETE', 'prepare-shutdown', (one) => `The next stop of ${one.id} goes by its settings.`],
  shutdown: ['Shut down', 'POST', 'shutdown', (one) => `${one.id} uploads ${holds(one)} and leaves the ring now. Its process stays and takes nothing until it is stopped.`],
  forget: ['Forget…', 'POST', 'forget', (one) => `The entry of ${one.id} is deleted, and what waits for it is stored by others. Only for an ingester that will not come back: what it holds and has not uploaded is lost if no other has a copy.`],
};
const NEEDS_LIFE = new Set(['flush', 'prepare', 'cancel', 'shutdown']);
const GRAVE = new Set(['shutdown', 'forget']);
const $ = (id) => document.getElementById(id);

/** Whether whoever looks may act: the server puts the dialog on the page only then. */
export const mayAct = () => Boolean($('confirm'));

/** The buttons of one ingester; nothing for those who may not act. */
export class ActionBar {
  constructor(id) {
    this.mayAct = mayAct();
    this.node = element('div', this.mayAct ? { class: 'acts', role: 'group', 'aria-label': `Actions on ${id}` } : { hidden: true });
    this.buttons = new Map();
    this.one = null;
  }

  update(one) {
    this.one = one;
    if (!this.mayAct) return;
    const names = ['flush', one.read_only ? 'readWrite' : 'readOnly', one.status.shutdown_prepared ? 'cancel' : 'prepare', 'shutdown', 'forget'];
    for (const name of names) {
      const button = this.button(name);
      const lives = NEEDS_LIFE.has(name);
      button.disabled = lives ? !one.healthy : name === 'forget' && one.healthy;
      button.title = !button.disabled ? '' : lives ? 'It sends no heartbeat.' : 'It sends heartbeats: it would register again at once.';
    }
    const key = names.join();
    if (key === this.names) return;
    const hadFocus = this.node.contains(document.activeElement);
    this.names = key;
    this.node.replaceChildren(...names.map((name) => this.button(name)));
    if (hadFocus && !this.node.contains(document.activeElement)) this.node.querySelector('button:enabled')?.focus();
  }

  button(name) {
    if (!this.buttons.has(name)) {
      this.buttons.set(name, element('button', { type: 'button', class: name === 'forget' ? 'danger' : null, onclick: () => confirm(this.one, name) }, ACTIONS[name][0]));
    }
    return this.buttons.get(name);
  }
}

function confirm(one, name) {
  const [title, method, path, sentence] = ACTIONS[name];
  const dialog = $('confirm');
  const typed = $('confirm-typed');
  const go = $('confirm-go');
  const plain = title.replace('…', '');
  $('confirm-title').textContent = `${plain}: ${one.id}`;
  $('confirm-text').textContent = sentence(one);
  $('confirm-type').hidden = name !== 'forget';
  $('confirm-id').textContent = one.id;
  go.textContent = plain;
  go.classList.toggle('danger', GRAVE.has(name));
  go.classList.toggle('primary', !GRAVE.has(name));
  typed.value = '';
  const check = () => { go.disabled = name === 'forget' && typed.value.trim() !== one.id; };
  typed.oninput = check;
  check();
  // Enter in the field acts as the button beside it would, never as the first button of the form.
  typed.onkeydown = (event) => { if (event.key === 'Enter') { event.preventDefault(); if (!go.disabled) dialog.close('go'); } };
  dialog.onclose = () => { if (dialog.returnValue === 'go') act(one.id, plain, method, path); };
  dialog.returnValue = '';
  dialog.showModal();
  if (name === 'forget') typed.focus();
}

async function act(id, title, method, path) {
  const host = $('outcome');
  showNotices([['info', `${title}: ${id} …`]], host);
  try {
    const answer = await sendJson(method, `/api/v1/ring/instances/${encodeURIComponent(id)}/${path}`);
    showNotices([['ok', answer.message]], host);
  } catch (error) {
    showNotices([failure(`${title}: ${id}`, error)], host);
  }
  document.dispatchEvent(new Event('ringacted'));
}
