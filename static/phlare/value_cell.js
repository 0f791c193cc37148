// Cells of tables of functions: a value and its share, with a bar as long as the share.
import { percent, quantity } from './format.js';

/** An empty cell for a value. */
export function valueCell() {
  const cell = document.createElement('div');
  cell.setAttribute('role', 'gridcell');
  cell.append(document.createElement('span'), document.createElement('small'));
  return cell;
}

/** Fill a cell. @param {number} share 0 to 1 */
export function fillValueCell(cell, value, share, unit) {
  cell.firstChild.textContent = quantity(value, unit);
  cell.lastChild.textContent = percent(share);
  cell.style.setProperty('--share', String(Math.min(1, Math.abs(share))));
}
