// Trees that are built node by node and then laid out as flame graphs: what all transforms have in common.
import { emptyColumns, withChildren } from './flame_data.js';

const OTHER = 'other'; // what a server sums small frames up under: it stays at the right
const FIRST_SLOTS = 1 << 10;

/**
 * A tree whose nodes are found by parent and name, in an open table: no object is made for a node, so that hundreds of
 * thousands take milliseconds. Node 0 is the root.
 */
export class TreeBuilder {
  /** @param like the graph whose names and sides are used; @param rootName index of the root's name. */
  constructor(like, rootName = like.name[0]) {
    this.like = like;
    this.count = 1;
    this.parent = new Int32Array(FIRST_SLOTS);
    this.name = new Uint32Array(FIRST_SLOTS);
    this.selves = selvesOf(like);
    this.sums = this.selves.map(() => new Float64Array(FIRST_SLOTS));
    this.slots = new Int32Array(4 * FIRST_SLOTS).fill(-1);
    this.parent[0] = -1;
    this.name[0] = rootName;
  }

  /** The child of a node by name, made where there is none. */
  child(parent, name) {
    const mask = this.slots.length - 1;
    let slot = slotOf(parent, name) & mask;
    for (let node; (node = this.slots[slot]) >= 0; slot = (slot + 1) & mask) {
      if (this.parent[node] === parent && this.name[node] === name) return node;
    }
    const made = this.count++;
    if (made === this.parent.length) this.grow();
    this.parent[made] = parent;
    this.name[made] = name;
    if (2 * this.count > this.slots.length) this.rehash(); else this.slots[slot] = made;
    return made;
  }

  grow() {
    const longer = (column) => { const made = new column.constructor(2 * column.length); made.set(column); return made; };
    this.parent = longer(this.parent);
    this.name = longer(this.name);
    this.sums = this.sums.map(longer);
  }

  rehash() {
    const slots = new Int32Array(2 * this.slots.length).fill(-1);
    const mask = slots.length - 1;
    for (let node = 1; node < this.count; node++) {
      let slot = slotOf(this.parent[node], this.name[node]) & mask;
      while (slots[slot] >= 0) slot = (slot + 1) & mask;
      slots[slot] = node;
    }
    this.slots = slots;
  }

  /** Add the values of a node of `like` as self values: its self values, or other columns for all sums. */
  add(node, from, columns = this.selves) {
    for (let sum = 0; sum < columns.length; sum++) this.sums[sum][node] += columns[sum][from];
  }

  /**
   * Add a graph with names of its own, from its root on: its self values go to some of the tree's sums.
   * @param {(name: string) => number} numberOf gives a name its place in those of the tree
   */
  addGraph({ count, parent, name, names, self }, numberOf, sums) {
    const own = Uint32Array.from(names, numberOf);
    const place = new Int32Array(count);
    for (let node = 0; node < count; node++) {
      if (node) place[node] = this.child(place[parent[node]], own[name[node]]);
      for (const sum of sums) this.sums[sum][place[node]] += self[node];
    }
  }

  /** @returns {import('./flame_data.js').Graph} the tree laid out as servers do: self at the left, children by name. */
  layOut() {
    const { order, offsets } = this.byLevel();
    const { like, sums } = this;
    const place = new Uint32Array(this.count); // of each node in the graph
    for (let at = 0; at < this.count; at++) place[order[at]] = at;
    const graph = emptyColumns(this.count, offsets.length - 1, Boolean(like.sides));
    graph.offsets = offsets;
    graph.names = like.names;
    for (let at = 0; at < this.count; at++) {
      graph.name[at] = this.name[order[at]];
      if (at) graph.parent[at] = place[this.parent[order[at]]];
    }
    const totals = totalsOf(graph);
    selvesOf(graph).forEach((self, index) => sumUp(order, graph.parent, sums[index], self, totals[index]));
    return positioned(withChildren(graph));
  }

  /** Nodes level by level, each level in the order of its parents, siblings by name. */
  byLevel() {
    const { count, parent } = this;
    const byName = this.sortedByName();
    const start = new Uint32Array(count + 1);
    for (let node = 1; node < count; node++) start[parent[node] + 1]++;
    for (let node = 0; node < count; node++) start[node + 1] += start[node];
    const fill = start.slice();
    const children = new Uint32Array(count);
    for (const node of byName) if (node) children[fill[parent[node]]++] = node;
    const order = new Uint32Array(count);
    const offsets = [0];
    for (let at = 0, filled = 1; at < filled;) {
      for (const end = filled; at < end; at++) {
        for (let child = start[order[at]]; child < start[order[at] + 1]; child++) order[filled++] = children[child];
      }
      offsets.push(at);
    }
    return { order, offsets: Uint32Array.from(offsets) };
  }

  sortedByName() {
    const rank = ranksOf(this.like.names);
    const start = new Uint32Array(this.like.names.length + 1);
    for (let node = 0; node < this.count; node++) start[rank[this.name[node]] + 1]++;
    for (let index = 0; index < this.like.names.length; index++) start[index + 1] += start[index];
    const sorted = new Uint32Array(this.count);
    for (let node = 0; node < this.count; node++) sorted[start[rank[this.name[node]]]++] = node;
    return sorted;
  }
}

/** The columns of self values: of both sides together, and of each where there are two. */
const selvesOf = ({ self, sides }) => (sides ? [self, sides.leftSelf, sides.rightSelf] : [self]);
export const totalsOf = ({ total, sides }) => (sides ? [total, sides.left, sides.right] : [total]);

const slotOf = (parent, name) => {
  const mixed = Math.imul(parent, 0x9e3779b1) ^ Math.imul(name + 1, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
};

/** Self values in the graph's order, and totals: a child's total is added to its parent's, last child first. */
function sumUp(order, parent, sums, self, total) {
  for (let at = 0; at < order.length; at++) total[at] = self[at] = sums[order[at]];
  for (let at = order.length - 1; at > 0; at--) total[parent[at]] += total[at];
}

/** What gives each name its place in a list; those that are not in it are put at its end. */
export function numbering(names) {
  const places = new Map(names.map((name, index) => [name, index]));
  return (name) => {
    if (!places.has(name)) places.set(name, names.push(name) - 1);
    return places.get(name);
  };
}

/** Fill in `x`, which is zero so far: a frame's own value is at its left, then come its children. */
export function positioned(graph) {
  const { count, x, total, self, first } = graph;
  for (let node = 0; node < count; node++) {
    let left = x[node] + self[node];
    for (let child = first[node]; child < first[node + 1]; child++) { x[child] = left; left += total[child]; }
  }
  return graph;
}

const ranks = new WeakMap(); // graphs made from each other share their names

function ranksOf(names) {
  let made = ranks.get(names);
  if (made) return made;
  const order = Uint32Array.from(names.keys()).sort((a, b) => {
    const [left, right] = [names[a], names[b]];
    return (left === OTHER) - (right === OTHER) || (left < right ? -1 : left > right ? 1 : 0);
  });
  made = new Uint32Array(names.length);
  order.forEach((index, place) => { made[index] = place; });
  ranks.set(names, made);
  return made;
}
