// The numbers behind a flame graph, without a page: columns of nodes, and questions asked of them.
//
// An answer lists nodes level by level as [distance to the end of the node before, total, self, name]; the difference of
// two profiles has the first three once a side. Here each node has an absolute position, so that finding what is at a
// point is a binary search. Nodes are ordered by level and from left to right, so that children lie next to each other.

/**
 * @typedef {object} Graph a laid-out tree as columns; node 0 is the root.
 * @property {number} count nodes
 * @property {number} depth levels
 * @property {Uint32Array} offsets first node of each level, and `count` at the end
 * @property {Float64Array} x left edge, in units of value
 * @property {Float64Array} total
 * @property {Float64Array} self of both sides together where there are two
 * @property {Uint32Array} name index in `names`
 * @property {Int32Array} parent -1 at the root
 * @property {Uint32Array} first first child; the children of k are those from first[k] until first[k + 1]
 * @property {?Sides} sides null unless two profiles are compared
 * @property {string[]} names
 */

/** @typedef {{left: Float64Array, right: Float64Array, leftSelf: Float64Array, rightSelf: Float64Array}} Sides */

/** @returns {Graph} the columns of an answer; `names` may be null where there is nothing. */
export function decode({ names, levels }) {
  if (!names || !levels.length) return decode({ names: ['total'], levels: [[0, 0, 0, 0]] });
  const width = levels[0].length; // there is one root
  const count = levels.reduce((sum, level) => sum + level.length, 0) / width;
  const graph = emptyColumns(count, levels.length, width === 7);
  let node = 0;
  for (let depth = 0; depth < levels.length; depth++) {
    graph.offsets[depth] = node;
    node = width === 7 ? readDiffLevel(graph, levels[depth], node) : readLevel(graph, levels[depth], node);
    if (depth) findParents(graph, graph.offsets[depth - 1], graph.offsets[depth], node);
  }
  graph.offsets[levels.length] = count;
  graph.names = names;
  return withChildren(graph);
}

/** Columns of zeros for `count` nodes on `depth` levels, with or without sides. */
export function emptyColumns(count, depth, compared) {
  const column = () => new Float64Array(count);
  return {
    count, depth, offsets: new Uint32Array(depth + 1), x: column(), total: column(), self: column(),
    name: new Uint32Array(count), parent: new Int32Array(count).fill(-1), first: null, names: [],
    sides: compared ? { left: column(), right: column(), leftSelf: column(), rightSelf: column() } : null,
  };
}

function readLevel({ x, total, self, name }, level, node) {
  for (let at = 0, end = 0; at < level.length; at += 4, node++) {
    x[node] = end + level[at];
    total[node] = level[at + 1];
    self[node] = level[at + 2];
    name[node] = level[at + 3];
    end = x[node] + total[node];
  }
  return node;
}

function readDiffLevel({ x, total, self, name, sides }, level, node) {
  for (let at = 0, end = 0; at < level.length; at += 7, node++) {
    x[node] = end + level[at] + level[at + 3];
    sides.left[node] = level[at + 1];
    sides.right[node] = level[at + 4];
    sides.leftSelf[node] = level[at + 2];
    sides.rightSelf[node] = level[at + 5];
    total[node] = level[at + 1] + level[at + 4];
    self[node] = level[at + 2] + level[at + 5];
    name[node] = level[at + 6];
    end = x[node] + total[node];
  }
  return node;
}

function findParents({ x, total, parent }, above, node, end) {
  for (const last = node - 1; node < end; node++) {
    while (above < last && x[above] + total[above] <= x[node]) above++;
    parent[node] = above;
  }
}

/** Fill in `first` from `parent`: nodes are in the order of their parents, so counting is enough. */
export function withChildren(graph) {
  const { count, parent } = graph;
  const first = new Uint32Array(count + 1);
  for (let node = 1; node < count; node++) first[parent[node] + 1]++;
  first[0] = 1;
  for (let node = 0; node < count; node++) first[node + 1] += first[node];
  graph.first = first;
  return graph;
}

/** First node of a level whose right edge lies beyond `value`; the end of the level when there is none. */
export function seek(graph, depth, value, from = graph.offsets[depth]) {
  const { x, total } = graph;
  let low = from, high = graph.offsets[depth + 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (x[middle] + total[middle] <= value) low = middle + 1; else high = middle;
  }
  return low;
}

/** Level of a node. */
export function depthOf({ offsets, depth }, node) {
  let low = 0, high = depth;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (offsets[middle + 1] <= node) low = middle + 1; else high = middle;
  }
  return low;
}

/** Names from below the root down to a node. */
export function pathOf({ parent, name, names }, node) {
  const path = [];
  for (; node > 0; node = parent[node]) path.push(names[name[node]]);
  return path.reverse();
}

/** The node a path leads to; where it ends early, the last node there is. */
export function follow(graph, path) {
  const { first, name, names } = graph;
  let node = 0;
  for (const wanted of path) {
    let child = first[node];
    while (child < first[node + 1] && names[name[child]] !== wanted) child++;
    if (child === first[node + 1]) return node;
    node = child;
  }
  return node;
}

/** 1 for each node that has no node of the same name above it: a function that calls itself counts there, and once. */
export function outermost({ count, parent, name, names, first }) {
  const mark = new Uint8Array(count);
  const open = new Uint32Array(names.length);
  let node = 0;
  while (node >= 0) {
    mark[node] = open[name[node]]++ ? 0 : 1;
    if (first[node] < first[node + 1]) { node = first[node]; continue; }
    for (;;) { // up to the nearest node that has a sibling to its right
      open[name[node]]--;
      const above = parent[node];
      if (above < 0) return mark;
      if (node + 1 < first[above + 1]) { node++; break; }
      node = above;
    }
  }
  return mark;
}

/**
 * Self and total by function, largest self first. Where two profiles are compared each row has both sides as well.
 * @returns {{name: string, self: number, total: number, left?: number, right?: number, leftSelf?: number, rightSelf?: number}[]}
 */
export function functions(graph) {
  const { count, names, name, sides } = graph;
  const outer = outermost(graph);
  const sum = (column, once) => {
    const sums = new Float64Array(names.length);
    for (let node = 1; node < count; node++) if (!once || outer[node]) sums[name[node]] += column[node];
    return sums;
  };
  const columns = { self: sum(graph.self, false), total: sum(graph.total, true) };
  if (sides) {
    Object.assign(columns, { left: sum(sides.left, true), right: sum(sides.right, true) });
    Object.assign(columns, { leftSelf: sum(sides.leftSelf, false), rightSelf: sum(sides.rightSelf, false) });
  }
  const keys = Object.keys(columns);
  const rows = [];
  for (let index = 0; index < names.length; index++) {
    if (!columns.total[index]) continue;
    const row = { name: names[index] };
    for (const key of keys) row[key] = columns[key][index];
    rows.push(row);
  }
  return rows.sort((a, b) => b.self - a.self || b.total - a.total || (a.name < b.name ? -1 : 1));
}

/** What tells whether a name matches a text: a regular expression without case, or the text itself where it is none. */
export function matcher(text) {
  try {
    const pattern = new RegExp(text, 'i');
    return (name) => pattern.test(name);
  } catch {
    const lower = text.toLowerCase();
    return (name) => name.toLowerCase().includes(lower);
  }
}

/** A text as a pattern that matches it; nothing as one that matches nothing else. */
export const literally = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') || '^$';

/**
 * Which names match, and how much of the whole lies in or under a match.
 * @returns {{matched: Uint8Array, functions: number, share: number}} `matched` is by name
 */
export function search(graph, text) {
  const { count, names, name, parent, total } = graph;
  const matches = matcher(text);
  const matched = new Uint8Array(names.length);
  for (let index = 0; index < names.length; index++) matched[index] = matches(names[index]) ? 1 : 0;
  const under = new Uint8Array(count);
  const seen = new Uint8Array(names.length);
  let sum = 0, functions = 0;
  for (let node = 1; node < count; node++) {
    const hit = matched[name[node]];
    if (hit && !seen[name[node]]) { seen[name[node]] = 1; functions++; }
    const inside = under[parent[node]];
    under[node] = inside | hit;
    if (hit && !inside) sum += total[node];
  }
  return { matched, functions, share: total[0] ? sum / total[0] : 0 };
}
