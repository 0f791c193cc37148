"""Imports files as tests do, and the recordings that tests read."""

from __future__ import annotations

from pathlib import Path

from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.formats.import_file import ImportedFile, import_file
from ingest.profiles.limits import DEFAULT_LIMITS, Limits
from ingest.profiles.reasons import Rejection

NOW_NS = 1_700_000_000_000_000_000
HINTS = ImportHints(now_ns=NOW_NS)
RECORDINGS = Path(__file__).parents[3] / "recordings"


def imported(data: bytes, hints: ImportHints = HINTS, limits: Limits = DEFAULT_LIMITS, named: str = "") -> ImportedFile:
    answer = import_file(data, hints, limits, named)
    assert isinstance(answer, ImportedFile), answer
    return answer


def only(data: bytes, hints: ImportHints = HINTS, limits: Limits = DEFAULT_LIMITS, named: str = "") -> Converted:
    (one,) = imported(data, hints, limits, named).profiles
    return one


def refused(data: bytes, hints: ImportHints = HINTS, limits: Limits = DEFAULT_LIMITS, named: str = "") -> Rejection:
    answer = import_file(data, hints, limits, named)
    assert isinstance(answer, Rejection)
    return answer


def recording(name: str) -> bytes:
    return (RECORDINGS / name).read_bytes()
