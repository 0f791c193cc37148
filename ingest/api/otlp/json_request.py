"""A request in OpenTelemetry's JSON as the same request in protobuf.

It is protobuf's own JSON with one difference: identifiers of traces, spans and profiles are hexadecimal, not base64.
Names are those of the current revision; two of them are accepted in the singular as well, as OTLP 1.8 has them.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from ingest.api.connect.codec import Codec, decode
from ingest.api.connect.errors import ConnectError, invalid
from ingest.api.proto import otlp_pb2
from ingest.profiles.reasons import Reason, Rejection

#: Largest body as JSON: it is read number by number, a hundred times slower than protobuf.
MAX_JSON_BYTES = 8 << 20

_IDENTIFIERS = ("traceId", "trace_id", "spanId", "span_id")
#: Fields that are not looked at, some of which are written in ways of their own.
_UNUSED = ("profileId", "profile_id", "originalPayload", "original_payload")


def proto_of(body: bytes) -> bytes | Rejection:
    """Return the request in protobuf; ``bad_request`` for anything that is not one."""
    try:
        return _proto_of(body)
    except ConnectError as error:
        return Rejection(Reason.BAD_REQUEST, error.message)


def _proto_of(body: bytes) -> bytes:
    if len(body) > MAX_JSON_BYTES:
        raise invalid(f"As JSON a request may have {MAX_JSON_BYTES} bytes; send protobuf.")
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"The body is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise invalid("The JSON is not an object.")
    for link in _objects(document, "dictionary", "linkTable", "link_table"):
        _rewrite_identifiers(link)
    for location in _objects(document, "dictionary", "locationTable", "location_table"):
        _rename(location, "line", "lines")
    for resource in _list_of(document, "resourceProfiles", "resource_profiles"):
        for scope in _list_of(resource, "scopeProfiles", "scope_profiles"):
            for profile in _list_of(scope, "profiles"):
                _rename(profile, "sample", "samples")
                for name in _UNUSED:
                    profile.pop(name, None)
    message = decode(Codec.JSON, msgspec.json.encode(document), otlp_pb2.ExportProfilesServiceRequest)
    encoded: bytes = message.SerializeToString()
    return encoded


def _objects(document: dict[str, Any], outer: str, *names: str) -> list[dict[str, Any]]:
    inner = document.get(outer)
    return _list_of(inner, *names) if isinstance(inner, dict) else []


def _list_of(document: dict[str, Any], *names: str) -> list[dict[str, Any]]:
    """Return the objects in a list of ``document``; anything else is left for the decoder to refuse."""
    found = next((document[name] for name in names if name in document), None)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _rename(document: dict[str, Any], old: str, new: str) -> None:
    if old in document and new not in document:
        document[new] = document.pop(old)


def _rewrite_identifiers(link: dict[str, Any]) -> None:
    for name in _IDENTIFIERS:
        value = link.get(name)
        if isinstance(value, str):
            try:
                link[name] = base64.b64encode(binascii.unhexlify(value)).decode()
            except (binascii.Error, ValueError):
                raise invalid(f"{name} must be hexadecimal.") from None
