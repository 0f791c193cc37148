// What the admin needs beside django-unfold's own scripts: the theme of the other pages, and a button that copies.

/** The key under which the pages remember a chosen theme (theme.js), and the one under which django-unfold does. */
const PAGES = 'phlare-theme', ADMIN = 'adminTheme';
const isChosen = (theme) => theme === 'dark' || theme === 'light';

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
