"""Mutate profiles until stopped or for a given time: ``python -m tests.fuzz.long_run [seconds] [seed]``.

Each failing input is written to the current folder, with the seed that leads to it, and the run goes on.
"""

from __future__ import annotations

import sys
import time
import traceback
from pathlib import Path
from random import Random

from ingest.profiles.prepare import Prepared, prepare_profile
from ingest.profiles.reasons import Rejection
from tests.fuzz.mutations import mutate, seeds
from tests.unit.profiles.pprof.pprof_model import ANY_TIME, NOW_NS, SERIES

_SLOW_SECONDS = 1.0
_POOL = 500


def main(seconds: float, seed: int) -> int:
    """Run for ``seconds``; return the number of inputs that failed."""
    rng = Random(seed)
    pool = seeds()
    fixed = len(pool)
    runs = failures = accepted = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        data = mutate(rng.choice(pool), rng)
        start = time.monotonic()
        try:
            result = prepare_profile(data, "alice", SERIES, ANY_TIME, NOW_NS)
            assert isinstance(result, Prepared | Rejection)
            assert time.monotonic() - start < _SLOW_SECONDS, "too slow"
        except Exception:
            failures += 1
            path = Path(f"fuzz-pprof-{seed}-{runs}.bin")
            path.write_bytes(data)
            print(f"failed: {path}\n{traceback.format_exc()}", file=sys.stderr)
            continue
        finally:
            runs += 1
        if isinstance(result, Prepared):  # valid and new: mutate it further, so that runs go deep
            accepted += 1
            if len(pool) < _POOL:
                pool.append(data)
            else:
                pool[rng.randrange(fixed, _POOL)] = data
    print(f"seed {seed}: {runs} inputs, {accepted} accepted, {failures} failed")
    return failures


if __name__ == "__main__":
    arguments = sys.argv[1:]
    chosen = int(arguments[1]) if len(arguments) > 1 else time.time_ns() % (1 << 32)
    sys.exit(1 if main(float(arguments[0]) if arguments else 60.0, chosen) else 0)
