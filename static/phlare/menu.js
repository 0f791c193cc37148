// What opens below a button, or at a point, and closes by Escape or a click beside it.
import { element } from './page.js';

const EDGE = 8; // pixels kept to the edge of the window
const GAP = 4; // between a button and what it opens

/** Put a box of the window at a point of it, or as near as it is whole. */
export function putAt(box, x, y, [width, height] = [box.offsetWidth, box.offsetHeight]) {
  box.style.left = `${Math.max(EDGE, Math.min(x, innerWidth - width - EDGE))}px`;
  box.style.top = `${Math.max(EDGE, Math.min(y, innerHeight - height - EDGE))}px`;
}

/** Make `button` open a panel. `fill(panel, close)` is called each time it opens and may return an element to focus. */
export function opens(button, fill, { label = button.textContent } = {}) {
  const panel = element('div', { popover: 'auto', class: 'menu', role: 'dialog', 'aria-label': label });
  button.ariaHasPopup = 'dialog';
  button.ariaExpanded = false;
  const close = () => { if (panel.isConnected) panel.hidePopover(); };
  panel.addEventListener('toggle', (event) => {
    button.ariaExpanded = event.newState === 'open';
    if (event.newState !== 'open') panel.remove();
  });
  button.addEventListener('click', () => {
    if (panel.isConnected) { close(); return; }
    panel.replaceChildren();
    button.after(panel);
    const first = fill(panel, close);
    panel.showPopover();
    const at = button.getBoundingClientRect(), below = innerHeight - at.bottom - 2 * EDGE;
    putAt(panel, at.left, below < panel.offsetHeight && at.top > below ? at.top - panel.offsetHeight - GAP : at.bottom + GAP);
    (first ?? panel.querySelector('input, button, a, select'))?.focus();
  });
  panel.addEventListener('keydown', (event) => {
    if (!event.key.startsWith('Arrow') || event.target.matches('select, input[type="datetime-local"]')) return;
    step(event, [...panel.querySelectorAll('input, button, a, select')].filter((one) => one.offsetParent !== null));
  });
  return close;
}

/** Up and down arrows, Home and End move between what can be chosen. */
export function step(event, items) {
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: Math.max(0, at) - 1, Home: 0, End: -1 }[event.key];
  if (to === undefined) return;
  items.at(to % items.length)?.focus();
  event.preventDefault();
}
