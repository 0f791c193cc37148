// A part of a graph that was asked for again, at full depth, put in the place of what was there.
import { follow } from './flame_data.js';
import { TreeBuilder, numbering } from './flame_tree.js';

/** @typedef {import('./flame_data.js').Graph} Graph */

/** Whether something under a frame was too small to be sent. */
export function hasHidden({ names, name, first, total }, node) {
  const other = names.indexOf('other');
  if (other < 0) return false;
  for (let at = [node]; at.length;) {
    const one = at.pop();
    if (name[one] === other && total[one]) return true;
    for (let child = first[one]; child < first[one + 1]; child++) at.push(child);
  }
  return false;
}

/**
 * @param {Graph} graph @param {string[]} path names from below the root to the frame
 * @param {Graph} deep only the stacks that begin with this path
 * @returns {Graph} the graph with everything under that frame from `deep`
 */
export function grafted(graph, path, deep) {
  const names = [...graph.names];
  const tree = new TreeBuilder({ ...graph, names });
  const top = follow(graph, path);
  if (!top) return graph; // the frame is not there, as a newer answer may have it
  const place = new Int32Array(graph.count);
  for (let node = 0; node < graph.count; node++) {
    const above = node ? place[graph.parent[node]] : 0;
    place[node] = node === top || above < 0 ? -1 : node ? tree.child(above, graph.name[node]) : 0;
    if (place[node] >= 0) tree.add(place[node], node);
  }
  tree.addGraph(deep, numbering(names), [0]);
  return tree.layOut();
}
