// Drawing a flame graph on a canvas of the size of what is in view. The cost is bounded by the pixels, not by the nodes:
// only rows in view are visited, a row is entered by binary search, and runs of frames narrower than a pixel become one
// bar that is jumped over, again by binary search.
import { depthOf, seek } from './flame_data.js';
import { counted } from './format.js';
import { shortened, visible } from './frame_name.js';

export const ROW = 20;
const SLIVER = 1.5; // pixels below which frames are drawn as one bar
const LABEL_ROOM = 24; // pixels a frame needs to have a label
const RUN_LABEL_ROOM = 90;

/**
 * @typedef {object} Scene
 * @property {import('./flame_data.js').Graph} graph
 * @property {number} width of the view in pixels @property {number} height
 * @property {number} from left edge of the view, in units of value @property {number} until right edge
 * @property {number} top pixels scrolled past
 * @property {boolean} rising whether the root is at the bottom
 * @property {number} dimmedAbove levels above this one are those of callers of the frame zoomed on
 * @property {?Uint8Array} matched by name; null when nothing is searched for
 * @property {number} hovered index of a name whose frames are marked, -1 for none
 * @property {number} pointed node, -1 for none
 * @property {{palette: string[], of: Function}} colouring
 * @property {{panel: string, muted: string, text: string, dim: string, accent: string, font: string, characterWidth: number}} style
 */

/** A run of frames too narrow to be seen, drawn as one bar. @typedef {{depth: number, left: number, right: number, first: number, end: number}} Run */

/** Top of a level in pixels of the view. */
export function rowTop({ graph, rising, top }, depth) {
  return (rising ? graph.depth - 1 - depth : depth) * ROW - top;
}

/** Level at a height of the view; may be beyond the levels there are. */
export function levelAt({ graph, rising, top }, y) {
  const row = Math.floor((y + top) / ROW);
  return rising ? graph.depth - 1 - row : row;
}

/** @param {CanvasRenderingContext2D} context @param {Scene} scene @returns {Run[]} what was merged */
export function draw(context, scene) {
  const { width, height, style, colouring } = scene;
  const layers = {
    shades: colouring.palette.map(() => []), muted: [], marked: [], hatched: [], labels: [], faint: [], runs: [],
  };
  const ends = [levelAt(scene, 0), levelAt(scene, height)];
  const last = Math.min(scene.graph.depth - 1, Math.max(...ends));
  for (let depth = Math.max(0, Math.min(...ends)); depth <= last; depth++) layRow(scene, layers, depth);
  context.fillStyle = style.panel;
  context.fillRect(0, 0, width, height);
  fill(context, layers.muted, style.muted);
  layers.shades.forEach((bars, shade) => fill(context, bars, colouring.palette[shade]));
  if (scene.graph.sides) fill(context, layers.hatched, hatching(context));
  fill(context, layers.marked, 'rgb(255 255 255 / 45%)');
  context.font = style.font;
  context.textBaseline = 'middle';
  labelRuns(scene, layers);
  write(context, scene, layers.labels, style.text);
  write(context, scene, layers.faint, style.dim);
  if (scene.pointed >= 0) outline(context, scene);
  return layers.runs;
}

function layRow(scene, layers, depth) {
  const { graph, from, until, width, matched, hovered, colouring, dimmedAbove } = scene;
  const { x, total, name, names } = graph;
  const scale = width / (until - from);
  const y = rowTop(scene, depth);
  const end = graph.offsets[depth + 1];
  const dimmed = depth < dimmedAbove;
  let node = seek(graph, depth, from);
  while (node < end && x[node] < until) {
    const left = (x[node] - from) * scale;
    if (total[node] * scale < SLIVER) {
      node = layRun(scene, layers, depth, node, end);
      continue;
    }
    const start = Math.max(0, left), right = Math.min(width, left + total[node] * scale), room = right - start;
    const own = name[node];
    const faint = matched !== null && matched[own] === 0;
    lay(faint ? layers.muted : layers.shades[colouring.of(node, dimmed)], start, right, y);
    if (graph.sides && (!graph.sides.left[node] || !graph.sides.right[node])) lay(layers.hatched, start, right, y);
    if (own === hovered) lay(layers.marked, start, right, y);
    if (room > LABEL_ROOM) (faint ? layers.faint : layers.labels).push(names[own], start, y, room);
    node++;
  }
}

/** Merge frames from `node` on into one bar, until one is wide enough or there is a gap; returns the first after it. */
function layRun(scene, layers, depth, node, end) {
  const { graph, from, until, width } = scene;
  const { x, total } = graph;
  const scale = width / (until - from);
  const first = node, left = (x[node] - from) * scale;
  let right = left;
  while (node < end && x[node] < until) {
    const edge = (x[node] - from) * scale;
    if (edge > right + 0.5 || total[node] * scale >= SLIVER) break;
    right = Math.max(edge + total[node] * scale, edge + 1);
    node = Math.max(node + 1, seek(graph, depth, from + right / scale, node));
  }
  const run = { depth, left: Math.max(0, left), right: Math.min(width, right), first, end: node };
  lay(layers.muted, run.left, run.right, rowTop(scene, depth));
  layers.runs.push(run);
  return node;
}

function labelRuns(scene, { runs, faint }) {
  for (const { depth, left, right, first, end } of runs) {
    if (right - left > RUN_LABEL_ROOM) faint.push(counted(end - first, 'frame'), left, rowTop(scene, depth), right - left);
  }
}

/** Add a bar; its edges are on whole pixels, which is crisp, and fills several times faster than parts of pixels. */
function lay(bars, left, right, top) {
  const start = Math.round(left), length = Math.round(right) - start;
  bars.push(start, top, length > 2 ? length - 1 : Math.max(1, length));
}

function fill(context, bars, style) {
  if (!bars.length) return;
  context.fillStyle = style;
  for (let at = 0; at < bars.length; at += 3) context.fillRect(bars[at], bars[at + 1], bars[at + 2], ROW - 1);
}

/** Labels are quadruples of text, left, top and room; the font has one width, so that nothing needs measuring. */
function write(context, { style }, labels, colour) {
  context.fillStyle = colour;
  for (let at = 0; at < labels.length; at += 4) {
    const room = Math.floor((labels[at + 3] - 6) / style.characterWidth);
    if (room < 2) continue;
    context.fillText(shortened(visible(labels[at]), room), labels[at + 1] + 3, labels[at + 2] + ROW / 2);
  }
}

function outline(context, scene) {
  const { graph, pointed, from, until, width, style } = scene;
  const scale = width / (until - from);
  const left = Math.max(0, (graph.x[pointed] - from) * scale);
  const right = Math.min(width, (graph.x[pointed] + graph.total[pointed] - from) * scale);
  context.strokeStyle = style.accent;
  context.lineWidth = 2;
  context.strokeRect(left + 1, rowTop(scene, depthOf(graph, pointed)) + 1, Math.max(1, right - left - 2), ROW - 3);
}

let pattern = null;

/** Diagonal lines: what only one of two profiles has is told by more than its colour. */
function hatching(context) {
  if (pattern) return pattern;
  const tile = new OffscreenCanvas(8, 8);
  const pen = tile.getContext('2d');
  pen.strokeStyle = 'rgb(0 0 0 / 28%)';
  pen.lineWidth = 1.5;
  for (const shift of [-8, 0, 8]) { pen.moveTo(shift, 8); pen.lineTo(shift + 8, 0); }
  pen.stroke();
  pattern = context.createPattern(tile, 'repeat');
  return pattern;
}

/** The node at a point of the view, -1 for none. */
export function nodeAt(scene, x, y) {
  const { graph, from, until, width } = scene;
  const depth = levelAt(scene, y);
  if (depth < 0 || depth >= graph.depth) return -1;
  const value = from + (x * (until - from)) / width;
  const node = seek(graph, depth, value);
  return node < graph.offsets[depth + 1] && graph.x[node] <= value ? node : -1;
}

/** The run that is drawn at a point of the view, null for none. */
export function runAt(scene, runs, x, y) {
  const depth = levelAt(scene, y);
  return runs.find((run) => run.depth === depth && run.left <= x && x < run.right) ?? null;
}
