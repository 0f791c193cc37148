// What tables of functions have in common: rows of a name and two values with their shares, a bar as long as the share.
import { swatchOf } from './flame_colours.js';
import { percent, quantity } from './format.js';
import { partsOf, visible } from './frame_name.js';
import { element } from './page.js';

export const ROW = 26; // pixels

/** Fill a host with a grid that has only its head: cells as [attributes, content]. */
export function functionGrid(host, role, label, heads) {
  const cells = heads.map(([attributes, content]) => element('div', { role: 'columnheader', ...attributes }, content));
  const grid = element('div', { class: 'function-grid', role, 'aria-label': label }, element('div', { class: 'function-row function-head', role: 'row' }, ...cells));
  host.replaceChildren(grid);
  return grid;
}

/** An empty row; `before` is what stands in front of the name. */
export function functionRow(...before) {
  const cell = (...children) => element('div', { role: 'gridcell' }, ...children);
  const value = () => cell(element('span'), element('small'));
  // The style sheet cuts the left end of what is in front of a function, by writing it from the right: hence the bdi.
  const name = ['package', 'owner', 'function'].map((part) => element('span', { class: `name-${part}` }, element('bdi')));
  return element('div', { class: 'function-row', role: 'row' },
    cell(...before, element('span', { class: 'function-swatch' }), element('span', { class: 'frame-name' }, ...name)), value(), value());
}

/** Fill a row. @param {number[]} values of its two cells @param {number} whole what they are shares of */
export function fillRow(row, name, values, whole, unit) {
  const written = visible(name);
  const [cell, ...cells] = row.children;
  const parts = cell.lastChild.children;
  cell.title = written;
  cell.lastChild.previousSibling.style.background = swatchOf(name);
  partsOf(written).forEach((part, at) => { parts[at].firstChild.textContent = part.replace(/ $/, '\u00a0'); }); // a space at its end would change sides
  cells.forEach((one, at) => {
    const share = values[at] / (whole || 1);
    one.firstChild.textContent = quantity(values[at], unit);
    one.lastChild.textContent = percent(share);
    one.style.setProperty('--share', String(Math.min(1, Math.abs(share))));
  });
}
