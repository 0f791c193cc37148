// The sandwich of a function: above, what calls it; below, what it calls; each merged over all the places it is in.
import { FlameGraph } from './flame.js';
import { percent, quantity } from './format.js';
import { sandwich } from './flame_transforms.js';

export class Sandwich {
  /** @param {HTMLElement} host is filled @param tell as of a FlameGraph, given for both halves */
  constructor(host, { onframe = () => {}, onmenu = () => {} } = {}) {
    host.classList.add('sandwich');
    const half = () => host.appendChild(document.createElement('div'));
    const tell = {
      onframe: (frame) => { for (const graph of [this.callers, this.callees]) graph?.hover(frame?.name ?? null); onframe(frame); },
      onmenu,
    };
    host.replaceChildren();
    this.callers = new FlameGraph(half(), tell);
    this.callers.view = 'flame';
    this.heading = host.appendChild(document.createElement('p'));
    this.heading.className = 'sandwich-heading';
    this.callees = new FlameGraph(half(), tell);
  }

  /** @param {import('./flame_data.js').Graph} graph @param {string} name of the function @param {{unit?: string}} options */
  show(graph, name, { unit = '' } = {}) {
    const { callers, callees } = sandwich(graph, name);
    const whole = graph.total[0];
    this.callers.show(callers, { unit, whole, title: `Callers of ${name}` });
    this.callees.show(callees, { unit, whole, title: `Callees of ${name}` });
    const total = callees.total[0];
    this.heading.textContent = total
      ? `↑ callers · ${name} · ${quantity(total, unit)}, ${percent(total / whole)} · callees ↓` : `${name} is not in this graph.`;
  }

  search(text) {
    this.callers.search(text);
    return this.callees.search(text);
  }
}
