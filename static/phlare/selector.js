// Selectors as text and as conditions: {service_name="web", region=~"eu.*"}. The server decides what is valid; a text that
// cannot be taken apart here is still sent as it is, only without chips.

const NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const OPERATORS = ['=~', '!~', '!=', '='];
const ESCAPES = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"', "'": "'" };

/** @typedef {{name: string, op: string, value: string}} Matcher */

/** Conditions of a selector, null when the text is not a plain list of them. @returns {Matcher[] | null} */
export function parseSelector(text) {
  const reader = new Reader(text);
  if (!reader.take('{')) return null;
  const matchers = [];
  while (!reader.take('}')) {
    const name = reader.name();
    const op = name !== null && reader.operator();
    const value = op ? reader.string() : null;
    if (value === null) return null;
    matchers.push({ name, op, value });
    if (!reader.take(',') && !reader.sees('}')) return null;
  }
  return reader.ended() ? matchers : null;
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
  const before = text.slice(0, caret);
  const none = { kind: 'none', name: '', typed: '', from: caret, until: caret };
  const open = before.indexOf('{');
  if (open < 0) return before.trim() ? none : { ...none, kind: 'name' };
  const start = lastSeparator(before, open);
  const part = before.slice(start);
  const found = /^\s*([a-zA-Z0-9_.]*)\s*(=~|!~|!=|=)?\s*(["'`]?)([\s\S]*)$/.exec(part);
  const [, name, op, quote, typed] = found;
  if (!op && !typed) return { kind: 'name', name: '', typed: name, from: caret - name.length, until: caret };
  if (!op) return { ...none, kind: 'operator', name };
  const rest = text.slice(caret);
  const closing = quote ? rest.indexOf(quote) : -1;
  const next = rest.search(/[,}]/);
  const until = quote && closing >= 0 && (next < 0 || closing < next) ? caret + closing + 1 : caret;
  if (quote && new RegExp(`${quote}\\s*$`).test(typed)) return none;
  return { kind: 'value', name, typed, from: caret - typed.length - quote.length, until };
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

const written = (name) => (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : quoted(name));

/** Where the condition begins that `text` ends in: after the brace, or after a comma outside of quotes. */
function lastSeparator(text, open) {
  let start = open + 1;
  let quote = '';
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (quote) {
      if (character === '\\' && quote !== '`') at++;
      else if (character === quote) quote = '';
    } else if ('"\'`'.includes(character)) quote = character;
    else if (character === ',') start = at + 1;
  }
  return start;
}

/** Reads a text from left to right; what does not fit gives null or false and the reader is of no use then. */
class Reader {
  constructor(text) { Object.assign(this, { text, at: 0 }); }

  skip() { while (/\s/.test(this.text[this.at] ?? '')) this.at++; }

  sees(character) { this.skip(); return this.text[this.at] === character; }

  take(character) { const found = this.sees(character); if (found) this.at++; return found; }

  ended() { this.skip(); return this.at === this.text.length; }

  name() {
    this.skip();
    if ('"\'`'.includes(this.text[this.at] ?? ' ')) return this.string();
    NAME.lastIndex = this.at;
    const found = NAME.exec(this.text);
    if (!found) return null;
    this.at = NAME.lastIndex;
    return found[0];
  }

  operator() {
    this.skip();
    const found = OPERATORS.find((one) => this.text.startsWith(one, this.at));
    if (found) this.at += found.length;
    return found ?? null;
  }

  string() {
    this.skip();
    const quote = this.text[this.at];
    if (!quote || !'"\'`'.includes(quote)) return null;
    let value = '';
    for (let at = this.at + 1; at < this.text.length; at++) {
      const character = this.text[at];
      if (character === quote) { this.at = at + 1; return value; }
      if (character !== '\\' || quote === '`') { value += character; continue; }
      at++;
      if (!(this.text[at] in ESCAPES)) return null; // an escape that only the server knows
      value += ESCAPES[this.text[at]];
    }
    return null;
  }
}
