"""The recorded profiles that the demonstration pushes; docs/recordings.md says where they come from."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ingest.api.proto import profile_pb2

RECORDINGS_DIR = Path(__file__).parent / "recordings"


@dataclass(frozen=True)
class Recording:
    """One pprof profile of a real program, with what ``index.json`` says about it."""

    name: str
    kind: str  #: recordings of one kind differ in the load the program was under
    file: str
    language: str
    profiler: str
    service: str
    labels: Mapping[str, str]  #: with ``__name__``
    sample_labels: tuple[str, ...]  #: ``name=value`` of labels that samples carry
    samples: int
    sample_types: tuple[str, ...]  #: ``type/unit``
    totals: tuple[int, ...]  #: sum of the values per sample type
    directory: Path = field(default=RECORDINGS_DIR)

    @property
    def load(self) -> int:
        """Return the sum that recordings of one kind are compared by: the last sample type's, which profilers make the
        one to look at."""
        return self.totals[-1]

    def raw(self) -> bytes:
        """Return the file as it is, gzipped."""
        return (self.directory / self.file).read_bytes()

    def restamped(self, time_ns: int) -> bytes:
        """Return the profile as if it had been recorded at ``time_ns``, not compressed; nothing else differs."""
        copy = profile_pb2.Profile()
        copy.CopyFrom(self._message)
        copy.time_nanos = time_ns
        return copy.SerializeToString()

    @cached_property
    def _message(self) -> profile_pb2.Profile:
        return profile_pb2.Profile.FromString(gzip.decompress(self.raw()))


def load_recordings(directory: Path = RECORDINGS_DIR) -> tuple[Recording, ...]:
    """Return all recordings in the order of the index."""
    described = json.loads((directory / "index.json").read_text())
    return tuple(
        Recording(**{name: _frozen(value) for name, value in one.items()}, directory=directory) for one in described
    )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
