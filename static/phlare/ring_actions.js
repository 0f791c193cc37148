// Acting on the ring: buttons, a dialog that says what will happen, the request, and what came of it. For those who may
// act the page holds a template of the buttons; what an action is called, asks and says stands there.
import { quantity } from './format.js';
import { $, failure, sendJson, showNotices } from './page.js';

/** Whether whoever looks may act: the server puts buttons and dialog on the page only then. */
export const mayAct = () => Boolean($('confirm'));

/** The buttons of one ingester; `node` is null for those who may not act. */
export class ActionBar {
  constructor(id) {
    this.node = $('acts')?.content.firstElementChild.cloneNode(true) ?? null;
    this.node?.setAttribute('aria-label', `Actions on ${id}`);
    this.node?.addEventListener('click', ({ target }) => { if (target.closest('button')) confirm(this.one, target); });
  }

  update(one) {
    this.one = one;
    if (!this.node) return;
    const flags = { healthy: one.healthy, readOnly: one.read_only, prepared: one.status.shutdown_prepared };
    const holds = (name) => !name || (name.startsWith('!') ? !flags[name.slice(1)] : Boolean(flags[name]));
    const focused = document.activeElement;
    for (const button of this.node.children) {
      const { shown, enabled, why } = button.dataset; // a flag each, or "!" and a flag
      button.hidden = !holds(shown);
      button.disabled = !holds(enabled);
      button.title = button.disabled ? why : '';
    }
    if (this.node.contains(focused) && (focused.hidden || focused.disabled)) this.node.querySelector(':enabled:not([hidden])').focus();
  }
}

function confirm(one, { textContent: title, dataset: { method, path, says, typed, style = 'primary' } }) {
  const dialog = $('confirm');
  const field = $('confirm-typed');
  const go = $('confirm-go');
  const plain = title.replace('…', '');
  const held = one.status.head_bytes ? `the ${quantity(one.status.head_bytes, 'bytes')} it holds` : 'what it holds';
  $('confirm-title').textContent = `${plain}: ${one.id}`;
  $('confirm-text').textContent = says.replace('{id}', one.id).replace('{held}', held);
  $('confirm-type').hidden = !typed;
  $('confirm-id').textContent = one.id;
  go.textContent = plain;
  go.className = `push ${style}`;
  field.value = '';
  const check = () => { go.disabled = typed && field.value.trim() !== one.id; };
  field.oninput = check;
  check();
  // Enter in the field acts as the button beside it would, never as the first button of the form.
  field.onkeydown = (event) => { if (event.key === 'Enter') { event.preventDefault(); if (!go.disabled) dialog.close('go'); } };
  dialog.onclose = () => { if (dialog.returnValue === 'go') act(one.id, plain, method, path); };
  dialog.returnValue = '';
  dialog.showModal();
  if (typed) field.focus();
}

async function act(id, title, method, path) {
  const tell = (notice) => showNotices([notice], $('outcome'));
  tell(['info', `${title}: ${id} …`]);
  try {
    const { message } = await sendJson(method, `/api/v1/ring/instances/${encodeURIComponent(id)}/${path}`);
    tell(['ok', message]);
  } catch (error) { tell(failure(`${title}: ${id}`, error)); }
  document.dispatchEvent(new Event('ringacted'));
}
