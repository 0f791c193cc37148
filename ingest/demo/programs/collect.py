"""Puts what the profilers wrote into ``recordings/`` and describes it in ``recordings/index.json``.

    python -m ingest.demo.programs.collect <folder>      from the project's root

``<folder>`` has ``py14 py15 go node java``, filled as docs/recordings.md says. Nothing in a profile is changed,
with one exception, :func:`_in_nanoseconds`.
"""

from __future__ import annotations

import gzip
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.api.proto import profile_pb2

RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"
#: Profiles of each kind: one turn of the programs' load.
COUNT = 8
#: What the Java profiler sampled at.
JAVA_PERIOD_NS = 10_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of profile of one program."""

    kind: str  #: name of the recordings, which get a number each
    pattern: str  #: where the profiler wrote them, by number
    language: str
    profiler: str
    service: str
    name: str  #: ``__name__``
    labels: tuple[tuple[str, str], ...] = ()


SOURCES = (
    Source("python_cpu_1.4.0", "py14/{:03d}.pb.gz", "python", "pyroscope-io 1.4.0", "checkout", "process_cpu",
           (("version", "1.4.0"),)),
    Source("python_cpu_1.5.0", "py15/{:03d}.pb.gz", "python", "pyroscope-io 1.4.0", "checkout", "process_cpu",
           (("version", "1.5.0"),)),
    Source("go_cpu", "go/cpu-{}.pb.gz", "go", "net/http/pprof of go 1.26.8", "catalog", "process_cpu"),
    Source("go_heap", "go/heap-{}.pb.gz", "go", "godeltaprof 0.1.12", "catalog", "memory"),
    Source("node_wall", "node/wall-{}.pb.gz", "node", "@datadog/pprof 5.20.0", "storefront", "wall"),
    Source("node_heap", "node/heap-{}.pb.gz", "node", "@datadog/pprof 5.20.0", "storefront", "memory"),
    Source("java_cpu", "java/cpu-{}.pb.gz", "java", "async-profiler 4.2", "billing", "process_cpu"),
)  # fmt: skip


def collect(folder: Path) -> list[dict[str, Any]]:
    """Write the recordings and return their descriptions."""
    described = []
    for source in SOURCES:
        for number in range(1, COUNT + 1):
            profile = profile_pb2.Profile.FromString(_plain((folder / source.pattern.format(number)).read_bytes()))
            if source.language == "java":
                _in_nanoseconds(profile)
            name = f"{source.kind}_{number}"
            (RECORDINGS / f"{name}.pb.gz").write_bytes(gzip.compress(profile.SerializeToString(), 9, mtime=0))
            described.append(_describe(source, name, profile))
    return described


def _plain(data: bytes) -> bytes:
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def _in_nanoseconds(profile: profile_pb2.Profile) -> None:
    """Make a profile of jfrconv say what it means: it counts samples, calls them nanoseconds and has no period."""
    for sample in profile.sample:
        sample.value[0] *= JAVA_PERIOD_NS
    profile.period = JAVA_PERIOD_NS
    profile.period_type.CopyFrom(profile.sample_type[0])


def _describe(source: Source, name: str, profile: profile_pb2.Profile) -> dict[str, Any]:
    strings = profile.string_table
    return {
        "name": name,
        "kind": source.kind,
        "file": f"{name}.pb.gz",
        "language": source.language,
        "profiler": source.profiler,
        "service": source.service,
        "labels": {"__name__": source.name, **dict(source.labels)},
        "sample_labels": sorted(
            {f"{strings[label.key]}={strings[label.str]}" for one in profile.sample for label in one.label if label.str}
        ),
        "samples": len(profile.sample),
        "sample_types": [f"{strings[one.type]}/{strings[one.unit]}" for one in profile.sample_type],
        "totals": [sum(one.value[i] for one in profile.sample) for i in range(len(profile.sample_type))],
    }


if __name__ == "__main__":
    index = json.dumps(collect(Path(sys.argv[1])), indent=1)
    (RECORDINGS / "index.json").write_text(index + "\n")
