// The one script of all pages. It is sent with all it imports in one file (phlareweb/bundling.py); a page's own modules run
// on that page only.
import './shell.js';

const PAGES = {
  explore: () => import('./explore.js'),
  diff: () => import('./diff.js'),
  upload: () => import('./upload.js'),
  ring: () => import('./ring.js'),
  inbox: () => import('./inbox.js'),
  start: () => import('./start.js'),
  status: () => import('./status.js'),
  limits: () => import('./limits.js'),
};

PAGES[document.body.dataset.page]?.();
