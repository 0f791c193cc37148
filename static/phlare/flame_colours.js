// Colours of frames: by package, by value, or by what changed. Lightness is equal within a palette, so that dark text
// is readable on all of it (contrast above 4.5 on every colour here).

const HUES = [24, 40, 55, 75, 98, 125, 150, 170, 190, 212, 232, 252, 272, 295, 320, 345];
const STEPS = 8; // shades of a change to each side, and of values
const DIMMED = HUES.length; // the same hues once more, paler, for frames above the one that is zoomed on

/** What a frame belongs to, by the habits of the languages: a folder, a file, a module or a namespace. */
export function packageOf(name) {
  const before = /^[a-z_][\w$]*(?:\.[a-z_][\w$]*)*(?=\.[A-Z])|^node:[^:]+|^[^!<(]+(?=!)/.exec(name); // a type, a function, a library's end
  if (before) return before[0];
  const file = /^(.*\/)?([^/]+?\.(?:py|rb|php|jsx?|tsx?))\b/.exec(name);
  if (file) return file[1] || file[2];
  const dot = name.indexOf('.', name.lastIndexOf('/') + 1);
  if (dot > 0) return name.slice(0, dot);
  const colons = name.indexOf('::');
  return colons > 0 ? name.slice(0, colons) : name;
}

function hash(text) {
  let value = 2166136261;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 16777619);
  return (value ^ (value >>> 15)) >>> 0;
}

const shades = (count, make) => Array.from({ length: count }, (_, index) => make(index));

/** Each palette by the name of its scheme; entries are CSS colours. */
const PALETTES = {
  package: [...HUES.map((hue) => `oklch(0.78 0.11 ${hue})`), ...HUES.map((hue) => `oklch(0.72 0.035 ${hue})`)],
  value: shades(STEPS + 1, (step) => `oklch(${0.9 - 0.025 * step} ${0.05 + 0.014 * step} ${100 - 8 * step})`),
  blueOrange: changes(250, 60),
  greenRed: changes(150, 25),
};

/** Less at the one hue, no change grey, more at the other; the last two are those of gone and new frames. */
function changes(less, more) {
  const side = (hue) => (step) => `oklch(0.78 ${0.02 + 0.0135 * step} ${hue})`;
  const [down, up] = [shades(STEPS + 1, side(less)), shades(STEPS + 1, side(more))];
  return [...down.slice(1).reverse(), 'oklch(0.78 0 0)', ...up.slice(1), down[STEPS], up[STEPS]];
}

const NO_CHANGE = STEPS;
const GONE = 2 * STEPS + 1;
const NEW = 2 * STEPS + 2;

/**
 * By how much a frame changed, from -1 (gone) over 0 to 1 (new): the change against the larger of the two.
 * @param normalised compare shares of each side's total, else the values themselves
 */
export function relativeChange({ sides }, node, normalised) {
  const before = sides.left[node] / (normalised ? sides.left[0] || 1 : 1);
  const after = sides.right[node] / (normalised ? sides.right[0] || 1 : 1);
  return before || after ? (after - before) / Math.max(before, after) : 0;
}

/**
 * @param {'package' | 'value' | 'change'} scheme
 * @returns {{palette: string[], of: (node: number, dimmed: boolean) => number}} `of` is the place in the palette
 */
export function colouring(graph, { scheme = 'package', change = 'blueOrange', normalised = true } = {}) {
  if (scheme === 'change' && graph.sides) {
    const { left, right } = graph.sides;
    const of = (node) => {
      if (!left[node]) return NEW;
      if (!right[node]) return GONE;
      return NO_CHANGE + Math.round(STEPS * relativeChange(graph, node, normalised));
    };
    return { palette: PALETTES[change], of };
  }
  if (scheme === 'value') {
    const whole = graph.total[0] || 1;
    return { palette: PALETTES.value, of: (node) => Math.round(STEPS * Math.sqrt(graph.total[node] / whole)) };
  }
  const byName = Uint8Array.from(graph.names, (name) => packageIndex(name));
  return { palette: PALETTES.package, of: (node, dimmed) => byName[graph.name[node]] + (dimmed ? DIMMED : 0) };
}

const packageIndex = (name) => hash(packageOf(name)) % HUES.length;

/** Colour of a function in a list, as the graph has it by package. */
export const swatchOf = (name) => PALETTES.package[packageIndex(name)];

/** The scale of changes from less to more, for a legend. */
export const changeScale = (change = 'blueOrange') => PALETTES[change].slice(0, 2 * STEPS + 1);
