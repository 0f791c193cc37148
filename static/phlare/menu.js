// What opens below a button and closes by Escape or a click beside it.
import { element } from './page.js';

const EDGE = 8;

/** Make `button` open a panel. `fill(panel, close)` is called each time it opens and may return an element to focus. */
export function opens(button, fill, { label = button.textContent } = {}) {
  const panel = element('div', { popover: 'auto', class: 'menu', role: 'dialog', 'aria-label': label });
  button.setAttribute('aria-haspopup', 'dialog');
  button.setAttribute('aria-expanded', 'false');
  const close = () => { if (panel.isConnected) panel.hidePopover(); };
  panel.addEventListener('toggle', (event) => {
    const isOpen = event.newState === 'open';
    button.setAttribute('aria-expanded', String(isOpen));
    if (!isOpen) panel.remove();
  });
  button.addEventListener('click', () => {
    if (panel.isConnected) { close(); return; }
    panel.replaceChildren();
    button.after(panel);
    const first = fill(panel, close);
    panel.showPopover();
    place(panel, button);
    (first ?? panel.querySelector('input, button, a, select'))?.focus();
  });
  panel.addEventListener('keydown', (event) => arrows(event, panel));
  return close;
}

/** Below the button, within the window. */
function place(panel, button) {
  const at = button.getBoundingClientRect();
  const left = Math.max(EDGE, Math.min(at.left, innerWidth - panel.offsetWidth - EDGE));
  const below = innerHeight - at.bottom - 2 * EDGE;
  panel.style.left = `${left}px`;
  panel.style.top = `${Math.max(EDGE, below < panel.offsetHeight && at.top > below ? at.top - panel.offsetHeight - 4 : at.bottom + 4)}px`;
}

/** Up and down arrows move between what can be chosen. */
function arrows(event, panel) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.target.matches('select, input[type="datetime-local"]')) return;
  const all = [...panel.querySelectorAll('input, button, a, select')].filter((one) => one.offsetParent !== null);
  all[(all.indexOf(document.activeElement) + step + all.length) % all.length]?.focus();
  event.preventDefault();
}
