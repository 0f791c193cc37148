// Names of frames in little room. What tells one frame from another is at the end of a name: its function, then the type
// or module that has it. The package in front is dimmed, and is the first to be left out.

/** After a dot these belong to the name of a file, of which the dot is no border. */
const EXTENSION = /^(?:[cm]?[jt]sx?|py|rb|php|rs|go|so|java|cs|cc?|cpp|hp?p?)\b/;
/** Functions without a name of their own stay with what they are in: Go's func1, Python's <lambda>, Rust's {{closure}}. */
const NAMELESS = /^(?:<|\{|func\d|\(anonymous|MoveNext\b)/;
const WORD = /[\w>)\]$]/;

/** What shows nothing or changes the order of what does: controls, marks of direction, halves of pairs, ends of lines. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;
const codePoint = (sign) => `[U+${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}]`;

export const NO_NAME = '(no name)';

/** A name for the eye: what cannot be seen is written as its code point, and so are blanks where there is nothing else. */
export const visible = (name) => name.replace(name.trim() ? UNSEEN : /./gsu, codePoint) || NO_NAME;

/**
 * Where the parts of a name begin, outside of brackets and before arguments: after / and ! and " - ", which end a path or a
 * library, and after . and : and # between names.
 * @returns {{at: number, path: boolean}[]} from left to right, without the first part
 */
function borders(name) {
  const found = [];
  let depth = 0;
  for (let i = 0; i < name.length; i++) {
    const c = name[i];
    if (c === '<' || c === '[' || c === '(') {
      if (c === '(' && !depth && i && WORD.test(name[i - 1])) break; // what follows are arguments
      depth++;
    } else if (c === '>' || c === ']' || c === ')') depth = Math.max(0, depth - 1);
    else if (depth) continue;
    else if (c === ' ') {
      if (name[i + 1] === '(') break; // a place behind the name
      if (name.startsWith(' - ', i)) found.push({ at: i += 3, path: true });
    } else if (c === '/' || c === '!') found.push({ at: i + 1, path: true });
    else if (c === '.' || c === ':' || c === '#') {
      if (name[i + 1] === c) i++;
      const next = name.slice(i + 1, i + 12);
      if (/^[\w($]/.test(next) && !/^\d/.test(next) && !NAMELESS.test(next) && !(c === '.' && EXTENSION.test(next))) found.push({ at: i + 1, path: false });
    }
  }
  return found.filter(({ at }) => at > 1 && at < name.length);
}

/**
 * A name as [package, type or module, function]; the first two may be empty, and together they are the whole name.
 * In front of a type that is written large, names written small are packages.
 */
export function partsOf(name) {
  const all = borders(name);
  if (!all.length) return ['', '', name];
  const own = all.at(-1).at;
  let first = all.findLastIndex(({ path }) => path);
  let owner = first < 0 ? 0 : all[first].at;
  for (first++; first < all.length - 1 && /^[a-z_]/.test(name.slice(owner)); first++) owner = all[first].at;
  return [name.slice(0, owner), name.slice(owner, own), name.slice(own)];
}

/** A name in so many characters: whole, or its longest end that begins with a part; of a long function its beginning. */
export function shortened(name, room) {
  if (name.length <= room) return name;
  const all = borders(name);
  const fits = all.find(({ at }) => name.length - at < room);
  if (fits) return `…${name.slice(fits.at)}`;
  const own = name.slice(all.at(-1)?.at ?? 0);
  return own.length <= room ? own : `${own.slice(0, room - 1)}…`;
}
