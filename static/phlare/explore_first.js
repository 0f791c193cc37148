// What the explore page shows first is asked for while most of its modules are still on their way: this one needs few.
import { beginning, servicesOf } from './explore_data.js';
import { DEFAULTS, chartQuestion, graphParameters, servicesParameters } from './explore_query.js';
import { readFavourites } from './favourites.js';
import { getJson, withParameters } from './page.js';
import { serverNow } from './server_clock.js';
import { readState } from './state.js';

/** What "now" is in these questions. */
export const openedMs = serverNow();
const asked = new Map(); // path with parameters -> {answer, controller}

function askFirst(path, parameters) {
  const controller = new AbortController();
  const answer = getJson(path, { parameters, signal: controller.signal });
  answer.catch(() => {}); // whoever takes it is told
  asked.set(withParameters(path, parameters), { answer, controller });
  return answer;
}

/** The answer to one of these questions, given once; undefined for any other question. */
export function takeFirst(path, parameters, signal) {
  const key = withParameters(path, parameters);
  const found = asked.get(key);
  asked.delete(key);
  signal.addEventListener('abort', () => found?.controller.abort());
  return found?.answer;
}

async function begin() {
  const values = readState(location.search, DEFAULTS);
  const services = askFirst('/api/v1/series', servicesParameters(values, openedMs));
  if (!values.type || !values.query) {
    const first = beginning(values, servicesOf((await services).series), readFavourites());
    if (!first) return;
    Object.assign(values, first);
  }
  askFirst('/api/v1/flamegraph', graphParameters(values, openedMs));
  askFirst(...chartQuestion(values, openedMs));
}

begin().catch(() => {}); // the page asks for itself what is not here
