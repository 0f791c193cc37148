"""Parsers of OpenTelemetry's requests and of gRPC's frames."""

from __future__ import annotations

import json

from google.protobuf import json_format

from ingest.api.grpc.framing import frame, only_message
from ingest.api.otlp.json_request import proto_of
from ingest.profiles.formats.otlp.convert import ConvertedRequest, convert_otlp
from ingest.profiles.labels import prepare_series_labels
from ingest.profiles.prepare import Prepared, prepare_profile
from ingest.profiles.reasons import Rejection
from tests.fuzz.target import Target
from tests.unit.profiles.formats.otlp.requests import Request
from tests.unit.profiles.pprof.pprof_model import ANY_TIME, NOW_NS

_MAX_PROFILE_BYTES = 1 << 20


def _request(revision: str) -> Request:
    """Return a request that uses every field."""
    request = Request(revision)
    request.dictionary.mapping_table.add(
        memory_start=1,
        memory_limit=2,
        file_offset=3,
        filename_strindex=request.text("app"),
        attribute_indices=[request.attribute("process.executable.build_id.gnu", "abc")],
    )
    service, thread = request.attribute("service.name", "shop"), request.attribute("thread.name", "søk")
    link = request.link(b"t" * 16, b"s" * 8)
    stack = request.stack(request.location("leaf", "inlined", mapping=1, address=7), request.location("root"))
    resource = {"service.name": "host", "list": ["one"], "truth": True, "bytes": b"x", "map": {"a": 1.5}}
    profile = request.profile(("samples", "count"), ("cpu", "nanoseconds", 5), resource, {"scope": -1}, 1, 2)
    profile.attribute_indices.append(thread)
    profile.profile_id = bytes(range(16))
    profile.samples.add(
        stack_index=stack, values=[5, 6], timestamps_unix_nano=[1, 2], attribute_indices=[service, thread]
    )
    profile.samples.add(stack_index=stack, timestamps_unix_nano=[3], link_index=link)
    return request


def _convert(data: bytes) -> bool:
    converted = convert_otlp(data, _MAX_PROFILE_BYTES)
    if isinstance(converted, Rejection):
        return False
    assert isinstance(converted, ConvertedRequest)
    stored = 0
    for one in converted.profiles:
        labels = prepare_series_labels(one.labels, ANY_TIME)
        if isinstance(labels, Rejection):
            continue
        prepared = prepare_profile(one.pprof, "alice", labels, ANY_TIME, NOW_NS)
        assert isinstance(prepared, Prepared | Rejection)
        stored += isinstance(prepared, Prepared)
    return stored > 0


def _json(data: bytes) -> bool:
    encoded = proto_of(data)
    return not isinstance(encoded, Rejection) and _convert(encoded)


def _frame(data: bytes) -> bool:
    message = only_message(data, "gzip", _MAX_PROFILE_BYTES, 256)
    assert isinstance(message, bytes | Rejection)
    return isinstance(message, bytes)


def otlp_targets() -> dict[str, Target]:
    """Give every target by its name."""
    current = _request("current")
    document = json_format.MessageToDict(current.message)
    document["dictionary"]["linkTable"] = [{"traceId": "ab" * 16, "spanId": "01" * 8}] * 2
    return {
        "OTLP": Target([current.encoded()], _convert),
        "OTLP 1.9": Target([_request("previous").encoded(), _request("older").encoded()], _convert),
        "OTLP JSON": Target([json.dumps(document).encode()], _json),
        "gRPC frame": Target([frame(current.encoded())], _frame),
    }
