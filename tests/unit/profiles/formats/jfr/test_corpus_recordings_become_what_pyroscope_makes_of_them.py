"""Recordings of a Kafka broker, and what Pyroscope's converter made of them: the same functions, lines and sums."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.unit.profiles.formats.jfr.folding import (
    Sums,
    add_samples,
    by_name,
    convert,
    message_of,
    sums_of,
)

RECORDINGS = {"kafka_cpu": 1, "kafka_cpu_lock_alloc": 9}  #: and how many types of samples are in them


def converted(path: Path) -> Sums:
    return sums_of(convert(path.read_bytes()))


def expected(folder: Path, recording: str) -> Sums:
    """Return what the files beside a recording hold; their names say what the messages do not."""
    sums: Sums = {}
    for path in sorted(folder.glob(f"{recording}.expected_*.pb.gz")):
        name = path.name.split(".expected_")[1].removeprefix("process_")
        metric = "process_cpu" if name.startswith("cpu") else name.split("_")[0]
        add_samples(sums, metric, message_of(gzip.decompress(path.read_bytes())))
    return sums


@pytest.mark.parametrize("recording", RECORDINGS)
def test_each_type_has_the_folded_stacks_and_totals_of_pyroscope(corpus_dir: Path, recording: str) -> None:
    mine = converted(corpus_dir / "jfr" / f"{recording}.jfr.gz")
    theirs = {kind[:3]: by_name(values.items()) for kind, values in expected(corpus_dir / "jfr", recording).items()}

    assert len(theirs) == RECORDINGS[recording]
    assert {kind[:3]: by_name(values.items()) for kind, values in mine.items()} == theirs


def test_a_recording_without_gzip_is_the_same(corpus_dir: Path) -> None:
    packed = corpus_dir / "jfr" / "kafka_cpu.jfr.gz"
    plain = convert(gzip.decompress(packed.read_bytes()))

    assert plain == convert(packed.read_bytes())
