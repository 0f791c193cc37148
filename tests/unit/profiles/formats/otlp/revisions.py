"""OpenTelemetry's messages in each revision, by the protobuf runtime and the numbers of the public proto files."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from ingest.api.proto import otlp_pb2

#: Fields whose numbers OTLP 1.9 has otherwise.
PREVIOUS_NUMBERS = {"Sample": {"values": 2, "attribute_indices": 3, "link_index": 4}}
#: And those of OTLP 1.8 beside them.
OLDER_NUMBERS = {
    **PREVIOUS_NUMBERS,
    "Profile": {
        "profile_id": 8,
        "dropped_attributes_count": 9,
        "original_payload_format": 10,
        "original_payload": 11,
        "attribute_indices": 12,
    },
}


@cache
def messages(revision: str) -> Any:
    """Return the classes of ``current`` (1.10), ``previous`` (1.9) or ``older`` (1.8) messages by their names."""
    numbers = {"current": {}, "previous": PREVIOUS_NUMBERS, "older": OLDER_NUMBERS}[revision]
    file = descriptor_pb2.FileDescriptorProto()
    otlp_pb2.DESCRIPTOR.CopyToProto(file)
    for message in file.message_type:
        for field in message.field:
            field.number = numbers.get(message.name, {}).get(field.name, field.number)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    names = [message.name for message in file.message_type]
    found = {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.{name}")) for name in names
    }
    return SimpleNamespace(**found)
