// The numbers of two flame graphs on one, without a page: two graphs joined, one side taken out, and what changed.
//
// A graph of two sides lists nodes level by level as seven numbers: distance to the end of the node before, total and
// self on the left (A), the same on the right (B), and the name. A side that does not have the node has zeros for total and
// self, and its distance leads to where the node would begin.

const QUAD = 4, SEPT = 7;

/** Children of every node of one side by its place in its level: `first[depth][i]` to `first[depth][i + 1]` of the next. */
function childRanges(levels) {
  const ends = levels.map((level) => {
    let end = 0;
    const found = new Float64Array(level.length / QUAD);
    for (let at = 0; at < level.length; at += QUAD) found[at / QUAD] = end += level[at] + level[at + 1];
    return found;
  });
  return levels.map((_, depth) => {
    const above = ends[depth], below = ends[depth + 1] ?? new Float64Array(0);
    const first = new Uint32Array(above.length + 1).fill(below.length);
    let child = 0;
    for (let node = 0; node < above.length; node++) {
      first[node] = child;
      while (child < below.length && below[child] <= above[node]) child++;
    }
    first[above.length] = child;
    return first;
  });
}

/** Names of both sides in one list, and where each name of a side is in it. */
function joinNames(left, right) {
  const names = [], places = new Map();
  const place = (name) => {
    if (!places.has(name)) { places.set(name, names.length); names.push(name); }
    return places.get(name);
  };
  return { names, of: [Uint32Array.from(left, place), Uint32Array.from(right, place)] };
}

/**
 * Join two flame graphs into one of two sides, as the server does for two queries.
 * @param left,right graphs with `names` and `levels` of four numbers a node.
 * @returns names, levels of seven numbers a node, left_total and right_total.
 */
export function joinGraphs(left, right) {
  const { names, of } = joinNames(left.names, right.names);
  const sides = [left, right].map((graph, side) => ({ levels: graph.levels, first: childRanges(graph.levels), name: of[side] }));
  const levels = [];
  // Of each node of the level: its name, its place in the level of either side (-1: not there), and where it begins there.
  let row = [{ name: 0, at: [left.levels.length ? 0 : -1, right.levels.length ? 0 : -1], x: [0, 0] }];
  for (let depth = 0; row.length; depth++) {
    const level = new Array(row.length * SEPT), end = [0, 0], next = [];
    row.forEach((node, index) => {
      const below = new Map();
      sides.forEach(({ levels: own, first, name }, side) => {
        const place = node.at[side], at = index * SEPT + side * 3;
        const total = place < 0 ? 0 : own[depth][place * QUAD + 1];
        level[at] = node.x[side] - end[side];
        level[at + 1] = total;
        level[at + 2] = place < 0 ? 0 : own[depth][place * QUAD + 2];
        end[side] = node.x[side] + total;
        if (place < 0) return;
        for (let child = first[depth][place]; child < first[depth][place + 1]; child++) {
          const called = name[own[depth + 1][child * QUAD + 3]];
          if (!below.has(called)) below.set(called, { name: called, at: [-1, -1], x: [0, 0] });
          below.get(called).at[side] = child;
        }
      });
      level[index * SEPT + 6] = node.name;
      const x = [...node.x];
      for (const child of below.values()) {
        child.x = [...x];
        sides.forEach(({ levels: own }, side) => { if (child.at[side] >= 0) x[side] += own[depth + 1][child.at[side] * QUAD + 1]; });
        next.push(child);
      }
    });
    levels.push(level);
    row = next;
  }
  return { names, levels, left_total: levels[0][1], right_total: levels[0][4] };
}

/** One side of a graph of two, as a flame graph of its own: 0 is the left side, 1 the right. */
export function sideOf({ names, levels, left_total: left, right_total: right }, side) {
  const own = levels.map((level) => {
    const kept = [];
    let distance = 0; // to the end of the node before that this side has
    for (let at = 0; at < level.length; at += SEPT) {
      const from = at + side * 3;
      distance += level[from];
      if (!level[from + 1]) continue;
      kept.push(distance, level[from + 1], level[from + 2], level[at + 6]);
      distance = 0;
    }
    return kept;
  });
  const depth = own.findIndex((level) => !level.length);
  const total = side ? right : left;
  return { names, levels: total ? own.slice(0, depth < 0 ? own.length : depth) : [[0, 0, 0, levels[0][6]]], total };
}

/**
 * A decoded graph of two sides that gives each side half of the width, however much less it has: as wide as the mean of
 * both shares. What is known of the sides stays as it is, and so does a graph of which one side is empty.
 */
export function byShares(graph) {
  const { count, first, sides } = graph, whole = sides.left[0] + sides.right[0];
  if (!sides.left[0] || !sides.right[0]) return graph;
  const [ofLeft, ofRight] = [whole / 2 / sides.left[0], whole / 2 / sides.right[0]];
  const weighed = (left, right) => left.map((value, node) => value * ofLeft + right[node] * ofRight);
  const total = weighed(sides.left, sides.right), x = new Float64Array(count);
  for (let node = 0; node < count; node++) {
    let at = x[node];
    for (let child = first[node]; child < first[node + 1]; child++) {
      x[child] = at;
      at += total[child];
    }
  }
  return { ...graph, x, total, self: weighed(sides.leftSelf, sides.rightSelf) };
}

/** The functions of a graph of two sides with the names that the API has for their values. */
export function functionRows(rows) {
  return rows.map(({ name, leftSelf, left, rightSelf, right }) => ({ name, left_self: leftSelf, left_total: left, right_self: rightSelf, right_total: right }));
}

/**
 * What became of a value.
 * @param mode 'share' compares parts of the whole of either side, 'absolute' the values as they are.
 * @returns kind ('new', 'gone', 'grew', 'shrank' or 'same'), `change` in parts of the whole (share) or in the unit of the
 *   values, and `ratio`, the change in parts of A (Infinity for what is new).
 */
export function changeOf(left, right, leftTotal, rightTotal, mode) {
  const a = mode === 'share' ? left / (leftTotal || 1) : left;
  const b = mode === 'share' ? right / (rightTotal || 1) : right;
  const change = b - a;
  const ratio = a ? change / a : b ? Infinity : 0;
  const kind = a === b ? 'same' : !a ? 'new' : !b ? 'gone' : change > 0 ? 'grew' : 'shrank';
  return { kind, change, ratio };
}
