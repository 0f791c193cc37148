// The sandwich of a function: above, what calls it; below, what it calls; each merged over all the places it is in.
import { FlameGraph } from './flame.js';
import { percent, quantity } from './format.js';
import { visible } from './frame_name.js';
import { sandwich } from './flame_transforms.js';
import { element } from './page.js';

export class Sandwich {
  /** @param {HTMLElement} host is filled @param {{onmenu?: Function}} tell as of a FlameGraph, given for both halves */
  constructor(host, { onmenu } = {}) {
    const hover = (frame) => { for (const graph of this.halves ?? []) graph.hover(frame?.name ?? null); };
    const [above, below] = [element('div'), element('div')];
    this.heading = element('p', { class: 'sandwich-heading' });
    host.classList.add('sandwich');
    host.replaceChildren(above, this.heading, below);
    this.halves = [this.callers, this.callees] = [above, below].map((half) => new FlameGraph(half, { onframe: hover, onmenu }));
    this.callers.view = 'flame';
  }

  /** @param {import('./flame_data.js').Graph} graph @param {string} name of the function @param {{unit?: string}} options */
  show(graph, name, { unit = '' } = {}) {
    const { callers, callees } = sandwich(graph, name);
    const whole = graph.total[0], called = visible(name);
    this.callers.show(callers, { unit, whole, title: `Callers of ${called}` });
    this.callees.show(callees, { unit, whole, title: `Callees of ${called}` });
    const total = callees.total[0];
    this.heading.textContent = total
      ? `↑ callers · ${called} · ${quantity(total, unit)}, ${percent(total / whole)} · callees ↓` : `${called} is not in this graph.`;
  }

  search(text) {
    for (const graph of this.halves) graph.search(text);
  }
}
