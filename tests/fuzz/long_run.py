"""Feed damaged input to every parser for as long as you like: ``python -m tests.fuzz.long_run --help``.

An input that ends in anything but an orderly answer, or takes long, is written to the current folder and the run goes
on.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path
from random import Random

from tests.fuzz.mutations import mutate
from tests.fuzz.target import Target
from tests.fuzz.targets import targets

#: Of a processor, for one input.
SLOW_SECONDS = 1.0
_POOL = 500


def fuzz(name: str, target: Target, seconds: float, seed: int, keep: Path | None) -> int:
    """Run one target for ``seconds``; returns the number of inputs that failed, each written to ``keep``."""
    rng = Random(seed)
    pool = list(target.seeds)
    for data in pool:
        target.run(data)  # what is compiled on first use is not the parser's time
    fixed = len(pool)
    runs = failures = accepted = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        data = mutate(rng.choice(pool), rng)
        start = time.thread_time()  # what others on this machine do is not the parser's time
        runs += 1
        try:
            is_valid = target.run(data)
            assert time.thread_time() - start < SLOW_SECONDS, "too slow"
        except Exception:
            failures += 1
            if keep is not None:
                path = keep / f"fuzz-{name}-{seed}-{runs}.bin"
                path.write_bytes(data)
                print(f"failed: {path}", file=sys.stderr)
            traceback.print_exc()
            continue
        if is_valid:  # valid and new: mutate it further, so that runs go deep
            accepted += 1
            if len(pool) < _POOL:
                pool.append(data)
            else:
                pool[rng.randrange(fixed, _POOL)] = data
    print(f"{name}: seed {seed}, {runs} inputs, {accepted} accepted, {failures} failed", flush=True)
    return failures


def main() -> int:
    """Run what the command line asks for; returns the exit code."""
    parser = argparse.ArgumentParser(description="Feed damaged input to the parsers.")
    parser.add_argument("targets", nargs="*", help="which parsers; all by default")
    parser.add_argument("--seconds", type=float, default=60.0, help="time for each parser")
    parser.add_argument("--seed", type=int, default=time.time_ns() % (1 << 32), help="repeats a run")
    options = parser.parse_args()
    with targets() as known:
        unknown = set(options.targets) - known.keys()
        if unknown:
            parser.error(f"no such parser: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
        chosen = options.targets or list(known)
        failed = sum(fuzz(name, known[name], options.seconds, options.seed, Path.cwd()) for name in chosen)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
