// The numbers behind a flame graph, without a page: columns of nodes, and questions asked of them.
//
// An answer lists nodes level by level as [distance to the end of the node before, total, self, name]. Here each node has
// an absolute position, so that finding what is at a point is a binary search.

/** @returns nodes of all levels as columns; node 0 is the root, parent of the root is -1. */
export function decode({ names, levels }) {
  const offsets = new Uint32Array(levels.length + 1);
  levels.forEach((level, depth) => { offsets[depth + 1] = offsets[depth] + level.length / 4; });
  const count = offsets[levels.length];
  const x = new Float64Array(count), total = new Float64Array(count), self = new Float64Array(count);
  const name = new Uint32Array(count), parent = new Int32Array(count).fill(-1);
  let node = 0;
  levels.forEach((level, depth) => {
    let end = 0;
    let above = depth ? offsets[depth - 1] : 0;
    for (let at = 0; at < level.length; at += 4, node++) {
      x[node] = end + level[at];
      total[node] = level[at + 1];
      self[node] = level[at + 2];
      name[node] = level[at + 3];
      end = x[node] + total[node];
      if (!depth) continue;
      while (above < offsets[depth] - 1 && x[above] + total[above] <= x[node]) above++;
      parent[node] = above;
    }
  });
  return { count, depth: levels.length, offsets, x, total, self, name, parent, names };
}

/** First node of a level whose right edge lies beyond `value`; the end of the level when there is none. */
export function seek(data, depth, value, from = data.offsets[depth]) {
  let low = from, high = data.offsets[depth + 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (data.x[middle] + data.total[middle] <= value) low = middle + 1; else high = middle;
  }
  return low;
}

export function depthOf(data, node) {
  let low = 0, high = data.depth;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (data.offsets[middle + 1] <= node) low = middle + 1; else high = middle;
  }
  return low;
}

/** Self and total by function, largest self first; a function that calls itself counts once a stack. */
export function functions(data) {
  const self = new Float64Array(data.names.length), total = new Float64Array(data.names.length);
  for (let node = 1; node < data.count; node++) {
    const name = data.name[node];
    self[name] += data.self[node];
    let outer = data.parent[node];
    while (outer >= 0 && data.name[outer] !== name) outer = data.parent[outer];
    if (outer < 0) total[name] += data.total[node];
  }
  return data.names.map((name, index) => ({ name, self: self[index], total: total[index] }))
    .filter((row) => row.total > 0)
    .sort((a, b) => b.self - a.self || b.total - a.total || (a.name < b.name ? -1 : 1));
}

/** Which names match, and how much of the whole lies in or under a match. */
export function search(data, text) {
  let matches;
  try {
    const pattern = new RegExp(text, 'i');
    matches = (name) => pattern.test(name);
  } catch {
    matches = (name) => name.toLowerCase().includes(text.toLowerCase());
  }
  const matched = Uint8Array.from(data.names, (name) => (matches(name) ? 1 : 0));
  const under = new Uint8Array(data.count);
  let sum = 0;
  for (let node = 0; node < data.count; node++) {
    const inside = data.parent[node] >= 0 && under[data.parent[node]];
    const hit = node > 0 && matched[data.name[node]];
    under[node] = inside || hit ? 1 : 0;
    if (hit && !inside) sum += data.total[node];
  }
  return { matched, count: matched.reduce((a, b) => a + b, 0), share: data.total[0] ? sum / data.total[0] : 0 };
}

/** What a frame belongs to, by the habits of the languages: a folder, a file, a module or a namespace. */
export function packageOf(name) {
  const file = /^(.*\/)?([^/]+?\.(?:py|rb|php|jsx?|tsx?))\b/.exec(name);
  if (file) return file[1] || file[2];
  const dot = name.indexOf('.', name.lastIndexOf('/') + 1);
  if (dot > 0) return name.slice(0, dot);
  const colons = name.indexOf('::');
  return colons > 0 ? name.slice(0, colons) : name;
}
