// The server's clock counts; what a slow answer looks like is no difference of clocks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aheadBy, serverNow } from '../phlare/server_clock.js';

const NOW = 1_700_000_000_000;
for (const [server, received, ahead] of [
  [NOW, NOW, 0], [NOW, NOW + 3000, 0], [NOW + 3_600_000, NOW, 3_600_000], [NOW, NOW + 60_000, -60_000], [0, NOW, 0], [NaN, NOW, 0],
]) {
  test(`a page written at ${server} that came at ${received} is of a clock ${ahead} ms ahead`, () => assert.equal(aheadBy(server, received), ahead));
}

test('where nothing is known the clock at hand counts', () => assert.ok(Math.abs(serverNow() - Date.now()) < 1000));
