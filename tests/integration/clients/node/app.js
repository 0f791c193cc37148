// A program profiled by @pyroscope/nodejs: two routes, with a function of its own each.
//
//     node app.js <server> <service> <seconds>
const Pyroscope = require("@pyroscope/nodejs");

const [serverAddress, appName, seconds] = process.argv.slice(2);
const kept = [];

function countTo(limit) {
  let number = 0;
  while (number < limit) number += 1 + (number % 2);
  return number;
}

function addSquares(limit) {
  let total = 0;
  for (let number = 0; number < limit; number += 1) total += number * number;
  return total;
}

function keep(count) {
  kept.push(Array.from({ length: count }, (_, index) => ({ index })));
  if (kept.length > 20) kept.splice(0, 10);
}

function handle(route, work) {
  Pyroscope.wrapWithLabels({ route }, work);
}

async function main() {
  Pyroscope.init({
    serverAddress,
    appName,
    tags: { region: "eu-west", version: "1.2.3" },
    flushIntervalMs: 2000,
    wall: { samplingDurationMs: 2000, samplingIntervalMicros: 10000, collectCpuTime: true },
    heap: { samplingIntervalBytes: 65536, stackDepth: 64 },
  });
  Pyroscope.start();
  for (const end = Date.now() + Number(seconds) * 1000; Date.now() < end; ) {
    handle("/fast", () => countTo(2_000_000));
    handle("/slow", () => addSquares(6_000_000));
    keep(5000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Pyroscope.stop();
}

main();
