"""Answers that are too large to go through an ordinary message: a flame graph may hold a million numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from google.protobuf import json_format

from ingest.api.proto import profile_pb2, querier_pb2
from ingest.profiles.diff import FlameGraphDiff
from ingest.profiles.flamegraph import FlameGraph

#: Numbers of SelectMergeStacktracesResponse.pprof and PprofProfile.profile.
_PPROF_FIELD, _PROFILE_FIELD = 5, 1


@dataclass(frozen=True, slots=True)
class FlameGraphBody:
    """A SelectMergeStacktracesResponse, or SelectMergeSpanProfileResponse, with its flame graph."""

    graph: FlameGraph

    def proto(self) -> bytes:
        """Return the binary form."""
        response = querier_pb2.SelectMergeStacktracesResponse()
        _fill(response.flamegraph, self.graph)
        encoded: bytes = response.SerializeToString()
        return encoded

    def json(self) -> bytes:
        """Return canonical JSON."""
        return msgspec.json.encode({"flamegraph": _document(self.graph)})


@dataclass(frozen=True, slots=True)
class FlameGraphDiffBody:
    """A DiffResponse."""

    graph: FlameGraphDiff

    def proto(self) -> bytes:
        """Return the binary form."""
        response = querier_pb2.DiffResponse()
        _fill(response.flamegraph, self.graph)
        response.flamegraph.leftTicks = self.graph.left_total
        response.flamegraph.rightTicks = self.graph.right_total
        encoded: bytes = response.SerializeToString()
        return encoded

    def json(self) -> bytes:
        """Return canonical JSON."""
        document = _document(self.graph)
        if self.graph.left_total:
            document["leftTicks"] = str(self.graph.left_total)
        if self.graph.right_total:
            document["rightTicks"] = str(self.graph.right_total)
        return msgspec.json.encode({"flamegraph": document})


@dataclass(frozen=True, slots=True)
class PprofBody:
    """A google.v1.Profile that is encoded already."""

    encoded: bytes  #: uncompressed

    def proto(self) -> bytes:
        """Return the bytes as they are."""
        return self.encoded

    def json(self) -> bytes:
        """Return canonical JSON."""
        return msgspec.json.encode(json_format.MessageToDict(profile_pb2.Profile.FromString(self.encoded)))


@dataclass(frozen=True, slots=True)
class PprofFieldBody:
    """A SelectMergeStacktracesResponse with a google.v1.Profile that is encoded already."""

    encoded: bytes  #: uncompressed

    def proto(self) -> bytes:
        """Return the binary form: field 5 with field 1, a length before each."""
        return _field(_PPROF_FIELD, _field(_PROFILE_FIELD, self.encoded))

    def json(self) -> bytes:
        """Return canonical JSON."""
        return b'{"pprof":{"profile":' + PprofBody(self.encoded).json() + b"}}"


def _field(number: int, content: bytes) -> bytes:
    """Return a field of bytes with its tag and its length."""
    head = bytearray([number << 3 | 2])
    length = len(content)
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + content


def _fill(target: Any, graph: FlameGraph | FlameGraphDiff) -> None:
    target.names.extend(graph.names)
    for level in graph.levels:
        # A list, because the runtime reads an array number by number, eight times slower.
        target.levels.add().values.extend(level.tolist())
    target.total = graph.total
    target.max_self = graph.max_self


def _document(graph: FlameGraph | FlameGraphDiff) -> dict[str, Any]:
    """Return canonical JSON, the numbers quoted by one replacement over the encoded list."""
    document: dict[str, Any] = {
        "names": graph.names,
        "levels": [{"values": _quoted(level.tolist())} for level in graph.levels],
    }
    if graph.total:
        document["total"] = str(graph.total)
    if graph.max_self:
        document["maxSelf"] = str(graph.max_self)
    return document


def _quoted(numbers: list[int]) -> msgspec.Raw:
    if not numbers:
        return msgspec.Raw(b"[]")
    return msgspec.Raw(b'["' + msgspec.json.encode(numbers)[1:-1].replace(b",", b'","') + b'"]')
