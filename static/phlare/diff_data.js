// The numbers of two flame graphs on one, without a page: two graphs joined, one side taken out, and what changed. Graphs
// are columns, as flame_data.js decodes them.
import { remap } from './flame_transforms.js';
import { TreeBuilder, numbering, positioned } from './flame_tree.js';

/** @typedef {import('./flame_data.js').Graph} Graph */

/** Join two graphs of one side into one of two, as the server does for two queries. @param {Graph} left @param {Graph} right */
export function joined(left, right) {
  const names = [];
  const numberOf = numbering(names);
  const tree = new TreeBuilder({ names, sides: {} }, numberOf(left.names[left.name[0]]));
  tree.addGraph(left, numberOf, [0, 1]);
  tree.addGraph(right, numberOf, [0, 2]);
  return tree.layOut();
}

/** One side of a graph of two, as a flame graph of its own: 0 is the left side, 1 the right. */
export function sideOf(graph, side) {
  const { sides } = graph;
  const [self, total] = side ? [sides.rightSelf, sides.right] : [sides.leftSelf, sides.left];
  return remap({ ...graph, self, sides: null }, 0, (tree, node, above, own) => (above >= 0 && total[node] ? tree.child(above, own) : -1));
}

/**
 * A graph of two sides that gives each side half of the width, however much less it has: as wide as the mean of both shares.
 * What is known of the sides stays as it is, and so does a graph of which one side is empty.
 */
export function byShares(graph) {
  const { count, sides } = graph, whole = sides.left[0] + sides.right[0];
  if (!sides.left[0] || !sides.right[0]) return graph;
  const [ofLeft, ofRight] = [whole / 2 / sides.left[0], whole / 2 / sides.right[0]];
  const weighed = (left, right) => left.map((value, node) => value * ofLeft + right[node] * ofRight);
  return positioned({
    ...graph, x: new Float64Array(count), total: weighed(sides.left, sides.right), self: weighed(sides.leftSelf, sides.rightSelf),
  });
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
