// The menu of a frame: opened by right click, the menu key or Shift-F10, used by pointer or keys.

const ITEMS = [
  ['zoom', 'Zoom', 'Enter'],
  ['focus', 'Focus function, all places', 'f'],
  ['subtree', 'Focus this subtree', 'Shift f'],
  ['sandwich', 'Sandwich', 's'],
  null,
  ['merge', 'Merge into callers', 'm'],
  ['hide', 'Hide with its stacks', 'x'],
  ['collapse', 'Collapse recursion', 'r'],
  ['invert', 'Invert', 'i'],
  null,
  ['search', 'Search this', ''],
  ['diff', 'Open in diff', 'd'],
  null,
  ['copy', 'Copy name', 'c'],
  ['copyStack', 'Copy stack', 'Shift c'],
  ['link', 'Copy link', ''],
];
const MARGIN = 8; // pixels kept to the edge of the window

export class FrameMenu {
  /** @param onaction is given the action and the frame; @param onclose is called when keys closed it. */
  constructor(onaction, onclose) {
    Object.assign(this, { onaction, onclose, frame: null });
    this.element = document.createElement('div');
    this.element.className = 'flame-menu';
    this.element.setAttribute('role', 'menu');
    this.element.popover = 'auto';
    this.title = document.createElement('p');
    this.title.setAttribute('role', 'presentation');
    this.items = ITEMS.filter(Boolean).map(([action, text, key]) => this.item(action, text, key));
    const parts = [...this.items];
    const lines = ITEMS.map((item) => (item ? parts.shift() : line()));
    this.element.append(this.title, ...lines);
    this.element.addEventListener('keydown', (event) => this.key(event));
    this.element.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  item(action, text, key) {
    const made = document.createElement('button');
    made.type = 'button';
    made.tabIndex = -1;
    made.dataset.action = action;
    made.setAttribute('role', 'menuitem');
    made.append(text);
    if (key) {
      const hint = document.createElement('kbd');
      hint.textContent = key;
      hint.setAttribute('aria-hidden', 'true');
      made.append(hint);
    }
    made.addEventListener('click', () => this.choose(action));
    return made;
  }

  /** @param frame @param {string} values what it has, in words @param {boolean} compared whether two profiles are */
  open(frame, values, x, y, compared) {
    this.frame = frame;
    this.title.replaceChildren(frame.name, Object.assign(document.createElement('small'), { textContent: values }));
    this.element.setAttribute('aria-label', frame.name);
    for (const item of this.items) item.hidden = compared && item.dataset.action === 'diff';
    this.element.showPopover();
    const { offsetWidth: width, offsetHeight: height } = this.element;
    this.element.style.left = `${Math.max(MARGIN, Math.min(x, innerWidth - width - MARGIN))}px`;
    this.element.style.top = `${Math.max(MARGIN, Math.min(y, innerHeight - height - MARGIN))}px`;
    this.items[0].focus();
  }

  choose(action) {
    this.element.hidePopover();
    this.onclose();
    this.onaction(action, this.frame);
  }

  key(event) {
    event.stopPropagation();
    const shown = this.items.filter((item) => !item.hidden);
    const at = shown.indexOf(document.activeElement);
    const to = {
      ArrowDown: (at + 1) % shown.length, ArrowUp: (at - 1 + shown.length) % shown.length, Home: 0, End: shown.length - 1,
    }[event.key];
    if (to !== undefined) shown[to].focus();
    else if (event.key === 'Escape' || event.key === 'Tab') {
      this.element.hidePopover();
      this.onclose();
    } else return;
    event.preventDefault();
  }
}

function line() {
  const made = document.createElement('hr');
  made.setAttribute('role', 'separator');
  return made;
}
