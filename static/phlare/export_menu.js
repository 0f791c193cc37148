// Taking away what is shown: every format of the server, and the picture as it is on the screen. The formats are in
// templates/ingest/export_menu.html.
import { opens } from './menu.js';
import { $, ask, element } from './page.js';

/**
 * Make a button open the formats.
 * @param tell `parameters()` are those of the graph that is shown; `canvas()` is its picture; `onfail(error)` hears of failures
 */
export function exportMenu(button, { parameters, canvas, onfail }) {
  async function download(format) {
    try {
      const response = await ask('/api/v1/export', { parameters: { ...parameters(), format }, headers: { Accept: '*/*' } });
      const named = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '');
      save(await response.blob(), named?.[1] ?? `profile.${format}`);
    } catch (error) { onfail(error); }
  }
  const close = opens(button, (panel) => {
    panel.append($('export-formats').content.cloneNode(true));
    panel.onclick = ({ target }) => {
      const { value: format } = target.closest('button') ?? {};
      if (!format) return;
      close();
      if (format === 'png') canvas().toBlob((blob) => save(blob, 'flame-graph.png'));
      else download(format);
    };
  }, { label: 'Export' });
}

function save(blob, name) {
  const link = element('a', { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may still be reading it
}
