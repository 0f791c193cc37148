// Taking away what is shown: every format of the server, and the picture as it is on the screen.
import { opens } from './menu.js';
import { ask, element } from './page.js';

const FORMATS = [
  ['pprof', 'pprof', 'go tool pprof, with lines and addresses'], ['html', 'HTML page', 'a flame graph that needs no server'],
  ['svg', 'SVG drawing', ''], ['collapsed', 'Collapsed stacks', 'flamegraph.pl, inferno'], ['speedscope', 'speedscope', ''],
  ['csv', 'CSV of functions', ''], ['parquet', 'Parquet', 'stacks as a table'], ['dot', 'Graphviz', 'call graph'], ['otlp', 'OTLP', 'OpenTelemetry'],
  ['tree', 'Tree', "Pyroscope's binary tree"],
];

export class ExportMenu {
  /** `parameters()` are those of the graph that is shown; `canvas()` is its picture; `onfail(error)` hears of failures. */
  constructor(button, { parameters, canvas, onfail }) {
    Object.assign(this, { parameters, canvas, onfail });
    this.close = opens(button, (panel) => this.fill(panel), { label: 'Export' });
  }

  fill(panel) {
    const item = (text, detail, act) => element('li', {}, element('button', { class: 'quiet', onclick: () => { this.close(); act(); } },
      element('strong', {}, text), detail ? element('span', { class: 'dim' }, ` ${detail}`) : ''));
    panel.append(element('ul', { class: 'choices' },
      ...FORMATS.map(([format, text, detail]) => item(text, detail, () => this.download(format))),
      item('PNG picture', 'as it is on the screen', () => this.picture())));
  }

  async download(format) {
    try {
      const response = await ask('/api/v1/export', { parameters: { ...this.parameters(), format }, headers: { Accept: '*/*' } });
      const named = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '');
      save(await response.blob(), named?.[1] ?? `profile.${format}`);
    } catch (error) { this.onfail(error); }
  }

  picture() { this.canvas().toBlob((blob) => save(blob, 'flame-graph.png')); }
}

function save(blob, name) {
  const link = element('a', { href: URL.createObjectURL(blob), download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may still be reading it
}
