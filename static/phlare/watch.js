// A page that goes on asking one question. It says how old what it shows is, why, and goes on by itself when it can.
import { age } from './format.js';
import { $, element, failure, setText, showNotices } from './page.js';
import { clock } from './time_range.js';
import { Waits, repeat } from './waits.js';

const TIMEOUT_MS = 15_000;
const MISSED = 3; // periods without an answer after which what is shown is called old, whatever the cause

/** One question of a page, asked every `seconds` while the page is seen. */
export class Watch {
  /**
   * `what`: whose state it is, as "The ring". `host`: what its first answer fills.
   * `question(signal)` asks, `show(answer, signal)` draws and may ask for more, `notices(answer)` are sentences besides.
   * `isPaused()`: whether only `now()` asks. `tick()` is called every second.
   * An answer may have been old when it was given: it says so in `stale_seconds`.
   */
  constructor({ what, host, seconds, question, show, notices = () => [], isPaused = () => false, tick = () => {} }) {
    Object.assign(this, { what, seconds, question, show, notices, isPaused, tick, answer: null, failed: null });
    this.waits = new Waits(host, { what: `Reading ${what.toLowerCase()}` });
    this.poll = repeat((isAskedFor) => this.waits.isEnded || (!isAskedFor && this.answer && isPaused()) || this.ask(), seconds);
    setInterval(() => this.tell(), 1000);
  }

  /** Ask at once, instead of what is under way. */
  now() { this.poll.now(); }

  /** How long ago it was as it is shown. */
  get passedSeconds() { return (performance.now() - this.readAt) / 1000 + (this.answer.stale_seconds ?? 0); }

  /** Whether nothing newer can be had. */
  get isStuck() { return Boolean(this.failed || this.answer.stale_seconds); }

  async ask() {
    try {
      const answer = await this.waits.run((signal) => this.question(AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])), this.answer);
      if (answer) {
        Object.assign(this, { answer, failed: null, readAt: performance.now(), readAtMs: Date.now() });
        await this.show(answer, AbortSignal.timeout(TIMEOUT_MS));
      }
    } catch (error) { this.failed = error; }
    this.tell();
    return !this.failed;
  }

  tell() {
    const { answer, failed, waits } = this;
    const again = () => this.now();
    const isPaused = answer && this.isPaused();
    const isOld = answer && (this.isStuck || (!isPaused && this.passedSeconds > MISSED * this.seconds));
    document.body.classList.toggle('stale', Boolean(isOld));
    setText($('status'), isOld || isPaused ? `${isOld ? 'stale' : 'paused'} · as it was ${age(this.passedSeconds)} ago`
      : answer ? `live · ${Math.round(this.passedSeconds)} s old` : waits.isEnded ? 'cancelled' : failed ? 'no answer' : 'loading');
    const read = `${this.what} could not be read`;
    showNotices([
      ...(waits.isEnded ? [waits.endedNotice(again)] : []),
      ...(failed ? [failure(answer ? `What is shown is of ${clock(this.readAtMs)}. ${read}` : read, failed, again)] : []),
      ...(answer ? this.notices(answer) : []),
    ]);
    if (answer) this.tick();
  }
}

/** Figures of a page: [name, value, what is said below it, class]. They are changed in place: a selection stays. */
export function showFigures(figures) {
  const host = $('figures');
  const names = figures.map(([name]) => name).join();
  if (host.dataset.names !== names) {
    host.dataset.names = names;
    host.replaceChildren(...figures.map(([name]) => element('div', {}, element('dt', {}, name), element('dd', {}, element('span'), element('small')))));
  }
  figures.forEach(([, value, more = '', style = ''], number) => {
    const cell = host.children[number].lastChild;
    cell.className = style;
    setText(cell.firstChild, value);
    setText(cell.lastChild, more);
  });
}
