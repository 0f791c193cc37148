// The menu of a frame: opened by right click, the menu key or Shift-F10, used by pointer or keys. All graphs of a page have
// the one in templates/ingest/frame_menu.html.
import { visible } from './frame_name.js';
import { putAt, step } from './menu.js';
import { $, element } from './page.js';

/**
 * Open it at a point of the window.
 * @param {string} values what the frame has, in words
 * @param {(action: string) => void} onaction is given what was chosen; the focus is back where it was
 * @param {{compared: boolean}} of whether the graph is of two profiles
 */
export function openFrameMenu({ name }, values, [x, y], onaction, { compared }) {
  const menu = $('frame-menu');
  const all = [...menu.querySelectorAll('button')];
  for (const item of all) item.hidden = compared && item.value === 'diff';
  const items = all.filter((item) => !item.hidden);
  menu.firstElementChild.replaceChildren(visible(name), element('small', {}, values));
  menu.ariaLabel = visible(name);
  menu.oncontextmenu = (event) => event.preventDefault();
  menu.onclick = ({ target }) => {
    const { value } = target.closest('button') ?? {};
    if (!value) return;
    menu.hidePopover();
    onaction(value);
  };
  menu.onkeydown = (event) => {
    event.stopPropagation();
    step(event, items);
    if (event.key !== 'Tab') return;
    menu.hidePopover();
    event.preventDefault();
  };
  menu.showPopover();
  putAt(menu, x, y);
  items[0].focus();
}
