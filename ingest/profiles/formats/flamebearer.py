"""Pyroscope's "flamebearer" JSON, as its pages save it and :mod:`ingest.profiles.exports.flamebearer` writes it.

``flamebearer.levels`` holds four numbers a node: distance from the end of the node before, total, self, index in
``names``. A node belongs to the node of the level above that encloses it. Documents of two profiles (``double``) are
refused: they are no profile.
"""

from __future__ import annotations

import msgspec
import numpy as np

from ingest.profiles.columns import StackProfile
from ingest.profiles.formats.json_file import decode_json
from ingest.profiles.formats.refused import malformed
from ingest.profiles.limits import Limits
from ingest.profiles.named_tree import profile_of_names
from ingest.profiles.profile_type import ProfileType

_NUMBERS = 4
_LARGEST = 2**63 - 1
#: What says, in the first bytes of a document, that it is one of these.
_MARK = b'"flamebearer"'


class _Graph(msgspec.Struct):
    names: list[str] | None = None
    levels: list[list[int]] = []


class _Metadata(msgspec.Struct):
    format: str = "single"
    units: str = ""
    name: str = ""


class _Document(msgspec.Struct):
    flamebearer: _Graph
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


def is_flamebearer(data: bytes) -> bool:
    """Whether a file looks like one of these; :func:`read_flamebearer` says whether it is."""
    return data.lstrip()[:1] == b"{" and _MARK in data


def read_flamebearer(data: bytes, limits: Limits) -> tuple[ProfileType, StackProfile]:
    """Return the profile and what it counts. Raises Refused for anything that is no flame graph of one profile."""
    document = decode_json(data, _Document)
    if document.metadata.format not in ("", "single"):
        raise malformed(f"a flame graph of the format {document.metadata.format[:40]!r} is not one profile")
    nodes = sum(len(level) for level in document.flamebearer.levels) // _NUMBERS
    if nodes > limits.max_profile_stacktrace_samples:
        raise malformed(
            f"the flame graph has {nodes} nodes, at most {limits.max_profile_stacktrace_samples} are allowed "
            "(max_profile_stacktrace_samples)"
        )
    profile_type = ProfileType("", document.metadata.name or "samples", document.metadata.units or "count", "", "")
    return profile_type, _profile(document.flamebearer.names or [], document.flamebearer.levels)


def _profile(names: list[str], levels: list[list[int]]) -> StackProfile:
    parents, node_names, values = [0], [0], [0]
    above: list[tuple[int, int, int]] = []  # node, start and end of each node of the level above
    for depth, level in enumerate(levels):
        if len(level) % _NUMBERS:
            raise malformed(f"level {depth} has {len(level)} numbers, not four a node")
        if depth == 0 and len(level) > _NUMBERS:
            raise malformed("level 0 has more than one node")
        row = []
        end = parent = 0
        for offset, total, own, name in zip(*(level[part::_NUMBERS] for part in range(_NUMBERS)), strict=True):
            start, end = end + offset, end + offset + total
            if offset < 0 or not 0 <= own <= total or end > _LARGEST or not 0 <= name < len(names):
                raise malformed(f"level {depth} has a node that cannot be: {[offset, total, own, name]}")
            if depth == 0:
                row.append((0, start, end))
                values[0] = own
                continue
            if total == 0:
                continue
            while parent < len(above) and above[parent][2] < end:
                parent += 1
            if parent == len(above) or above[parent][1] > start:
                raise malformed(f"level {depth} has a node that lies in none of the level above")
            row.append((len(parents), start, end))
            parents.append(above[parent][0])
            node_names.append(name)
            values.append(own)
        above = row
    if sum(values) > _LARGEST:
        raise malformed("the values of the flame graph add up to 2**63 or more")
    encoded = [name.encode("utf-8", "replace") for name in names]
    return profile_of_names(
        np.cumsum([0, *map(len, encoded)], dtype=np.int64),
        np.frombuffer(b"".join(encoded), np.uint8).copy(),
        np.array(node_names, np.uint32),
        np.array(parents, np.uint32),
        np.array(values, np.int64),
    )
