// Pointer and keys of a flame graph: left click zooms, right click has the menu, dragging and Ctrl with the wheel move.
// What fingers do besides is flame_touch.js.
import { depthOf } from './flame_data.js';
import { ontouch } from './flame_touch.js';

const DRAG = 4; // pixels after which a press is a drag
const KEY_SCALE = 0.7;

/** Frames next to a node, by the arrow that leads there. */
function neighbour(flame, key) {
  const { graph, pointed } = flame;
  const node = Math.max(0, pointed);
  const depth = depthOf(graph, node);
  const down = flame.view === 'flame' ? 'ArrowUp' : 'ArrowDown';
  const up = flame.view === 'flame' ? 'ArrowDown' : 'ArrowUp';
  if (pointed < 0) return flame.zoomedNode;
  if (key === up) return Math.max(0, graph.parent[node]);
  if (key === down) return graph.first[node] < graph.first[node + 1] ? widestChild(graph, node) : node;
  const next = key === 'ArrowRight' ? node + 1 : node - 1;
  return next >= graph.offsets[depth] && next < graph.offsets[depth + 1] ? next : node;
}

function widestChild({ first, total }, node) {
  let widest = first[node];
  for (let child = widest; child < first[node + 1]; child++) if (total[child] > total[widest]) widest = child;
  return widest;
}

/** One key an action; those in capitals need Shift. */
const ACTIONS = {
  Enter: 'zoom', Escape: 'back', Backspace: 'back', u: 'back', 0: 'reset', f: 'focus', F: 'subtree', s: 'sandwich', x: 'hide',
  m: 'merge', r: 'collapse', i: 'invert', c: 'copy', C: 'copyStack', d: 'diff', '?': 'help',
};
const NEEDS_FRAME = new Set(['zoom', 'focus', 'subtree', 'sandwich', 'hide', 'merge', 'copy', 'copyStack']);

function onkey(flame, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target !== flame.host) return;
  const { key } = event;
  if (key.startsWith('Arrow')) {
    flame.point(neighbour(flame, key), true);
    flame.reveal(flame.pointed);
  } else if (key === '+' || key === '=') flame.scale(flame.width / 2, KEY_SCALE);
  else if (key === '-') flame.scale(flame.width / 2, 1 / KEY_SCALE);
  else if (key === 'ContextMenu' || (key === 'F10' && event.shiftKey)) openMenuAtFrame(flame);
  else if (ACTIONS[key]) {
    const frame = flame.frame(flame.pointed);
    if (NEEDS_FRAME.has(ACTIONS[key]) && !frame) return;
    flame.act(ACTIONS[key], frame);
  } else return;
  event.preventDefault();
  flame.tooltip.hide();
}

function openMenuAtFrame(flame) {
  if (flame.pointed < 0) flame.point(flame.zoomedNode);
  const box = flame.canvas.getBoundingClientRect();
  const { graph, pointed } = flame;
  const left = ((graph.x[pointed] - flame.from) * flame.width) / (flame.until - flame.from);
  flame.openMenu(pointed, box.left + Math.max(8, left), box.top + flame.rowBottom(pointed));
}

function onmove(flame, event) {
  if (event.shiftKey) return; // holds the tooltip
  const { offsetX, offsetY } = event;
  const node = flame.at(offsetX, offsetY);
  const run = flame.runAt(offsetX, offsetY);
  flame.point(run ? run.first : node, false, run);
  if (flame.pointed < 0) flame.tooltip.hide();
  else flame.tooltip.show(flame.frame(flame.pointed), flame, event.clientX, event.clientY);
}

/**
 * Dragging pans while a part is in view; a touch that moves up or down scrolls as anywhere.
 * @param {{press: ?{x: number, from: number, until: number, moved: boolean}}} hand what is pressed
 */
function ondrag(flame, hand) {
  const { canvas } = flame;
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button === 0 && event.isPrimary) hand.press = { x: event.clientX, from: flame.from, until: flame.until, moved: false };
  });
  canvas.addEventListener('pointermove', (event) => {
    const { press } = hand;
    if (!press || !event.buttons) {
      if (event.pointerType !== 'touch') onmove(flame, event);
      return;
    }
    const shift = press.x - event.clientX;
    if (!press.moved && (Math.abs(shift) < DRAG || press.until - press.from >= flame.graph.total[0])) return;
    if (!press.moved) canvas.setPointerCapture(event.pointerId);
    press.moved = true;
    flame.tooltip.hide();
    const value = (shift * (press.until - press.from)) / flame.width;
    flame.look(press.from + value, press.until + value);
  });
  canvas.addEventListener('click', (event) => {
    const dragged = hand.press?.moved;
    hand.press = null;
    if (!dragged) onclick(flame, event);
  });
}

function onclick(flame, event) {
  const node = flame.at(event.offsetX, event.offsetY);
  const run = flame.runAt(event.offsetX, event.offsetY);
  const { x, total } = flame.graph;
  if (run) flame.look(x[run.first], x[run.end - 1] + total[run.end - 1]);
  else if (node >= 0) flame.zoom(node);
  flame.tooltip.hide();
}

function onwheel(flame, event) {
  const zooms = event.ctrlKey || event.metaKey;
  if (!zooms && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
  event.preventDefault();
  if (zooms) flame.scale(event.offsetX, Math.exp(event.deltaY * 0.01));
  else {
    const value = (event.deltaX * (flame.until - flame.from)) / flame.width;
    flame.look(flame.from + value, flame.until + value);
  }
}

function onmenu(flame, event) {
  const byKey = event.target === flame.host;
  event.preventDefault();
  flame.tooltip.hide();
  if (byKey || event.pointerType === 'touch') return; // the key itself has opened it, and the finger will
  const node = flame.at(event.offsetX, event.offsetY);
  if (node >= 0) flame.openMenu(node, event.clientX, event.clientY);
}

/** Listen to everything a flame graph listens to. */
export function listen(flame) {
  const { host, canvas } = flame;
  host.addEventListener('scroll', () => { flame.tooltip.hide(); flame.queue(); }, { passive: true });
  host.addEventListener('keydown', (event) => onkey(flame, event));
  host.addEventListener('contextmenu', (event) => onmenu(flame, event));
  canvas.addEventListener('pointerleave', (event) => { flame.tooltip.hide(); if (event.pointerType !== 'touch') flame.point(-1); });
  canvas.addEventListener('wheel', (event) => onwheel(flame, event), { passive: false });
  const hand = { press: null };
  ondrag(flame, hand);
  ontouch(flame, hand);
}
