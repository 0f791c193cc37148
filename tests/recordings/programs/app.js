// A small program to record with `node --cpu-prof`: two kinds of work.
function countTo(limit) {
  let total = 0;
  for (let number = 0; number < limit; number += 1) total += number % 7;
  return total;
}

function addSquares(limit) {
  let total = 0;
  for (const number of Array.from({ length: limit }, (_, index) => index)) total += number * number;
  return total;
}

const end = Date.now() + 700;
while (Date.now() < end) {
  countTo(200000);
  addSquares(20000);
}
