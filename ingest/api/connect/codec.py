"""The two codecs of the Connect protocol: binary protobuf and canonical protobuf JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

import msgspec
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message

from ingest.api.connect.errors import invalid

MessageT = TypeVar("MessageT", bound=Message)

#: Nesting of JSON messages; the deepest request has four levels.
_MAX_JSON_DEPTH = 32


class Codec(StrEnum):
    """A codec, by the content type that selects it."""

    PROTO = "application/proto"
    JSON = "application/json"


#: What ``Accept-Post`` answers to a content type that is none of these.
ACCEPT_POST = "application/json, application/proto"


def codec_of(content_type: str) -> Codec | None:
    """Return the codec a ``Content-Type`` header selects; the body is never sniffed."""
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip().lower()
    if kind == Codec.PROTO:
        return Codec.PROTO
    if kind != Codec.JSON:
        return None
    charset = parameters.replace(" ", "").replace('"', "").lower()
    return None if charset.startswith("charset=") and charset not in ("charset=utf-8", "charset=utf8") else Codec.JSON


def decode(codec: Codec, body: bytes, message_type: type[MessageT]) -> MessageT:
    """Decode a request; raises ``invalid_argument`` for anything that is not one.

    No bytes at all are the empty message in binary and an error in JSON, where it is written ``{}``.
    """
    message = message_type()
    if codec is Codec.PROTO:
        try:
            message.ParseFromString(body)
        except DecodeError:
            raise invalid(f"The body is not a {message.DESCRIPTOR.full_name} message.") from None
        return message
    if not body:
        raise invalid("The JSON body is empty; an empty message is written {}.")
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"The body is not JSON: {error}") from None
    try:
        misfit = _misfit(document, message.DESCRIPTOR)
    except RecursionError:
        raise invalid("The JSON is nested too deeply.") from None
    if misfit is not None:
        raise invalid(f"The JSON does not fit {message.DESCRIPTOR.full_name}: {misfit}")
    try:
        json_format.ParseDict(document, message, ignore_unknown_fields=True, max_recursion_depth=_MAX_JSON_DEPTH)
    # The JSON reader of the protobuf runtime lets errors of its conversions through, such as a number out of range.
    except (
        json_format.Error, ValueError, TypeError, AttributeError, OverflowError, KeyError, RecursionError
    ) as error:  # fmt: skip
        raise invalid(f"The JSON does not fit {message.DESCRIPTOR.full_name}: {_first_line(error)}") from None
    return message


class Body(Protocol):
    """An answer that knows how to write itself in either codec."""

    def proto(self) -> bytes: ...

    def json(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class MessageBody:
    """The answer that is an ordinary message."""

    message: Message

    def proto(self) -> bytes:
        """Return the binary form; zero bytes for an empty message."""
        encoded: bytes = self.message.SerializeToString()
        return encoded

    def json(self) -> bytes:
        """Return canonical JSON: 64-bit integers as strings, defaults left out, lowerCamel names."""
        return msgspec.json.encode(json_format.MessageToDict(self.message))


def encode(codec: Codec, body: Body) -> bytes:
    """Return the bytes of an answer."""
    return body.proto() if codec is Codec.PROTO else body.json()


def _misfit(document: object, descriptor: Descriptor) -> str | None:
    """Return what is wrong with the shape of a JSON object, if anything.

    The runtime takes any text or list for an object and reads nothing from it, so that a request would silently mean
    another one. Descends only along fields that exist.
    """
    if not isinstance(document, dict):
        return f"{descriptor.name} must be an object"
    seen = set()
    for name, value in document.items():
        field = descriptor.fields_by_camelcase_name.get(name) or descriptor.fields_by_name.get(name)
        if field is None or value is None:
            continue
        if field.name in seen:
            return f"{name} is there twice"
        seen.add(field.name)
        if field.is_repeated and not isinstance(value, list):
            return f"{name} must be a list"
        if field.message_type is None:
            continue
        for one in value if field.is_repeated else (value,):
            misfit = _misfit(one, field.message_type)
            if misfit is not None:
                return misfit
    return None


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:300]
