// What is known of the frame under the pointer, as a small table beside it.
import { percent, quantity } from './format.js';

const OFFSET = 14; // pixels from the pointer
const MARGIN = 8;

export class Tooltip {
  constructor() {
    this.element = document.createElement('div');
    this.element.className = 'flame-tooltip';
    this.element.setAttribute('aria-hidden', 'true'); // the live text of the graph says it to those who hear it
    this.element.hidden = true;
    this.shown = '';
  }

  /** @param {import('./flame.js').Frame} frame @param flame its unit is used */
  show(frame, { unit, zoomedNode }, x, y) {
    const key = `${frame.node} ${frame.frames} ${zoomedNode}`;
    if (key !== this.shown || this.element.hidden) {
      this.shown = key;
      this.element.replaceChildren(...contents(frame, unit, zoomedNode > 0));
      this.element.hidden = false;
      this.size = [this.element.offsetWidth, this.element.offsetHeight];
    }
    const [width, height] = this.size;
    const right = x + OFFSET + width + MARGIN <= innerWidth;
    const below = y + OFFSET + height + MARGIN <= innerHeight;
    this.element.style.left = `${Math.max(MARGIN, right ? x + OFFSET : x - OFFSET - width)}px`;
    this.element.style.top = `${Math.max(MARGIN, below ? y + OFFSET : y - OFFSET - height)}px`;
  }

  hide() { this.element.hidden = true; }
}

function text(tag, content, name = '') {
  const made = document.createElement(tag);
  made.textContent = content;
  if (name) made.className = name;
  return made;
}

function table(head, rows) {
  const made = document.createElement('table');
  const row = (cells, tag) => {
    const line = document.createElement('tr');
    line.append(...cells.map((cell, at) => text(at ? tag : 'th', cell)));
    return line;
  };
  made.append(row(head, 'th'), ...rows.map((cells) => row(cells, 'td')));
  return made;
}

function contents(frame, unit, zoomed) {
  if (frame.frames > 1) {
    return [text('strong', `${frame.frames.toLocaleString()} frames`), text('p', `Together ${frame.sides ? '' : `${quantity(frame.total, unit)}, `}${percent(frame.ofWhole)}: too narrow to be drawn one by one. Click to look at them.`)];
  }
  if (frame.sides) return [text('strong', frame.name), comparison(frame, unit)];
  const share = (value, of) => percent((value * of) / (frame.total || 1));
  const row = (label, value) => [label, quantity(value, unit), ...(zoomed ? [share(value, frame.ofView)] : []), share(value, frame.ofWhole)];
  const head = ['', 'Value', ...(zoomed ? ['Of view'] : []), 'Of whole'];
  return [text('strong', frame.name), table(head, [row('Total', frame.total), row('Self', frame.self)])];
}

function comparison({ sides }, unit) {
  const row = (label, before, after) => [label, quantity(before, unit), quantity(after, unit), signed(after - before, unit), before ? `${after >= before ? '+' : ''}${percent((after - before) / before)}` : after ? 'new' : ''];
  return table(['', 'A', 'B', 'Change', ''], [row('Total', sides.left, sides.right), row('Self', sides.leftSelf, sides.rightSelf)]);
}

const signed = (value, unit) => `${value > 0 ? '+' : value < 0 ? '−' : ''}${quantity(Math.abs(value), unit)}`;
