"""Flame graphs as Pyroscope's HTTP API gives them: the "flamebearer" document, version 1.

Its keys are those of pkg/og/structs/flamebearer. ``levels`` holds four numbers a node as
:class:`ingest.profiles.flamegraph.FlameGraph` has them, or seven as :class:`ingest.profiles.diff.FlameGraphDiff` has
them when ``metadata.format`` is ``double``.
"""

from __future__ import annotations

from typing import Any

from ingest.profiles.diff import FlameGraphDiff
from ingest.profiles.flamegraph import FlameGraph
from ingest.profiles.profile_type import ProfileType

VERSION = 1

#: Sample types that count objects, whatever their unit says.
_OBJECTS = ("inuse_objects", "alloc_objects", "goroutine", "samples")
_CPU_RATE = 1_000_000_000
_OTHER_RATE = 100


def flamebearer(
    graph: FlameGraph,
    profile_type: ProfileType,
    timeline: dict[str, Any] | None = None,
    groups: dict[str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the document of one flame graph, with the timelines given."""
    return _document(graph, graph.total, profile_type, "single", timeline, groups)


def flamebearer_diff(graph: FlameGraphDiff, profile_type: ProfileType) -> dict[str, Any]:
    """Return the document of two flame graphs side by side."""
    ticks = {"leftTicks": graph.left_total, "rightTicks": graph.right_total}
    return {**_document(graph, graph.total, profile_type, "double", None, None), **ticks}


def _document(
    graph: FlameGraph | FlameGraphDiff,
    total: int,
    profile_type: ProfileType,
    form: str,
    timeline: dict[str, Any] | None,
    groups: dict[str, dict[str, Any]] | None,
) -> dict[str, Any]:
    rate, units = _rate_and_units(profile_type)
    return {
        "version": VERSION,
        "flamebearer": {
            "names": graph.names if total else None,
            "levels": [level.tolist() for level in graph.levels] if total else [],
            "numTicks": total,
            "maxSelf": graph.max_self,
        },
        "metadata": {
            "format": form,
            "spyName": "",
            "sampleRate": rate,
            "units": units,
            "name": profile_type.sample_type,
        },
        "timeline": timeline,
        "groups": groups,
        "heatmap": None,
    }


def _rate_and_units(profile_type: ProfileType) -> tuple[int, str]:
    if profile_type.sample_type == "cpu":
        return _CPU_RATE, "samples"
    return _OTHER_RATE, "objects" if profile_type.sample_type in _OBJECTS else profile_type.sample_unit
