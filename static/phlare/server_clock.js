// Now, by the clock of the server: ranges end there, and ages are counted from there. A browser's own clock may be hours off.
import { ago } from './format.js';

const LEAST_MS = 10_000; // of a difference that is one: a slow answer looks like a small one

/**
 * By how much the server's clock is ahead of the browser's, in milliseconds.
 * @param serverMs when the server wrote the page; 0 = not known
 * @param receivedMs when the page came, by the browser's clock
 */
export function aheadBy(serverMs, receivedMs) {
  const ahead = serverMs - receivedMs;
  return serverMs > 0 && Math.abs(ahead) >= LEAST_MS ? ahead : 0;
}

/** Sizes are not known before the page is complete, and until then both are 0. */
const isFromCache = ({ deliveryType, transferSize, decodedBodySize }) => deliveryType === 'cache' || (!transferSize && decodedBodySize > 0);

function measured() {
  const navigation = globalThis.performance?.getEntriesByType('navigation')[0];
  const written = Number(globalThis.document?.querySelector('meta[name="phlare-now"]')?.content);
  if (!navigation || isFromCache(navigation)) return 0; // such a page says when it was written, not what time it is
  return aheadBy(written, Math.round(Date.now() - performance.now() + navigation.responseStart)); // ranges are whole milliseconds
}

const ahead = measured();

/** Unix milliseconds. */
export const serverNow = () => Date.now() + ahead;

/** How long ago a moment was, in words. @param {number} atMs unix milliseconds */
export const since = (atMs) => ago((serverNow() - atMs) / 1000);
