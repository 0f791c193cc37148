"""How fast JFR recordings become pprof, in bytes of uncompressed JFR, against a reader in plain Python.

``python -m tests.bench.bench_jfr`` prints one JSON object a line. The recordings are those of the tests, and those of
``PHLARE_CORPUS_DIR`` where it is there.
"""

from __future__ import annotations

import gzip
import os
from functools import partial
from pathlib import Path

from ingest.profiles.formats.jfr.convert import convert_jfr
from ingest.profiles.limits import Limits
from tests.bench.bench_decode import best_seconds, report
from tests.unit.profiles.formats.jfr.folding import parameters
from tests.unit.profiles.formats.jfr.naive_reader import sums_of_recording

_ROOT = Path(__file__).resolve().parents[2]
_OWN = _ROOT / "tests" / "unit" / "profiles" / "formats" / "jfr" / "recordings"
#: The goal holds for a recording of usual size: the metadata of small ones is most of them, and read for little.
_GOALS = {"kafka_cpu_lock_alloc": ">= 30"}
_LIMITS = Limits(max_profile_size_bytes=1 << 24)


def main() -> None:
    """Measure each recording, and the largest one again as part of a file of many chunks."""
    corpus = Path(os.environ.get("PHLARE_CORPUS_DIR") or _ROOT.parent / "shared" / "corpus") / "jfr"
    recordings = {
        path.name.removesuffix(".jfr.gz"): gzip.decompress(path.read_bytes())
        for path in sorted([*corpus.glob("*.jfr.gz"), *_OWN.glob("*.jfr.gz")])
    }
    largest = max(recordings, key=lambda name: len(recordings[name]))
    for name, data in [*recordings.items(), (f"{largest} x 10", recordings[largest] * 10)]:
        runs = 100 if name in recordings else 10
        seconds = best_seconds(partial(convert_jfr, data, b"", parameters(), _LIMITS), runs)
        plain = best_seconds(partial(sums_of_recording, data, {}, {}, 100), 1) if name in recordings else None
        ratio = None if plain is None else plain / seconds
        report(f"convert {name} of {len(data)} bytes", len(data) / seconds / 1e6, "MB/s", _GOALS.get(name, ""), ratio)


if __name__ == "__main__":
    main()
