// What a page asks of the API: each part asks again only for what changed, and a newer question ends the one before.
import { getJson, tenant, withParameters } from './page.js';
import { Waits } from './waits.js';

export class Question extends Waits {
  /** The answer; the same question again costs nothing. Undefined when a newer question came or it was cancelled. */
  ask(path, parameters) {
    const key = `${tenant()} ${withParameters(path, parameters)}`;
    if (key !== this.key) {
      this.key = key;
      this.running = this.answer(key, path, parameters);
    }
    return this.running;
  }

  async answer(key, path, parameters) {
    let answer;
    try {
      answer = await this.run((signal) => getJson(path, { parameters, signal }));
      return answer;
    } finally {
      if (answer === undefined && this.key === key) this.forget(); // it failed or was cancelled: the next one is asked again
    }
  }

  /** Ask again even if nothing changed. */
  forget() { this.key = null; }
}
