"""CPU profiles of V8, as Chrome's and Node's tools save them (``.cpuprofile``).

A tree of nodes, the node that ran at each sample, and the microseconds between the samples; described at
https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile. The time before a sample belongs to the
stack seen at it.
"""

from __future__ import annotations

import msgspec

from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.formats.json_file import decode_json
from ingest.profiles.formats.refused import malformed
from ingest.profiles.formats.stack_tree import ROOT, StackTree
from ingest.profiles.labels import LABEL_NAME
from ingest.profiles.limits import Limits

_MICROSECOND_NS = 1000
_ROOT_NAME = "(root)"
_ANONYMOUS = "(anonymous)"


class _CallFrame(msgspec.Struct, rename="camel"):
    function_name: str = ""
    url: str = ""
    line_number: int = -1  #: from 0


class _Node(msgspec.Struct, rename="camel"):
    id: int
    call_frame: _CallFrame
    children: list[int] = []


class _Profile(msgspec.Struct, rename="camel"):
    nodes: list[_Node]
    samples: list[int]
    time_deltas: list[int]
    start_time: int = 0
    end_time: int = 0


def convert_cpuprofile(data: bytes, hints: ImportHints, limits: Limits) -> list[Converted]:
    """Return the profile of time on the clock; V8's names of what is no function, ``(idle)`` for one, are kept."""
    profile = decode_json(data, _Profile)
    if len(profile.samples) != len(profile.time_deltas):
        raise malformed(f"{len(profile.samples)} samples have {len(profile.time_deltas)} times")
    meaning = hints.timed("wall")
    tree = StackTree((meaning.sample_type,), limits)
    places = _places(profile.nodes, tree)
    for ident, delta_us in zip(profile.samples, profile.time_deltas, strict=True):
        place = places.get(ident)
        if place is None:
            raise malformed(f"a sample names the node {ident}, which is not in the tree")
        # Clocks of several cores differ by microseconds, which V8 writes as they are.
        tree.add(place, max(delta_us, 0) * _MICROSECOND_NS)
    duration_ns = max(profile.end_time - profile.start_time, 0) * _MICROSECOND_NS
    pprof = tree.pprof(meaning.period_type, meaning.period, hints.moment_ns(), min(duration_ns, (1 << 63) - 1))
    return [Converted(((LABEL_NAME, meaning.metric_name),), pprof)]


def _places(nodes: list[_Node], tree: StackTree) -> dict[int, int]:
    """Return the place in ``tree`` of each node that can be reached from the first, by its id."""
    by_id = {node.id: node for node in nodes}
    places: dict[int, int] = {}
    waiting = [(nodes[0].id, ROOT)] if nodes else []
    while waiting:
        ident, parent = waiting.pop()
        node = by_id.get(ident)
        if node is None or ident in places:
            raise malformed(f"the node {ident} is missing, or is below two others")
        frame = node.call_frame
        if frame.function_name != _ROOT_NAME:
            parent = tree.child(parent, tree.frame(frame.function_name or _ANONYMOUS, frame.url, frame.line_number + 1))
        places[ident] = parent
        waiting += [(child, parent) for child in node.children]
    return places
