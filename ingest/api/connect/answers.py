"""Answers that are too large to go through an ordinary message: a flame graph may hold a million numbers."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from google.protobuf import json_format

from ingest.api.proto import profile_pb2, querier_pb2
from ingest.profiles.flamegraph import FlameGraph


@dataclass(frozen=True, slots=True)
class FlameGraphBody:
    """A SelectMergeStacktracesResponse with its flame graph."""

    graph: FlameGraph

    def proto(self) -> bytes:
        """Return the binary form."""
        response = querier_pb2.SelectMergeStacktracesResponse()
        target = response.flamegraph
        target.names.extend(self.graph.names)
        for level in self.graph.levels:
            # A list, because the runtime reads an array number by number, eight times slower.
            target.levels.add().values.extend(level.tolist())
        target.total = self.graph.total
        target.max_self = self.graph.max_self
        encoded: bytes = response.SerializeToString()
        return encoded

    def json(self) -> bytes:
        """Return canonical JSON, the numbers quoted by one replacement over the encoded list."""
        document = {
            "names": self.graph.names,
            "levels": [{"values": _quoted(level.tolist())} for level in self.graph.levels],
        }
        if self.graph.total:
            document["total"] = str(self.graph.total)
        if self.graph.max_self:
            document["maxSelf"] = str(self.graph.max_self)
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


def _quoted(numbers: list[int]) -> msgspec.Raw:
    if not numbers:
        return msgspec.Raw(b"[]")
    return msgspec.Raw(b'["' + msgspec.json.encode(numbers)[1:-1].replace(b",", b'","') + b'"]')
