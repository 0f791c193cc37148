"""opentelemetry.proto.collector.profiles.v1development.ProfilesService: OTLP over gRPC."""

from __future__ import annotations

from ingest.api.connect.codec import Codec, MessageBody
from ingest.api.connect.errors import refused
from ingest.api.connect.rpc import Call, Reply, Rpc
from ingest.api.otlp.export import export, max_body_bytes
from ingest.api.otlp.json_request import proto_of
from ingest.api.pushing import Door, PushOrigin, refuse_unread
from ingest.api.tenancy import Scope
from ingest.profiles.reasons import Rejection


def _export(call: Call, message: bytes) -> Reply:
    """Store the profiles of a request, which are read without the protobuf runtime: it knows one revision only."""
    return Reply(MessageBody(export(_origin(call), message)))


def _parsed(codec: Codec, body: bytes) -> bytes:
    encoded = proto_of(body) if codec is Codec.JSON else body
    if isinstance(encoded, Rejection):
        raise refused(encoded)
    return encoded


def _origin(call: Call) -> PushOrigin:
    return PushOrigin(call.tenant, Door.OTLP, call.user_agent, call.body_bytes)


RPC = Rpc(
    path="opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
    request_type=bytes,
    handler=_export,
    max_body_bytes=max_body_bytes,
    on_unread=lambda call, rejection: refuse_unread(_origin(call), rejection),
    scope=Scope.PUSH,
    parse=_parsed,
)
