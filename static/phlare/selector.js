// Selectors as text and as conditions: {service_name="web", region=~"eu.*"}. The server decides what is valid; a text that
// cannot be taken apart here is still sent as it is, only without chips.

const STRING = /"(?:[^"\\]|\\[ntr\\"'])*"|'(?:[^'\\]|\\[ntr\\"'])*'|`[^`]*`/.source;
const CONDITION = new RegExp(`\\s*([a-zA-Z_]\\w*|${STRING})\\s*(=~|!~|!=|=)\\s*(${STRING})\\s*(?:,|$)`, 'sy');
const QUOTED = /"(?:[^"\\]|\\.?)*(?:"|$)|'(?:[^'\\]|\\.?)*(?:'|$)|`[^`]*(?:`|$)/gs; // of whatever escapes; the last one may be open
const ESCAPES = { n: '\n', t: '\t', r: '\r' };

/** @typedef {{name: string, op: string, value: string}} Matcher */

/** Conditions of a selector, null when the text is not a plain list of them. @returns {Matcher[] | null} */
export function parseSelector(text) {
  const inner = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1].trim();
  if (inner === undefined) return null;
  const matchers = [];
  for (CONDITION.lastIndex = 0; CONDITION.lastIndex < inner.length;) {
    const [, name, op, value] = CONDITION.exec(inner) ?? [];
    if (!op) return null;
    matchers.push({ name: unquoted(name), op, value: unquoted(value) });
  }
  return matchers;
}

/** What a name or a string stands for. */
function unquoted(text) {
  if (!/^["']/.test(text)) return text.replaceAll('`', '');
  return text.slice(1, -1).replace(/\\(.)/g, (_, letter) => ESCAPES[letter] ?? letter);
}

/** The text of conditions. */
export const formatSelector = (matchers) => `{${matchers.map(({ name, op, value }) => `${written(name)}${op}${quoted(value)}`).join(', ')}}`;

/** Conditions with one more. An equality takes the place of every condition on its label; the same one twice is one. */
export function including(matchers, name, value) {
  return [...matchers.filter((one) => one.name !== name), { name, op: '=', value }];
}

/** Conditions that leave a value out; an equality with that very value goes. */
export function excluding(matchers, name, value) {
  const others = matchers.filter((one) => !(one.name === name && one.value === value && (one.op === '=' || one.op === '!=')));
  return [...others, { name, op: '!=', value }];
}

/** What could be written at `caret`: {kind: 'name' | 'operator' | 'value' | 'none', name, typed, from, until}. */
export function completionAt(text, caret) {
  const before = text.slice(0, caret), open = before.indexOf('{');
  const at = (kind, name = '', typed = '') => ({ kind, name, typed, from: caret - typed.length, until: caret });
  if (open < 0) return at(before.trim() ? 'none' : 'name');
  const comma = before.replace(QUOTED, (string) => string.replaceAll(',', ' ')).lastIndexOf(',');
  const [, name, op, quote, typed] = /^\s*([\w.]*)\s*(=~|!~|!=|=)?\s*(["'`]?)(.*)$/s.exec(before.slice(Math.max(open, comma) + 1));
  if (!op) return typed ? at('operator', name) : at('name', '', name);
  if (quote && typed.trimEnd().endsWith(quote)) return at('none');
  const [rest] = (quote && new RegExp(`^[^,}${quote}]*${quote}`).exec(text.slice(caret))) || [''];
  return { ...at('value', name, quote + typed), typed, until: caret + rest.length };
}

/** The text with a suggestion in place of what was typed, and where the caret is then. */
export function complete(text, at, suggestion) {
  const isFirst = at.kind === 'name' && !text.includes('{');
  const put = `${isFirst ? '{' : ''}${at.kind === 'value' ? quoted(suggestion) : `${written(suggestion)}=`}`;
  const after = text.slice(at.until);
  const tail = at.kind === 'value' && !after.includes('}') ? '}' : '';
  return { text: `${text.slice(0, at.from)}${put}${tail}${after}`, caret: at.from + put.length };
}

export const quoted = (value) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

const written = (name) => (/^[a-zA-Z_]\w*$/.test(name) ? name : quoted(name));
