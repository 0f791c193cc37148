// Mounts the components as a page does, and leaves them where a test reaches them.
import { CallTree } from '/static/phlare/call_tree.js';
import { decode, functions } from '/static/phlare/flame_data.js';
import { FlameGraph } from '/static/phlare/flame.js';
import { FunctionTable } from '/static/phlare/function_table.js';
import { Sandwich } from '/static/phlare/sandwich.js';

const $ = (id) => document.getElementById(id);
const actions = [];
const table = new FunctionTable($('functions'), { onhover: (name) => flame.hover(name), onselect: (name) => actions.push(['select', name]) });
const tree = new CallTree($('tree'), { onselect: (node) => flame.zoom(node) });
const sandwich = new Sandwich($('sandwich'));
const flame = new FlameGraph($('flame'), {
  onframe: (frame) => {
    $('frame').textContent = frame ? `${frame.name} ${frame.total} ${frame.frames}` : '';
    table.hover(frame?.name ?? null);
  },
  onmenu: (action, frame) => {
    actions.push([action, frame?.name ?? null]);
    if (action === 'sandwich') sandwich.show(flame.graph, frame.name, { unit: flame.unit });
  },
  onchange: ({ graph, trail, unit }) => {
    $('trail').textContent = trail.map(({ label }) => label).join(' > ');
    table.show(functions(graph), graph.total[0], unit);
    tree.show(graph, { unit });
  },
});

const painted = () => new Promise((resolve) => { requestAnimationFrame(() => { setTimeout(resolve); }); });

/** Decode and draw an answer as text. */
async function paint(text) {
  flame.show(JSON.parse(text), { unit: 'nanoseconds', title: 'Processor time' });
  await painted();
}

Object.assign(window, { stage: { actions, decode, flame, functions, paint, painted, sandwich, table, tree } });
