// The circle of tokens as numbers: who owns which arc, and what of it can be seen in so many steps. Knows no page.

export const RING_SIZE = 2 ** 32;

/**
 * The tokens of a ring in order. `lists[i]` are the tokens of instance i.
 * Returns {tokens: Float64Array[T] ascending, owners: Uint16Array[T]}; a token claimed twice counts for both, as nothing.
 */
export function circleOf(lists) {
  const pairs = lists.flatMap((list, owner) => list.map((token) => [token, owner])).sort((one, other) => one[0] - other[0]);
  return { tokens: Float64Array.from(pairs, ([token]) => token), owners: Uint16Array.from(pairs, ([, owner]) => owner) };
}

/** Index of the instance that owns a key: that of the first token behind it, as the ring has it; -1 on an empty circle. */
export function ownerAt({ tokens, owners }, key) {
  let low = 0;
  let high = tokens.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tokens[middle] > key) high = middle; else low = middle + 1;
  }
  return tokens.length ? owners[low % tokens.length] : -1;
}

/**
 * The circle in `steps` equal parts, each with the owner of the longest arc in it: what is drawn is bounded by pixels, not
 * by tokens. Returns Int16Array[steps], -1 = nobody.
 */
export function bands({ tokens, owners }, steps) {
  const found = new Int16Array(steps).fill(-1);
  const longest = new Float64Array(steps);
  const arc = (from, to, owner) => {
    const scale = steps / RING_SIZE;
    const first = Math.floor(from * scale);
    const last = Math.min(steps - 1, Math.floor(to * scale));
    for (let step = first; step <= last; step += 1) {
      const length = Math.min(to * scale, step + 1) - Math.max(from * scale, step);
      if (length > longest[step]) { longest[step] = length; found[step] = owner; }
    }
  };
  for (let index = 0; index < tokens.length; index += 1) {
    if (index) arc(tokens[index - 1], tokens[index], owners[index]);
  }
  if (tokens.length) { // the arc over the seam of the circle
    arc(tokens[tokens.length - 1], RING_SIZE, owners[0]);
    arc(0, tokens[0], owners[0]);
  }
  return found;
}

/** Runs of equal owners: [[owner, first step, step behind the last], ...], without those of nobody. */
export function runs(owned) {
  const found = [];
  for (let start = 0; start < owned.length;) {
    let end = start + 1;
    while (end < owned.length && owned[end] === owned[start]) end += 1;
    if (owned[start] >= 0) found.push([owned[start], start, end]);
    start = end;
  }
  return found;
}

/** Where a token lies, as a part of the circle: from the top, clockwise. */
export const turnOf = (token) => token / RING_SIZE;

/** The token under a point relative to the centre. */
export function tokenAt(x, y) {
  const turn = (Math.atan2(y, x) + Math.PI / 2) / (2 * Math.PI);
  return Math.floor((turn < 0 ? turn + 1 : turn) * RING_SIZE) % RING_SIZE;
}
