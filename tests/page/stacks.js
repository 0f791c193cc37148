// Profiles as plain lists of stacks: the naive model that flame graphs are held against.

/** Numbers that are the same in each run. */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Stacks of few names, so that recursion and shared parts are common: [{path, values}], one value a side. */
export function randomStacks(seed, { sides = 1, stacks = 40, names = 6, depth = 9 } = {}) {
  const random = randomNumbers(seed);
  const pick = (count) => Math.floor(random() * count);
  return Array.from({ length: 1 + pick(stacks) }, () => {
    const values = Array.from({ length: sides }, () => pick(9));
    values[pick(sides)] += 1;
    return { path: Array.from({ length: 1 + pick(depth) }, () => 'abcdefghij'[pick(names)]), values };
  });
}

/** {path joined by ;: values}, without those that are all zero. */
export function summed(stacks) {
  const sums = {};
  for (const { path, values } of stacks) {
    const sum = sums[path.join(';')] ??= values.map(() => 0);
    values.forEach((value, side) => { sum[side] += value; });
  }
  return sums;
}

/** The answer of a server for stacks: levels of four numbers a node, or seven for two sides. */
export function answerOf(stacks) {
  const sides = stacks[0].values.length;
  const names = ['total'];
  const node = (name) => ({ name, self: Array(sides).fill(0), total: Array(sides).fill(0), children: new Map() });
  const root = node('total');
  for (const { path, values } of stacks) {
    let at = root;
    const add = (sums) => values.forEach((value, side) => { sums[side] += value; });
    add(root.total);
    for (const name of path) {
      if (!at.children.has(name)) at.children.set(name, node(name));
      at = at.children.get(name);
      add(at.total);
    }
    add(at.self);
  }
  const levels = [];
  let level = [{ one: root, left: Array(sides).fill(0) }];
  while (level.length) {
    const end = Array(sides).fill(0), numbers = [], next = [];
    for (const { one, left } of level) {
      left.forEach((start, side) => { numbers.push(start - end[side], one.total[side], one.self[side]); end[side] = start + one.total[side]; });
      if (!names.includes(one.name)) names.push(one.name);
      numbers.push(names.indexOf(one.name));
      const child = left.map((start, side) => start + one.self[side]);
      for (const name of [...one.children.keys()].sort()) {
        const below = one.children.get(name);
        next.push({ one: below, left: [...child] });
        below.total.forEach((total, side) => { child[side] += total; });
      }
    }
    levels.push(numbers);
    level = next;
  }
  return { names, levels };
}

/** {path joined by ;: self values} of a graph, from its columns alone. */
export function stacksOf(graph) {
  const sums = {};
  for (let node = 0; node < graph.count; node++) {
    const values = graph.sides ? [graph.sides.leftSelf[node], graph.sides.rightSelf[node]] : [graph.self[node]];
    if (values.every((value) => !value)) continue;
    const path = [];
    for (let at = node; at > 0; at = graph.parent[at]) path.unshift(graph.names[graph.name[at]]);
    sums[path.join(';')] = values;
  }
  return sums;
}
