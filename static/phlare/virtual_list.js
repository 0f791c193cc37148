// A list of any length of which only the rows in view are elements. The element scrolls; rows are made once and filled
// again as it does. Keys move one active row, which the element names by aria-activedescendant.
import { element } from './page.js';

const SPARE = 4; // rows made beyond the view, so that a slow scroll shows no gap
const MOST_PIXELS = 15_000_000; // browsers end scrolling somewhere beyond
let lists = 0;

export class VirtualList {
  /**
   * @param {HTMLElement} scroller has a height, and a position that is not static
   * @param {object} rows
   * @param {number} rows.height of each row in pixels
   * @param {() => HTMLElement} rows.make an empty row
   * @param {(element: HTMLElement, index: number) => void} rows.fill
   * @param {(index: number) => void} [rows.onactive] a row became the active one; -1 for none
   * @param {(index: number, event: Event) => void} [rows.onchoose] a row was clicked, or chosen by Enter
   * @param {(index: number) => void} [rows.onpoint] the pointer is on a row; -1 for none
   */
  constructor(scroller, { height, make, fill, onactive = () => {}, onchoose = () => {}, onpoint = () => {} }) {
    Object.assign(this, { scroller, height, make, fill, onactive, onchoose, onpoint, count: 0, active: -1, pool: [] });
    this.id = `list-${++lists}`;
    this.body = element('div', {
      class: 'list-body', role: 'rowgroup', onclick: (event) => this.click(event),
      onpointerover: (event) => this.onpoint(this.indexOf(event.target)), onpointerleave: () => this.onpoint(-1),
    });
    scroller.append(this.body);
    scroller.tabIndex = 0;
    scroller.addEventListener('scroll', () => this.queue(), { passive: true });
    scroller.addEventListener('keydown', (event) => this.key(event));
    new ResizeObserver(() => this.refresh()).observe(scroller);
  }

  /** Show so many rows, from the first unless `keep`. */
  show(count, keep = false) {
    this.count = Math.min(count, Math.floor(MOST_PIXELS / this.height));
    this.body.style.height = `${this.count * this.height}px`;
    if (!keep) { this.scroller.scrollTop = 0; this.active = -1; }
    this.refresh();
  }

  queue() {
    this.queued ||= requestAnimationFrame(() => { this.queued = 0; this.refresh(); });
  }

  /** Fill the rows in view. */
  refresh() {
    const { scroller, height, pool, body } = this;
    const first = Math.max(0, Math.floor((scroller.scrollTop - body.offsetTop) / height) - SPARE);
    const wanted = Math.max(0, Math.min(this.count - first, Math.ceil(scroller.clientHeight / height) + 2 * SPARE));
    while (pool.length < wanted) pool.push(body.appendChild(this.make()));
    while (pool.length > wanted) pool.pop().remove();
    for (let place = 0; place < wanted; place++) {
      const row = pool[place], index = first + place;
      row.id = `${this.id}-${index}`;
      row.dataset.index = index;
      row.style.transform = `translateY(${index * height}px)`;
      row.classList.toggle('active', index === this.active);
      row.ariaRowIndex = index + 2; // the head is the first
      this.fill(row, index);
    }
    const shown = this.active >= first && this.active < first + wanted;
    if (shown) scroller.setAttribute('aria-activedescendant', `${this.id}-${this.active}`);
    else scroller.removeAttribute('aria-activedescendant');
  }

  indexOf(target) {
    const row = target.closest?.('[data-index]');
    return this.body.contains(row) ? Number(row.dataset.index) : -1;
  }

  click(event) {
    const index = this.indexOf(event.target);
    if (index < 0) return;
    this.activate(index);
    this.onchoose(index, event);
  }

  /** Make a row the active one and bring it into view; -1 for none. */
  activate(index) {
    this.active = index;
    if (index >= 0) this.bring(index);
    this.refresh();
    this.onactive(index);
  }

  bring(index) {
    const { scroller, height, body } = this, top = index * height;
    const least = top + height + body.offsetTop - scroller.clientHeight; // below it the end of the row is out of view
    scroller.scrollTop = Math.min(top, Math.max(least, scroller.scrollTop));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.scroller || !this.count) return;
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / this.height) - 2);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (step) this.activate(Math.max(0, Math.min(this.count - 1, this.active + step)));
    else if (event.key === 'Enter' && this.active >= 0) this.onchoose(this.active, event);
    else return;
    event.preventDefault();
  }
}
