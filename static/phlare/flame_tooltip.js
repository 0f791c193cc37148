// What is known of the frame under the pointer, as a small table beside it.
import { counted, percent, quantity, signed } from './format.js';
import { visible } from './frame_name.js';
import { putAt } from './menu.js';
import { element } from './page.js';

const OFFSET = 14; // pixels from the pointer
const MARGIN = 8;

export class Tooltip {
  constructor() {
    this.element = element('div', { class: 'flame-tooltip', 'aria-hidden': true, hidden: true }); // those who hear it have the live text of the graph
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
    const beside = (at, length, room) => (at + OFFSET + length + MARGIN <= room ? at + OFFSET : at - OFFSET - length);
    const [width, height] = this.size;
    putAt(this.element, beside(x, width, innerWidth), beside(y, height, innerHeight), this.size);
  }

  hide() { this.element.hidden = true; }
}

function table(head, ...rows) {
  const row = (cells, tag) => element('tr', {}, ...cells.map((cell, at) => element(at ? tag : 'th', {}, cell)));
  return element('table', {}, row(head, 'th'), ...rows.map((cells) => row(cells, 'td')));
}

function contents(frame, unit, zoomed) {
  const title = element('strong', {}, frame.frames > 1 ? counted(frame.frames, 'frame') : visible(frame.name));
  if (frame.frames > 1) {
    return [title, element('p', {}, `Together ${frame.sides ? '' : `${quantity(frame.total, unit)}, `}${percent(frame.ofWhole)}: too narrow to be drawn one by one. Click to look at them.`)];
  }
  if (frame.sides) return [title, comparison(frame, unit)];
  const share = (value, of) => percent((value * of) / (frame.total || 1));
  const row = (label, value) => [label, quantity(value, unit), ...(zoomed ? [share(value, frame.ofView)] : []), share(value, frame.ofWhole)];
  return [title, table(['', 'Value', ...(zoomed ? ['Of view'] : []), 'Of whole'], row('Total', frame.total), row('Self', frame.self))];
}

function comparison({ sides }, unit) {
  const row = (label, before, after) => [label, quantity(before, unit), quantity(after, unit), signed(after - before, (size) => quantity(size, unit)), before ? signed((after - before) / before, percent) : after ? 'new' : ''];
  return table(['', 'A', 'B', 'Change', ''], row('Total', sides.left, sides.right), row('Self', sides.leftSelf, sides.rightSelf));
}
