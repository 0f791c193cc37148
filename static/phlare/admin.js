// What the admin needs beside django-unfold's own scripts: the theme of the other pages, menus for keys, a copy button.

/** The key under which the pages remember a chosen theme (theme.js), and the one under which django-unfold does. */
const PAGES = 'phlare-theme', ADMIN = 'adminTheme';
const isChosen = (theme) => theme === 'dark' || theme === 'light';

/** What opens and closes something in django-unfold's pages and is no button: the pointer alone would reach it. */
const CONTROLS = '[x-on\\:click]:not(a[href], button, input, #changelist-filter-close)';
/** Names of controls that are a symbol alone, by the name of the symbol: a reader would hear that. */
const SYMBOL_NAMES = {
  dock_to_right: 'Show or hide the sidebar', close: 'Close the sidebar', more_vert: 'More', visibility: 'Show the password',
};
const MENUS = 'nav, #changelist-filter';
/** The menu that was opened last and what opened it. */
let opened = null;

// Before anything is drawn: what was chosen on the pages holds here too, and the other way round when one leaves.
try {
  const chosen = localStorage.getItem(PAGES);
  localStorage.setItem(ADMIN, JSON.stringify(isChosen(chosen) ? chosen : 'auto'));
  addEventListener('pagehide', () => {
    const theme = JSON.parse(localStorage.getItem(ADMIN) ?? '""');
    if (isChosen(theme)) localStorage.setItem(PAGES, theme);
    else localStorage.removeItem(PAGES);
  });
} catch { /* a browser without storage goes by the system */ }

document.addEventListener('alpine:initialized', () => {
  for (const control of document.querySelectorAll(CONTROLS)) {
    control.tabIndex = 0;
    control.setAttribute('role', 'button');
    const name = SYMBOL_NAMES[control.textContent.trim()];
    if (name) control.setAttribute('aria-label', name);
  }
  for (const symbol of document.querySelectorAll('.material-symbols-outlined:not([role])')) {
    // Beside words a symbol says nothing; alone its name has to do.
    if (symbol.parentElement.textContent.trim() !== symbol.textContent.trim()) symbol.setAttribute('aria-hidden', 'true');
  }
});

document.addEventListener('keydown', (event) => {
  const control = event.target.closest?.(CONTROLS);
  if (control && (event.key === 'Enter' || event.key === ' ')) {
    event.preventDefault();
    control.click();
  } else if (event.key === 'Escape' && opened?.menu.checkVisibility()) {
    const { menu, opener } = opened;
    opened = null;
    (menu.querySelector('#changelist-filter-close') ?? opener).click();
    opener.focus();
  }
});

// By keys, whoever opens a menu is in it.
document.addEventListener('click', (event) => {
  const opener = event.target.closest?.(CONTROLS);
  if (!opener) return;
  const before = new Set([...document.querySelectorAll(MENUS)].filter((menu) => menu.checkVisibility()));
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const menu = [...document.querySelectorAll(MENUS)].find((one) => !before.has(one) && one.checkVisibility());
    if (!menu) return;
    opened = { menu, opener };
    if (!event.detail) menu.querySelector('a[href], button, input, select, [role=button]')?.focus();
  }));
}, true);

document.addEventListener('click', async (event) => {
  const button = event.target.closest?.('.admin-copy');
  if (!button) return;
  event.preventDefault();
  const token = document.getElementById('token'), told = document.getElementById('copied');
  try {
    await navigator.clipboard.writeText(token.textContent);
    told.textContent = 'Copied.';
  } catch {
    // Over plain HTTP browsers give pages no clipboard: select it, so that one key copies it.
    getSelection().selectAllChildren(token);
    told.textContent = 'Selected: press Ctrl+C.';
  }
});
