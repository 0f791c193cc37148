// Waiting for an answer: nothing at first, then a skeleton or the old picture dimmed, then how long and a way out.
import { element } from './page.js';

const QUIET_MS = 200;
const LONG_MS = 2000;

/** Questions of one part of a page, one at a time: a newer one ends the one before, and so does Cancel. */
export class Waits {
  /** `host` is the element whose content is waited for. `skeleton`: its class while it is empty; null = none. */
  constructor(host, { what = 'Reading', skeleton = 'skeleton' } = {}) {
    Object.assign(this, { host, what, skeleton, controller: null, timers: [], bar: null, isEnded: false });
  }

  /**
   * Run `question(signal)`. Resolves with its answer, or with undefined when another one came or it was cancelled.
   * `isQuiet`: nobody waits for it, so nothing is shown.
   */
  async run(question, isQuiet = false) {
    this.cancel();
    const controller = new AbortController();
    Object.assign(this, { controller, isEnded: false });
    if (!isQuiet) this.show();
    try {
      const answer = await question(controller.signal);
      return controller.signal.aborted ? undefined : answer;
    } catch (error) {
      if (controller.signal.aborted) return undefined;
      throw error;
    } finally {
      if (this.controller === controller) this.clear();
    }
  }

  /** What to say when a wait was ended by its button; `again` begins anew. */
  endedNotice(again) {
    return ['info', `${this.what} was cancelled.`, element('button', { onclick: () => { this.isEnded = false; again(); } }, 'Try again')];
  }

  /** End what runs. */
  cancel() {
    this.controller?.abort();
    this.clear();
  }

  show() {
    this.host.setAttribute('aria-busy', 'true');
    const began = performance.now();
    this.timers = [
      setTimeout(() => this.host.classList.add(this.host.childElementCount || !this.skeleton ? 'busy' : this.skeleton), QUIET_MS),
      setTimeout(() => this.tell(began), LONG_MS),
    ];
  }

  tell(began) {
    const seconds = element('span', { 'aria-live': 'off' }); // said once, when it shows; not every second
    const tick = () => { seconds.textContent = `${this.what}: ${Math.round((performance.now() - began) / 1000)} s`; };
    tick();
    this.timers.push(setInterval(tick, 1000));
    this.bar = element('div', { class: 'waiting', role: 'status' }, element('progress', { 'aria-label': this.what }), seconds,
      element('button', { onclick: () => { this.isEnded = true; this.cancel(); } }, 'Cancel'));
    this.host.before(this.bar);
  }

  clear() {
    for (const timer of this.timers) { clearTimeout(timer); clearInterval(timer); }
    this.timers = [];
    this.controller = null;
    this.bar?.remove();
    this.bar = null;
    this.host.removeAttribute('aria-busy');
    this.host.classList.remove('busy', ...(this.skeleton ? [this.skeleton] : []));
  }
}

/**
 * Ask again every `seconds` while the page is seen; at once when it is seen again. After failures it waits longer, at most
 * half a minute. `question(isAskedFor)` resolves with false for a failure; it is asked for by `now`. Returns {now, stop}.
 */
export function repeat(question, seconds) {
  let timer = null;
  let failures = 0;
  let stopped = false;
  async function round(isAskedFor = false) {
    clearTimeout(timer);
    if (stopped || document.hidden) return;
    failures = (await question(isAskedFor)) === false ? failures + 1 : 0;
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(round, 1000 * Math.min(seconds * 2 ** failures, Math.max(seconds, 30)));
  }
  document.addEventListener('visibilitychange', () => { if (!document.hidden) round(); });
  round();
  return { now: () => round(true), stop: () => { stopped = true; clearTimeout(timer); } };
}
