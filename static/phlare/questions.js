// What a page asks of the API: each part asks again only for what changed, and a newer question ends the one before.
import { getJson, tenant, withParameters } from './page.js';
import { Waits } from './waits.js';

export class Question {
  /** `host` shows that it is waited for; `what` says so in words. */
  constructor(host, what) { Object.assign(this, { waits: new Waits(host, { what }), key: null, running: null }); }

  /** The answer; the same question again costs nothing. Undefined when a newer question came or it was cancelled. */
  ask(path, parameters) {
    const key = `${tenant()} ${withParameters(path, parameters)}`;
    if (key === this.key) return this.running;
    this.key = key;
    this.running = this.send(key, path, parameters);
    return this.running;
  }

  async send(key, path, parameters) {
    let answer;
    try {
      answer = await this.waits.run((signal) => getJson(path, { parameters, signal }));
      return answer;
    } finally {
      if (answer === undefined && this.key === key) this.key = null; // it failed or was cancelled: the next one is asked again
    }
  }

  /** Ask again even if nothing changed. */
  forget() { this.key = null; }
}
