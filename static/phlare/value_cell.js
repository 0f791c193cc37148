// Cells of tables of functions: a value and its share, with a bar as long as the share.
import { percent, quantity } from './format.js';

/** An empty cell for a value. */
export function valueCell() {
  const cell = document.createElement('div');
  cell.setAttribute('role', 'gridcell');
  cell.append(document.createElement('span'), document.createElement('small'));
  return cell;
}

/** Fill a cell; a change has its sign, and a colour by it. */
export function fillValueCell(cell, value, share, unit, isChange = false) {
  const signed = (number, text) => (isChange && number ? `${number > 0 ? '+' : '−'}${text}` : text);
  cell.firstChild.textContent = signed(value, quantity(Math.abs(value), unit));
  cell.lastChild.textContent = signed(share, percent(Math.abs(share)));
  cell.style.setProperty('--share', String(Math.min(1, Math.abs(share))));
  cell.classList.toggle('more', isChange && share > 0);
  cell.classList.toggle('less', isChange && share < 0);
}
